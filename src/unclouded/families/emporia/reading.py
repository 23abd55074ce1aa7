"""What an ``r`` payload holds: registers of the meter as counts, and their meaning in Wh and W.

Firmware 7 and later: a ZCL frame of cluster 0x0702, see ``zcl.py``. Firmware before 7: 152 bytes, big-endian,

    0     4       8          44  48  52 53 54 55 56 57   60         148
    0000  import  zeros...   mul div sf df 00 00 00 dem  zeros ...  uptime ms (little-endian)

Energy in Wh = count x multiplier x 1000 / divisor, power in W likewise, exact. No value: all ones in
a counter, 0x800000 in the demand, 0 in multiplier or divisor; before firmware 7 also an import of 0
or of exactly 0x00400000.
Source: docs/protocols/emporia.md §0, §1.4 and §1.5.
"""

from collections.abc import Collection, Mapping
from fractions import Fraction
from struct import Struct

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.emporia import zcl

IMPORT, EXPORT, DEMAND = "import", "export", "demand"  # the wire keys: Wh, Wh, W

DELIVERED, RECEIVED = 0x0000, 0x0001  # attributes of cluster 0x0702
MULTIPLIER, DIVISOR = 0x0301, 0x0302
INSTANTANEOUS_DEMAND = 0x0400

V2_LENGTH = 152
V2_MISSING = (0, 0x0040_0000)  # counts of an import that is none; only these two exact values
V2_FORMATTING = b"\xfb\xfb\x00\x00"  # 15 digits, 3 of them behind the point: what 1/1000 meters send
NO_EXPORT_V2 = "a radio with firmware before 7 gives one register only"
NO_DEMAND = 0x80_0000  # int24
DEMAND_LIMIT = 0x7F_FFFF

Number = int | Fraction


class WireFactors(msgspec.Struct, frozen=True, gc=False):
    """The factors that the wire itself carries; both are more than 0."""

    multiplier: int
    divisor: int

    def of(self, count: int) -> Number:
        """Wh or W of a count; an int where it is whole."""
        total = count * self.multiplier * 1000
        return Fraction(total, self.divisor) if total % self.divisor else total // self.divisor

    def fit(self, multiplier: int | None, divisor: int | None) -> bool:
        """Do these factors agree with this scale? One that is absent or 0 does."""
        return (not multiplier or multiplier == self.multiplier) and (not divisor or divisor == self.divisor)

    def count(self, value: Number | float) -> int:
        """The nearest count of so many Wh or W."""
        return round(Fraction(value) * self.divisor / (self.multiplier * 1000))


class Registers(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one payload. None: it gives none, and ``missing`` may hold the reason.

    ``sequence``: the ZCL transaction number, which shows a repeated frame. ``uptime_ms``: of the radio,
    firmware before 7. ``partial``: why the payload could not be read to its end.
    """

    delivered: int | None = None
    received: int | None = None
    multiplier: int | None = None
    divisor: int | None = None
    demand: int | None = None
    sequence: int | None = None
    uptime_ms: int | None = None
    missing: Mapping[str, str] = {}
    partial: str = ""

    def scale(self, last: WireFactors | None) -> WireFactors | None:
        """The scale of this payload; where it is incomplete the last good one, unless the two disagree."""
        multiplier, divisor = self.multiplier, self.divisor
        if last is not None and last.fit(multiplier, divisor):
            return last
        return WireFactors(multiplier, divisor) if multiplier and divisor else None


class MeterReading(msgspec.Struct, frozen=True):
    """What one payload means: Wh and W by wire key, and for each key that is absent the reason."""

    values: Mapping[str, Number]
    missing: Mapping[str, str]
    scale: WireFactors | None
    registers: Registers

    @property
    def import_Wh(self) -> Number | None:
        return self.values.get(IMPORT)

    @property
    def export_Wh(self) -> Number | None:
        return self.values.get(EXPORT)

    @property
    def demand_W(self) -> Number | None:
        return self.values.get(DEMAND)


def parse_reading(payload: bytes, last: WireFactors | None = None) -> MeterReading:
    """Read an ``r`` payload of any firmware. ``last``: the last good scale of this meter.

    Raises WireError where it holds no record of a meter at all.
    """
    registers = parse_registers(payload)
    scale = registers.scale(last)
    delivered, received, demand = registers.delivered, registers.received, registers.demand
    if scale is not None and delivered is not None and received is not None and demand is not None:
        of = scale.of
        values = {IMPORT: of(delivered), EXPORT: of(received), DEMAND: of(demand)}
        return MeterReading(values, _NOTHING_MISSING, scale, registers)
    values = {}
    missing: dict[str, str] = {}
    for key, count in ((IMPORT, delivered), (EXPORT, received), (DEMAND, demand)):
        if count is None:
            missing[key] = registers.missing.get(key) or registers.partial or "not in the reading"
        elif scale is None:
            missing[key] = "the meter has not reported its multiplier and divisor"
        else:
            values[key] = scale.of(count)
    return MeterReading(values, missing, scale, registers)


def parse_registers(payload: bytes) -> Registers:
    """The counts of an ``r`` payload. Raises WireError where it is not a reading."""
    if len(payload) == V2_LENGTH and not payload[0]:
        return _parse_v2(payload)
    usual = _parse_usual(payload)
    if usual is not None:
        return usual
    message = zcl.parse(payload)
    if not message.header.control & zcl.FROM_SERVER:
        raise WireError(f"a reading of {len(payload)} bytes is neither 152 long nor a ZCL answer")
    match message:
        case zcl.Attributes():
            return _from_records(message)
        case zcl.DefaultResponse(status=status):
            raise WireError(f"the meter gives no reading: {zcl.status_words(status)}")
    raise WireError(f"a reading does not come in ZCL command 0x{message.header.command:02X}")


def encode_zcl(registers: Registers, unsupported: Collection[int] = ()) -> bytes:
    """The payload of firmware 7 and later: 44 bytes, less 7 for each unsupported counter."""
    records = [
        zcl.unsupported(attribute)
        if attribute in unsupported
        else zcl.uint(attribute, type, none if count is None else count % none if none > 0 else count)
        for attribute, type, none, count in (
            (DELIVERED, zcl.UINT48, (1 << 48) - 1, registers.delivered),
            (RECEIVED, zcl.UINT48, (1 << 48) - 1, registers.received),
            (MULTIPLIER, zcl.UINT24, (1 << 24) - 1, registers.multiplier),
            (DIVISOR, zcl.UINT24, (1 << 24) - 1, registers.divisor),
            (INSTANTANEOUS_DEMAND, zcl.INT24, -NO_DEMAND, _clamped(registers.demand)),
        )
    ]
    header = zcl.ZclHeader((registers.sequence or 0) % 256, zcl.READ_ATTRIBUTES_RESPONSE)
    return bytes(zcl.Attributes(header, tuple(records)))


def encode_v2(registers: Registers) -> bytes:
    """The 152 bytes of firmware before 7."""
    demand = _clamped(registers.demand)
    return b"".join(
        (
            bytes(4),
            ((registers.delivered or 0) % (1 << 32)).to_bytes(4, "big"),
            bytes(36),
            (registers.multiplier or 0).to_bytes(4, "big"),
            (registers.divisor or 0).to_bytes(4, "big"),
            V2_FORMATTING,
            b"\x00" + (-NO_DEMAND if demand is None else demand).to_bytes(3, "big", signed=True),
            bytes(88),
            ((registers.uptime_ms or 0) % (1 << 32)).to_bytes(4, "little"),
        )
    )


# --- inside ---------------------------------------------------------------------------------------

FIELDS: Mapping[int, str] = {
    DELIVERED: "delivered",
    RECEIVED: "received",
    MULTIPLIER: "multiplier",
    DIVISOR: "divisor",
    INSTANTANEOUS_DEMAND: "demand",
}
_NOTHING_MISSING: Mapping[str, str] = {}
KEYS: Mapping[int, str] = {DELIVERED: IMPORT, RECEIVED: EXPORT, INSTANTANEOUS_DEMAND: DEMAND}


# The form that radios with an export register send: 44 bytes, every attribute present, in this order. It is
# read in one pass; what is not exactly so, or holds a "no value", goes through the walker.
_USUAL = Struct("<BBB IHI IHI IHB IHB IHb")  # uint48 as low H and high I, uint24 as H and B, int24 as H and b
_USUAL_HEADS = (
    zcl.FROM_METER,
    zcl.READ_ATTRIBUTES_RESPONSE,
    *(
        attribute | zcl.SUCCESS << 16 | kind << 24
        for attribute, kind in (
            (DELIVERED, zcl.UINT48),
            (RECEIVED, zcl.UINT48),
            (MULTIPLIER, zcl.UINT24),
            (DIVISOR, zcl.UINT24),
            (INSTANTANEOUS_DEMAND, zcl.INT24),
        )
    ),
)
_NONE48, _NONE24 = (1 << 48) - 1, (1 << 24) - 1


def _parse_usual(payload: bytes) -> Registers | None:
    if len(payload) != _USUAL.size:
        return None
    fields = _USUAL.unpack(payload)
    control, sequence, command, a, low0, high0, b, low1, high1, c, low2, high2, d, low3, high3, e, low4, high4 = fields
    if (control, command, a, b, c, d, e) != _USUAL_HEADS:
        return None
    delivered, received = low0 | high0 << 16, low1 | high1 << 16
    multiplier, divisor = low2 | high2 << 16, low3 | high3 << 16
    demand = low4 | high4 << 16
    if delivered == _NONE48 or received == _NONE48 or multiplier == _NONE24 or divisor == _NONE24:
        return None
    if demand == -NO_DEMAND:
        return None
    return Registers(
        delivered=delivered,
        received=received,
        multiplier=multiplier,
        divisor=divisor,
        demand=demand,
        sequence=sequence,
    )


def _from_records(message: zcl.Attributes) -> Registers:
    counts: dict[str, int | None] = {}
    missing: dict[str, str] = {}
    for record in message.records:
        field = FIELDS.get(record.attribute)
        if field is None:
            continue
        counts[field] = None if record.status else record.number()
        if counts[field] is None and (key := KEYS.get(record.attribute)):
            missing[key] = zcl.status_words(record.status) if record.status else "the meter has no value now"
    return Registers(
        delivered=counts.get("delivered"),
        received=counts.get("received"),
        multiplier=counts.get("multiplier"),
        divisor=counts.get("divisor"),
        demand=counts.get("demand"),
        sequence=message.header.sequence,
        missing=missing,
        partial=message.partial,
    )


def _parse_v2(payload: bytes) -> Registers:
    delivered = int.from_bytes(payload[4:8], "big")
    demand = int.from_bytes(payload[57:60], "big", signed=True)
    missing = {EXPORT: NO_EXPORT_V2}
    if delivered in V2_MISSING:
        missing[IMPORT] = "the meter has no value now"
    if demand == -NO_DEMAND:
        missing[DEMAND] = "the meter has no value now"
    return Registers(
        delivered=None if IMPORT in missing else delivered,
        multiplier=int.from_bytes(payload[44:48], "big"),
        divisor=int.from_bytes(payload[48:52], "big"),
        demand=None if DEMAND in missing else demand,
        uptime_ms=int.from_bytes(payload[148:152], "little"),
        missing=missing,
    )


def _clamped(demand: int | None) -> int | None:
    return None if demand is None else max(-DEMAND_LIMIT, min(DEMAND_LIMIT, demand))
