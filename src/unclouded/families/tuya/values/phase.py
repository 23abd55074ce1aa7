"""One phase of a meter or breaker in one raw data point. All numbers are big-endian.

    6        VV VV | II II | PP PP                       I in 0.1 A, P in 0.1 W
    7        VV VV | II II II | PP PP
    8        VV VV | II II II | PP PP PP                 the commonest ("v00")
    10       the same | RR RR                            R residual current, or unused
    15a      VV VV | II II II | PP PP PP | xx xx xx | CC CC | FF FF      P in 0.1 W, C in 0.001
    15b      xx×8 | FF FF | xx | II II | VV VV           only current and voltage are certain
    v01      01 0F | VV VV | II II II | PP PP PP | QQ QQ QQ | SS SS SS | CC
    v02      02 0F | … as v01 … | GG                     G: bit 0 I, 1 P, 2 Q, 3 C is negative (power goes out)

V in 0.1 V, I and R in mA, P in W where no other unit stands, Q in var, S in VA, C (power factor) in 0.01, F in
0.001 Hz. Reading brings them all to one set of steps, so that a profile's scales are the same for each layout:

    voltage 0.1 V · current, residual_current 1 mA · power 0.1 W · reactive_power 0.1 var
    apparent_power 0.1 VA · power_factor 0.001 · frequency 0.001 Hz · frequency_count as it stands (15b)

The power of 15a is in 0.1 W: only then is P = V·I·C in both known records (12.0 W of 44.3 VA at 0.272). Some vendors
describe the power of 8 bytes in 0.0001 kW; all records with known values are in W.
Source: docs/protocols/tuya_wifi.md §2.8.3.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.session import WireValue


class Field(msgspec.Struct, frozen=True):
    """A quantity: where it stands, in how many bytes, how many steps one count is, its sign's bit in G."""

    name: str
    at: int
    size: int
    steps: int = 1
    sign_bit: int = 0


class PhaseLayout(msgspec.Struct, frozen=True):
    """A form of the record. ``head``: the bytes that it begins with. ``signs_at``: where G stands, -1 = nowhere."""

    length: int
    fields: tuple[Field, ...]
    head: bytes = b""
    signs_at: int = -1


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

LAYOUTS: Mapping[str, PhaseLayout] = {
    "6": PhaseLayout(6, (Field("voltage", 0, 2), Field("current", 2, 2, 100), Field("power", 4, 2))),
    "7": PhaseLayout(7, _vip(power_size=2)),
    "8": PhaseLayout(8, _vip()),
    "10": PhaseLayout(10, (*_vip(), Field("residual_current", 8, 2))),
    "15a": PhaseLayout(15, (*_vip(power_steps=1), Field("power_factor", 11, 2), Field("frequency", 13, 2))),
    "15b": PhaseLayout(15, (Field("frequency_count", 8, 2), Field("current", 11, 2), Field("voltage", 13, 2))),
    "v01": PhaseLayout(17, _V01, b"\x01\x0f"),
    "v02": PhaseLayout(18, _V01, b"\x02\x0f", 17),
}

AMBIGUOUS = ("15a", "15b")  # the same length, and nothing in them that differs


def layout_of(raw: bytes) -> str:
    """The layout by length and first bytes. Raises WireError where there is none, or more than one."""
    fitting = [name for name, layout in LAYOUTS.items() if _fits(layout, raw)]
    if not fitting:
        raise WireError(f"There is no layout of a phase with {len(raw)} bytes{_head(raw)}.")
    if len(fitting) > 1:
        raise WireError(
            f"{len(raw)} bytes can be phase_{' or phase_'.join(fitting)}: the profile must name it."
        )
    return fitting[0]


def decode_phase(raw: bytes, layout: str = "") -> dict[str, WireValue]:
    """The quantities in a record, in the steps above. ``layout`` "": by length. Raises WireError."""
    form = LAYOUTS[layout or layout_of(raw)]
    if not _fits(form, raw):
        raise WireError(f"A phase in layout {layout} has {form.length} bytes, not {len(raw)}{_head(raw)}.")
    signs = raw[form.signs_at] if form.signs_at >= 0 else 0
    return {
        field.name: int.from_bytes(raw[field.at : field.at + field.size])
        * (-field.steps if signs & field.sign_bit else field.steps)
        for field in form.fields
    }


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
        if not 0 <= count < 256**field.size:
            raise CommandError(f"{field.name} of a phase in layout {layout} cannot be {quantities[field.name]}.")
        raw[field.at : field.at + field.size] = count.to_bytes(field.size)
    return bytes(raw)


def _fits(layout: PhaseLayout, raw: bytes) -> bool:
    return len(raw) == layout.length and raw.startswith(layout.head)


def _head(raw: bytes) -> str:
    return f" that begin with {raw[:2].hex(' ')}" if len(raw) > 1 else ""
