"""The energy of one hour of each counter, and of the days of the home that the hour touches.

Days are made by the hub, in its own time zone, with the rules of its own page, so that both pages say the same.

Source: docs/protocols/fleet.md §4.4
"""

import msgspec

from unclouded.uplink.contents.packing import MOST_ITEMS, limit, read, write

ESTIMATED = 1  # in flags: a reading of it was estimated
GAP = 2  # energy of a time without contact is in it
UNFINISHED = 4  # the day is not over


class HourEnergy(msgspec.Struct, frozen=True, array_like=True):
    """What a counter rose by. ``mWh`` None: not known."""

    series: int
    mWh: int | None
    flags: int = 0


class DayEnergy(msgspec.Struct, frozen=True, array_like=True):
    """A day of the home, in mWh; None: not known, or not let out. ``date``: YYYY-MM-DD in ``zone`` (IANA name)."""

    date: str
    zone: str
    import_mWh: int | None = None
    export_mWh: int | None = None
    solar_mWh: int | None = None
    flags: int = 0


class EnergyWindow(msgspec.Struct, frozen=True, array_like=True):
    """The content of a window of ``energy``."""

    hours: tuple[HourEnergy, ...] = ()
    days: tuple[DayEnergy, ...] = ()


_decoder = msgspec.msgpack.Decoder(EnergyWindow)


def encode_energy(window: EnergyWindow) -> bytes:
    """A window of energy as it is sent to a fleet."""
    return write(window)


def decode_energy(data: bytes) -> EnergyWindow:
    """Raises ContentError."""
    found = read(_decoder, data)
    limit(len(found.hours) + len(found.days), MOST_ITEMS, "entries")
    return found
