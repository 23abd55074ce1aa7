"""All databases of a fleet as one. The first is the directory; an organisation is in one database, with all it has.

    FleetBases ─┬─ first database   people, roles, sessions; which organisation is where (organisation.shard)
                └─ each database    its organisations, under the numbers of the directory, with homes, codes, audit

Of one home or organisation, the database that has it is asked; lists and sums are put together of those of the scope.
So a database that is away stops its own organisations only. Source: docs/fleet.md
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from msgspec.structs import replace

from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked, NotInScope
from unclouded.fleet.base.merging import PlacedRow, after_of, merged, number_of, places_of
from unclouded.fleet.base.sums import added_energy, added_sums
from unclouded.fleet.base.views import (
    AgainRequest,
    AuditEntry,
    CodeRow,
    CommandFate,
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
    KnownKeys,
    NewCommand,
    OrganisationRow,
    RevokedKey,
    Scope,
)
from unclouded.fleet.base.windows.catalogues import Settable
from unclouded.uplink.contents.catalogue import SentCatalogue
from unclouded.uplink.messages import SentWindow
from unclouded.web.schemas import History

T = TypeVar("T")
Parts = Mapping[int, FleetBase]
Ask = Callable[[FleetBase], Awaitable[T]]
Fetch = Callable[[FleetBase, str], Awaitable[Sequence[PlacedRow[T]]]]

KNOWN_S = 10.0  # that where an organisation is counts as known


class _OrganisationPlaces:
    """Which database each organisation is in."""

    def __init__(self, bases: Parts, left_out: Collection[int] = ()) -> None:
        self.all = dict(bases)
        self.left_out = frozenset(left_out)
        self.directory = next(iter(self.all.values()))
        self._known: Mapping[int, int] = {}
        self._until = 0.0

    async def base(self, organisation: int) -> FleetBase:
        """Raises NotInScope where there is no such organisation, BaseRefused where its database is not configured."""
        if len(self.all) == 1:
            return self.directory
        shard = (await self._shards()).get(organisation)
        if shard is None:
            raise NotInScope(f"There is no organisation {organisation}.")
        return self.of_shard(shard)

    def of_shard(self, shard: int) -> FleetBase:
        """Raises BaseRefused."""
        if shard not in self.all:
            raise BaseRefused(f"There is no [[base]] with `shard = {shard}` in fleet.toml.")
        return self.all[shard]

    async def of(self, scope: Scope) -> Parts:
        """The databases of a scope. Raises BaseRefused where one is not configured."""
        if scope.organisations is None or len(self.all) == 1:
            return self.all
        known = await self._shards()
        shards = {known[one] for one in scope.organisations if one in known}
        return {shard: self.of_shard(shard) for shard in sorted(shards)}

    async def first(self, scope: Scope, ask: Ask[T]) -> T:
        """What the database says that has what is asked for. Raises NotInScope where none has it."""
        return await _first_with_it(await self.of(scope), ask)

    async def page(
        self, scope: Scope, after: str, limit: int, fetch: Fetch[T], hub: str | None = None
    ) -> tuple[list[T], str]:
        """A page of a list, and what the next one begins after; "": it was the last. ``hub``: only of this home.

        Raises BaseRefused, and NotInScope where there is no such home.
        """
        bases = await self._asked(scope, hub)
        return await _page(bases, after, limit, fetch) if bases else ([], "")

    async def each(self, scope: Scope, ask: Ask[T], hub: str | None = None) -> list[T]:
        """What each database of a scope says; ``hub``: the one that has this home. Raises BaseRefused."""
        bases = await self._asked(scope, hub)
        return await asyncio.gather(*(ask(base) for base in bases.values()))

    def forget(self) -> None:
        """An organisation was made or moved."""
        self._until = 0.0

    async def _asked(self, scope: Scope, hub: str | None) -> Parts:
        """The databases that a list is made of; ``hub``: the one that has this home. Raises NotInScope."""
        bases = await self.of(scope)
        if hub is None:
            return {shard: base for shard, base in bases.items() if shard not in self.left_out}

        async def having(base: FleetBase) -> FleetBase:
            await base.homes.catalogue(scope, hub)
            return base

        found = await _first_with_it(bases, having)
        return {shard: base for shard, base in bases.items() if base is found}

    async def _shards(self) -> Mapping[int, int]:
        """While the directory is away: as last known."""
        if time.monotonic() >= self._until:
            try:
                self._known = {one.number: one.shard for one in await self.directory.register.organisations()}
            except BaseUnavailable:
                if not self._known:
                    raise
            self._until = time.monotonic() + KNOWN_S
        return self._known


class SpreadHomes:
    """The list of homes, and one home: HomeReader of several databases."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places

    async def homes(self, scope: Scope, filter: HomeFilter, now: float, after: str = "", limit: int = 100) -> HomeList:
        """A page, worst first. Raises BaseRefused where ``after`` was not given by a page before."""
        rows, place = await self._places.page(
            scope, after, limit, lambda base, place: base.homes.placed(scope, filter, now, place, limit + 1)
        )
        return HomeList(homes=tuple(rows), after=place)

    async def sums(self, scope: Scope, filter: HomeFilter, now: float) -> HomeSums:
        """Of all homes that a filter finds."""
        return added_sums(await self._places.each(scope, lambda base: base.homes.sums(scope, filter, now)))

    async def rows(self, scope: Scope, hubs: Sequence[str], now: float) -> list[HomeLine]:
        """Of these homes; those that are not in the scope are left out.

        Raises BaseUnavailable where one was not found, and a database is away that may have it.
        """
        found, away = await self.reached_rows(scope, hubs, now)
        if away is not None and len(found) < len(set(hubs)):
            raise away
        return found

    async def reached_rows(
        self, scope: Scope, hubs: Sequence[str], now: float
    ) -> tuple[list[HomeLine], BaseUnavailable | None]:
        """Of those of these homes whose database answers, and why one does not."""
        found, away = list[HomeLine](), list[BaseUnavailable]()

        async def ask(base: FleetBase) -> None:
            try:
                found.extend(await base.homes.rows(scope, hubs, now))
            except BaseUnavailable as error:
                away.append(error)

        await self._places.each(scope, ask)
        return found, away[0] if away else None

    async def row(self, scope: Scope, hub: str, now: float) -> HomeLine:
        """Raises NotInScope."""

        async def ask(base: FleetBase) -> HomeLine:
            for line in await base.homes.rows(scope, [hub], now):
                return line
            raise NotInScope(f"There is no home {hub}.")

        return await self._places.first(scope, ask)

    async def home(self, scope: Scope, hub: str, now: float) -> HomeDetail:
        """Raises NotInScope."""
        return await self._places.first(scope, lambda base: base.homes.home(scope, hub, now))

    async def catalogue(self, scope: Scope, hub: str) -> HomeCatalogue:
        """Raises NotInScope."""
        return await self._places.first(scope, lambda base: base.homes.catalogue(scope, hub))

    async def settable(self, scope: Scope, hubs: Sequence[str], device: str) -> dict[str, Settable]:
        """What these homes let the fleet set of a device, by id; those that are not in the scope are left out."""
        found = await self._places.each(scope, lambda base: base.homes.settable(scope, hubs, device))
        return {hub: one for part in found for hub, one in part.items()}

    async def sent_catalogue(self, scope: Scope, hub: str) -> SentCatalogue:
        """As the hub sent it. Raises NotInScope."""
        return await self._places.first(scope, lambda base: base.homes.sent_catalogue(scope, hub))

    async def rename(self, scope: Scope, hub: str, name: str | None = None, place: str | None = None) -> None:
        """Raises NotInScope."""
        await self._places.first(scope, lambda base: base.homes.rename(scope, hub, name, place))


class SpreadEnergy:
    """Energy of homes in several databases: see HomeEnergyReader."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places

    async def energy(
        self,
        scope: Scope,
        first: str,
        last: str,
        by: EnergyBy = "day",
        organisation: int | None = None,
        hubs: Sequence[str] = (),
    ) -> list[HomeEnergyRow]:
        """Summed over the homes. Raises BaseRefused."""
        return added_energy(
            await self._places.each(scope, lambda base: base.energy.energy(scope, first, last, by, organisation, hubs))
        )

    async def each(
        self, scope: Scope, hubs: Sequence[str], first: str, last: str, by: EnergyBy = "day"
    ) -> list[HomeEnergyRow]:
        """The same for each of these homes."""
        found = await self._places.each(scope, lambda base: base.energy.each(scope, hubs, first, last, by))
        return sorted((row for rows in found for row in rows), key=lambda row: (row.hub or "", row.period))


class SpreadHistory:
    """Series of a home, and events of homes in several databases: see FleetHistory."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places

    async def history(
        self, scope: Scope, hub: str, device: str, points: Sequence[str], start: float, end: float, most: int = 2000
    ) -> History:
        """Raises NotInScope (hub or device)."""
        return await self._places.first(
            scope, lambda base: base.history.history(scope, hub, device, points, start, end, most)
        )

    async def events(
        self, scope: Scope, hub: str | None = None, kind: str = "", after: str = "", limit: int = 100
    ) -> tuple[list[HomeEventRow], str]:
        """A page, newest first, and what the next one begins after. Raises NotInScope, BaseRefused."""

        async def fetch(base: FleetBase, place: str) -> Sequence[PlacedRow[HomeEventRow]]:
            rows = await base.history.events(scope, hub, kind, number_of(place), limit + 1)
            return [PlacedRow((-one.at,), str(one.number), one) for one in rows]

        return await self._places.page(scope, after, limit, fetch, hub)

    async def windows(self, scope: Scope, hub: str, level: str, start: float, end: float) -> list[SentWindow]:
        """As they stand. Raises NotInScope."""
        return await self._places.first(scope, lambda base: base.history.windows(scope, hub, level, start, end))


class SpreadCommands:
    """Commands to homes in several databases: see CommandBook."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places

    async def give(
        self,
        scope: Scope,
        targets: Sequence[NewCommand],
        who: str,
        until: float,
        now: float,
        batch: str,
        first: int = 0,
    ) -> list[GivenCommand]:
        """To homes of organisations of one database: see ``FleetBases.spread``. Raises NotInScope."""
        return await self._places.first(
            scope, lambda base: base.commands.give(scope, targets, who, until, now, batch, first)
        )

    async def command(self, scope: Scope, id: str) -> GivenCommand:
        """Raises NotInScope."""
        return await self._places.first(scope, lambda base: base.commands.command(scope, id))

    async def commands(
        self,
        scope: Scope,
        hub: str | None = None,
        batch: str = "",
        fate: CommandFate | None = None,
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[GivenCommand], str]:
        """A page, newest first, and what the next one begins after. Raises NotInScope, BaseRefused."""

        async def fetch(base: FleetBase, place: str) -> Sequence[PlacedRow[GivenCommand]]:
            rows = await base.commands.commands(scope, hub, batch, fate, place, limit + 1)
            return [PlacedRow((-one.created,), one.id, one) for one in rows]

        return await self._places.page(scope, after, limit, fetch, hub)

    async def fates(self, scope: Scope, hub: str | None = None, batch: str = "") -> Mapping[CommandFate, int]:
        """How many commands are in each state."""
        sums: dict[CommandFate, int] = {}
        for fates in await self._places.each(scope, lambda base: base.commands.fates(scope, hub, batch), hub):
            for fate, count in fates.items():
                sums[fate] = sums.get(fate, 0) + count
        return sums


class SpreadAudit:
    """Who did what: of people in the directory, of all else in the database of its organisation."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places

    async def note(
        self,
        who: str,
        action: str,
        subject: str,
        now: float,
        organisation: int | None = None,
        detail: Mapping[str, Any] | None = None,  # Any: JSON
    ) -> None:
        """In ``FleetBases.together`` with the change that it is about."""
        base = self._places.directory
        if organisation is not None and not base.is_together():
            base = await self._places.base(organisation)
        await base.audit.note(who, action, subject, now, organisation, detail)

    async def entries(
        self, scope: Scope, after: str = "", limit: int = 100, action: str = "", who: str = ""
    ) -> tuple[list[AuditEntry], str]:
        """A page, newest first, and what the next one begins after. Raises BaseRefused."""

        async def fetch(base: FleetBase, place: str) -> Sequence[PlacedRow[AuditEntry]]:
            rows = await base.audit.entries(scope, number_of(place), limit + 1, action, who)
            return [PlacedRow((-one.at,), str(one.number), one) for one in rows]

        bases = {**dict(list(self._places.all.items())[:1]), **await self._places.of(scope)}
        return await _page(bases, after, limit, fetch)


class SpreadRegister:
    """Organisations in the directory and in their databases; hubs and codes there: see HubRegister."""

    def __init__(self, places: _OrganisationPlaces) -> None:
        self._places = places
        self._homes: dict[int, int] = {}  # by organisation in another database than the directory, as last counted

    # --- organisations -------------------------------------------------------------------------

    async def add_organisation(self, name: str, shard: int | None = None) -> OrganisationRow:
        """In the database with this number; None: in the first. In ``together``.

        Raises BaseRefused where the name is taken, or the number, in the database that it is put in.
        """
        places = self._places
        wanted = next(iter(places.all)) if shard is None else shard
        base = places.of_shard(wanted)
        added = await places.directory.register.add_organisation(name, wanted)
        if base is not places.directory:
            await _check_new(base, added)
            await base.register.put_organisation(added)
        places.forget()
        return added

    async def organisations(self) -> list[OrganisationRow]:
        """By name, with the number of their homes: the last known one where their database is away, None without."""
        directory, *others = self._places.all.values()
        known = await directory.register.organisations()
        for base in others:
            with suppress(BaseUnavailable):
                self._homes |= {one.number: one.homes or 0 for one in await base.register.organisations()}
        if not others:
            return known
        here = next(iter(self._places.all))
        return [one if one.shard == here else replace(one, homes=self._homes.get(one.number)) for one in known]

    async def rename_organisation(self, number: int, name: str) -> None:
        """Raises NotInScope, and BaseRefused where the name is taken."""
        await self._places.directory.register.rename_organisation(number, name)
        base = await self._places.base(number)
        if base is not self._places.directory:
            await base.register.rename_organisation(number, name)

    async def remove_organisation(self, number: int) -> None:
        """Raises BaseRefused where it has homes, and NotInScope."""
        base = await self._places.base(number)
        if base is not self._places.directory:
            await base.register.remove_organisation(number)
        await self._places.directory.register.remove_organisation(number)
        self._places.forget()

    # --- codes and enrolment -------------------------------------------------------------------

    async def add_code(
        self, digest: bytes, organisation: int, homes: int, expires: float, who: str, now: float
    ) -> CodeRow:
        """Raises NotInScope where there is no such organisation."""
        base = await self._places.base(organisation)
        return await base.register.add_code(digest, organisation, homes, expires, who, now)

    async def codes(self, organisation: int, now: float) -> list[CodeRow]:
        """Of this organisation, that can still be used."""
        base = await self._places.base(organisation)
        return [one for one in await base.register.codes(now) if one.organisation == organisation]

    async def withdraw_code(self, organisation: int, number: int) -> None:
        """It cannot be used from now on."""
        await (await self._places.base(organisation)).register.withdraw_code(number)

    async def enrol(self, digest: bytes, hub: str, public_key: str, name: str, now: float, place: str = "") -> HubEntry:
        """In the database that knows the code. Raises BaseRefused."""
        return await self._any(lambda base: base.register.enrol(digest, hub, public_key, name, now, place))

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry:
        """Raises HubRevoked, BaseRefused where none knows it with this key, and BaseUnavailable: see HubRegister."""
        return await self._any(lambda base: base.register.renew(id, public_key, now))

    # --- hubs ----------------------------------------------------------------------------------

    async def hub(self, id: str) -> HubEntry | None:
        """None: there is none. Raises BaseUnavailable where that is not known."""

        async def ask(base: FleetBase) -> HubEntry:
            entry = await base.register.hub(id)
            if entry is None:
                raise NotInScope(f"There is no home {id}.")
            return entry

        try:
            return await self._any(ask)
        except NotInScope:
            return None

    async def revoke(self, id: str, now: float) -> HubEntry:
        """Raises NotInScope."""
        return await self._any(lambda base: base.register.revoke(id, now))

    async def leave(self, id: str, now: float) -> HubEntry:
        """Raises NotInScope."""
        return await self._any(lambda base: base.register.leave(id, now))

    async def forget(self, id: str, now: float, who: str, detail: Mapping[str, Any] | None = None) -> HubEntry:
        """Raises NotInScope."""
        return await self._any(lambda base: base.register.forget(id, now, who, detail))

    async def again(self, since: float, now: float, hub: str) -> AgainRequest:
        """Of one hub. Raises NotInScope."""
        return await self._any(lambda base: base.register.again(since, now, hub))

    async def again_of_all(self, since: float, now: float, who: str) -> dict[int, AgainRequest | BaseUnavailable]:
        """Of all homes, noted in the audit of each database; by the number of the database, with why not."""
        done = dict[int, AgainRequest | BaseUnavailable]()
        for shard, base in self._places.all.items():
            try:
                async with base.together():
                    done[shard] = await base.register.again(since, now)
                    await base.audit.note(who, "home.again", "all", now, None, {"since": since, "shard": shard})
            except BaseUnavailable as error:
                done[shard] = error
        return done

    async def known_keys(self) -> KnownKeys:
        """The revoked ones, of all databases that answer."""
        keys, away = list[RevokedKey](), list[str]()
        for shard, base in self._places.all.items():
            try:
                keys += await base.register.revoked_keys()
            except BaseUnavailable as error:
                away.append(f"The database {shard} does not answer, so its revoked keys are not known: {error}")
        return KnownKeys(keys=tuple(keys), missing=" ".join(away))

    async def revoke_keys(self, keys: Sequence[RevokedKey]) -> None:
        """In all databases: see HubRegister. Raises BaseUnavailable where one is away."""
        for base in self._places.all.values():
            await base.register.revoke_keys(keys)

    async def _any(self, ask: Ask[T]) -> T:
        """What the first database says that does not refuse. Raises BaseRefused of the last one."""
        return await _first_answer(self._places.all.values(), ask, NotInScope("There is no such home."), BaseRefused)


class FleetBases:
    """``bases``: by number (shard), at least one; the first is the directory."""

    def __init__(self, bases: Parts, left_out: Collection[int] = ()) -> None:
        """``left_out``: databases that are away, without which lists and sums are made; else these fail."""
        self._places = _OrganisationPlaces(bases, left_out)
        self.directory = self._places.directory
        self.people = self.directory.people
        self.homes = SpreadHomes(self._places)
        self.energy = SpreadEnergy(self._places)
        self.history = SpreadHistory(self._places)
        self.commands = SpreadCommands(self._places)
        self.audit = SpreadAudit(self._places)
        self.register = SpreadRegister(self._places)

    @property
    def left_out(self) -> frozenset[int]:
        """Databases that lists and sums are made without."""
        return self._places.left_out

    @property
    def parts(self) -> Parts:
        """Each database by its number."""
        return self._places.all

    @property
    def shards(self) -> tuple[int, ...]:
        """The numbers of the databases."""
        return tuple(self._places.all)

    async def check(self) -> None:
        """Make organisations known where they are, also after a stop between two databases.

        Raises BaseUnavailable where one of the databases is away; those of the others are known then. Raises BaseError.
        """
        away: BaseUnavailable | None = None
        for one in await self.directory.register.organisations():
            base = self._places.all.get(one.shard)
            if base is not None and base is not self.directory:
                try:
                    await base.register.put_organisation(one)
                except BaseUnavailable as error:
                    away = error
        await self.register.organisations()
        if away is not None:
            raise away

    @asynccontextmanager
    async def together(self, organisation: int | None = None) -> AsyncIterator[None]:
        """All changes of this task in the database of an organisation are one transaction; None: in the directory."""
        base = self.directory if organisation is None else await self._places.base(organisation)
        async with base.together():
            yield

    async def spread(self, organisations: Sequence[int]) -> list[Scope]:
        """These organisations, those of one database together."""
        found: dict[int, list[int]] = {}
        for one in organisations:
            found.setdefault(id(await self._places.base(one)), []).append(one)
        return [Scope(tuple(sorted(some))) for some in found.values()]


# --- inside -----------------------------------------------------------------------------------------


async def _check_new(base: FleetBase, row: OrganisationRow) -> None:
    """A directory that was restored from a backup gives numbers again. Raises BaseRefused: others have homes there."""
    if any(one.number == row.number for one in await base.register.organisations()):
        raise BaseRefused(
            f"The database {row.shard} already has an organisation {row.number} that the directory does not know: was"
            " the directory restored from a backup? Run the same command again: it takes the next number."
        )


async def _page(bases: Parts, after: str, limit: int, fetch: Fetch[T]) -> tuple[list[T], str]:
    """A page of a list of these databases, at least one, and what the next one begins after. Raises BaseRefused."""
    places = places_of(after, list(bases))
    found = await asyncio.gather(*(fetch(base, places[shard]) for shard, base in bases.items()))
    rows, next_places = merged(dict(zip(bases, found, strict=True)), places, limit)
    return rows, after_of(next_places) if next_places else ""


async def _first_with_it(bases: Parts, ask: Ask[T]) -> T:
    """What the one says that has what is asked for. Raises NotInScope where none has it."""
    return await _first_answer(bases.values(), ask, NotInScope("There is no such home."), NotInScope)


async def _first_answer(
    bases: Iterable[FleetBase], ask: Ask[T], missing: BaseRefused, passed_over: type[BaseRefused]
) -> T:
    """What the first database says that has what is asked for.

    Raises HubRevoked; BaseUnavailable where none has it and one that may have it is away, else the last refusal.
    """
    away: BaseUnavailable | None = None
    for base in bases:
        try:
            return await ask(base)
        except BaseUnavailable as error:
            away = error
        except HubRevoked:
            raise
        except passed_over as error:
            missing = error
    raise away or missing
