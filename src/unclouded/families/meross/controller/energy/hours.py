"""The energy of a plug's hours: what it used in the last full one, once that is over.

    ring ── 24 records, the slot is the hour of the day, {timestamp of the last update, Wh} ──► {"consumption.hour": Wh}

For people: lifetime totals are counted by date (consumption.py). Source: docs/protocols/meross.md §1.8.12.
"""

from unclouded.core.sessions.session import Event, Reported
from unclouded.families.meross.controller.energy.consumption import MOST_W, PlugClock
from unclouded.families.meross.wire.messages import HourlyEnergies

HOUR = "consumption.hour"  # Wh
HOUR_S = 3600


class HourReader:
    """Reads the hours of one plug."""

    def __init__(self) -> None:
        self._reported = 0.0  # the end of the hour that was reported last

    def new_connection(self) -> None:
        """The next hour that is reported counts, also if it was reported before."""
        self._reported = 0.0

    def read(self, energies: HourlyEnergies, clock: PlugClock) -> list[Event]:
        """The last full hour, where it is news."""
        if not clock.is_right:
            return []
        end = clock.unix - (clock.unix + clock.offset) % HOUR_S
        hours = (hour for one in energies.channels if one.channel == 0 for hour in one.data)
        record = next((hour for hour in hours if end - HOUR_S <= hour.timestamp < end), None)
        if record is None or end == self._reported or not 0 <= record.value <= MOST_W:
            return []
        self._reported = end
        return [Reported({HOUR: record.value}, at=end)]
