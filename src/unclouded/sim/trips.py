"""The limits of a simulated breaker: beyond one it trips, or only raises an alarm. Pure.

    current 6.5 A │ over_current_limit_A 5, trips_on_over_current ─► it opens; fault bit 8 is set until it is switched
    voltage 230 V │ under_voltage_limit_V 240, does not trip ──────► fault bit 11 is set while the limit is exceeded

The meaning of the bits differs between products. The order here is that of 48 breakers; docs/protocols/tuya_wifi.md
§2.8.2. Short circuits and prepaid balances are not simulated.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from unclouded.core.model import Value

Settings = Mapping[str, Value]  # by point key


class TripAlarm(msgspec.Struct, frozen=True):
    """One alarm. ``quantity``: prefix of the monitored keys. ``bit``: in the fault. ``is_least``: a lower limit."""

    name: str
    unit: str
    quantity: str
    bit: int
    is_least: bool = False

    def is_exceeded(self, settings: Settings, known: Mapping[str, Fraction | bool]) -> bool:
        """Whether any monitored value is beyond the limit."""
        limit = settings.get(f"{self.name}_limit_{self.unit}")
        if limit is None:
            return False
        values = [value for key, value in known.items() if key.startswith(self.quantity)]
        limit_value = Fraction(str(limit))
        return any(value < limit_value if self.is_least else value > limit_value for value in values)

    def trips(self, settings: Settings) -> bool:
        """Do the settings say that this alarm switches off?"""
        return settings.get(f"trips_on_{self.name}") is True


ALARMS = (
    TripAlarm("overload", "W", "power_W", 2),
    TripAlarm("over_current", "A", "current_", 8),
    TripAlarm("over_voltage", "V", "voltage_", 10),
    TripAlarm("under_voltage", "V", "voltage_", 11, is_least=True),
)


class Trips:
    """The current alarms, and those that made the breaker trip."""

    def __init__(self) -> None:
        self._wrong: Sequence[TripAlarm] = ()
        self._tripped: Sequence[TripAlarm] = ()

    @property
    def fault(self) -> int:
        """The bitmap of all alarms that are on, and of those that have tripped it."""
        bits = 0
        for alarm in (*self._wrong, *self._tripped):
            bits |= 1 << alarm.bit
        return bits

    def watch(self, settings: Settings, known: Mapping[str, Fraction | bool]) -> bool:
        """Check the measured values. True: the breaker must open now."""
        self._wrong = [alarm for alarm in ALARMS if alarm.is_exceeded(settings, known)]
        trips = [alarm for alarm in self._wrong if alarm.trips(settings)]
        if not known["on"] or not trips:
            return False
        self._tripped = trips
        return True

    def reset(self) -> None:
        """Clear the alarms that made it trip: it was switched."""
        self._tripped = ()
