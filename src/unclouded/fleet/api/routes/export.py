"""Homes, energy, events, commands and the audit as a file: CSV, JSON lines or Parquet, sent while it is made."""

import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.routes.queries import DaysQuery
from unclouded.fleet.api.shapes import base_filter
from unclouded.fleet.api.views import FleetContent
from unclouded.fleet.base.views import EnergyBy, Scope
from unclouded.table_files.parquet_writer import ParquetWriter, require_pyarrow
from unclouded.table_files.tables import Cell, ExportColumn, ExportTable, Row
from unclouded.table_files.text_writers import CsvWriter, JsonLinesWriter
from unclouded.table_files.zoned_times import ZonedTimes
from unclouded.web.request import as_json
from unclouded.web.route_row import BYTES

ROWS_AT_ONCE = 500
ENERGY_HOMES = 50  # homes of which energy is read at once
DECIMALS = 3
ZONE = "UTC"
USUAL_DAYS = 366
Batches = AsyncIterator[Sequence[Row]]

TIME, HOME, NAME = ExportColumn("time", "time"), ExportColumn("home"), ExportColumn("name")
NUMBERS = tuple(ExportColumn(name, "number") for name in ("import_Wh", "export_Wh", "solar_Wh"))
COLUMNS: dict[FleetContent, tuple[ExportColumn, ...]] = {
    "homes": (
        *(HOME, NAME, ExportColumn("place"), ExportColumn("organisation"), ExportColumn("state")),
        *(ExportColumn("seen", "time"), ExportColumn("power_W", "number"), *NUMBERS),
        *(ExportColumn(name, "number") for name in ("devices", "devices_offline", "behind")),
        *(ExportColumn("alerts"), ExportColumn("version")),
    ),
    "energy": (ExportColumn("period"), HOME, NAME, *NUMBERS, ExportColumn("complete", "flag")),
    "events": (
        TIME,
        HOME,
        NAME,
        ExportColumn("device"),
        ExportColumn("kind"),
        ExportColumn("text"),
        ExportColumn("data"),
    ),
    "commands": (
        *(TIME, HOME, NAME, ExportColumn("device"), ExportColumn("point"), ExportColumn("value"), ExportColumn("who")),
        *(ExportColumn("until", "time"), ExportColumn("state"), ExportColumn("reason"), ExportColumn("batch")),
    ),
    "audit": (
        *(TIME, ExportColumn("organisation"), ExportColumn("who"), ExportColumn("what"), ExportColumn("subject")),
        *(ExportColumn("detail"),),
    ),
}


class FleetExportQuery(DaysQuery, frozen=True, kw_only=True):
    """The filter counts for homes and energy, the days for energy."""

    content: FleetContent
    format: Annotated[Literal["csv", "jsonl", "parquet"], Meta(description="Of the file.")] = "csv"
    by: Annotated[EnergyBy, Meta(description="Periods of energy.")] = "day"


async def export(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(FleetExportQuery)
    scope = request.scope(query.org, "owner" if query.content == "audit" else "viewer")
    if query.format == "parquet":
        require_pyarrow()
    batches = _batches(context, scope, query)
    first = await anext(batches, ())  # raises before the head of the answer is sent
    day = datetime.fromtimestamp(context.wall(), UTC).date()
    headers = {"Content-Disposition": f'attachment; filename="fleet-{query.content}-{day}.{query.format}"'}
    return StreamingResponse(_pieces(query, first, batches), media_type=BYTES, headers=headers)


def exported(context: FleetContext, scope: Scope, query: FleetExportQuery) -> AsyncIterator[bytes]:
    """The same file for the command line, piece by piece. Raises ConfigError where the library for it is missing."""
    if query.format == "parquet":
        require_pyarrow()
    return _pieces(query, (), _batches(context, scope, query))


# --- inside -------------------------------------------------------------------------------------------


class _WrittenPieces(io.BytesIO):
    """A file that is read while it is written."""

    taken = 0  # bytes

    def tell(self) -> int:
        return self.taken + super().tell()

    def take(self) -> bytes:
        """What was written since the last time."""
        data = self.getvalue()
        self.taken += len(data)
        self.seek(0)
        self.truncate()
        return data


async def _pieces(query: FleetExportQuery, first: Sequence[Row], batches: Batches) -> AsyncIterator[bytes]:
    out = _WrittenPieces()
    writer = _writer(query.format, out)
    writer.begin(ExportTable(query.content, COLUMNS[query.content], DECIMALS, iter(())))
    writer.rows(first)
    async for rows in batches:
        if piece := out.take():
            yield piece
        writer.rows(rows)
    writer.end()
    yield out.take()


def _writer(format: str, out: _WrittenPieces) -> CsvWriter | JsonLinesWriter | ParquetWriter:
    if format == "parquet":
        return ParquetWriter(out, ZONE)
    times = ZonedTimes(ZoneInfo(ZONE))
    return CsvWriter(out, times) if format == "csv" else JsonLinesWriter(out, times)


def _batches(context: FleetContext, scope: Scope, query: FleetExportQuery) -> Batches:
    match query.content:
        case "homes":
            return _homes(context, scope, query)
        case "energy":
            return _energy(context, scope, query)
        case "events":
            return _events(context, scope)
        case "commands":
            return _commands(context, scope)
    return _audit(context, scope)


async def _homes(context: FleetContext, scope: Scope, query: FleetExportQuery) -> Batches:
    after = ""
    while True:
        page = await context.base.homes.homes(scope, base_filter(query.filter), context.wall(), after, ROWS_AT_ONCE)
        yield [
            (
                *(one.hub, one.name, one.place, one.organisation_name, one.state, _ms(one.seen)),
                *(_number(one.power_W), _wh(one.import_mWh), _wh(one.export_mWh), _wh(one.solar_mWh)),
                *((one.devices, 0), (one.devices_offline, 0), (one.behind, 0), " ".join(one.alerts), one.version),
            )
            for one in page.homes
        ]
        after = page.after
        if not after:
            return


async def _energy(context: FleetContext, scope: Scope, query: FleetExportQuery) -> Batches:
    first, last = (one.isoformat() for one in query.days(context, USUAL_DAYS))
    after = ""
    while True:
        page = await context.base.homes.homes(scope, base_filter(query.filter), context.wall(), after, ENERGY_HOMES)
        hubs = [one.hub for one in page.homes]
        rows = await context.base.energy.each(scope, hubs, first, last, query.by) if hubs else []
        yield [
            (
                *(one.period, one.hub, one.name, _wh(one.import_mWh), _wh(one.export_mWh), _wh(one.solar_mWh)),
                one.complete,
            )
            for one in rows
        ]
        after = page.after
        if not after:
            return


async def _events(context: FleetContext, scope: Scope) -> Batches:
    after = ""
    while True:
        rows, after = await context.base.history.events(scope, None, "", after, ROWS_AT_ONCE)
        yield [(_ms(one.at), one.hub, one.home, one.device, one.kind, one.text, _json(one.data)) for one in rows]
        if not after:
            return


async def _commands(context: FleetContext, scope: Scope) -> Batches:
    after = ""
    while True:
        rows, after = await context.base.commands.commands(scope, after=after, limit=ROWS_AT_ONCE)
        yield [
            (
                *(_ms(one.created), one.hub, one.home, one.device, one.point, _json(one.value), one.who),
                *(_ms(one.until), one.fate, one.reason, one.batch),
            )
            for one in rows
        ]
        if not after:
            return


async def _audit(context: FleetContext, scope: Scope) -> Batches:
    after = ""
    while True:
        rows, after = await context.base.audit.entries(scope, after, ROWS_AT_ONCE)
        yield [
            (_ms(one.at), str(one.organisation or ""), one.who, one.action, one.subject, _json(one.detail))
            for one in rows
        ]
        if not after:
            return


def _ms(at: float | None) -> int | None:
    return None if at is None else round(at * 1000)


def _wh(mwh: int | None) -> Cell:
    return None if mwh is None else (mwh / 1000, DECIMALS)


def _number(value: float | None) -> Cell:
    return None if value is None else (value, 1)


def _json(value: object) -> str:
    return bytes(as_json(value).body).decode()


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/export",
        summary="Homes, energy, events, commands or the audit as a file: CSV, JSON lines or Parquet.",
        handler=export,
        returns=(),
        media=BYTES,
        query=FleetExportQuery,
        errors={404: "There is no such organisation.", 422: "The format is not available; ``detail`` says why."},
    ),
)
