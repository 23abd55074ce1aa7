"""The base of a fleet: one PostgreSQL database with the windows, the register and the commands of its homes.

    FleetBase
     ├── windows   what hubs send                       role "ingest": no person, few tables
     ├── dispatch  commands on their way to hubs        role "ingest"
     ├── register  organisations, hubs, codes           role of the owner
     ├── people    persons, roles, sessions of logins   role of the owner
     ├── homes     list and detail                    ┐
     ├── energy    energy by day and month            │
     ├── history   series of devices, events          │ role "read": row-level security by Scope
     ├── commands  give commands and read their fate  │
     ├── audit     who did what                       ┘
     └── upkeep    partitions, sealing, retention, sizes  role of the owner

Every call is one transaction and raises BaseUnavailable (again later), BaseRefused (not again) or NotInScope.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.fleet.base.views import (
    AgainRequest,
    AuditEntry,
    BaseSize,
    CodeRow,
    CommandFate,
    DueCommand,
    EnergyBy,
    GivenCommand,
    HomeCatalogue,
    HomeDetail,
    HomeEnergyRow,
    HomeEventRow,
    HomeFilter,
    HomeLine,
    HomeList,
    HomeSums,
    HubEntry,
    HubWelcome,
    HubWindows,
    LoginSession,
    NewCommand,
    OrganisationRow,
    PartitionRow,
    PersonCredential,
    PersonRow,
    RevokedKey,
    Role,
    Scope,
    SealedSome,
    StoredWindows,
)
from unclouded.uplink.messages import CommandReport, Hello, HubState, SentWindow
from unclouded.web.schemas import History


async def migrate(dsn: str) -> int:
    """Bring the tables to this version, as the owner of the database; make the roles. Returns the version.

    Raises BaseTooNew, BaseRefused, BaseUnavailable.
    """
    raise NotImplementedError


class FleetBase:
    """``dsn``: of the owner, or of a login that may SET ROLE to the roles of this database."""

    def __init__(self, dsn: str, connections: int = 8) -> None:
        self.windows: WindowStore
        self.dispatch: CommandDispatch
        self.register: HubRegister
        self.people: PeopleRegister
        self.homes: HomeReader
        self.energy: HomeEnergyReader
        self.history: FleetHistory
        self.commands: CommandBook
        self.audit: AuditLog
        self.upkeep: BaseUpkeep

    async def open(self) -> None:
        """Raises BaseUnavailable, BaseTooNew, and BaseRefused where the tables are older: migrate first."""

    async def close(self) -> None: ...

    async def __aenter__(self) -> "FleetBase":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class WindowStore:
    """What hubs send: docs/protocols/fleet.md §3, §6, §7, §8."""

    async def store_windows(self, batch: Sequence[HubWindows], now: float) -> list[StoredWindows]:
        """One transaction for messages of many hubs; an answer for each, in their order. Committed when it returns.

        The highest number of a window is kept. What cannot be read is refused alone; unknown levels are kept unopened.
        """
        raise NotImplementedError

    async def store_states(self, states: Mapping[str, HubState], now: float) -> None:
        """By hub; unknown and revoked hubs are left out. A state with an older ``at`` is left out."""

    async def store_reports(self, hub: str, reports: Sequence[CommandReport], now: float) -> bool:
        """Outcomes of commands of this hub; commands of others, and outcomes after a final one, are left out.

        False: the hub is unknown or revoked.
        """
        raise NotImplementedError

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome:
        """Keep what it says, compare its days with the base, and find what is wanted again."""
        raise NotImplementedError


class CommandDispatch:
    """Commands on their way, of all organisations."""

    async def due(self, now: float, again_s: float = 60.0, most: int = 200) -> list[DueCommand]:
        """Open commands that were never tried, or not for ``again_s``, and are not yet undelivered; the oldest first.

        They count as tried from now on, so that another dispatcher does not take them too. A try that has no end
        (``absent``, ``sent``, ``reported``), because its server died, may have reached the hub: a ``waiting`` command
        with such a try becomes ``sent`` here, and is never ``undelivered``.
        """
        raise NotImplementedError

    async def due_of(self, hub: str, now: float) -> list[DueCommand]:
        """The same for one hub, which has just connected, whenever they were tried."""
        raise NotImplementedError

    async def absent(self, id: str, now: float) -> None:
        """NATS proved that this try did not reach the hub: ``waiting`` stays, and is ``undelivered`` once it ends."""

    async def sent(self, id: str, now: float) -> None:
        """It may have reached the hub: from now on only the hub says what became of it."""

    async def reported(self, report: CommandReport, hub: str, now: float) -> None:
        """What the hub answered."""

    async def end_undelivered(self, now: float) -> list[str]:
        """Commands that were never sent, with no try that is open, whose ``until`` has passed become ``undelivered``."""
        raise NotImplementedError


class HubRegister:
    """Organisations, hubs and codes. For enrolment and the command line: no scope; who may is checked before."""

    async def add_organisation(self, name: str, shard: int = 0) -> OrganisationRow:
        """Raises BaseRefused where the name is taken."""
        raise NotImplementedError

    async def organisations(self) -> list[OrganisationRow]:
        raise NotImplementedError

    async def rename_organisation(self, number: int, name: str) -> None: ...

    async def add_code(
        self, digest: bytes, organisation: int, homes: int, expires: float, who: str, now: float
    ) -> CodeRow:
        """``digest``: of the code's text."""
        raise NotImplementedError

    async def codes(self, now: float) -> list[CodeRow]:
        """That can still be used."""
        raise NotImplementedError

    async def withdraw_code(self, number: int) -> None: ...

    async def enrol(self, digest: bytes, hub: str, public_key: str, name: str, now: float, place: str = "") -> HubEntry:
        """Use the code once, and add this hub to its organisation. The same key with the same code again: the same hub.

        Raises BaseRefused where the code is unknown, expired or used up, or the key belongs to another hub.
        """
        raise NotImplementedError

    async def hub(self, id: str) -> HubEntry | None:
        raise NotImplementedError

    async def hubs(self, organisation: int | None = None) -> list[HubEntry]:
        """With the revoked ones."""
        raise NotImplementedError

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry:
        """Note that its token was renewed. Raises BaseRefused where it is revoked, or has another key."""
        raise NotImplementedError

    async def rename(self, id: str, name: str | None = None, place: str | None = None) -> None: ...

    async def revoke(self, id: str, now: float) -> HubEntry:
        """Nothing is taken from it from now on; what it sent stays. Raises NotInScope."""
        raise NotImplementedError

    async def revoked_keys(self, since: float = 0.0) -> list[RevokedKey]:
        """For the account's JWT."""
        raise NotImplementedError

    async def forget(self, id: str) -> HubEntry:
        """Delete the hub and everything of it. Its key stays revoked. Raises NotInScope."""
        raise NotImplementedError

    async def again(self, since: float, now: float, hub: str | None = None) -> AgainRequest:
        """Want everything from ``since`` on once more, of one hub or of all."""
        raise NotImplementedError


class PeopleRegister:
    """Persons, their roles and the sessions of their logins. Who may is checked before."""

    async def add_person(self, login: str, name: str, password: str, now: float) -> PersonRow:
        """``password``: its hash. Raises BaseRefused where the login is taken."""
        raise NotImplementedError

    async def person(self, number: int) -> PersonRow | None:
        raise NotImplementedError

    async def credential(self, login: str) -> PersonCredential | None:
        """None: no such login, or it is disabled."""
        raise NotImplementedError

    async def persons(self, scope: Scope) -> list[PersonRow]:
        """That have a role in an organisation of the scope; only the roles in it."""
        raise NotImplementedError

    async def change_person(
        self, number: int, name: str | None = None, password: str | None = None, disabled: bool | None = None
    ) -> None:
        """A new password, or disabling, ends all sessions."""

    async def remove_person(self, number: int) -> None: ...

    async def set_role(self, person: int, organisation: int, role: Role | None) -> None:
        """None takes it away. Raises BaseRefused where the last owner of an organisation would go."""

    async def open_session(self, digest: bytes, person: int, expires: float, client: str, now: float) -> None: ...

    async def session(self, digest: bytes, now: float) -> LoginSession | None:
        """Not expired, its person not disabled; notes that it was seen, at most once a minute."""
        raise NotImplementedError

    async def sessions(self, person: int, now: float) -> list[LoginSession]:
        raise NotImplementedError

    async def close_session(self, digest: bytes) -> None: ...

    async def close_sessions(self, person: int, but: bytes = b"") -> int:
        raise NotImplementedError


class HomeReader:
    """The list of homes and one home."""

    async def homes(self, scope: Scope, filter: HomeFilter, now: float, after: str = "", limit: int = 100) -> HomeList:
        """A page, worst first. Raises BaseRefused where ``after`` was not given by a page before."""
        raise NotImplementedError

    async def sums(self, scope: Scope, filter: HomeFilter, now: float) -> HomeSums:
        raise NotImplementedError

    async def rows(self, scope: Scope, hubs: Sequence[str], now: float) -> list[HomeLine]:
        """Of these homes, for the stream of a page; those that are not in the scope are left out."""
        raise NotImplementedError

    async def home(self, scope: Scope, hub: str, now: float) -> HomeDetail:
        """Raises NotInScope."""
        raise NotImplementedError

    async def catalogue(self, scope: Scope, hub: str) -> HomeCatalogue:
        """Raises NotInScope."""
        raise NotImplementedError

    async def rename(self, scope: Scope, hub: str, name: str | None = None, place: str | None = None) -> None:
        """Raises NotInScope."""


class HomeEnergyReader:
    """Energy that the homes computed themselves, by their own days."""

    async def energy(
        self,
        scope: Scope,
        first: str,
        last: str,
        by: EnergyBy = "day",
        organisation: int | None = None,
        hubs: Sequence[str] = (),
    ) -> list[HomeEnergyRow]:
        """From the day ``first`` ("2026-11-01") to ``last`` with it, summed over the homes."""
        raise NotImplementedError

    async def each(
        self, scope: Scope, hubs: Sequence[str], first: str, last: str, by: EnergyBy = "day"
    ) -> list[HomeEnergyRow]:
        """The same for each of these homes; those that are not in the scope are left out."""
        raise NotImplementedError


class FleetHistory:
    """Series of a home's devices from its windows, in the shape of the hub's own API; events."""

    async def history(
        self, scope: Scope, hub: str, device: str, points: Sequence[str], start: float, end: float, most: int = 2000
    ) -> History:
        """Of the finest level that has no more than ``most`` rows a series. Raises NotInScope (hub or device)."""
        raise NotImplementedError

    async def events(
        self, scope: Scope, hub: str | None = None, kind: str = "", before: int | None = None, limit: int = 100
    ) -> list[HomeEventRow]:
        """The newest first; ``before``: the number of the last row of the page before. Raises NotInScope."""
        raise NotImplementedError

    async def windows(self, scope: Scope, hub: str, level: str, start: float, end: float) -> list[SentWindow]:
        """As they stand, in order of time, sealed ones too: for restore and export. Raises NotInScope."""
        raise NotImplementedError


class CommandBook:
    """Commands as persons give and see them."""

    async def give(
        self, scope: Scope, targets: Sequence[NewCommand], who: str, until: float, now: float, batch: str
    ) -> list[GivenCommand]:
        """One transaction. The same ``batch`` (an id that the caller makes) again: nothing is given twice.

        Raises NotInScope where a hub is not in the scope, or is revoked."""
        raise NotImplementedError

    async def command(self, scope: Scope, id: str) -> GivenCommand:
        """Raises NotInScope."""
        raise NotImplementedError

    async def commands(
        self,
        scope: Scope,
        hub: str | None = None,
        batch: str = "",
        fate: CommandFate | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[GivenCommand]:
        """The newest first; ``after``: the id of the last row of the page before. Raises NotInScope."""
        raise NotImplementedError

    async def fates(self, scope: Scope, hub: str | None = None, batch: str = "") -> Mapping[CommandFate, int]:
        """How many commands are in each state."""
        raise NotImplementedError


class AuditLog:
    """Who did what: never changed, never deleted by a person."""

    async def note(
        self,
        who: str,
        action: str,
        subject: str,
        now: float,
        organisation: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None: ...

    async def entries(
        self, scope: Scope, before: int | None = None, limit: int = 100, action: str = "", who: str = ""
    ) -> list[AuditEntry]:
        """The newest first. Rows without an organisation are seen only by the operator of the server."""
        raise NotImplementedError


class BaseUpkeep:
    """Work that any server does now and then; several at once do no harm."""

    async def partitions_ahead(self, now: float, months: int = 2) -> list[str]:
        """Make the partitions of this month and of the next ones; the names of the new ones."""
        raise NotImplementedError

    async def partitions(self) -> list[PartitionRow]:
        raise NotImplementedError

    async def seal(self, now: float, most: int = 200) -> SealedSome:
        """Put whole days of windows that ended a day ago or more into one row each: at most so many hub-days."""
        raise NotImplementedError

    async def drop_expired(self, now: float, keep_days: Mapping[str, int]) -> list[str]:
        """Delete windows that are older than kept. ``keep_days``: by level; levels that are not in it are kept.

        A partition is detached and dropped once all in it has expired; the names of those.
        """
        raise NotImplementedError

    async def size(self) -> BaseSize:
        raise NotImplementedError
