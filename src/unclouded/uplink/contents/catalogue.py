"""The catalogue: what the numbers in all other windows mean. Numbers are never used again for something else.

Source: docs/protocols/fleet.md §4.1
"""

import msgspec

from unclouded.uplink.contents.packing import MOST_ITEMS, limit, read, write


class SentControl(msgspec.Struct, frozen=True, array_like=True):
    """A point that can be set. ``access``: rw, or w where it has no value of its own. ``options``: of an enum.

    ``minimum``, ``maximum``: in the unit of the point; None: not known.
    """

    point: str
    kind: str
    access: str
    exponent: int = 0
    label: str = ""
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class SentDevice(msgspec.Struct, frozen=True, array_like=True):
    """``id``: as in commands; the number as text where the home does not let out names.

    ``parent``: a number, 0: none. ``identity``: as in the store, "" without names: history is restored by it.
    ``main``: the point that is meant where a command names none, "" = none. ``produces``: what it measures is fed in.
    ``controls``: what can be set; None: an older hub, which does not say it.
    """

    number: int
    id: str
    name: str = ""
    room: str = ""
    parent: int = 0
    kind: str = ""
    product: str = ""
    identity: str = ""
    main: str = ""
    produces: bool = False
    controls: tuple[SentControl, ...] | None = None


class SentSeries(msgspec.Struct, frozen=True, array_like=True):
    """One point of a device in one scale: value = count * 10 ** exponent. ``kind``: number, switch, counter, bitmap."""

    number: int
    device: int
    point: str
    exponent: int
    kind: str
    label: str = ""


class SentFlag(msgspec.Struct, frozen=True, array_like=True):
    """The name of a bit in marks."""

    bit: int
    name: str


class SentCatalogue(msgspec.Struct, frozen=True, array_like=True):
    """``zone``: of the home (IANA name). ``version``: of the hub."""

    devices: tuple[SentDevice, ...] = ()
    series: tuple[SentSeries, ...] = ()
    flags: tuple[SentFlag, ...] = ()
    zone: str = "UTC"
    version: str = ""


_decoder = msgspec.msgpack.Decoder(SentCatalogue)


def encode_catalogue(catalogue: SentCatalogue) -> bytes:
    """The catalogue as it is sent to a fleet."""
    return write(catalogue)


def decode_catalogue(data: bytes) -> SentCatalogue:
    """Raises ContentError."""
    found = read(_decoder, data)
    controls = [control for device in found.devices for control in device.controls or ()]
    options = sum(len(one.options) for one in controls)
    limit(len(found.devices) + len(found.series) + len(found.flags) + len(controls) + options, MOST_ITEMS, "entries")
    return found
