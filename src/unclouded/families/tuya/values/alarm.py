"""The alarms of a breaker in one raw data point: records of four bytes, one behind the other.

    II | AA | TT TT      id | 1 = trips, 0 = only warns | threshold, big-endian

What an id means depends on the data point: alarm_set_1 (usually 17) and alarm_set_2 (usually 18) have tables of
their own, and the breakers of the AT4PBW kind use the second table in both. A threshold is in the unit of its name;
an unknown id keeps its number. Source: docs/protocols/tuya_wifi.md §2.8.4.
"""

from collections.abc import Iterable, Mapping

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.sessions.session import WireValue

RECORD = 4

SET_1: Mapping[int, str] = {
    0x01: "short_circuit",
    0x03: "overload",  # kW
    0x05: "over_temperature",  # °C; seen in the Zigbee siblings
    0x07: "high_power",  # kW; seen in the Zigbee siblings
}
SET_2: Mapping[int, str] = {
    0x01: "over_current",  # A
    0x03: "over_voltage",  # V
    0x04: "under_voltage",  # V
    0x08: "low_balance",  # kWh
}


class Alarm(msgspec.Struct, frozen=True):
    """One alarm. ``name``: by its table, else its number: ``alarm_9``."""

    name: str
    trips: bool
    threshold: int


def read_alarms(raw: bytes, names: Mapping[int, str]) -> tuple[Alarm, ...]:
    """The alarms in a data point. Raises WireError where records do not fill it."""
    if len(raw) % RECORD:
        raise WireError(f"Alarms are records of {RECORD} bytes; {len(raw)} bytes are no whole number of them.")
    records = (raw[at : at + RECORD] for at in range(0, len(raw), RECORD))
    return tuple(Alarm(names.get(one[0], f"alarm_{one[0]}"), bool(one[1]), int.from_bytes(one[2:])) for one in records)


def write_alarms(alarms: Iterable[Alarm], names: Mapping[int, str]) -> bytes:
    """The records. Raises CommandError for a name that the table does not know, or a threshold of no two bytes."""
    ids = {name: id for id, name in names.items()} | {f"alarm_{id}": id for id in range(256) if id not in names}
    raw = b""
    for alarm in alarms:
        if alarm.name not in ids or not 0 <= alarm.threshold <= 0xFFFF:
            raise CommandError(f"There is no alarm {alarm.name} at {alarm.threshold}.")
        raw += bytes((ids[alarm.name], alarm.trips)) + alarm.threshold.to_bytes(2)
    return raw


def decode_alarms(raw: bytes, names: Mapping[int, str]) -> dict[str, WireValue]:
    """For a profile: the threshold by name, and whether it trips as ``over_current_trips``. Raises WireError."""
    values: dict[str, WireValue] = {}
    for alarm in read_alarms(raw, names):
        values[alarm.name] = alarm.threshold
        values[f"{alarm.name}_trips"] = alarm.trips
    return values
