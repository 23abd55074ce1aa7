"""The JSON form of facts, as types: what the API, the page and every verb's --json show.

Times in texts are ISO 8601 in UTC; ``at`` of a Change is Unix seconds. Keys never change their meaning; new ones may be
added.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from unclouded.core.frame_part import FramePart
from unclouded.core.model import (
    Access,
    ActionSpec,
    AlertKind,
    Confidence,
    FirmwareSummary,
    Kind,
    NamedValue,
    Quality,
    ScheduleRule,
    State,
    Value,
)
from unclouded.core.text.rough_time import RoughTime


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity of a device. Numbers are whole multiples of ``10**exponent``.

    ``confidence``: how sure its profile is of it; "" = it does not say.
    """

    key: str
    kind: Kind
    unit: str
    access: Access
    exponent: int
    label: str
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    confidence: Confidence = ""


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """A device and its state. ``since``: when it entered this state. ``produces``: it feeds energy in.

    ``room``: where it is, as its owner calls it; "" = the configuration does not say. ``critical``: a person is asked
    before it is switched on or off; the hub does not ask. ``favourite``: shown first. ``colour``: of the page's ten,
    0 to 9, the same in every chart; None = it has none, as devices that measure no power, meters and producers.
    """

    id: str
    identity: str
    family: str
    state: State
    since: str | None
    reason: str
    link: str
    profile: str
    points: tuple[PointView, ...]
    actions: tuple[ActionSpec, ...]
    name: str
    parent: str
    main: str
    produces: bool
    info: Mapping[str, str]
    schedule: tuple[ScheduleRule, ...] | None = None
    room: str = ""
    critical: bool = False
    favourite: bool = False
    colour: int | None = None


class ReadingView(msgspec.Struct, frozen=True):
    """One value of one point at one time."""

    at: str
    device: str
    point: str
    value: Value
    quality: Quality
    flags: tuple[str, ...]


class StatusView(msgspec.Struct, frozen=True):
    """State of a device, since when, and why."""

    device: str
    state: State
    since: str
    reason: str


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """What needs attention: a device that does not answer, an alarm or fault that it reports, a value beyond a limit.

    ``value``: of ``point`` when it began. ``limit``: that of the configuration. ``text``: a sentence. ``disk``: of the
    hub (``device`` is ""), ``value`` % full now; ``full_in``: at the rate of the last days, None = not known.
    """

    device: str
    kind: AlertKind
    since: str
    point: str = ""
    unit: str = ""
    value: Value | None = None
    limit: float | None = None
    full_in: RoughTime | None = None
    text: str = ""


class StatusLine(msgspec.Struct, frozen=True):
    """One JSON line of /api/watch: the state of a device changed."""

    status: StatusView


class DeviceLine(msgspec.Struct, frozen=True):
    """One JSON line of /api/watch: a device appeared or changed; its state has a line of its own."""

    device_info: DeviceView


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is kept: a state, the outcome of a command, a plug that joined, a warning."""

    at: str
    device: str
    kind: str
    words: str
    data: Mapping[str, Any] = {}  # Any: JSON scalars chosen by the kind


class NoticeLine(msgspec.Struct, frozen=True):
    """One JSON line of /api/watch: an event that is not a reading: the outcome of a command, a warning."""

    notice: EventView


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a device printed by itself. ``level``: info, warning, error or ""; ``source``: of its software."""

    at: str
    device: str
    level: str
    source: str
    text: str


class LogLine(msgspec.Struct, frozen=True):
    """One JSON line of /api/watch, where the log is requested."""

    log: LogView


class WireLine(msgspec.Struct, frozen=True, kw_only=True):
    """One frame or one stretch of noise on a device's wire; secrets are blanked.

    ``words``: the fields of its message as text. ``reason``: why it is noise, or what is irregular about it.
    ``points``: the values in it, each with its meaning by the device's profile. ``parts``: what its bytes are, where
    that is asked for.
    """

    at: str
    channel: str
    way: str
    sender: Literal["controller", "device"]
    kind: Literal["frame", "noise"]
    name: str
    words: str
    reason: str
    length: int
    hex: str
    points: tuple[NamedValue, ...] = ()
    parts: tuple[FramePart, ...] = ()


class UpdateView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the hub keeps for updates. ``size``: bytes; ``md5``: hex; ``at``: time of the upload; ``firmware``:
    what it is and whether it is whole. ``refused``: why it is not sent to the device that the request names, as a
    sentence; "" = nothing speaks against it, or no device is named.
    """

    name: str
    size: int
    md5: str
    at: str
    firmware: FirmwareSummary
    refused: str = ""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A new reading, short: [device, point, value, at (Unix seconds), quality, flags]."""

    device: str
    point: str
    value: Value
    at: float
    quality: Quality
    flags: tuple[str, ...]


# --- setting up a plug ------------------------------------------------------------------------------------

SetupStepName = Literal["find", "scan", "send", "wait", "admit", "confirm", "unbind"]
SetupStepState = Literal["started", "progress", "waiting", "done", "failed"]


class NetworkView(msgspec.Struct, frozen=True, kw_only=True):
    """A Wi-Fi that the plug sees. ``signal``: percent. ``open``: it has no password."""

    ssid: str
    signal: int
    channel: int
    encryption: str
    open: bool


class SetupStep(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a set-up. ``text``: for people. ``plug``, ``networks``, ``device``: what the step has found."""

    step: SetupStepName
    state: SetupStepState
    text: str
    plug: Mapping[str, str] = {}
    networks: list[NetworkView] = []
    device: str = ""


class FoundPlug(msgspec.Struct, frozen=True, kw_only=True):
    """A plug in this network, as it describes itself. ``ip``: where its answer came from."""

    uuid: str
    ip: str
    port: int
    product: str
    mac: str
    hardware: str
    version: str


# --- supported products -----------------------------------------------------------------------------------


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product that a profile or the catalogue knows. ``product``: its id, "" = it is known by name only.

    ``title``: maker and model, or what it is. ``also``: other makers and models with the same data points, of which no
    id is known. ``zigbee``: how the names of its Zigbee manufacturers end, "" = none has
    one. ``profile``: its name, as a configuration has it. ``points``: their keys. ``confidence``: of its scales:
    ``confirmed`` (all by two sources), ``single``, ``disputed`` (at least one), "" = no source is named; ``sources``
    says it in a sentence.
    """

    kind: str
    title: str
    also: tuple[str, ...]
    product: str
    zigbee: str
    family: str
    profile: str
    points: tuple[str, ...]
    confidence: Confidence
    sources: str


class ProductKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of product. ``title``: for people. ``count``: how many of it have the words that are searched for."""

    name: str
    title: str
    count: int


class ProductsView(msgspec.Struct, frozen=True, kw_only=True):
    """The products that were found. ``total``: how many there are; ``products``: the first of them.

    ``kinds``: all kinds, whichever of them is chosen.
    """

    total: int
    products: list[ProductView]
    kinds: list[ProductKind]


class SeenPointView(msgspec.Struct, frozen=True, kw_only=True):
    """A wire key of a product as it was reported. ``type``: on the wire, "" = the protocol names none.

    ``reports``: how many. ``low``, ``high``: of numbers, as counts on the wire; ``values``: the different ones, where
    they are few. ``length``: bytes of a text or a raw value at least and at most; its content is never in here.
    ``key``, ``scale``: what it is today, "" = it has no name; ``match_key``, ``match_scale``, ``match_is_sure``: what
    products that are like it agree on.
    """

    wire: str
    type: str
    reports: int
    low: float | None = None
    high: float | None = None
    values: tuple[int, ...] = ()
    length: tuple[int, int] | None = None
    key: str = ""
    scale: str = ""
    match_key: str = ""
    match_scale: str = ""
    match_is_sure: bool = False


class ProductFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of a product for its profile, without anything personal.

    ``info``: versions and the like, as it reports them. ``profile``: that it has today. ``sources``: how sure that is.
    ``nearest``: the table of the catalogue that is most like it, and how much so (``likeness``, 0 to 1). ``remarks``:
    what is physically odd. ``program``: the version of this program. ``markdown``: all of it as lines of text for a
    report.
    """

    product: str
    family: str
    profile: str
    sources: str
    info: Mapping[str, str]
    points: tuple[SeenPointView, ...]
    nearest: str
    likeness: float
    remarks: tuple[str, ...]
    program: str
    markdown: tuple[str, ...]
