"""The nouns that everybody shares: what is measured, what is wished, and the House that holds it all.

Values are frozen ``msgspec.Struct``s: a frozen dataclass of six fields takes 1.6 µs to make on the
machine where a struct takes 0.3, and a live line makes hundreds of thousands of them.

Times are Unix seconds (float, UTC) in fields named ``at`` and ``since``; ``now`` is monotonic seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, Protocol

import msgspec

Value = bool | int | float | str
Quality = Literal["good", "held", "estimated", "suspect"]
Kind = Literal["switch", "number", "counter", "enum", "text", "raw", "bitmap"]
Access = Literal["r", "rw", "w"]
State = Literal["connecting", "waiting", "online", "asleep", "offline", "faulted", "seen"]
Result = Literal["confirmed", "held", "refused", "timeout", "unreachable"]

# Key suffix -> unit as people read it. A key's unit is the part after its last underscore.
UNITS: Mapping[str, str] = {
    "W": "W", "V": "V", "A": "A", "Wh": "Wh", "Hz": "Hz", "VA": "VA", "var": "var", "varh": "varh",
    "C": "°C", "percent": "%", "dBm": "dBm", "s": "s", "min": "min", "ms": "ms", "kWh": "kWh", "ppm": "ppm",
}  # fmt: skip


def unit_of(key: str) -> str:
    """The unit that a point key carries in its last part: ``power_W`` -> ``W``; "" where it has none."""
    _, _, suffix = key.rpartition("_")
    return UNITS.get(suffix, "")


def value_text(value: Value) -> str:
    """A value as text for people: true and false as JSON writes them, everything else as it is."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity of a device, as people and tools see it.

    ``exponent``: values are whole multiples of ``10**exponent`` (what the store keeps); -1 = tenths.
    """

    key: str
    kind: Kind = "number"
    access: Access = "r"
    exponent: int = 0
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        return unit_of(self.key)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one point at one time. What a device has no value of makes no reading."""

    device: str
    point: str
    value: Value
    at: float
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    source: str = ""


class Command(msgspec.Struct, frozen=True):
    """A wish: this point shall have this value. ``origin`` says who asked (cli, web user, schedule…)."""

    device: str
    point: str
    value: Value
    origin: str = ""


class Action(msgspec.Struct, frozen=True):
    """A wish that is no value: pair, update, reset. Danger must be confirmed by the caller."""

    device: str
    name: str
    args: Mapping[str, str] = {}
    origin: str = ""
    confirmed: bool = False


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a device can be asked to do. ``danger``: what is lost; non-empty = asks for a yes.

    ``files``: those of ``args`` that are the name of a file which the house keeps for updates.
    """

    name: str
    words: str
    args: Mapping[str, str] = {}
    danger: str = ""
    files: tuple[str, ...] = ()


LARGEST_UPDATE = 16 * 1024 * 1024  # bytes of a file for updates; an MCU's firmware has some hundred thousand


class UpdateFile(msgspec.Struct, frozen=True):
    """A file that the house keeps for updates. ``size``: bytes; ``md5``: hex; ``at``: when it came (Unix seconds)."""

    name: str
    size: int
    md5: str
    at: float


class Outcome(msgspec.Struct, frozen=True):
    """The one fate of a Command or an Action. ``ms``: from the wish to its fate."""

    result: Result
    reason: str = ""
    ms: float = 0.0


class Progress(msgspec.Struct, frozen=True):
    """How far a long action has come: ``done`` of ``total`` (0 = unknown), in words."""

    done: int
    total: int
    words: str = ""


class Status(msgspec.Struct, frozen=True):
    """How a device fares, since when (Unix seconds), and why."""

    device: str
    state: State
    since: float
    reason: str = ""


class Notice(msgspec.Struct, frozen=True):
    """Something worth remembering that is no reading: a command's fate, a join, a warning."""

    device: str
    at: float
    kind: str
    words: str
    data: Mapping[str, Any] = {}  # Any: JSON scalars chosen by the kind


Exact = int | Fraction  # mWh without rounding; int where it is whole, which is ten times as fast


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A level of a counter that does not fit what was known, and how well it has held up since.

    ``kind``: ``jump``, ``reset`` or ``dip``. Levels are exact mWh, times Unix seconds.
    """

    kind: str
    first: Exact
    level: Exact
    since: float
    at: float
    seen: int = 1
    rises: int = 0


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """All that must be known of one counter to go on counting after a restart.

    ``total``: the lifetime total in whole mWh; it never falls. ``rest``: what rounding took, exact mWh.
    ``level``: what the device's own counter said last (of increments: the last one), exact mWh; None at first.
    ``at``, ``moved``: when the counter was last believed, and when it last rose.
    ``power_W``: the last power, where energy is integrated. ``estimated``: mWh of the total that were.
    """

    identity: str
    point: str
    total: int = 0
    rest: Exact = 0
    level: Exact | None = None
    at: float = 0.0
    moved: float = 0.0
    power_W: float | None = None
    estimated: int = 0
    doubt: Doubt | None = None


def inherited(old: Ledger, heir: Ledger) -> Ledger:
    """The heir's ledger where it replaces the old device: its total goes on above the old one's.

    Its own level stays its own. The store does this to what is stored when a Device that ``replaces`` another
    is first delivered; whoever made a book of the heir's ledgers before that does it too.
    """
    return msgspec.structs.replace(heir, total=heir.total + old.total, estimated=heir.estimated + old.estimated)


class Memory(msgspec.Struct, frozen=True):
    """What a session or the hub wants to find again after a restart."""

    identity: str
    key: str
    value: bytes


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the house knows it. ``identity`` owns the history; id and link may change."""

    id: str
    identity: str
    family: str
    link: str
    profile: str
    points: tuple[Point, ...] = ()
    actions: tuple[ActionSpec, ...] = ()
    parent: str = ""
    name: str = ""
    main: str = ""  # the point that `set DEVICE VALUE` means
    replaces: str = ""  # the id or identity of an older device whose history this one goes on with
    produces: bool = False  # what it measures is given to the house, not taken: a solar inverter behind a plug
    info: Mapping[str, str] = {}


class NamedValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value on a wire, and what it means by the device's profile.

    ``id``: its wire key (a data point's number, a JSON path). ``raw``: as it stands on the wire; bytes in hex.
    ``key`` "": the profile does not list it, and there is no ``reading``.
    """

    id: str
    raw: Value
    key: str = ""
    reading: Value | None = None
    unit: str = ""


class WireEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One frame, or one stretch of noise, that lately went over a device's wire, in words; secrets are blanked.

    ``words``: the fields of its message. ``reason``: why it is noise, or what is odd about the frame.
    ``points``: the values in it by the device's profile.
    """

    at: float
    sender: Literal["controller", "device"]
    kind: Literal["frame", "noise"]
    name: str
    words: str
    reason: str
    length: int
    hex: str
    channel: str = ""
    path: str = ""
    points: Sequence[NamedValue] = ()


Fact = Reading | Status | Notice | Ledger | Memory | Device
Deliver = Callable[[Sequence[Fact]], None]
OnProgress = Callable[[Progress], None]


class PublicHub(Protocol):
    """All that sinks and the web may know of the hub."""

    def devices(self) -> Sequence[Device]:
        """Every device known now, sub-devices too, in the order of the configuration."""

    def snapshot(self) -> Sequence[Fact]:
        """Every device, the newest Reading of every point and the Status of every device."""

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        """Call ``deliver`` with each batch of facts until the returned function is called.

        ``deliver`` must not block; the facts of one batch belong together. ``stamped``: wait with facts
        until their times can be trusted (a computer without a clock starts in the past).
        """

    async def command(self, command: Command) -> Outcome:
        """Carry out a command. Raises CommandError where the wish itself is wrong."""

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        """Carry out an action. Raises CommandError where the wish itself is wrong."""

    async def admit(self, uuid: str, name: str) -> Device:
        """Take in a device that was only seen. Raises CommandError where none was."""

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        """Statistics of each of the device's channels. Raises CommandError for an unknown device."""

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        """The last frames and noise on the device's wires, oldest first. Raises CommandError for an unknown device."""
