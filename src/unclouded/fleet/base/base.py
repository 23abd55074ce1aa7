"""The base of a fleet: one PostgreSQL database with the windows, the register and the commands of its homes.

    FleetBase
     ├── windows   what hubs send                       role "ingest": no person, few tables
     ├── dispatch  commands on their way to hubs        role "ingest"
     ├── register  organisations, hubs, codes           role of the owner
     ├── people    people, roles, sessions of logins   role of the owner
     ├── homes     list and detail                    ┐
     ├── energy    energy by day and month            │
     ├── history   series of devices, events          │ role "read": row-level security by Scope
     ├── commands  give commands and read their fate  │
     ├── audit     who did what                       ┘
     └── upkeep    partitions, sealing, retention, sizes  role of the owner

Every call is one transaction, or a part of ``together``, and raises BaseUnavailable (again later), BaseRefused (not
again) or NotInScope.
"""

from contextlib import AbstractAsyncContextManager

from unclouded.fleet.base.audit import AuditLog
from unclouded.fleet.base.commands import CommandBook
from unclouded.fleet.base.connections import POOL_S, BaseConnections
from unclouded.fleet.base.dispatch import CommandDispatch
from unclouded.fleet.base.people import PeopleRegister
from unclouded.fleet.base.reading.energy import HomeEnergyReader
from unclouded.fleet.base.reading.history import FleetHistory
from unclouded.fleet.base.reading.homes import HomeReader
from unclouded.fleet.base.register import HubRegister
from unclouded.fleet.base.schema.migrations import check_version, stored_roles
from unclouded.fleet.base.schema.upkeep import BaseUpkeep
from unclouded.fleet.base.windows.windows import WindowStore


class FleetBase:
    """``dsn``: of the owner, or of a login that may SET ROLE to the roles of this database."""

    def __init__(self, dsn: str, connections: int = 8, wait_s: float = POOL_S) -> None:
        """``connections``: at most. ``wait_s``: for one of them."""
        self._connections = BaseConnections(dsn, connections, wait_s)
        self.windows = WindowStore(self._connections)
        self.dispatch = CommandDispatch(self._connections)
        self.register = HubRegister(self._connections)
        self.people = PeopleRegister(self._connections)
        self.homes = HomeReader(self._connections)
        self.energy = HomeEnergyReader(self._connections)
        self.history = FleetHistory(self._connections)
        self.commands = CommandBook(self._connections)
        self.audit = AuditLog(self._connections)
        self.upkeep = BaseUpkeep(self._connections)

    async def open(self) -> None:
        """Raises BaseUnavailable, BaseTooNew, and BaseRefused where the tables are older: migrate first."""
        await self._connections.open()
        try:
            async with self._connections.transaction("owner") as connection:
                await check_version(connection)
                self._connections.roles = await stored_roles(connection)
        except BaseException:
            await self._connections.close()
            raise

    def not_opened(self, why: str) -> None:
        """Until it is opened, calls raise BaseUnavailable with this reason."""
        self._connections.why_closed = why

    def together(self) -> AbstractAsyncContextManager[None]:
        """All calls of this task within the block are one transaction: a change, and its row in the audit."""
        return self._connections.together()

    def is_together(self) -> bool:
        """Whether this task is in such a block."""
        return self._connections.is_together()

    async def close(self) -> None:
        """End its connections."""
        await self._connections.close()

    async def __aenter__(self) -> "FleetBase":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
