"""The fleet that a verb works on: its folder, its database, its hubs.

A verb of `fleet` acts for the operator of the server: who may read the folder of the fleet has all its rights, in every
organisation. What it changes is written to the audit.
"""

import asyncio
import getpass
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import click

from unclouded.cli.output.lines import print_text
from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseError, BaseTooNew, BaseUnavailable
from unclouded.fleet.base.views import HomeFilter, HomeLine, OrganisationRow, Scope
from unclouded.fleet.configuration import FleetConfiguration, find_fleet

T = TypeVar("T")

ALL = Scope.everything()
MOST_NAMED = 5  # in an error
PAGE = 500  # homes

fleet_option = click.option(
    "--fleet",
    "folder",
    metavar="DIR",
    help="Folder of the fleet. [default: $UNCLOUDED_FLEET, then this folder, then /var/lib/unclouded-fleet]",
)


def with_base(folder: str | None, work: Callable[[FleetBases], Awaitable[T]]) -> T:
    """Do this with the database of the fleet. Raises ConfigError, BaseError."""
    fleet = find_fleet(folder)

    async def run() -> T:
        async with fleet_bases(fleet) as base:
            return await work(base)

    return asyncio.run(run())


@asynccontextmanager
async def fleet_bases(fleet: FleetConfiguration, connections: int = 2) -> AsyncIterator[FleetBases]:
    """All databases of the fleet; lists leave out those that are away, which is said. Raises ConfigError, BaseError."""
    parts = {one.shard: FleetBase(fleet.dsn_of(one.shard), connections) for one in fleet.tables.base}
    async with AsyncExitStack() as stack:
        away: dict[int, BaseError] = {}
        for shard, base in parts.items():
            stack.push_async_callback(base.close)
            try:
                await base.open()
            except (BaseUnavailable, BaseTooNew) as error:
                away[shard] = error
                base.not_opened(str(error))
        first = next(iter(parts))
        if len(away) == len(parts) or isinstance(away.get(first), BaseTooNew):
            raise away[first]
        for shard, why in away.items():
            print_text(f"Without the homes of the database {shard}: {why}", err=True)
        yield FleetBases(parts, away)


def operator_name() -> str:
    """Who the audit names: the user of this computer."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):
        return "command line"


async def find_home(base: FleetBases, text: str) -> HomeLine:
    """A home by the id of its hub, the beginning of it, or its name. Raises CommandError."""
    found = (await base.homes.homes(ALL, HomeFilter(search=text), time.time(), limit=PAGE)).homes
    exact = [one for one in found if text in (one.hub, one.name)]
    chosen = exact or [one for one in found if text and one.hub.startswith(text)]
    if len(chosen) == 1 and (chosen[0].hub == text or not base.left_out):
        return chosen[0]
    if base.left_out:
        raise CommandError(
            f"Whether {printable(text)!r} is a home cannot be said while a database is away. Name a hub of the others"
            " by its whole id, or start PostgreSQL."
        )
    if not found:
        raise CommandError(f"The fleet has no home {printable(text)!r}. List them with: unclouded fleet hubs")
    alike = chosen or found  # "Home 1" never means "Home 12": a home may be revoked or deleted by its name
    names = ", ".join(f"{printable(one.name)} ({one.hub})" for one in alike[:MOST_NAMED])
    more = f" and {len(alike) - MOST_NAMED} more" if len(alike) > MOST_NAMED else ""
    raise CommandError(f"{printable(text)!r} may be {names}{more}. Name the hub by its id or its whole name.")


async def find_organisation(base: FleetBases, text: str) -> OrganisationRow:
    """By its name or its number. Raises CommandError where there is none, or where it names two."""
    every = await base.register.organisations()
    chosen = [one for one in every if text in (one.name, str(one.number))]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        named, numbered = sorted(chosen, key=lambda one: one.name != text)
        raise CommandError(
            f"{printable(text)!r} is the name of organisation {named.number} and the number of"
            f" {printable(numbered.name)!r}. Use {named.number} or {printable(numbered.name)!r}."
        )
    names = ", ".join(printable(one.name) for one in every[:MOST_NAMED]) or "none yet"
    raise CommandError(f"There is no organisation {printable(text)!r}. Organisations: {names}.")
