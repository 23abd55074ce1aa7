"""Routes for the current state (devices, readings, link statistics) and for commands to devices."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from unclouded.core.model import (
    Action,
    Admission,
    Command,
    Device,
    Fact,
    LogEntry,
    Outcome,
    Progress,
    PublicHub,
    Reading,
    Status,
)
from unclouded.core.text.printable import printable
from unclouded.core.views.facts import (
    AlertView,
    DeviceLine,
    DeviceView,
    LogLine,
    LogView,
    NoticeLine,
    ReadingView,
    StatusLine,
    WireLine,
)
from unclouded.core.views.json_lines import (
    alert_json,
    device_json,
    device_of,
    encode,
    fact_line,
    log_line,
    reading_json,
    wire_line,
)
from unclouded.store.mailbox import Mailbox
from unclouded.web import qr_code
from unclouded.web.request import ApiError, ApiRequest, as_json
from unclouded.web.route_row import JSON_LINES, SVG
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said import translated
from unclouded.web.said_views import said_device
from unclouded.web.schemas import (
    AdmitBody,
    DoBody,
    DoneLine,
    HubView,
    OutcomeView,
    ProgressLine,
    ReconnectView,
    SetBody,
)

WATCH_BACKLOG = 10_000  # facts queued for one slow client at most
AT_ONCE = 20  # frames whose parts are found before something else may run

NO_DEVICE = {404: "Unknown device."}
INVALID_COMMAND = {
    422: "Invalid command: unknown point, value outside the limits, or a dangerous action without confirmation."
}

DeviceFilter = Annotated[list[str], Meta(description="Only these devices; may be given several times.")]


class DevicesQuery(msgspec.Struct, frozen=True):
    device: DeviceFilter = []


class WatchQuery(msgspec.Struct, frozen=True):
    device: DeviceFilter = []
    log: Annotated[bool, Meta(description="Also the lines that devices print by themselves.")] = False


class WireQuery(msgspec.Struct, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=1000, description="Maximum number of lines; the newest are returned.")] = 200
    parts: Annotated[bool, Meta(description="Also what the bytes of each frame are.")] = False


async def hub(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.about())


async def hub_qr(context: ApiContext, request: ApiRequest) -> Response:
    address = qr_code.network_address(context.about().web)
    if not address:
        raise ApiError(404, "api.no_network_address")
    return Response(qr_code.svg(address), media_type=SVG)


async def devices(context: ApiContext, request: ApiRequest) -> Response:
    selected = frozenset(request.query(DevicesQuery).device)
    facts = context.hub.snapshot()
    statuses = {fact.device: fact for fact in facts if isinstance(fact, Status)}
    found = [one for one in facts if isinstance(one, Device) and (not selected or one.id in selected)]
    return as_json([said_device(device_json(one, statuses.get(one.id))) for one in found])


async def device(context: ApiContext, request: ApiRequest) -> Response:
    one = request.device(context.hub)
    facts = context.hub.snapshot()
    status = next((fact for fact in facts if isinstance(fact, Status) and fact.device == one.id), None)
    return as_json(said_device(device_json(one, status)))


async def wire(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.hub.wire(request.device(context.hub).id))


async def frames(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(WireQuery)
    entries = context.hub.frames(request.device(context.hub).id, query.limit)
    if not query.parts:
        return as_json([wire_line(one) for one in entries])
    lines = []
    for number, one in enumerate(entries):
        lines.append(wire_line(one, with_parts=True))
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)  # the hub goes on meanwhile
    return as_json(lines)


async def log(context: ApiContext, request: ApiRequest) -> Response:
    one = request.device(context.hub)
    links = [link for link in one.link.split() if "//" in link]  # others are shared by many devices
    words = (one.id, one.identity.partition(":")[2], one.info.get("uuid", ""), *links)
    return as_json([] if context.log is None else context.log(words))


async def alerts(context: ApiContext, request: ApiRequest) -> Response:
    return as_json([alert_json(one) for one in context.hub.alerts()])


async def readings(context: ApiContext, request: ApiRequest) -> Response:
    selected = frozenset(request.query(DevicesQuery).device)
    facts = context.hub.snapshot()
    found = [one for one in facts if isinstance(one, Reading) and (not selected or one.device in selected)]
    return as_json([reading_json(one) for one in found])


async def watch(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(WatchQuery)
    return StreamingResponse(_lines(context.hub, frozenset(query.device), query.log), media_type=JSON_LINES)


async def set_point(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(SetBody)
    one = request.device(context.hub)
    point = body.point or one.main
    outcome = await context.hub.command(Command(one.id, point, body.value, origin_of(request, body.origin)))
    reason = translated(outcome.reason)
    return as_json(OutcomeView(device=one.id, point=point, outcome=outcome.result, reason=reason, ms=outcome.ms))


async def reconnect(context: ApiContext, request: ApiRequest) -> Response:
    one = request.device(context.hub)
    outcome = await context.hub.reconnect(one.id)
    reason = translated(outcome.reason)
    return as_json(ReconnectView(device=one.id, outcome=outcome.result, reason=reason, ms=outcome.ms))


async def do_action(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(DoBody)
    one = request.device(context.hub)
    command = Action(one.id, body.action, body.args, origin_of(request, body.origin), body.confirmed)
    steps: asyncio.Queue[Progress] = asyncio.Queue()
    task = asyncio.create_task(context.hub.act(command, steps.put_nowait), name=f"{command.device}.{command.name}")
    await asyncio.sleep(0)
    if task.done():
        task.result()  # raises CommandError before the stream begins
    return StreamingResponse(_steps(command, task, steps), media_type=JSON_LINES)


async def admit(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(AdmitBody)
    admission = Admission(
        uuid=body.uuid.lower(), name=body.name, id=body.id, parent=body.parent, produces=body.produces
    )
    return as_json(device_json(await context.hub.admit(admission), None))


async def forget(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(device_json(await context.hub.forget(request.device(context.hub).id), None))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/hub",
        summary="Version, uptime, store and broker of the hub.",
        handler=hub,
        returns=(HubView,),
    ),
    ApiRoute(
        method="GET",
        path="/api/hub/qr.svg",
        summary="A QR code of the page's address, for phones in the same network.",
        handler=hub_qr,
        returns=(bytes,),
        media=SVG,
        errors={404: "The page listens on this computer only."},
    ),
    ApiRoute(
        method="GET",
        path="/api/devices",
        summary="All devices with their state.",
        handler=devices,
        returns=(list[DeviceView],),
        query=DevicesQuery,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}",
        summary="One device.",
        handler=device,
        returns=(DeviceView,),
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}/wire",
        summary="Link statistics of the device, by channel.",
        handler=wire,
        returns=(Mapping[str, Mapping[str, float]],),
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}/frames",
        summary="The most recent frames and noise on the device's links as text, oldest first.",
        handler=frames,
        returns=(list[WireLine],),
        query=WireQuery,
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}/log",
        summary="The newest lines of the hub's log that name the device, oldest first.",
        handler=log,
        returns=(list[LogView],),
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="GET",
        path="/api/alerts",
        summary="What needs attention now, the worst first.",
        handler=alerts,
        returns=(list[AlertView],),
    ),
    ApiRoute(
        method="GET",
        path="/api/readings",
        summary="The newest reading of every point.",
        handler=readings,
        returns=(list[ReadingView],),
        query=DevicesQuery,
    ),
    ApiRoute(
        method="GET",
        path="/api/watch",
        summary="Current devices, statuses and readings, then each change, until the client disconnects.",
        handler=watch,
        returns=(DeviceLine, StatusLine, ReadingView, NoticeLine, LogLine),
        media=JSON_LINES,
        query=WatchQuery,
    ),
    ApiRoute(
        method="POST",
        path="/api/devices/{device}/set",
        summary="Set a point. The answer is sent when the device has confirmed the value or the command has failed.",
        handler=set_point,
        returns=(OutcomeView,),
        body=SetBody,
        errors={**NO_DEVICE, **INVALID_COMMAND},
    ),
    ApiRoute(
        method="POST",
        path="/api/devices/{device}/do",
        summary="Run an action of a device: lines of progress, then the outcome.",
        handler=do_action,
        returns=(ProgressLine, DoneLine),
        media=JSON_LINES,
        body=DoBody,
        errors={**NO_DEVICE, **INVALID_COMMAND},
    ),
    ApiRoute(
        method="POST",
        path="/api/devices/{device}/reconnect",
        summary="Connect to a device now, not when the next attempt is due. The answer is sent when it is online, or "
        "after 10 s; ``unreachable``: the hub cannot open this link, and the reason says what helps.",
        handler=reconnect,
        returns=(ReconnectView,),
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="POST",
        path="/api/admit",
        summary="Admit a plug that has connected but is not configured (state ``seen``).",
        handler=admit,
        returns=(DeviceView,),
        body=AdmitBody,
        errors={422: "No such plug has connected, or its name, id or parent is invalid."},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/devices/{device}",
        summary="Forget a plug that was admitted; its history stays. A connected one is then listed as seen.",
        handler=forget,
        returns=(DeviceView,),
        errors={**NO_DEVICE, 422: "It was not admitted but is in the configuration, or others count inside it."},
    ),
)


def origin_of(request: ApiRequest, given: str) -> str:
    """The origin for the command log: always ``web`` for requests from a browser; the fleet's for its questions."""
    asked_for_by = str(request.http.scope.get("unclouded.origin", ""))
    return asked_for_by or ("web" if request.from_page else printable(given))


async def _lines(hub: PublicHub, selected: frozenset[str], with_log: bool) -> AsyncIterator[bytes]:
    """The current state, then each change; with the log, its lines before the facts of the same moment."""
    mailbox = Mailbox(WATCH_BACKLOG)
    printed: deque[LogEntry] = deque(maxlen=WATCH_BACKLOG)
    changed = asyncio.Event()

    def put(facts: Sequence[Fact]) -> None:
        mailbox.put(facts)
        changed.set()

    def put_line(entry: LogEntry) -> None:
        if not selected or entry.device in selected:
            printed.append(entry)
            changed.set()

    leave = [hub.subscribe(put), *([hub.follow_log(put_line)] if with_log else [])]
    try:
        facts = list(hub.snapshot())
        while True:
            lines = [*map(log_line, printed)]
            lines += [fact_line(fact) for fact in facts if not selected or device_of(fact) in selected]
            printed.clear()
            yield b"".join(lines)
            await changed.wait()
            changed.clear()
            facts = mailbox.take()
    finally:
        for unsubscribe in leave:
            unsubscribe()


async def _steps(command: Action, task: asyncio.Task[Outcome], steps: asyncio.Queue[Progress]) -> AsyncIterator[bytes]:
    """The action continues, and is logged, after the client has disconnected."""
    while not task.done() or not steps.empty():
        step = asyncio.create_task(steps.get(), name="progress")
        try:
            await asyncio.wait({task, step}, return_when=asyncio.FIRST_COMPLETED)
            at = step.result() if step.done() else None
        finally:
            step.cancel()
        if at is not None:
            yield encode(ProgressLine(progress=at.done, of=at.total, text=translated(at.words))) + b"\n"
    end = task.result()
    done = DoneLine(
        device=command.device,
        action=command.name,
        outcome=end.result,
        reason=translated(end.reason),
        ms=end.ms,
        answer=end.answer,
    )
    yield encode(done) + b"\n"
