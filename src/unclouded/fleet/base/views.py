"""What is read from the base of a fleet. Times: Unix seconds. Energy: mWh. Import of power is positive."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from unclouded.uplink.messages import RefusedWindow, SentWindow

Role = Literal["viewer", "operator", "owner"]
HomeState = Literal["attention", "offline", "behind", "well", "new", "revoked"]
# The worst that applies. attention: alerts, or devices that do not answer; offline: no state for SILENT_S; behind:
# BEHIND windows or more wait; new: no state yet; revoked: nothing is accepted from it any more
EnergyBy = Literal["day", "month"]
CommandFate = Literal[
    "waiting",  # not yet delivered
    "sent",  # perhaps delivered, no report yet
    "accepted",
    "confirmed",
    "held",
    "refused",
    "timeout",
    "unreachable",
    "expired",
    "not_allowed",
    "undelivered",  # provably never delivered until its end
]
OPEN_FATES: tuple[CommandFate, ...] = ("waiting", "sent", "accepted")

SILENT_S = 20 * 60  # without a state: docs/protocols/fleet.md §7 sends one each 15 min
BEHIND = 3  # windows: less is what any home has just now


class Scope(msgspec.Struct, frozen=True):
    """Whose rows are seen. ``organisations``: None for the operator of the server, who sees all."""

    organisations: tuple[int, ...] | None

    @staticmethod
    def everything() -> "Scope":
        """All organisations: for the server itself."""
        return Scope(None)


# --- homes


class HomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of homes. ``hub``: 20 characters. ``seen``: the last state, None: none yet."""

    hub: str
    organisation: int
    organisation_name: str
    name: str
    place: str
    state: HomeState
    alerts: tuple[str, ...] = ()
    seen: float | None = None
    power_W: float | None = None
    import_mWh: int | None = None
    export_mWh: int | None = None
    solar_mWh: int | None = None
    devices: int = 0
    devices_offline: int = 0
    behind: int = 0
    version: str = ""
    levels: tuple[str, ...] = ()


class HomeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """``search``: in the name, the place, and the start of the id of the hub or of a device.

    ``flag``: "alert.KIND" or "level.LEVEL".
    """

    search: str = ""
    state: HomeState | None = None
    flag: str = ""
    organisation: int | None = None
    version: str = ""


class HomeList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of homes, worst first. ``after``: for the next page; empty: it was the last."""

    homes: tuple[HomeLine, ...]
    after: str = ""


class HomeSums(msgspec.Struct, frozen=True, kw_only=True):
    """Of all homes of a filter. ``states`` does not depend on its state, ``versions`` not on its version.

    ``power_W`` and energy: of those that are not offline."""

    homes: int
    states: Mapping[str, int]
    flags: Mapping[str, int]
    versions: Mapping[str, int]
    power_W: float | None
    import_mWh: int | None
    export_mWh: int | None
    solar_mWh: int | None


class CatalogueSeries(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: as the catalogue of the hub says. ``exponent``: of ten, of one count."""

    number: int
    point: str
    exponent: int
    kind: str = ""
    label: str = ""


class CatalogueControl(msgspec.Struct, frozen=True, kw_only=True):
    """A point that can be set. ``minimum``, ``maximum``: in the unit of the point."""

    point: str
    kind: str
    access: str
    exponent: int = 0
    label: str = ""
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class CatalogueDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a home, as its catalogue has it. ``main``: the point that is meant where a command names none.

    ``produces``: what it measures is fed in. ``controls``: what can be set; None: its hub does not say it.
    """

    number: int
    id: str
    name: str
    room: str = ""
    parent: str = ""
    kind: str = ""
    product: str = ""
    main: str = ""
    produces: bool = False
    series: tuple[CatalogueSeries, ...] = ()
    controls: tuple[CatalogueControl, ...] | None = None


class HomeCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """``at``: when the catalogue was made, 0: there is none yet. ``zone``: of the home."""

    at: float = 0.0
    zone: str = "UTC"
    version: str = ""
    devices: tuple[CatalogueDevice, ...] = ()


class LevelStore(msgspec.Struct, frozen=True, kw_only=True):
    """What the base has of one level of a home. ``first``, ``last``: starts of windows."""

    level: str
    first: float
    last: float
    windows: int
    sealed_days: int
    size: int


class NewestWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The window that a home changed last, of those that are not sealed. ``size``: bytes as it was sent."""

    level: str
    start: float
    size: int


class HomeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one home but its history. ``let_out``: which of names, events, questions, control it grants."""

    home: HomeLine
    joined: float
    revoked: float | None
    hello: float | None
    let_out: tuple[str, ...]
    catalogue: HomeCatalogue
    stored: tuple[LevelStore, ...]
    newest: NewestWindow | None = None


# --- energy and events


class HomeEnergyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of a period ("2026-11-30" or "2026-11"), in the time zone of each home. ``hub``: None for a sum of homes.

    None: not known. ``homes``: how many homes have a value; ``complete``: no day in it is flagged.
    """

    period: str
    hub: str | None
    name: str = ""
    import_mWh: int | None = None
    export_mWh: int | None = None
    solar_mWh: int | None = None
    homes: int = 1
    complete: bool = True


class HomeEventRow(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: rises with the time of storing, for the next page. ``data``: JSON chosen by the kind."""

    number: int
    hub: str
    home: str
    at: float
    device: str
    kind: str
    text: str
    data: Mapping[str, Any] = {}


# --- commands


class NewCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a batch."""

    hub: str
    device: str
    point: str
    value: bool | int | float | str


class GivenCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it. ``until``: Unix s. ``batch``: those that were given together."""

    id: str
    batch: str
    hub: str
    home: str
    organisation: int
    device: str
    point: str
    value: bool | int | float | str
    who: str
    created: float
    until: float
    fate: CommandFate
    reason: str = ""
    tried: float | None = None
    changed: float | None = None


class DueCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose outcome is open, for the dispatcher. ``until``: Unix s."""

    id: str
    hub: str
    device: str
    point: str
    value: bool | int | float | str
    who: str
    until: float
    fate: CommandFate
    tries: int
    tried: float | None


# --- register


class OrganisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """``homes``: None where its database is away."""

    number: int
    name: str
    shard: int
    homes: int | None = 0
    people: int = 0


class PersonRole(msgspec.Struct, frozen=True, kw_only=True):
    """The role of a person in one organisation."""

    organisation: int
    organisation_name: str
    role: Role


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """``login``: unique in the fleet, in small letters. ``seen``: the last request of a session."""

    number: int
    login: str
    name: str
    created: float
    disabled: bool
    seen: float | None
    roles: tuple[PersonRole, ...]

    @property
    def scope(self) -> Scope:
        return Scope(tuple(sorted(role.organisation for role in self.roles)))

    def role_in(self, organisation: int) -> Role | None:
        """The role in an organisation; None where there is none."""
        return next((one.role for one in self.roles if one.organisation == organisation), None)


class PersonCredential(msgspec.Struct, frozen=True, kw_only=True):
    """For the check of a login: never shown."""

    person: PersonRow
    password: str


class LoginSession(msgspec.Struct, frozen=True, kw_only=True):
    """``digest``: of the secret in the browser's cookie."""

    digest: bytes
    person: PersonRow
    created: float
    seen: float
    expires: float
    client: str


class HubEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A hub in the register. ``public_key``: NKey text. ``revoked``: when."""

    id: str
    number: int
    organisation: int
    organisation_name: str = ""
    name: str
    place: str
    shard: int
    public_key: str
    joined: float
    renewed: float
    revoked: float | None = None


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public key of a hub that may no longer connect, and since when (Unix seconds)."""

    public_key: str
    at: float


class KnownKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Revoked keys of all databases that answer. ``missing``: why there may be more; "" = there are none."""

    keys: tuple[RevokedKey, ...]
    missing: str = ""


class CodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A code of enrolment; its text is not stored. ``homes``: it may be used so often."""

    number: int
    organisation: int
    organisation_name: str
    homes: int
    used: int
    created: float
    expires: float
    who: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """``organisation``: None for what concerns the whole fleet. ``action``: such as "home.revoke", of ``subject``."""

    number: int
    at: float
    who: str
    organisation: int | None
    action: str
    subject: str
    detail: Mapping[str, Any] = {}


# --- what hubs send


class HubWindows(msgspec.Struct, frozen=True):
    """Windows of one level of one hub: one message."""

    hub: str
    level: str
    windows: tuple[SentWindow, ...]


class StoredWindows(msgspec.Struct, frozen=True, kw_only=True):
    """Of one message. ``known``: the hub is in the register and not revoked; otherwise nothing was kept.

    ``cost_s``: processor time that reading it took.
    """

    known: bool = True
    stored: int = 0
    refused: tuple[RefusedWindow, ...] = ()
    cost_s: float = 0.0


class AgainRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything from ``since`` (Unix s) on is wanted again. ``hub``: None for all of them."""

    number: int
    since: float
    at: float
    hub: str | None = None


class HubWelcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the base says to a hello. ``differing``: by level, days since 1970. ``known``: as in StoredWindows.

    ``highest``: number of a window of this hub that the base has.
    """

    known: bool = True
    shard: int = 0
    public_key: str = ""
    differing: Mapping[str, tuple[int, ...]] = {}
    again: AgainRequest | None = None
    highest: int = 0


# --- upkeep


class SealedSome(msgspec.Struct, frozen=True, kw_only=True):
    """A step of sealing. ``more``: there is more to do."""

    hub_days: int
    windows: int
    more: bool


class PartitionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A month of windows. ``size``: bytes with its indexes."""

    name: str
    start: float
    end: float
    size: int


class BaseSize(msgspec.Struct, frozen=True, kw_only=True):
    """For metrics and doctor. ``tables``: bytes with indexes."""

    version: int
    tables: Mapping[str, int]
    homes: int
    commands_open: int
