"""What hubs send, into the base: windows, states, reports of commands, hellos.

    messages ─► opened (thread) ─► one transaction: window ─► those that were newer ─► home_day, event, catalogue

The row with the higher number is kept, so a message may come twice, late, or at two servers at once. Rows are written
in the order of their keys, so that servers do not wait for each other in a circle. A window of a sealed day is written
beside it unless the sealed one is newer; the next sealing puts them together.

Source: docs/protocols/fleet.md §3, §6, §7, §8
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import LiteralString, NamedTuple

from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.views import AgainRequest, HubWelcome, HubWindows, StoredWindows
from unclouded.fleet.base.windows.day_sums import differing_days
from unclouded.fleet.base.windows.levels import LevelNumbers
from unclouded.fleet.base.windows.opening import (
    CATALOGUE,
    DAY,
    MOST_NUMBER,
    OpenedMessage,
    OpenedWindow,
    open_message,
    text_of,
)
from unclouded.uplink.contents.energy import DayEnergy
from unclouded.uplink.messages import CommandReport, Hello, HubState, LetOut, RefusedWindow

EVENTS = 5  # the number of this level in the base
MOST_ALERTS = 32
LONGEST_ALERT = 60
MOST_POWER_W = 1e9  # of a home; a sum over all homes has room for it
FORGETTING = 3  # of advisory locks: see HubRegister.forget
GRANTS = ("names", "events", "questions", "control")

BARRIER: LiteralString = f"SELECT pg_advisory_xact_lock_shared(7402, {FORGETTING})"
HUBS = "SELECT id, number, org FROM hub WHERE id = ANY(%s) AND revoked IS NULL"
SEALED_NEWER = """SELECT k.hub, k.level, k.start
    FROM unnest(%b::integer[], %b::smallint[], %b::bigint[], %b::bigint[]) AS k (hub, level, start, number)
    JOIN sealed s ON s.hub = k.hub AND s.level = k.level AND s.day = k.start / 86400
    WHERE s.numbers[array_position(s.starts, (k.start %% 86400)::integer)] >= k.number"""
PUT = """INSERT INTO "window" AS old (hub, org, level, start, number, data)
    SELECT * FROM unnest(%b::integer[], %b::integer[], %b::smallint[], %b::bigint[], %b::bigint[], %b::bytea[])
    ON CONFLICT (hub, level, start) DO UPDATE SET number = excluded.number, data = excluded.data
    WHERE old.number < excluded.number RETURNING hub, level, start"""
PUT_DAYS = """INSERT INTO home_day AS old (org, day, hub, number, import, export, solar, flags)
    SELECT * FROM unnest(%b::integer[], %b::date[], %b::integer[], %b::bigint[], %b::bigint[], %b::bigint[],
        %b::bigint[], %b::integer[])
    ON CONFLICT (org, day, hub) DO UPDATE SET number = excluded.number, import = excluded.import,
        export = excluded.export, solar = excluded.solar, flags = excluded.flags
    WHERE old.number < excluded.number"""
DROP_EVENTS = """DELETE FROM event e USING unnest(%b::integer[], %b::bigint[], %b::bigint[]) AS k (hub, start, version)
    WHERE e.hub = k.hub AND e.start = k.start AND e.version < k.version"""
PUT_EVENTS = """INSERT INTO event (org, hub, start, version, at, device, kind, text, data)
    SELECT k.* FROM unnest(%s::integer[], %s::integer[], %s::bigint[], %s::bigint[], %s::double precision[],
        %s::bigint[], %s::text[], %s::text[], %s::text[]) AS k (org, hub, start, version, at, device, kind, text, data)
    WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.hub = k.hub AND e.start = k.start AND e.version >= k.version)"""
PUT_CATALOGUES = """INSERT INTO catalogue AS old (hub, org, number, at, data)
    SELECT * FROM unnest(%s::integer[], %s::integer[], %s::bigint[], %s::double precision[], %s::bytea[])
    ON CONFLICT (hub) DO UPDATE SET number = excluded.number, at = excluded.at, data = excluded.data
    WHERE old.number < excluded.number RETURNING hub"""
DROP_DEVICES = "DELETE FROM device WHERE hub = ANY(%s)"
PUT_DEVICES = """INSERT INTO device (hub, org, number, id, name)
    SELECT * FROM unnest(%s::integer[], %s::integer[], %s::bigint[], %s::text[], %s::text[])"""
PUT_STATES = """INSERT INTO presence AS old
    (hub, org, seen, at, version, power, import, export, solar, devices, offline, alerts, behind)
    SELECT hub.number, hub.org, %s, k.at, k.version, k.power, k.import, k.export, k.solar, k.devices, k.offline,
        coalesce(string_to_array(nullif(k.alerts, ''), E'\\n'), '{}'), k.behind
    FROM unnest(%s::text[], %s::double precision[], %s::text[], %s::double precision[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::integer[], %s::integer[], %s::text[], %s::integer[])
        AS k (id, at, version, power, import, export, solar, devices, offline, alerts, behind)
    JOIN hub ON hub.id = k.id AND hub.revoked IS NULL ORDER BY hub.number
    ON CONFLICT (hub) DO UPDATE SET seen = excluded.seen, at = excluded.at, version = excluded.version,
        power = excluded.power, import = excluded.import, export = excluded.export, solar = excluded.solar,
        devices = excluded.devices, offline = excluded.offline, alerts = excluded.alerts,
        behind = excluded.behind
    WHERE old.at <= excluded.at OR old.seen < excluded.seen - 60"""
REPORTS = """UPDATE command c SET fate = k.fate, reason = k.reason, changed = %s
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (id, fate, reason)
    WHERE c.id = k.id AND c.hub = (SELECT number FROM hub WHERE id = %s AND revoked IS NULL)
    AND (c.fate IN ('waiting', 'sent', 'undelivered') OR c.fate = 'accepted' AND k.fate <> 'accepted')"""
GREET = """UPDATE presence SET hello = %s, levels = %s, grants = %s, behind = %s, version = %s
    FROM hub WHERE hub.number = presence.hub AND hub.id = %s AND hub.revoked IS NULL
    RETURNING hub.number, hub.public_key, (SELECT shard FROM organisation o WHERE o.number = hub.org)"""
HIGHEST_S = 40 * DAY  # windows that are older are sealed soon, and ``newest`` is of what is sealed
HIGHEST = """SELECT greatest((SELECT newest FROM presence WHERE hub = %(hub)s),
    (SELECT max(number) FROM "window" WHERE hub = %(hub)s AND start >= %(since)s),
    (SELECT number FROM catalogue WHERE hub = %(hub)s))"""
AGAIN = """SELECT max(number), min(since), max(at), bool_and(hub IS NOT NULL) FROM again
    WHERE number > %s AND (hub IS NULL OR hub = %s)"""


class _NumberedWindow(NamedTuple):
    """A window with its numbers in the base."""

    hub: int
    level: int  # 0: the catalogue
    org: int
    window: OpenedWindow

    @property
    def key(self) -> tuple[int, int, int]:
        return self.hub, self.level, self.window.start


class WindowStore:
    """What hubs send: docs/protocols/fleet.md §3, §6, §7, §8."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections
        self._levels = LevelNumbers()
        self._months: set[date] = set()  # that have a part

    async def store_windows(self, batch: Sequence[HubWindows], now: float) -> list[StoredWindows]:
        """One transaction for messages of many hubs; an answer for each, in their order. Committed when it returns.

        The highest number of a window is kept. What cannot be read is refused alone; unknown levels are kept unopened.
        """
        opened = await asyncio.to_thread(lambda: [open_message(one, now) for one in batch])
        await self._make_months(opened)
        try:
            return await self._store(opened, now)
        except BaseRefused:
            self._months.clear()  # a part may have been dropped since
            await self._make_months(opened)
            return await self._store(opened, now)

    async def store_states(self, states: Mapping[str, HubState], now: float) -> None:
        """By hub; unknown and revoked hubs are left out. A state with an older ``at`` is left out."""
        if states:
            columns = list(zip(*(_state_row(hub, state) for hub, state in states.items()), strict=True))
            async with self._connections.transaction("ingest") as connection:
                await connection.execute(PUT_STATES, (now, *map(list, columns)))

    async def store_reports(self, hub: str, reports: Sequence[CommandReport], now: float) -> bool:
        """Outcomes of commands of this hub; commands of others, and outcomes after a final one, are left out.

        False: the hub is unknown or revoked.
        """
        async with self._connections.transaction("ingest") as connection:
            if not await _known(connection, [hub]):
                return False
            await put_reports(connection, hub, reports, now)
        return True

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome:
        """Keep what it says, compare its days with the base, and find what is wanted again."""
        grants = [name for name in GRANTS if getattr(hello.let_out, name)]
        said = (now, _levels(hello.let_out), grants, _bounded(hello.behind, 2**31), text_of(hello.version))
        async with self._connections.transaction("ingest") as connection:
            row = await (await connection.execute(GREET, (*said, hub))).fetchone()
            if row is None:
                return HubWelcome(known=False)
            number, key, shard = row
            differing = await differing_days(connection, number, hello.sums, now)
            again = await _again(connection, number, hub, hello.again_done)
            row = await (await connection.execute(HIGHEST, {"hub": number, "since": int(now) - HIGHEST_S})).fetchone()
        highest = 0 if row is None else row[0]
        return HubWelcome(shard=shard, public_key=key, differing=differing, again=again, highest=highest)

    # --- windows -------------------------------------------------------------------------------

    async def _store(self, opened: Sequence[OpenedMessage], now: float) -> list[StoredWindows]:
        async with self._connections.transaction("ingest", first=BARRIER) as connection:
            hubs = await _known(connection, [one.hub for one in opened])
            known = [one for one in opened if one.hub in hubs]
            levels = await self._levels.numbers(connection, {one.level for one in known if one.level != CATALOGUE})
            kept = _newest(known, hubs, {**levels, CATALOGUE: 0})
            await _put(connection, [one for one in kept if one.level], now)
            await _put_catalogues(connection, [one for one in kept if not one.level], now)
        self._levels.keep(levels)
        return [_answer(one, one.hub in hubs, one.level in levels or one.level == CATALOGUE) for one in opened]

    async def _make_months(self, opened: Iterable[OpenedMessage]) -> None:
        months = {month_of(start) for one in opened if one.level != CATALOGUE for start in one.windows}
        for month in sorted(months - self._months):
            async with self._connections.transaction("ingest") as connection:
                await connection.execute("SELECT month_parts(%s)", (month,))
            self._months.add(month)


async def put_reports(connection: Connection, hub: str, reports: Iterable[CommandReport], now: float) -> None:
    """The outcomes of commands, of each the first one, unless it has one."""
    outcomes: dict[str, CommandReport] = {}
    for one in reports:
        if one.id not in outcomes or outcomes[one.id].state == "accepted":
            outcomes[one.id] = one
    rows = [(id, one.state, text_of(one.reason, 500)) for id, one in sorted(outcomes.items())]
    if rows:
        await connection.execute(REPORTS, (now, *_columns(rows), hub))


def month_of(start: float) -> date:
    """The first day of the month (UTC) that a Unix second is in."""
    return (date(1970, 1, 1) + timedelta(seconds=start)).replace(day=1)


# --- inside -----------------------------------------------------------------------------------------


async def _known(connection: Connection, hubs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Number and organisation of those that are in the register and not revoked."""
    rows = await (await connection.execute(HUBS, (list(set(hubs)),))).fetchall()
    return {id: (number, org) for id, number, org in rows}


def _newest(
    opened: Iterable[OpenedMessage], hubs: Mapping[str, tuple[int, int]], levels: Mapping[str, int]
) -> list[_NumberedWindow]:
    """In the order of their keys; of a window that came more than once, the newest."""
    found: dict[tuple[int, int, int], _NumberedWindow] = {}
    for one in opened:
        if one.level in levels:
            hub, org = hubs[one.hub]
            for window in one.windows.values():
                kept = _NumberedWindow(hub, levels[one.level], org, window)
                if kept.key not in found or found[kept.key].window.number < window.number:
                    found[kept.key] = kept
    return [found[key] for key in sorted(found)]


def _answer(message: OpenedMessage, is_known: bool, has_level: bool) -> StoredWindows:
    if not is_known:
        return StoredWindows(known=False, cost_s=message.cost_s)
    refused = list(message.refused)
    if not has_level:
        refused += [RefusedWindow(start, "the fleet has too many unknown levels") for start in message.windows]
    stored = len(message.windows) if has_level else 0
    return StoredWindows(stored=stored, refused=tuple(refused), cost_s=message.cost_s)


async def _put(connection: Connection, kept: Sequence[_NumberedWindow], now: float) -> None:
    """Windows in the order of their keys, and what other tables take from those that were newer."""
    late = [one for one in kept if one.window.start < now - DAY]
    if late:
        older = await _older_than_sealed(connection, late)
        kept = [one for one in kept if one.key not in older]
    if not kept:
        return
    columns = [(one.hub, one.org, one.level, one.window.start, one.window.number, one.window.data) for one in kept]
    rows = await (await connection.execute(PUT, _columns(columns))).fetchall()
    newer = {tuple(row) for row in rows}
    taken = [one for one in kept if one.key in newer]
    await _put_days(connection, taken)
    await _put_events(connection, taken)


async def _older_than_sealed(connection: Connection, late: Sequence[_NumberedWindow]) -> set[tuple[int, ...]]:
    keys = _columns([(*one.key, one.window.number) for one in late])
    rows = await (await connection.execute(SEALED_NEWER, keys)).fetchall()
    return {tuple(row) for row in rows}


async def _put_days(connection: Connection, taken: Sequence[_NumberedWindow]) -> None:
    newest: dict[tuple[int, str, int], tuple[int, DayEnergy]] = {}
    for one in taken:
        for day in one.window.days:
            key = (one.org, day.date, one.hub)
            if key not in newest or newest[key][0] < one.window.number:
                newest[key] = one.window.number, day
    rows = [
        (org, date.fromisoformat(text), hub, number, day.import_mWh, day.export_mWh, day.solar_mWh, day.flags)
        for (org, text, hub), (number, day) in sorted(newest.items(), key=lambda item: item[0])
    ]
    if rows:
        await connection.execute(PUT_DAYS, _columns(rows))


async def _put_events(connection: Connection, taken: Sequence[_NumberedWindow]) -> None:
    windows = [one for one in taken if one.level == EVENTS]
    if not windows:
        return
    await connection.execute(DROP_EVENTS, _columns([(one.hub, one.window.start, one.window.number) for one in windows]))
    rows = [
        (one.org, one.hub, one.window.start, one.window.number, e.at / 1000, e.device, e.kind, e.text, e.data)
        for one in windows
        for e in one.window.events
    ]
    if rows:
        await connection.execute(PUT_EVENTS, _columns(rows))


async def _put_catalogues(connection: Connection, kept: Sequence[_NumberedWindow], now: float) -> None:
    if not kept:
        return
    columns = _columns([(one.hub, one.org, one.window.number, now, one.window.data) for one in kept])
    rows = await (await connection.execute(PUT_CATALOGUES, columns)).fetchall()
    newer = [hub for (hub,) in rows]
    await connection.execute(DROP_DEVICES, (newer,))
    devices = [
        row for one in kept if one.hub in newer and one.window.catalogue is not None for row in _device_rows(one)
    ]
    if devices:
        await connection.execute(PUT_DEVICES, _columns(devices))


def _device_rows(kept: _NumberedWindow) -> Iterable[Row]:
    devices = kept.window.catalogue.devices if kept.window.catalogue is not None else ()
    for number, device in sorted({device.number: device for device in devices}.items()):
        yield kept.hub, kept.org, number, text_of(device.id), text_of(device.name)


def _columns(rows: Sequence[Row]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


# --- states and hellos --------------------------------------------------------------------------------


def _state_row(hub: str, state: HubState) -> Row:
    alerts = [text_of(one, LONGEST_ALERT).replace("\n", " ") for one in state.alerts[:MOST_ALERTS]]
    energy = (state.import_mWh, state.export_mWh, state.solar_mWh)
    return (
        *(hub, _finite(state.at) or 0.0, text_of(state.version), _power(state.power_W)),
        *(None if one is None or abs(one) >= MOST_NUMBER else one for one in energy),
        *(_bounded(state.devices, 2**31), _bounded(state.devices_offline, 2**31)),
        *("\n".join(one for one in alerts if one), _bounded(state.behind, 2**31)),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _power(value: float | None) -> float | None:
    return value if value is not None and abs(value) <= MOST_POWER_W else None


def _bounded(value: int, most: int) -> int:
    return min(max(value, 0), most - 1)


def _levels(let_out: LetOut) -> list[str]:
    return [text_of(one, 32) for one in let_out.levels[:16]]


async def _again(connection: Connection, number: int, hub: str, done: int) -> AgainRequest | None:
    row = await (await connection.execute(AGAIN, (_bounded(done, 2**31), number))).fetchone()
    if row is None or row[0] is None:
        return None
    newest, since, at, only = row
    return AgainRequest(number=newest, since=since, at=at, hub=hub if only else None)
