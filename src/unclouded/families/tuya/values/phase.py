"""One phase of a meter or breaker in one raw data point. Numbers are big-endian where nothing else is stated.

    6        VV VV | II II | PP PP                       I in 0.1 A, P in 0.1 W
    7        VV VV | II II II | PP PP
    8        VV VV | II II II | PP PP PP                 the commonest ("v00")
    10       the same | RR RR                            R residual current, or unused
    13       VV×4 | II×4 | PP×4 | xx                     little-endian and signed: export is negative (EARU)
    15a      VV VV | II II II | PP PP PP | xx xx xx | CC CC | FF FF      P in 0.1 W, C in 0.001
    15b      DD | PP PP PP | xx×4 | CC CC | II II II | VV VV             D 01 = export, C in 0.001
    v01      01 0F | VV VV | II II II | PP PP PP | QQ QQ QQ | SS SS SS | CC
    v02      02 0F | … as v01 … | GG                     G: bit 0 I, 1 P, 2 Q, 3 C is negative (power goes out)

V in 0.1 V, I and R in mA, P in W where no other unit stands, Q in var, S in VA, C (power factor) in 0.01, F in
0.001 Hz. Reading brings them all to one set of steps, so that a profile's scales are the same for each layout:

    voltage 0.1 V · current, residual_current 1 mA · power 0.1 W · reactive_power 0.1 var
    apparent_power 0.1 VA · power_factor 0.001 · frequency 0.001 Hz

Power that goes out is negative in every layout. Meters without a sign of their own send it in 24 bits with the
offset 19999A, others 99999A (a negative number that their firmware divided by ten without its sign, in 24 bits or in
32 of which 24 are sent). It is recognised where no voltage and current of the record make so much power, and the
power without the offset fits them.

The power of 15a is in 0.1 W: only then is P = V·I·C in both known records (12.0 W of 44.3 VA at 0.272). Some vendors
describe the power of 8 bytes in 0.0001 kW; all records with known values are in W.
15a and 15b have the same length: the one whose voltage is that of mains is read.
Source: docs/protocols/tuya_wifi.md §2.8.3.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.quantities import MAINS_V, SLACK_W, TOLERANCE
from unclouded.core.sessions.session import WireValue

EXPORT_OFFSET = 0x19999A  # 2**24 / 10: of a negative power; docs/protocols/tuya_wifi.md §2.8.3
EXPORT_OFFSETS = (EXPORT_OFFSET, 0x99999A)  # the second is 2**32 / 10 in 24 bits
EXPORT_FROM = 0x100000  # a power of so many W is not a power of a phase


class Field(msgspec.Struct, frozen=True):
    """A quantity: where it stands, in how many bytes, how many steps one count is, its sign's bit in G."""

    name: str
    at: int
    size: int
    steps: int = 1
    sign_bit: int = 0


class PhaseLayout(msgspec.Struct, frozen=True):
    """A form of the record. ``head``: the bytes that it begins with. ``signs_at``: where G stands, -1 = nowhere.

    ``signed``: its numbers have a sign of their own. ``offset``: what we add to a power that goes out; we read each of
    EXPORT_OFFSETS.
    """

    length: int
    fields: tuple[Field, ...]
    head: bytes = b""
    signs_at: int = -1
    order: Literal["big", "little"] = "big"
    signed: bool = False
    offset: int = 0

    def takes_sign(self, field: Field) -> bool:
        """Whether the quantity can be negative."""
        return self.signed or (self.signs_at >= 0 and field.sign_bit > 0) or (self.offset > 0 and field.name == "power")


def _vip(at: int = 0, power_steps: int = 10, power_size: int = 3) -> tuple[Field, ...]:
    return (
        Field("voltage", at, 2),
        Field("current", at + 2, 3, 1, 1),
        Field("power", at + 5, power_size, power_steps, 2),
    )


_V01 = (
    *_vip(2),
    Field("reactive_power", 10, 3, 10, 4),
    Field("apparent_power", 13, 3, 10),
    Field("power_factor", 16, 1, 10, 8),
)

_15B = (Field("power", 1, 3, 10, 1), Field("power_factor", 8, 2), Field("current", 10, 3), Field("voltage", 13, 2))

LAYOUTS: Mapping[str, PhaseLayout] = {
    "6": PhaseLayout(6, (Field("voltage", 0, 2), Field("current", 2, 2, 100), Field("power", 4, 2))),
    "7": PhaseLayout(7, _vip(power_size=2)),
    "8": PhaseLayout(8, _vip(), offset=EXPORT_OFFSET),
    "10": PhaseLayout(10, (*_vip(), Field("residual_current", 8, 2)), offset=EXPORT_OFFSET),
    "13": PhaseLayout(
        13, (Field("voltage", 0, 4), Field("current", 4, 4), Field("power", 8, 4, 10)), order="little", signed=True
    ),
    "15a": PhaseLayout(15, (*_vip(power_steps=1), Field("power_factor", 11, 2), Field("frequency", 13, 2))),
    "15b": PhaseLayout(15, _15B, signs_at=0),
    "v01": PhaseLayout(17, _V01, b"\x01\x0f"),
    "v02": PhaseLayout(18, _V01, b"\x02\x0f", 17),
}


def layout_of(raw: bytes) -> str:
    """The layout by length and first bytes; of several, the one whose voltage is that of mains.

    Raises WireError where there is none, or no voltage decides.
    """
    fitting = [name for name, layout in LAYOUTS.items() if _fits(layout, raw)]
    if not fitting:
        raise WireError(f"There is no layout of a phase with {len(raw)} bytes{_head(raw)}.")
    if len(fitting) > 1 and any(raw):  # without power every quantity of both is 0
        on_mains = [name for name in fitting if _is_mains(_read(LAYOUTS[name], raw)["voltage"])]
        if len(on_mains) != 1:
            raise WireError(
                f"{len(raw)} bytes can be phase_{' or phase_'.join(fitting)}, and the voltage of mains decides between "
                "them: here it does not, so the profile must name the layout."
            )
        return on_mains[0]
    return fitting[0]


def decode_phase(raw: bytes, layout: str = "") -> dict[str, WireValue]:
    """The quantities in a record, in the steps above. ``layout`` "": see ``layout_of``. Raises WireError."""
    form = LAYOUTS[layout or layout_of(raw)]
    if not _fits(form, raw):
        raise WireError(f"A phase in layout {layout} has {form.length} bytes, not {len(raw)}{_head(raw)}.")
    quantities = _read(form, raw)
    if form.offset:
        quantities["power"] = _without_offset(quantities)
    return dict(quantities)


def encode_phase(quantities: Mapping[str, int], layout: str) -> bytes:
    """The record with these quantities, rounded to its counts; what is not given is 0.

    Raises CommandError where the layout has no place for a quantity, or none that is wide enough.
    """
    form = LAYOUTS[layout]
    unknown = set(quantities) - {field.name for field in form.fields}
    if unknown:
        raise CommandError(f"A phase in layout {layout} has no place for {', '.join(sorted(unknown))}.")
    raw = bytearray(form.length)
    raw[: len(form.head)] = form.head
    for field in form.fields:
        count = round(quantities.get(field.name, 0) / field.steps)
        if count < 0 and form.signs_at >= 0 and field.sign_bit:
            raw[form.signs_at] |= field.sign_bit
            count = -count
        elif count < 0 and form.takes_sign(field) and -count <= EXPORT_OFFSET - EXPORT_FROM:
            count += form.offset
        low, high = (-(256**field.size) // 2, 256**field.size // 2) if form.signed else (0, 256**field.size)
        if not low <= count < high:
            raise CommandError(f"{field.name} of a phase in layout {layout} cannot be {quantities[field.name]}.")
        raw[field.at : field.at + field.size] = count.to_bytes(field.size, form.order, signed=form.signed)
    return bytes(raw)


def _read(form: PhaseLayout, raw: bytes) -> dict[str, int]:
    signs = raw[form.signs_at] if form.signs_at >= 0 else 0
    return {
        field.name: int.from_bytes(raw[field.at : field.at + field.size], form.order, signed=form.signed)
        * (-field.steps if signs & field.sign_bit else field.steps)
        for field in form.fields
    }


def _without_offset(quantities: Mapping[str, int]) -> int:
    """The power; one that no voltage and current of the record explain is that which goes out, with an offset."""
    power = quantities["power"]
    apparent_W = quantities["voltage"] * quantities["current"] / 10_000
    most = 10 * (TOLERANCE * apparent_W + SLACK_W)
    if power <= EXPORT_FROM * 10 or power <= most:
        return power
    exported = (power - offset * 10 for offset in EXPORT_OFFSETS)
    return next((one for one in exported if most >= -one > 0), power)


def _is_mains(tenths: int) -> bool:
    return MAINS_V[0] <= tenths / 10 <= MAINS_V[1]


def _fits(layout: PhaseLayout, raw: bytes) -> bool:
    return len(raw) == layout.length and raw.startswith(layout.head)


def _head(raw: bytes) -> str:
    return f" that begin with {raw[:2].hex(' ')}" if len(raw) > 1 else ""
