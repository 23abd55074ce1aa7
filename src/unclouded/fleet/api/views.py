"""Requests and answers of the fleet's API as types; its OpenAPI document and the page's types are generated from them.

Times as text are ISO 8601 in UTC. Energy is in Wh, power in W (from the grid: positive); None: not known, or not let
out. Keys never change their meaning; new ones may be added.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from unclouded.fleet.base.views import CommandFate, HomeState
from unclouded.fleet.base.views import Role as FleetRole
from unclouded.web.schemas import LONGEST_PASSWORD, Energy, History

Source = Literal["fleet", "hub"]
FleetContent = Literal["homes", "energy", "events", "commands", "audit"]

HomeId = Annotated[str, Meta(min_length=1, max_length=40)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Login = Annotated[str, Meta(min_length=1, max_length=100)]
Secret = Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]

MOST_HOMES = 1_000  # of one page of the list, and that are named in one request
MOST_ON_PAGE = 500  # rows that a page has changes of


# --- homes --------------------------------------------------------------------------------------------


class HomeRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A home in the list. ``seen``: its last state, None: none yet. Energy: of its own day today.

    ``state``, the worst that applies: attention (alerts, or devices that do not answer), offline (no state for 20 min),
    behind (some windows wait to be sent), well; new (no state yet); revoked (nothing is accepted from it any more).
    ``alerts``: their kinds; the filter ``flag`` finds alert.KIND and level.LEVEL. ``behind``: windows that wait to be
    sent. ``levels``: what it lets out.
    """

    id: str
    organisation: int
    name: str
    place: str
    state: HomeState
    seen: str | None
    power_W: float | None
    import_Wh: float | None
    export_Wh: float | None
    solar_Wh: float | None
    devices: int
    devices_offline: int
    alerts: list[str]
    behind: int
    version: str
    levels: list[str]


class HomesSummary(msgspec.Struct, frozen=True, kw_only=True):
    """All homes that a filter finds. ``states``, ``flags``, ``versions``: how many have each.

    ``states`` does not depend on the state that is filtered by, ``versions`` not on the version, so that a page can
    offer them all. ``power_W`` and energy: sums of the homes that are not offline.
    """

    homes: int
    states: Mapping[str, int]
    flags: Mapping[str, int]
    versions: Mapping[str, int]
    power_W: float | None
    import_Wh: float | None
    export_Wh: float | None
    solar_Wh: float | None


class HomesView(msgspec.Struct, frozen=True, kw_only=True):
    """Homes, the worst first, then by name. ``next``: the ``after`` of the next page; None: this is the last one.

    ``summary`` is in the first page only.
    """

    homes: list[HomeRowView]
    next: str | None
    summary: HomesSummary | None = None


class HomePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point of a device: a series that the fleet has, or what can be set, or both.

    ``access``: r, rw, or w; "": an older hub, which does not say what can be set. ``options``: of an enum. ``minimum``,
    ``maximum``: in ``unit``.
    """

    key: str
    kind: str
    unit: str
    exponent: int
    label: str
    access: Literal["", "r", "rw", "w"] = ""
    options: list[str] = []
    minimum: float | None = None
    maximum: float | None = None


class HomeDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as its home lets it out: without names it is called by its number.

    ``main``: the point that is meant where a command names none, "" = none. ``produces``: what it measures is fed in.
    """

    id: str
    name: str
    room: str
    parent: str
    kind: str
    product: str
    main: str
    produces: bool
    points: list[HomePoint]


class StoredLevelView(msgspec.Struct, frozen=True, kw_only=True):
    """What the fleet has of one level of a home. ``bytes``: as they are stored."""

    level: str
    first: str
    last: str
    windows: int
    bytes: int


class NewestWindowView(msgspec.Struct, frozen=True, kw_only=True):
    """The window that a home changed last. ``bytes``: as it was sent."""

    level: str
    start: str
    bytes: int


class LetOutView(msgspec.Struct, frozen=True, kw_only=True):
    """What a home lets out, and what it lets the fleet do (docs/protocols/fleet.md §11)."""

    levels: list[str]
    names: bool
    events: bool
    questions: bool
    control: bool


class FleetHomeView(msgspec.Struct, frozen=True, kw_only=True):
    """A home. ``role``: of the caller in its organisation. ``joined``: when it was enrolled.

    ``revoked``: since when it is revoked. ``hello``: when it last compared its days. ``stored``: what
    the fleet has of it. ``newest``: None where nothing came within two days.
    """

    row: HomeRowView
    role: FleetRole
    timezone: str
    joined: str
    revoked: str | None
    hello: str | None
    let_out: LetOutView
    devices: list[HomeDevice]
    stored: list[StoredLevelView]
    newest: NewestWindowView | None


class HomeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What people call a home, and where it is; what is missing stays."""

    name: Annotated[str, Meta(max_length=200)] | None = None
    place: Annotated[str, Meta(max_length=200)] | None = None


class AgainBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``since``: Unix seconds or ISO 8601. Everything from then on is wanted again."""

    since: Annotated[str, Meta(max_length=40)]


class ForgetBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``confirmed``: the id of the home again, because everything that the fleet has of it is deleted."""

    confirmed: HomeId


class DoneView(msgspec.Struct, frozen=True, kw_only=True):
    """It was done. ``text``: what happens now."""

    text: str


# --- history and energy -------------------------------------------------------------------------------


class HomeHistory(History, frozen=True, kw_only=True):
    """The hub's own shape. ``source``: who answered; ``answered_by``: the id of the hub, "" = the fleet."""

    source: Source
    answered_by: str = ""


class HomeDay(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of a home in one day or month. ``date``: 2026-11-30, or 2026-11. ``complete``: nothing is missing."""

    date: str
    import_Wh: float | None
    export_Wh: float | None
    solar_Wh: float | None
    complete: bool


class HomeEnergyView(Energy, frozen=True, kw_only=True):
    """The hub's own shape, and the days of the home as its own page says them. ``days`` are dates of its time zone."""

    source: Source
    answered_by: str = ""
    days: tuple[HomeDay, ...] = ()


class FleetEnergyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of one home, in the order of ``periods``."""

    home: str
    name: str
    import_Wh: list[float | None]
    export_Wh: list[float | None]
    solar_Wh: list[float | None]


class FleetEnergySum(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of all homes that are asked for in one period. ``homes``: how many are in it."""

    homes: int
    import_Wh: float | None
    export_Wh: float | None
    solar_Wh: float | None


class FleetEnergyView(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of many homes. ``periods``: dates (2026-11-30) or months (2026-11), each of the home's own time zone.

    ``total``: of all homes, in the order of ``periods``. ``homes``: those of this page; ``next`` as in the list.
    """

    by: Literal["day", "month"]
    periods: list[str]
    total: list[FleetEnergySum]
    homes: list[FleetEnergyRow]
    next: str | None


# --- events -------------------------------------------------------------------------------------------


class FleetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a home, as its own page shows it."""

    number: int
    home: str
    name: str
    at: str
    device: str
    kind: str
    text: str
    data: Mapping[str, Any]  # Any: JSON


class FleetEventsView(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    events: list[FleetEvent]
    next: str | None


# --- commands -----------------------------------------------------------------------------------------


class HomesFilter(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The homes that the list would show."""

    org: int | None = None
    state: HomeState | Literal[""] = ""
    flag: Annotated[str, Meta(max_length=60)] = ""
    version: Annotated[str, Meta(max_length=60)] = ""
    q: Annotated[str, Meta(max_length=200)] = ""


class FleetCommandBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Set a point of a device in one home or in many: either ``homes`` or ``filter``.

    ``until_s``: for how many seconds it counts; a home that is reached later does not carry it out.
    ``dry_run``: only say which homes it would be for, and what is known against it in each. Without it, all get it but
    those that are revoked.
    """

    device: Annotated[str, Meta(min_length=1, max_length=200)]
    value: bool | Annotated[int, Meta(ge=-(2**53), le=2**53)] | float | Annotated[str, Meta(max_length=1_000)]
    point: Annotated[str, Meta(max_length=200)] = ""
    homes: Annotated[list[HomeId], Meta(max_length=MOST_HOMES)] | None = None
    filter: HomesFilter | None = None
    until_s: Annotated[int, Meta(ge=1, le=7 * 86_400)] = 600
    dry_run: bool = False


class FleetCommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command to one home, and what became of it. ``batch``: the same for all of one request.

    ``state``: waiting (not sent yet), sent (no report yet), undelivered (the home was provably not reached until
    ``until``); all others are as the home reports them (docs/protocols/fleet.md §8). ``changed``: when that was known.
    """

    id: str
    batch: str
    home: str
    name: str
    device: str
    point: str
    value: bool | int | float | str
    who: str
    at: str
    until: str
    state: CommandFate
    reason: str
    changed: str | None


class FleetCommandsView(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. ``states``: with a batch, how many of it are in each state."""

    commands: list[FleetCommandView]
    states: Mapping[str, int]
    next: str | None


class CommandTargetView(msgspec.Struct, frozen=True, kw_only=True):
    """A home that a command is for.

    ``problem``: what the fleet knows against it, "" = nothing. ``can``: whether it may be carried out in spite of that,
    as by a home that is not connected now. The fleet knows what homes have sent; only a home itself decides.
    """

    home: str
    name: str
    problem: str
    can: bool


class SentCommandsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a request for commands has made. ``batch`` "": it was a dry run."""

    batch: str
    commands: list[FleetCommandView]
    targets: list[CommandTargetView]


# --- organisations, people, sessions -----------------------------------------------------------------


class OrganisationView(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation. ``role``: of the caller. ``homes``: how many it has."""

    id: int
    name: str
    role: FleetRole
    homes: int


class OrganisationBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Another name of an organisation."""

    name: Name


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a role in an organisation. ``login``: what they sign in with. ``seen``: their last request."""

    id: int
    login: str
    name: str
    role: FleetRole
    seen: str | None


class NewPersonBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new person of an organisation."""

    login: Login
    role: FleetRole
    name: Annotated[str, Meta(max_length=200)] = ""


class NewPersonView(msgspec.Struct, frozen=True, kw_only=True):
    """``password``: made by the fleet and shown this once; the person may change it."""

    person: PersonView
    password: str


class RoleBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Another role in an organisation."""

    role: FleetRole


class FleetLoginBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a person signs in with."""

    login: Login
    password: Secret


class OwnPasswordBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One's own new password; all other sessions of the person end."""

    current: Secret
    password: Secret


class FleetSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in; ``person`` None: no one. ``version``: of the fleet's server."""

    person: int | None
    login: str
    name: str
    organisations: list[OrganisationView]
    version: str


# --- codes --------------------------------------------------------------------------------------------


class NewCodeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A code with which homes join an organisation. ``minutes``: how long it counts."""

    homes: Annotated[int, Meta(ge=1, le=1_000)] = 1
    minutes: Annotated[int, Meta(ge=1, le=1_440)] = 15


class CodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A new code, shown this once. ``command``: what is typed at home; ``qr``: the same as an SVG text."""

    code: str
    organisation: int
    homes: int
    expires: str
    command: str
    qr: str


class OpenCodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A code that still counts, without itself. ``used``: how many homes joined with it."""

    id: int
    homes: int
    used: int
    expires: str
    who: str


# --- audit --------------------------------------------------------------------------------------------


class AuditRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A change: who made it, what it is, when, and from where. ``subject``: the id of what was changed."""

    number: int
    at: str
    organisation: int | None
    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]  # Any: JSON
    address: str


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    rows: list[AuditRowView]
    next: str | None


# --- changes ------------------------------------------------------------------------------------------


class WatchBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a page sends when other rows are on it. ``look``: the home whose changes it wants at once, "" = none."""

    homes: Annotated[list[HomeId], Meta(max_length=MOST_ON_PAGE)] = []
    commands: Annotated[str, Meta(max_length=40)] = ""
    look: Annotated[str, Meta(max_length=40)] = ""
    filter: HomesFilter = HomesFilter()


class FleetChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of the stream: what is different since the last one. An empty one is sent after 5 s without any.

    ``gone``: homes that are no longer there. ``summary``: of the filter. ``commands``: of the batch that is watched.
    ``live``: a message of the home that is looked at, in the form of the hub's own WebSocket. ``look_problem``: why
    there is none.
    """

    at: float
    homes: list[HomeRowView] = []
    gone: list[str] = []
    summary: HomesSummary | None = None
    commands: list[FleetCommandView] = []
    live: Any = None  # Any: Live of the hub, as it sent it
    look: str = ""
    look_problem: str = ""
