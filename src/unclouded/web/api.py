"""The API of the hub: HTTP and JSON, and JSON lines for what goes on.

    GET  /api/hub                       what runs here
    GET  /api/devices[?device=ID]       devices and how they fare
    GET  /api/readings[?device=ID]      the newest reading of every point
    GET  /api/watch[?device=ID]         JSON lines: devices, statuses, readings now, then each change
    GET  /api/devices/ID/wire           statistics of the device's wires
    POST /api/devices/ID/set            {"point", "value", "origin"} -> the outcome
    POST /api/devices/ID/do             {"action", "args", "confirmed", "origin"} -> JSON lines: progress, the outcome
    POST /api/admit                     {"uuid", "id"}

It sees the hub as a ``House`` alone. Errors are application/problem+json with a sentence in ``detail``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from unclouded.errors import CommandError
from unclouded.model import Action, Command, Device, House, Outcome, Progress, Reading, Status, Value
from unclouded.sinks.mailbox import Mailbox
from unclouded.web.lines import device_json, device_of, encode, fact_line, reading_json

WATCH_BACKLOG = 10_000  # facts that wait for one slow watcher at the most


class SetBody(msgspec.Struct, forbid_unknown_fields=True):
    value: Value
    point: str = ""
    origin: str = "api"


class DoBody(msgspec.Struct, forbid_unknown_fields=True):
    action: str
    args: dict[str, str] = {}
    confirmed: bool = False
    origin: str = "api"


class AdmitBody(msgspec.Struct, forbid_unknown_fields=True):
    uuid: str
    id: str


class Api:
    """The routes over one House. ``about``: what GET /api/hub says."""

    def __init__(self, house: House, about: Callable[[], Mapping[str, object]]) -> None:
        self._house = house
        self._about = about

    def app(self) -> Starlette:
        routes = [
            Route("/api/hub", self._hub),
            Route("/api/devices", self._devices),
            Route("/api/readings", self._readings),
            Route("/api/watch", self._watch),
            Route("/api/devices/{device}/wire", self._wire),
            Route("/api/devices/{device}/set", self._set, methods=["POST"]),
            Route("/api/devices/{device}/do", self._do, methods=["POST"]),
            Route("/api/admit", self._admit, methods=["POST"]),
        ]
        return Starlette(
            routes=routes,
            exception_handlers={
                CommandError: _refused,
                msgspec.ValidationError: _refused,
                msgspec.DecodeError: _refused,
            },
        )

    async def _hub(self, request: Request) -> Response:
        return _json(self._about())

    async def _devices(self, request: Request) -> Response:
        wanted = _wanted(request)
        facts = self._house.snapshot()
        statuses = {fact.device: fact for fact in facts if isinstance(fact, Status)}
        devices = [one for one in facts if isinstance(one, Device) and (not wanted or one.id in wanted)]
        return _json([device_json(device, statuses.get(device.id)) for device in devices])

    async def _readings(self, request: Request) -> Response:
        wanted = _wanted(request)
        facts = self._house.snapshot()
        return _json(
            [reading_json(one) for one in facts if isinstance(one, Reading) and (not wanted or one.device in wanted)]
        )

    async def _wire(self, request: Request) -> Response:
        return _json(self._house.wire(request.path_params["device"]))

    async def _set(self, request: Request) -> Response:
        body = msgspec.json.decode(await request.body(), type=SetBody)
        device = request.path_params["device"]
        point = body.point or next((one.main for one in self._house.devices() if one.id == device), "")
        outcome = await self._house.command(Command(device, point, body.value, body.origin))
        return _json({"device": device, "point": point, **_fate(outcome)})

    async def _do(self, request: Request) -> Response:
        body = msgspec.json.decode(await request.body(), type=DoBody)
        wish = Action(request.path_params["device"], body.action, body.args, body.origin, body.confirmed)
        steps: asyncio.Queue[Progress] = asyncio.Queue()
        task = asyncio.create_task(self._house.act(wish, steps.put_nowait), name=f"{wish.device}.{wish.name}")
        await asyncio.sleep(0)
        if task.done():
            task.result()  # a CommandError is the caller's to see as such
        return StreamingResponse(_lines_of(wish, task, steps), media_type="application/jsonl")

    async def _admit(self, request: Request) -> Response:
        body = msgspec.json.decode(await request.body(), type=AdmitBody)
        return _json(device_json(await self._house.admit(body.uuid, body.id), None))

    async def _watch(self, request: Request) -> Response:
        return StreamingResponse(self._changes(_wanted(request)), media_type="application/jsonl")

    async def _changes(self, wanted: frozenset[str]) -> AsyncIterator[bytes]:
        mailbox = Mailbox(WATCH_BACKLOG)
        leave = self._house.subscribe(mailbox.put)
        try:
            facts = list(self._house.snapshot())
            while True:
                lines = [fact_line(fact) for fact in facts if not wanted or device_of(fact) in wanted]
                yield b"".join(line for line in lines if line)
                facts = await mailbox.get()
        finally:
            leave()


def _fate(outcome: Outcome) -> dict[str, object]:
    return {"outcome": outcome.result, "reason": outcome.reason, "ms": outcome.ms}


async def _lines_of(wish: Action, task: asyncio.Task[Outcome], steps: asyncio.Queue[Progress]) -> AsyncIterator[bytes]:
    while not task.done() or not steps.empty():
        step = asyncio.create_task(steps.get(), name="progress")
        await asyncio.wait({task, step}, return_when=asyncio.FIRST_COMPLETED)
        if step.done():
            progress = step.result()
            yield encode({"progress": progress.done, "of": progress.total, "text": progress.words}) + b"\n"
        else:
            step.cancel()
    yield encode({"device": wish.device, "action": wish.name, **_fate(task.result())}) + b"\n"


def _wanted(request: Request) -> frozenset[str]:
    return frozenset(request.query_params.getlist("device"))


def _json(value: object) -> Response:
    return Response(encode(value), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    problem: dict[str, Any] = {"type": "about:blank", "title": "The wish is off", "status": 400, "detail": str(error)}
    return Response(encode(problem), 400, media_type="application/problem+json")
