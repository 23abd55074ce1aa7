"""Requests and answers of the API as types; the OpenAPI document and the page's types are generated from them.

Times as text are ISO 8601 in UTC; ``at`` in columns and in live changes is in Unix seconds, for charts.
Keys never change their meaning; new ones may be added.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from unclouded.core.model import Kind, Quality, Result, Value
from unclouded.core.publisher import PublisherState
from unclouded.core.views.configuration import ConfigDifference
from unclouded.core.views.disk import DiskView
from unclouded.core.views.facts import AlertView, Change, DeviceView, EventView, NetworkView, SetupStep, StatusView

Role = Literal["read", "control"]
By = Literal["quarter", "hour", "day", "week", "month"]  # quarter: of an hour

LONGEST_PASSWORD = 256  # characters; the time to normalise a password grows with the square of its length
Origin = Annotated[str, Meta(max_length=100, description="The origin in the command log; from a browser always web.")]


# --- commands -----------------------------------------------------------------------------------------


class SetBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without ``point``, the main point of the device is set."""

    value: Value
    point: str = ""
    origin: Origin = "api"


class DoBody(msgspec.Struct, forbid_unknown_fields=True):
    """``confirmed``: required for dangerous actions."""

    action: str
    args: dict[str, str] = {}
    confirmed: bool = False
    origin: Origin = "api"


class AdmitBody(msgspec.Struct, forbid_unknown_fields=True):
    """``name``: what the plug is called; its id follows from it, unless ``id`` (a to z, 0 to 9 and _) names one.

    ``parent``: the device that measures its use too. ``produces``: the energy that it measures is fed in.
    """

    uuid: str
    name: str = ""
    id: str = ""
    parent: str = ""
    produces: bool = False


Revision = Annotated[str, Meta(min_length=1, max_length=64, description="The revision that the change is based on.")]


class AddDeviceBody(msgspec.Struct, forbid_unknown_fields=True):
    """``keys``: of its [[device]] table (docs/unclouded.toml); ``id`` follows from ``name`` where it is missing."""

    revision: Revision
    keys: dict[str, Any]  # Any: TOML values as JSON
    origin: Origin = "api"


class ChangeDeviceBody(msgspec.Struct, forbid_unknown_fields=True):
    """``keys``: the new values; null removes a key, a table is merged."""

    revision: Revision
    keys: dict[str, Any]  # Any: TOML values as JSON
    origin: Origin = "api"


class ChangeHubBody(msgspec.Struct, forbid_unknown_fields=True):
    """``keys``: the new values of a table of the hub; null removes a key, a table inside is merged."""

    revision: Revision
    keys: dict[str, Any]  # Any: TOML values as JSON
    origin: Origin = "api"


class RenameRoomBody(msgspec.Struct, forbid_unknown_fields=True):
    """``room``: its name until now. ``name``: the new one, of which there may be one already; "" = no room."""

    revision: Revision
    room: str
    name: str
    origin: Origin = "api"


class ReloadBody(msgspec.Struct, forbid_unknown_fields=True):
    """``dry_run``: change nothing, and say what would be done."""

    dry_run: bool = False
    origin: Origin = "api"


class RestoreBody(msgspec.Struct, forbid_unknown_fields=True):
    """``backup``: its name."""

    revision: Revision
    backup: Annotated[str, Meta(max_length=100)]
    origin: Origin = "api"


class SetupBody(msgspec.Struct, forbid_unknown_fields=True):
    """``address``: of the plug; its own in set-up mode is 10.10.10.1, and may take a while to answer.

    ``keeps_wifi``: it is in the network already, bound to another server with ``plug_key`` (without it: this hub's).
    """

    address: Annotated[str, Meta(max_length=200)] = "10.10.10.1"
    keeps_wifi: bool = False
    plug_key: Annotated[str, Meta(max_length=64)] = ""


class SetupJoinBody(msgspec.Struct, forbid_unknown_fields=True):
    """The Wi-Fi that the plug is to join, and how it is admitted. One that keeps its Wi-Fi needs no ``ssid``."""

    ssid: Annotated[str, Meta(max_length=64)] = ""
    password: Annotated[str, Meta(max_length=128)] = ""
    hidden: bool = False
    name: Annotated[str, Meta(max_length=200)] = ""
    parent: str = ""
    produces: bool = False


SetupPhase = Literal["idle", "finding", "choosing", "joining", "done", "failed"]


class SetupView(msgspec.Struct, frozen=True, kw_only=True):
    """The set-up that this hub runs, or the last one. ``problem``: why it failed, and what to do.

    ``plug``: what it reports of itself. ``networks``: what it sees. ``device``: what it has become.
    """

    phase: SetupPhase = "idle"
    address: str = ""
    keeps_wifi: bool = False
    steps: list[SetupStep] = []
    plug: Mapping[str, str] = {}
    networks: list[NetworkView] = []
    device: str = ""
    problem: str = ""


class OnboardingOfferBody(msgspec.Struct, forbid_unknown_fields=True):
    """A link that a person types. ``family``: where it is known; otherwise the test finds out."""

    link: Annotated[str, Meta(min_length=1, max_length=1_024)]
    family: Annotated[str, Meta(max_length=40)] = ""


class OnboardingBrokerBody(msgspec.Struct, forbid_unknown_fields=True):
    """``host``: names and addresses of this computer that plugs connect to, separated by spaces; "" = all it has."""

    revision: Revision
    host: Annotated[str, Meta(max_length=1_024)] = ""
    origin: Origin = "api"


class OnboardingTestBody(msgspec.Struct, forbid_unknown_fields=True):
    """``offer``: its id."""

    offer: Annotated[str, Meta(max_length=1_100)]


class OnboardingAddBody(msgspec.Struct, forbid_unknown_fields=True):
    """``offer``: its id. ``id`` follows from ``name`` where it is missing. ``revision``: of the configuration."""

    offer: Annotated[str, Meta(max_length=1_100)]
    revision: Revision
    name: str = ""
    id: str = ""
    room: str = ""
    parent: str = ""
    produces: bool = False
    origin: Origin = "api"


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a command. ``ms``: time from the command to its outcome."""

    device: str
    point: str
    outcome: Result
    reason: str
    ms: float


class ReconnectView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a device is connected now. ``ms``: how long that took."""

    device: str
    outcome: Result
    reason: str
    ms: float


class ProgressLine(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON line of an action: its progress; ``of`` 0 = unknown."""

    progress: int
    of: int
    text: str


class DoneLine(msgspec.Struct, frozen=True, kw_only=True):
    """The last JSON line of an action: its outcome. ``answer``: of a device that was asked something."""

    device: str
    action: str
    outcome: Result
    reason: str
    ms: float
    answer: Mapping[str, Any]  # Any: JSON values that the action chooses


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. ``detail``: what happened and what to do; ``id``: the id of the text in the table."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    id: str = ""


class ConflictProblem(Problem, frozen=True, kw_only=True):
    """The configuration is no longer what the client has seen. ``revision``: of it now. ``changed``: what is different.

    Nothing is listed where the revision of the request is too old to be known.
    """

    revision: str
    changed: list[ConfigDifference]


# --- history ------------------------------------------------------------------------------------------


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A value of a series whose quality is not good or that has flags: index in the columns, quality, flags."""

    index: int
    quality: Quality
    flags: tuple[str, ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One point over time, in columns of the same length.

    ``value``: as measured, or the last of each step; None where there is a gap (the device was offline). The first row
    may be the last value before the history begins, if it was still valid then.
    ``min``, ``mean``, ``max``: of each step, for condensed numbers; otherwise None.
    """

    device: str
    point: str
    unit: str
    kind: Kind
    exponent: int
    at: list[float]
    value: list[Value | None]
    min: list[float | None] | None = None
    mean: list[float | None] | None = None
    max: list[float | None] | None = None
    marks: list[Mark] = []


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Series between two times (Unix seconds). ``step``: seconds from one row to the next, 0 = as measured."""

    start: float
    end: float
    step: float
    series: list[Series]


class EnergyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Increase of one counter in each period; None where it is unknown.

    ``gap``: energy of a time without contact is in it. Where that time extends over several periods, its energy is
    spread evenly over them, and they are ``estimated``.
    ``edited``: some of a period was corrected, so it is ``estimated`` too. ``void``: some of it was marked as wrong,
    and is not in the sum. Both are empty where no period was.
    """

    device: str
    point: str
    Wh: list[float | None]
    estimated: list[bool]
    gap: list[bool]
    edited: list[bool] = []
    void: list[bool] = []


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Energy by period. ``at``: the start of each period, then the end of the last one (Unix seconds)."""

    by: By
    timezone: str
    at: list[float]
    rows: list[EnergyRow]


EditPoint = Annotated[str, Meta(min_length=1, max_length=200)]


class EditBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A range of a point to be marked as wrong (void) or corrected (edit).

    ``start``, ``end``: Unix seconds or ISO 8601; without an offset, in the hub's time zone. ``end`` is not in it.
    A correction has exactly one of ``value`` (in the point's unit), ``energy_Wh`` (of counters of energy) and
    ``estimate`` (worked out: as on like days, or a line). ``dry_run``: only say what would change.
    """

    point: EditPoint
    start: Annotated[str, Meta(max_length=40)]
    end: Annotated[str, Meta(max_length=40)]
    action: Literal["void", "edit"]
    reason: Annotated[str, Meta(max_length=1000)]
    value: Value | None = None
    energy_Wh: float | None = None
    estimate: bool = False
    dry_run: bool = False
    origin: Origin = "api"


class HistoryEditView(msgspec.Struct, frozen=True, kw_only=True):
    """An edit of the history. ``number`` 0: it is only proposed. ``undone_at`` "": it counts.

    A correction has a ``value``, a ``line`` from one value to another, or ``Wh``. ``estimated``: that was worked out.
    """

    number: int
    device: str
    point: str
    start: str
    end: str
    action: Literal["void", "edit"]
    value: Value | None
    line: list[float] | None
    Wh: float | None
    estimated: bool
    reason: str
    who: str
    at: str
    undone_at: str
    undone_by: str


class EditPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit changes. ``readings``: how many values are in its range; ``days``: how many local days it touches.

    ``Wh_before``, ``Wh_after``: the energy of those days; None of what is no counter of energy, or where it is unknown.
    """

    edit: HistoryEditView
    readings: int
    days: int
    first_day: str
    last_day: str
    Wh_before: float | None
    Wh_after: float | None


CheckName = Literal["spike", "frozen", "mismatch", "gap", "parts", "negative"]


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicious range. ``text``: what is odd; ``command``: of the command line, which repairs it.

    ``kind``: more power than the fuse carries, power that does not change while the counter rises, energy that is not
    what power adds up to, no contact, devices below that use more, power below zero of what feeds nothing in.
    """

    device: str
    point: str
    kind: CheckName
    start: str
    end: str
    text: str
    command: str


class Level(msgspec.Struct, frozen=True, array_like=True):
    """The value of a counter."""

    device: str
    point: str
    value: float


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The counters at the beginning of the local day (Unix seconds); today's energy is the difference to now."""

    since: float
    until: float
    levels: list[Level]


# --- the hub ------------------------------------------------------------------------------------------


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The store: bytes on disk, records stored since the start, failures, records waiting to be written.

    ``too_old``: readings that were refused, being of a time whose readings retention has deleted.
    ``unsealed_hours``: of all devices, that are old enough to be compressed and are not yet, roughly.
    """

    bytes: int
    stored: float
    batches: float
    failures: float
    dropped: float
    unstorable: float
    waiting: float
    write_ms: float
    unsealed_hours: float = 0
    too_old: int = 0


class PublisherView(msgspec.Struct, frozen=True, kw_only=True):
    """A publisher that is configured. ``text``: its state as a sentence; ``counts``: since its start, by name."""

    name: str
    state: PublisherState
    text: str
    counts: Mapping[str, int]


class HubView(msgspec.Struct, frozen=True, kw_only=True):
    """The hub. ``web``: the addresses of the page. ``broker``: the address of the broker, and its counters.

    ``name``: of the home, "" = it has none. ``disk``: that holds the data; None = the system does not say.
    """

    version: str
    pid: int
    data: str
    uptime_s: int
    timezone: str
    store: StoreView
    disk: DiskView | None = None
    name: str = ""
    web: tuple[str, ...] = ()
    broker: Mapping[str, Any] | None = None  # Any: the address as text, counters as numbers
    publish: tuple[PublisherView, ...] = ()


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """The login state. ``role`` None: not logged in. ``login``: whether this hub requires a password."""

    role: Role | None
    login: bool


class DataView(msgspec.Struct, frozen=True, kw_only=True):
    """The store: bytes on disk. ``since``: the time of the oldest value, None = there is none."""

    bytes: int
    since: str | None


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what. ``set_at``: when its password was set, None = it has none, or that is not known."""

    role: Role
    has_password: bool
    set_at: str | None


class BrowserView(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is logged in and was here since the hub started. ``own``: that of the request.

    ``browser``, ``system``: as it calls itself, "" = unknown. ``since``, ``seen``: its first and last request.
    """

    id: str
    role: Role
    browser: str
    system: str
    address: str
    since: str
    seen: str
    own: bool


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    """Who may open the page. ``login``: whether this hub requires a password. ``beyond``: it can be reached from other
    computers, so that it needs one."""

    login: bool
    beyond: bool
    roles: list[RoleView]
    browsers: list[BrowserView]


class PasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    """``current``: the password of control, where there is one. ``password``: the new one; null removes it."""

    password: Annotated[str, Meta(max_length=LONGEST_PASSWORD)] | None
    current: Annotated[str, Meta(max_length=LONGEST_PASSWORD)] = ""


class SignOutBody(msgspec.Struct, forbid_unknown_fields=True):
    """``browser``: its id; without one all but that of the request are signed out."""

    browser: Annotated[str, Meta(max_length=40)] = ""


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    """The role of the password is the role of the session."""

    password: Annotated[str, Meta(max_length=LONGEST_PASSWORD)]


# --- live ---------------------------------------------------------------------------------------------


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The complete current state; replaces all earlier data. ``role``: of this session; ``name``: of the home."""

    at: float
    version: str
    timezone: str
    name: str = ""
    devices: list[DeviceView]
    readings: list[Change]
    alerts: list[AlertView] = []
    role: Role = "control"


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes since the last message. A device replaces the earlier one with the same id.

    ``name``, ``timezone``: of the hub, where they are different now. ``alerts``: all of now, where one began or ended.
    """

    at: float
    devices: list[DeviceView] = []
    gone: list[str] = []
    statuses: list[StatusView] = []
    readings: list[Change] = []
    notices: list[EventView] = []
    alerts: list[AlertView] | None = None
    name: str | None = None
    timezone: str | None = None


class Live(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of the WebSocket /api/live: a snapshot first, and whenever a client was too slow; then changes."""

    snapshot: Snapshot | None = None
    changes: Changes | None = None
