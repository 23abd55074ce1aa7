"""The types that every package shares: devices and their points, readings, commands, ledgers, and the public hub.

Values are frozen ``msgspec.Struct``s: a frozen dataclass of six fields takes 1.6 µs to make on the
machine where a struct takes 0.3, and a live line makes hundreds of thousands of them.

A ``Fact`` is what the hub publishes. Times are Unix seconds (float, UTC) in fields named ``at`` and ``since``;
``now`` is monotonic seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import msgspec

from unclouded.core.feeds import FeedValues
from unclouded.core.text.rough_time import RoughTime

if TYPE_CHECKING:
    from unclouded.core.frame_part import FramePart

Value = bool | int | float | str
Quality = Literal["good", "held", "estimated", "suspect"]
Kind = Literal["switch", "number", "counter", "enum", "text", "raw", "bitmap"]
Access = Literal["r", "rw", "w"]
State = Literal["connecting", "waiting", "online", "asleep", "offline", "faulted", "seen"]
Result = Literal["confirmed", "held", "refused", "timeout", "unreachable"]
Confidence = Literal["", "confirmed", "single", "disputed", "matched", "guessed"]

COLOURS = 10  # of devices on pages; charts distinguish no more

# The unit that the last part of a key stands for: power_W, energy_import_Wh.
UNITS: Mapping[str, str] = {
    "W": "W", "V": "V", "A": "A", "Wh": "Wh", "Hz": "Hz", "VA": "VA", "var": "var", "varh": "varh",
    "C": "°C", "percent": "%", "dBm": "dBm", "s": "s", "min": "min", "ms": "ms", "kWh": "kWh", "ppm": "ppm",
    "F": "°F", "h": "h", "days": "d", "lux": "lx", "rpm": "rpm", "m": "m", "cm": "cm", "mm": "mm", "km": "km",
    "kmh": "km/h", "mps": "m/s", "L": "L", "mL": "mL", "m3": "m³", "gal": "gal", "Lmin": "L/min", "m3h": "m³/h",
    "galmin": "gal/min", "g": "g", "kg": "kg", "lb": "lb", "hPa": "hPa", "kPa": "kPa", "psi": "psi", "ppb": "ppb",
    "ppt": "ppt", "ugm3": "µg/m³", "mgm3": "mg/m³", "mgL": "mg/L", "gL": "g/L", "uScm": "µS/cm", "mScm": "mS/cm",
    "LEL": "% LEL", "Ah": "Ah", "mAh": "mAh", "kVAh": "kVAh", "deg": "°", "mired": "mired",
}  # fmt: skip


def unit_of(key: str) -> str:
    """The unit that a point key carries in its last part: ``power_W`` -> ``W``; "" where it has none."""
    _, _, suffix = key.rpartition("_")
    return UNITS.get(suffix, "")


def value_text(value: Value) -> str:
    """A value as text for people: true and false as JSON writes them, everything else as it is."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def bits_text(value: int, names: Sequence[str]) -> str:
    """The bits that are set in a bitmap, by name where it has one: ``over_voltage, bit 20``; ``none`` of 0."""
    return (
        ", ".join(
            names[bit] if bit < len(names) else f"bit {bit}" for bit in range(value.bit_length()) if value >> bit & 1
        )
        or "none"
    )


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity of a device, as clients see it. ``options``: of an enum, or the bits of a bitmap, in wire order.

    ``exponent``: values are whole multiples of ``10**exponent`` (what the store keeps); -1 = tenths.
    ``confidence``: in what the profile says of it. ``confirmed``: two independent sources, or V x I, agree;
    ``single``: it has one source; ``disputed``: sources disagree; ``matched``: no source lists the product, but similar
    ones agree; ``guessed``: of those only the name is likely; "": the profile does not say.
    """

    key: str
    kind: Kind = "number"
    access: Access = "r"
    exponent: int = 0
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[str, ...] = ()
    confidence: Confidence = ""

    @property
    def unit(self) -> str:
        """The unit of the values, from the last part of the key: ``power_W`` -> ``W``; "" = none."""
        return unit_of(self.key)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one point at one time. ``source``: the name of the channel that it came by."""

    device: str
    point: str
    value: Value
    at: float
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    source: str = ""


class Command(msgspec.Struct, frozen=True):
    """A request to set a point to a value. ``origin``: who requests it (cli, web user, schedule …)."""

    device: str
    point: str
    value: Value
    origin: str = ""


class Action(msgspec.Struct, frozen=True):
    """A request for something that is not a value: pair, update, reset. ``confirmed``: its danger is accepted."""

    device: str
    name: str
    args: Mapping[str, str] = {}
    origin: str = ""
    confirmed: bool = False


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An action that a device offers. ``args``: name -> what it means. ``danger``: what would be lost; where there
    is any, the action must be confirmed. ``files``: those of ``args`` that name an update file of the hub.
    """

    name: str
    words: str
    args: Mapping[str, str] = {}
    danger: str = ""
    files: tuple[str, ...] = ()


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class ScheduleRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that a device keeps and carries out by itself, without the hub.

    ``timer``: switches at ``at`` (local time, "HH:MM"); where ``sun`` is set, ``offset_min`` minutes after sunrise or
    sunset. ``auto_off``: switches off ``after_s`` seconds after the device was switched on. ``days``: on which it
    holds; not ``weekly``: once, on the next of them. ``lasts_s``: after which a timer switches back; 0 = it does not.
    """

    id: str
    kind: Literal["timer", "auto_off"]
    name: str = ""
    enabled: bool = True
    days: tuple[Weekday, ...] = WEEKDAYS
    weekly: bool = True
    at: str = ""
    sun: Literal["", "sunrise", "sunset"] = ""
    offset_min: int = 0
    turn: Literal["on", "off"] = "off"
    lasts_s: int = 0
    after_s: int = 0


LARGEST_UPDATE = 16 * 1024 * 1024  # bytes of an update file; an MCU's firmware has some hundred thousand


class FirmwareSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an update file is. ``text``: a sentence. ``target``: what it is for, as text, "" = not known.

    ``hardware``: the versions that its content is for, () = not known. ``model``, ``region``, ``named_hardware``,
    ``build``: what its name says, "" and 0 where it says nothing. ``faults``: what is damaged, as text. ``fields``: its
    header as name -> value.
    """

    text: str
    kind: str
    target: str = ""
    hardware: tuple[int, ...] = ()
    model: str = ""
    region: str = ""
    named_hardware: int = 0
    build: str = ""
    faults: tuple[str, ...] = ()
    fields: Mapping[str, int | str] = {}


class UpdateFile(msgspec.Struct, frozen=True):
    """A file that the hub keeps for updates. ``size``: bytes; ``md5``: hex; ``at``: time of its upload."""

    name: str
    size: int
    md5: str
    at: float
    firmware: FirmwareSummary


class Outcome(msgspec.Struct, frozen=True):
    """The one result of a Command or an Action. ``ms``: milliseconds from the request to the result.

    ``answer``: what the device answered to an action that asks it something, without secrets.
    """

    result: Result
    reason: str = ""
    ms: float = 0.0
    answer: Mapping[str, Any] = {}  # Any: JSON values


class Progress(msgspec.Struct, frozen=True):
    """The progress of a long action: ``done`` of ``total`` (0 = unknown); ``words``: as text."""

    done: int
    total: int
    words: str = ""


class Status(msgspec.Struct, frozen=True):
    """Device state, since when, and why."""

    device: str
    state: State
    since: float
    reason: str = ""


AlertKind = Literal["alarm", "fault", "disk", "offline", "above", "below", "battery"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs attention. ``active``: False where it ended. ``text``: a sentence.

    ``alarm``, ``fault``: the device reports it at ``point``; ``offline``: it does not answer; ``above``, ``below``: the
    value of a point is beyond the ``limit`` that the configuration gives it; ``battery``: it is low. ``value``: at its
    begin. ``disk``: that of the hub (no device) is ``value`` % full now, and will be full in ``full_in``
    (None = not known).
    """

    device: str
    kind: AlertKind
    since: float
    point: str = ""
    value: Value | None = None
    limit: float | None = None
    full_in: RoughTime | None = None
    text: str = ""
    active: bool = True


class Notice(msgspec.Struct, frozen=True):
    """An event that is kept and is not a reading: the outcome of a command, a device that joined, a warning."""

    device: str
    at: float
    kind: str
    words: str
    data: Mapping[str, Any] = {}  # Any: JSON scalars chosen by the kind


Exact = int | Fraction  # mWh without rounding; int where it is whole, which is ten times as fast


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A level of a counter that does not fit the ledger, and what has confirmed it since.

    ``kind``: ``jump``, ``reset`` or ``dip``. Levels are exact mWh. ``seen``: readings; ``rises``: those that rose.
    ``date``: whose value it is, of a dated counter.
    """

    kind: str
    first: Exact
    level: Exact
    since: float
    at: float
    seen: int = 1
    rises: int = 0
    date: str = ""


class CountedDay(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted for one date of a dated counter.

    ``level``: the last value that it showed for the date; ``counted``: what was counted for it, more than the level
    where the device began the date again. Both exact mWh. ``at``: the device's time of that value.
    """

    level: Exact
    counted: Exact
    at: float


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one energy counter: enough to go on counting after a restart.

    ``total``: the lifetime total in whole mWh; it never falls. ``rest``: what rounding left out, exact mWh.
    ``level``: the last level of the device's own counter (of increments: the last one), exact mWh; None at first.
    ``count_mWh``: what one count of that counter stood for, exact mWh; 0 = not known.
    ``at``, ``moved``: when a level was last accepted, and when it last rose.
    ``power_W``: the last power, where energy is integrated. ``estimated``: mWh of the total that were integrated.
    ``filed``: the time of the newest reading of the total; none is filed earlier, so totals never fall in time.
    ``days``: of a dated counter, what was counted for each date; ``since``: dates before do not count.
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
    filed: float = 0.0
    days: Mapping[str, CountedDay] = {}
    since: str = ""
    count_mWh: Exact = 0


def inherited(old: Ledger, heir: Ledger) -> Ledger:
    """The ledger of a device that replaces an old one: its total goes on above the old one's, its level is its own.

    The store does this to its ledgers when a Device that ``replaces`` another is first delivered; the hub does it to
    the ledgers that it restored before that.
    """
    return msgspec.structs.replace(heir, total=heir.total + old.total, estimated=heir.estimated + old.estimated)


class Memory(msgspec.Struct, frozen=True):
    """A value that a session or the hub finds again after a restart. Empty = forget it."""

    identity: str
    key: str
    value: bytes


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the hub knows it. ``identity`` owns the history; id and link may change."""

    id: str
    identity: str
    family: str
    link: str
    profile: str
    points: tuple[Point, ...] = ()
    actions: tuple[ActionSpec, ...] = ()
    parent: str = ""
    name: str = ""
    room: str = ""
    main: str = ""  # the point that `set DEVICE VALUE` means
    replaces: str = ""  # the id or identity of an older device whose history this one goes on with
    produces: bool = False  # the energy that it measures is fed in: a solar inverter behind a plug
    alert_above: Mapping[str, float] = {}  # point -> the limit above which there is an alert
    alert_below: Mapping[str, float] = {}
    critical: bool = False  # people are asked before they switch it
    favourite: bool = False  # shown first
    colour: int | None = None  # on pages, 0 to COLOURS - 1; None: it has none
    info: Mapping[str, str] = {}
    schedule: tuple[ScheduleRule, ...] | None = None  # the rules that it keeps; None: not read yet, or it keeps none


class NamedValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value on a wire, and its meaning by the device's profile.

    ``id``: its wire key (a data point's number, a JSON path). ``raw``: its value on the wire; bytes in hex.
    ``key`` "": the profile does not list it, and there is no ``reading``.
    """

    id: str
    raw: Value
    key: str = ""
    reading: Value | None = None
    unit: str = ""


class WireEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One recent frame or stretch of noise on a device's wire. ``hex``: its bytes, two dots for each that is secret.

    ``words``: the fields of its message as text. ``reason``: why it is noise, or what is irregular about the frame.
    ``points``: the values in it by the device's profile. ``part``: the sub-device that they belong to. ``types``: how
    they are encoded, by wire key, where the protocol says so. ``parts``: finds out what its bytes are, when called.
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
    part: str = ""
    types: Mapping[str, str] = {}
    parts: "Callable[[], Sequence[FramePart]]" = tuple


class LogEntry(msgspec.Struct, frozen=True):
    """A line that a device printed by itself: of its log, or of its start. It is not kept. ``at``: Unix seconds.

    ``text``: without secrets. ``level``: info, warning or error, "" where it has none; ``source``: the part of the
    device's software, "" where not known.
    """

    device: str
    at: float
    text: str
    level: str = ""
    source: str = ""


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """A plug that has connected is to become a device. ``id`` "": derived from the name; ``name`` "": its id.

    ``parent``: the device that measures its use too; ``produces``: the energy that it measures is fed in.
    """

    uuid: str
    name: str = ""
    id: str = ""
    parent: str = ""
    produces: bool = False


Fact = Reading | Status | Notice | Alert | Ledger | Memory | Device | FeedValues
Deliver = Callable[[Sequence[Fact]], None]
OnProgress = Callable[[Progress], None]


class PublicHub(Protocol):
    """The hub as sinks and the web see it."""

    def devices(self) -> Sequence[Device]:
        """Every device known now, sub-devices too, in the order of the configuration."""

    def snapshot(self) -> Sequence[Fact]:
        """Every device, the newest Reading of every point and the Status of every device."""

    def alerts(self) -> Sequence[Alert]:
        """What needs attention now, the worst first. An Alert is published when one begins and when one ends."""

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        """Call ``deliver`` with each batch of facts until the returned function is called.

        ``deliver`` must not block; the facts of one batch belong together. ``stamped``: facts are delivered once
        their times can be trusted (a computer without a clock starts in the past).
        """

    def follow_log(self, deliver: Callable[[LogEntry], None]) -> Callable[[], None]:
        """Call ``deliver`` with each line that a device prints by itself, until the returned function is called.

        It is called before the facts of the same moment are delivered, and must not block.
        """

    async def command(self, command: Command) -> Outcome:
        """Carry out a command. Raises CommandError for one that is invalid."""

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        """Carry out an action. Raises CommandError for one that is invalid."""

    async def reconnect(self, device: str) -> Outcome:
        """Open the link of a device now, not when its next attempt is due: ``confirmed`` once it is online.

        ``timeout``: it still is not; ``unreachable``: the hub cannot open that link; the reason says what helps.
        Raises CommandError for an unknown device.
        """

    async def admit(self, admission: Admission) -> Device:
        """Admit a device that is only seen. Raises CommandError where there is none, or its name cannot be used."""

    async def forget(self, device: str) -> Device:
        """The counterpart: remove a device that was admitted; its history stays. Raises CommandError for others."""

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        """Statistics of each of the device's channels. Raises CommandError for an unknown device."""

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        """The last frames and noise on the device's wires, oldest first. Raises CommandError for an unknown device."""
