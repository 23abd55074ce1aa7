"""Routes about the house now: devices, readings, wires, and wishes to devices."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from unclouded.core.json_lines import device_json, device_of, encode, fact_line, reading_json, wire_line
from unclouded.core.model import Action, Command, Device, Outcome, Progress, PublicHub, Reading, Status
from unclouded.core.views import DeviceLine, DeviceView, NoticeLine, ReadingView, StatusLine, WireLine
from unclouded.store.mailbox import Mailbox
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import JSON_LINES, ApiContext, ApiRoute
from unclouded.web.schemas import AdmitBody, DoBody, DoneLine, HubView, OutcomeView, ProgressLine, SetBody

WATCH_BACKLOG = 10_000  # facts that wait for one slow watcher at the most

NO_DEVICE = {404: "There is no such device."}
REFUSED = {422: "The wish itself is wrong: no such point, outside its limits, a danger that was not confirmed."}

Chosen = Annotated[list[str], Meta(description="Only these devices; may be given several times.")]


class DevicesQuery(msgspec.Struct, frozen=True):
    device: Chosen = []


class FramesQuery(msgspec.Struct, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=1000, description="At most so many lines, the newest.")] = 200


async def hub(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.about())


async def devices(context: ApiContext, request: ApiRequest) -> Response:
    wanted = frozenset(request.query(DevicesQuery).device)
    facts = context.hub.snapshot()
    statuses = {fact.device: fact for fact in facts if isinstance(fact, Status)}
    found = [one for one in facts if isinstance(one, Device) and (not wanted or one.id in wanted)]
    return as_json([device_json(one, statuses.get(one.id)) for one in found])


async def device(context: ApiContext, request: ApiRequest) -> Response:
    one = request.device(context.hub)
    facts = context.hub.snapshot()
    status = next((fact for fact in facts if isinstance(fact, Status) and fact.device == one.id), None)
    return as_json(device_json(one, status))


async def wire(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.hub.wire(request.device(context.hub).id))


async def frames(context: ApiContext, request: ApiRequest) -> Response:
    limit = request.query(FramesQuery).limit
    heard = context.hub.frames(request.device(context.hub).id, limit)
    return as_json([wire_line(one) for one in heard])


async def readings(context: ApiContext, request: ApiRequest) -> Response:
    wanted = frozenset(request.query(DevicesQuery).device)
    facts = context.hub.snapshot()
    found = [one for one in facts if isinstance(one, Reading) and (not wanted or one.device in wanted)]
    return as_json([reading_json(one) for one in found])


async def watch(context: ApiContext, request: ApiRequest) -> Response:
    wanted = frozenset(request.query(DevicesQuery).device)
    return StreamingResponse(_facts(context.hub, wanted), media_type=JSON_LINES)


async def set_point(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(SetBody)
    one = request.device(context.hub)
    point = body.point or one.main
    outcome = await context.hub.command(Command(one.id, point, body.value, _origin(request, body.origin)))
    view = OutcomeView(device=one.id, point=point, outcome=outcome.result, reason=outcome.reason, ms=outcome.ms)
    return as_json(view)


async def do_action(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(DoBody)
    one = request.device(context.hub)
    command = Action(one.id, body.action, body.args, _origin(request, body.origin), body.confirmed)
    steps: asyncio.Queue[Progress] = asyncio.Queue()
    task = asyncio.create_task(context.hub.act(command, steps.put_nowait), name=f"{command.device}.{command.name}")
    await asyncio.sleep(0)
    if task.done():
        task.result()  # a CommandError is the caller's to see as such
    return StreamingResponse(_steps(command, task, steps), media_type=JSON_LINES)


async def admit(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(AdmitBody)
    return as_json(device_json(await context.hub.admit(body.uuid, body.id), None))


ROWS = (
    ApiRoute(method="GET", path="/api/hub", summary="What runs here.", handler=hub, returns=(HubView,)),
    ApiRoute(
        method="GET",
        path="/api/devices",
        summary="The devices, and how they fare.",
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
        summary="Statistics of the device's wires, by channel.",
        handler=wire,
        returns=(Mapping[str, Mapping[str, float]],),
        errors=NO_DEVICE,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}/frames",
        summary="The last frames and noise on the device's wires, in words, oldest first.",
        handler=frames,
        returns=(list[WireLine],),
        query=FramesQuery,
        errors=NO_DEVICE,
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
        summary="Devices, statuses and readings as they are now, then each change; goes on until the caller leaves.",
        handler=watch,
        returns=(DeviceLine, StatusLine, ReadingView, NoticeLine),
        media=JSON_LINES,
        query=DevicesQuery,
    ),
    ApiRoute(
        method="POST",
        path="/api/devices/{device}/set",
        summary="Set a point. The answer comes when the device has confirmed it, or when its fate is clear.",
        handler=set_point,
        returns=(OutcomeView,),
        body=SetBody,
        errors={**NO_DEVICE, **REFUSED},
    ),
    ApiRoute(
        method="POST",
        path="/api/devices/{device}/do",
        summary="Have a device do something: lines of progress, and last its fate.",
        handler=do_action,
        returns=(ProgressLine, DoneLine),
        media=JSON_LINES,
        body=DoBody,
        errors={**NO_DEVICE, **REFUSED},
    ),
    ApiRoute(
        method="POST",
        path="/api/admit",
        summary="Take in a plug that called and is not known (state ``seen``).",
        handler=admit,
        returns=(DeviceView,),
        body=AdmitBody,
        errors={422: "No such plug has called, or the name will not do."},
    ),
)


def _origin(request: ApiRequest, said: str) -> str:
    """Who asks, for the log of commands: the page cannot be anybody else."""
    return "web" if request.from_page else said


async def _facts(hub: PublicHub, wanted: frozenset[str]) -> AsyncIterator[bytes]:
    mailbox = Mailbox(WATCH_BACKLOG)
    leave = hub.subscribe(mailbox.put)
    try:
        facts = list(hub.snapshot())
        while True:
            lines = [fact_line(fact) for fact in facts if not wanted or device_of(fact) in wanted]
            yield b"".join(line for line in lines if line)
            facts = await mailbox.get()
    finally:
        leave()


async def _steps(command: Action, task: asyncio.Task[Outcome], steps: asyncio.Queue[Progress]) -> AsyncIterator[bytes]:
    """The action goes on, and is logged, also when nobody listens any more."""
    while not task.done() or not steps.empty():
        step = asyncio.create_task(steps.get(), name="progress")
        try:
            await asyncio.wait({task, step}, return_when=asyncio.FIRST_COMPLETED)
            at = step.result() if step.done() else None
        finally:
            step.cancel()
        if at is not None:
            yield encode(ProgressLine(progress=at.done, of=at.total, text=at.words)) + b"\n"
    end = task.result()
    fate = DoneLine(device=command.device, action=command.name, outcome=end.result, reason=end.reason, ms=end.ms)
    yield encode(fate) + b"\n"
