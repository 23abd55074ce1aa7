"""What a breaker does at its limits: it trips, or only warns. Pure.

    current 6.5 A │ over_current_limit_A 5, trips_on_over_current ─► it opens; bit 8 of its fault until it is switched
    voltage 230 V │ under_voltage_limit_V 240, does not trip ──────► bit 11 of its fault for as long as that is so

Which bit says what differs between products. The order here is that of the vendor's list of names, unverified;
docs/protocols/tuya_wifi.md §5. Short circuits and prepaid balances do not happen in the simulated house.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from unclouded.core.model import Value

Settings = Mapping[str, Value]  # by point key


class TripAlarm(msgspec.Struct, frozen=True):
    """One alarm. ``quantity``: how the keys that it watches begin. ``bit``: of the fault. ``is_least``: as a limit."""

    name: str
    unit: str
    quantity: str
    bit: int
    is_least: bool = False

    def is_off(self, settings: Settings, known: Mapping[str, Fraction | bool]) -> bool:
        """Is something beyond the limit?"""
        limit = settings.get(f"{self.name}_limit_{self.unit}")
        if limit is None:
            return False
        values = [value for key, value in known.items() if key.startswith(self.quantity)]
        border = Fraction(str(limit))
        return any(value < border if self.is_least else value > border for value in values)

    def trips(self, settings: Settings) -> bool:
        return settings.get(f"trips_on_{self.name}") is True


ALARMS = (
    TripAlarm("overload", "W", "power_W", 2),
    TripAlarm("over_current", "A", "current_", 8),
    TripAlarm("over_voltage", "V", "voltage_", 10),
    TripAlarm("under_voltage", "V", "voltage_", 11, is_least=True),
)


class Trips:
    """What is wrong now, and what made the breaker trip."""

    def __init__(self) -> None:
        self._wrong: Sequence[TripAlarm] = ()
        self._tripped: Sequence[TripAlarm] = ()

    @property
    def fault(self) -> int:
        """The bitmap."""
        bits = 0
        for alarm in (*self._wrong, *self._tripped):
            bits |= 1 << alarm.bit
        return bits

    def watch(self, settings: Settings, known: Mapping[str, Fraction | bool]) -> bool:
        """Look at what is measured. Must it open now?"""
        self._wrong = [alarm for alarm in ALARMS if alarm.is_off(settings, known)]
        trips = [alarm for alarm in self._wrong if alarm.trips(settings)]
        if not known["on"] or not trips:
            return False
        self._tripped = trips
        return True

    def reset(self) -> None:
        """Somebody switches it: what made it trip is over."""
        self._tripped = ()
