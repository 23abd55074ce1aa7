"""A fleet of made-up homes, behind the routes of the fleet's API and in its shapes: for the page, without databases.

with MadeUpFleet(homes=10_000) as fleet: visitor.open("/")

Everything is computed from the number of a home; ``change`` makes one different, and the stream says so.
"""

import asyncio
import contextlib
import math
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from unclouded.fleet.api import views
from unclouded.fleet.base.views import CommandFate, HomeState
from unclouded.web.page import Page
from unclouded.web.schemas import EnergyRow, Series
from unclouded.web.server import address_text, serve, tcp_socket

STREETS = (
    "Calle Mayor",
    "Camí del Mar",
    "Avenida de la Paz",
    "Plaza Nueva",
    "Calle Aribau",
    "Carrer de Sants",
    "Gran Vía",
)
PLACES = ("Valencia", "Sevilla", "Barcelona", "Zaragoza")
ORDER: Sequence[HomeState] = ("attention", "offline", "behind", "well", "new", "revoked")
ALERTS = (["disk"], ["alarm", "battery"], ["offline"])
HEARTBEAT_S = 4.0
PATHS = r"/(?:homes/\w+(?:/(?:history|events|manage))?|energy|commands|events|settings)?"
DEVICES = (
    ("meter", "Meter", "", ""),
    ("heater", "Water heater", "Bathroom", "meter"),
    ("pump", "Pool pump", "Garden", "meter"),
)
ORGANISATIONS = (
    views.OrganisationView(id=1, name="Costa homes", role="owner", homes=0),
    views.OrganisationView(id=2, name="Sierra", role="viewer", homes=0),
)
QR = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h3v3H0zM5 0h3v3H5zM0 5h3v3H0z"/></svg>'


def text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def state_of(number: int, homes: int) -> HomeState:
    """The worst are few: 3 of 1,000 need attention, 8 have no contact, 21 are behind."""
    part = number * 1000 // homes
    return "attention" if part < 3 else "offline" if part < 11 else "behind" if part < 32 else "well"


def row_of(number: int, homes: int, now: float) -> views.HomeRowView:
    state = state_of(number, homes)
    age = 1_560 + number * 60 if state == "offline" else 2 + number % 55
    return views.HomeRowView(
        id=f"h{number:019d}",
        organisation=1 + number % 2,
        name=f"{STREETS[number % len(STREETS)]} {1 + number}",
        place=PLACES[number % len(PLACES)],
        state=state,
        seen=text(now - age),
        power_W=None if state == "offline" else round(700 + 900 * math.sin(number), 1),
        import_Wh=4_000 + 37 * (number % 211),
        export_Wh=1_200 if number % 3 == 0 else None,
        solar_Wh=3_400 if number % 3 == 0 else None,
        devices=5 + number % 9,
        devices_offline=3 if state == "attention" and number % 3 == 2 else 0,
        alerts=ALERTS[number % 3] if state == "attention" else [],
        behind={"offline": 5, "behind": 3 + number % 33}.get(state, 0),
        version=("0.9.2", "0.9.1", "0.8.7")[0 if number % 10 < 8 else 1 + number % 2],
        levels=["energy", "quarter"],
    )


def flags_of(row: views.HomeRowView) -> list[str]:
    """What the filter by flag finds it by."""
    return [*(f"alert.{one}" for one in row.alerts), *(f"level.{one}" for one in row.levels)]


class MadeUpFleet:
    """``homes`` made-up ones. ``signed_in``: a person is; ``changes``: rows that the stream has still to send."""

    def __init__(self, homes: int, now: float, signed_in: bool = True) -> None:
        self.now = now
        self.rows = {row.id: row for row in (row_of(number, homes, now) for number in range(homes))}
        self.commands: list[views.FleetCommandView] = []
        self.signed_in = signed_in
        self.watched: views.WatchBody = views.WatchBody()
        self.address = ""
        self._queues: set[asyncio.Queue[views.FleetChanges]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet")

    def __enter__(self) -> "MadeUpFleet":
        self._thread.start()
        self._socket = tcp_socket(("127.0.0.1", 0))
        self.address = f"http://{address_text(self._socket.getsockname()[:2])}"
        self._serving = asyncio.run_coroutine_threadsafe(serve(self._app(), self._socket), self._loop)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._serving.cancel()
        asyncio.run_coroutine_threadsafe(_all_ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._socket.close()
        self._loop.close()

    def change(self, id: str, **others: Any) -> None:
        """Make a home different. Any: values of its fields."""
        self.rows[id] = msgspec.structs.replace(self.rows[id], **others)
        self._send(
            views.FleetChanges(at=self.now, homes=[self.rows[id]], summary=self._summary(list(self.rows.values())))
        )

    def settle(self, home: str, fate: CommandFate) -> None:
        """The home says what became of its commands."""
        done = [
            msgspec.structs.replace(one, state=fate, changed=text(self.now)) if one.home == home else one
            for one in self.commands
        ]
        self.commands = done
        self._send(views.FleetChanges(at=self.now, commands=[one for one in done if one.home == home]))

    def _send(self, changes: views.FleetChanges) -> None:
        for queue in list(self._queues):
            self._loop.call_soon_threadsafe(queue.put_nowait, changes)

    # --- what is asked ------------------------------------------------------------------------

    def _app(self) -> Starlette:
        def route(path: str, answer: Any, *methods: str) -> Route:  # Any: a method of this class
            async def endpoint(request: Request) -> Response:
                body = answer(request, await request.body())
                return Response(msgspec.json.encode(body), media_type="application/json")

            return Route(f"/api/fleet{path}", endpoint, methods=list(methods) or ["GET"])

        return Starlette(
            routes=[
                route("/session", lambda request, body: self._session()),
                route("/login", self._log_in, "POST"),
                route("/homes", self._homes),
                route("/homes/{home}", self._home),
                route("/homes/{home}", self._rename, "PATCH"),
                route("/homes/{home}/again", self._again, "POST"),
                route("/homes/{home}/forget", self._forget, "POST"),
                route("/homes/{home}/history", self._history),
                route("/homes/{home}/energy", self._energy_of_home),
                route("/homes/{home}/events", self._events),
                route("/energy", self._energy),
                route("/events", self._events),
                route("/commands", self._given),
                route("/commands", self._give, "POST"),
                route("/organisations/{org}/persons", lambda request, body: [self._person()]),
                route("/organisations/{org}/codes", lambda request, body: []),
                route("/organisations/{org}/codes", self._code, "POST"),
                route("/audit", self._audit),
                WebSocketRoute("/api/fleet/changes", self._stream),
                Mount("/", Page(entry="fleet.html", paths=PATHS)),
            ]
        )

    async def _stream(self, socket: WebSocket) -> None:
        await socket.accept()
        queue: asyncio.Queue[views.FleetChanges] = asyncio.Queue()
        self._queues.add(queue)
        await queue.put(views.FleetChanges(at=self.now))

        async def send() -> None:
            while True:
                changes = views.FleetChanges(at=self.now)
                with contextlib.suppress(TimeoutError):
                    changes = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                await socket.send_text(msgspec.json.encode(changes).decode())

        sending = asyncio.create_task(send(), name="fleet.send")
        try:
            while True:
                self.watched = msgspec.json.decode(await socket.receive_text(), type=views.WatchBody)
        except WebSocketDisconnect:
            self._queues.discard(queue)
            sending.cancel()

    def _session(self) -> views.FleetSessionView:
        known = list(ORGANISATIONS) if self.signed_in else []
        return views.FleetSessionView(
            person=1 if self.signed_in else None, login="marta", name="Marta", organisations=known, version="0.9.2"
        )

    def _log_in(self, request: Request, body: bytes) -> views.FleetSessionView:
        self.signed_in = msgspec.json.decode(body, type=views.FleetLoginBody).password == "right"
        return self._session()

    def _found(self, query: Any) -> list[views.HomeRowView]:  # Any: a mapping of texts
        q, state, version, org = (str(query.get(key) or "") for key in ("q", "state", "version", "org"))
        rows = [
            one
            for one in self.rows.values()
            if q.lower() in f"{one.name} {one.place}".lower()
            and (not state or one.state == state)
            and (not version or one.version == version)
            and (not org or one.organisation == int(org))
            and (not query.get("flag") or query["flag"] in flags_of(one))
        ]
        return sorted(rows, key=lambda one: (ORDER.index(one.state), one.name))

    def _summary(self, rows: Sequence[views.HomeRowView]) -> views.HomesSummary:
        return views.HomesSummary(
            homes=len(rows),
            states=Counter(one.state for one in rows),
            flags=Counter(flag for one in rows for flag in flags_of(one)),
            versions=Counter(one.version for one in rows),
            power_W=sum(one.power_W or 0 for one in rows),
            import_Wh=1.0,
            export_Wh=1.0,
            solar_Wh=1.0,
        )

    def _homes(self, request: Request, body: bytes) -> views.HomesView:
        query = dict(request.query_params)
        rows = self._found(query)
        start, limit = int(query.get("after", "0")), int(query.get("limit", "100"))
        every = self._summary(self._found({**query, "state": ""})) if not start else None
        summary = every and msgspec.structs.replace(every, homes=len(rows))
        return views.HomesView(
            homes=rows[start : start + limit],
            next=str(start + limit) if start + limit < len(rows) else None,
            summary=summary,
        )

    def _home(self, request: Request, body: bytes) -> views.FleetHomeView:
        row = self.rows[request.path_params["home"]]
        points = [
            views.HomePoint(key="power_W", kind="number", unit="W", exponent=-1, label=""),
            views.HomePoint(key="energy_import_Wh", kind="counter", unit="Wh", exponent=0, label=""),
        ]
        last_s = datetime.fromisoformat(row.seen).timestamp() if row.seen else self.now
        switch = views.HomePoint(key="on", kind="switch", unit="", exponent=0, label="")
        export = views.HomePoint(key="energy_export_Wh", kind="counter", unit="Wh", exponent=0, label="")
        devices = [
            views.HomeDevice(
                id=id,
                name=name,
                room=room,
                parent=parent,
                kind="",
                product="",
                main="on",
                produces=False,
                points=[*points, export if id == "meter" else switch],
            )
            for id, name, room, parent in DEVICES
        ]
        return views.FleetHomeView(
            row=row,
            role=ORGANISATIONS[row.organisation - 1].role,
            timezone="Europe/Madrid",
            joined=text(self.now - 90 * 86_400),
            revoked=None,
            hello=text(self.now),
            let_out=views.LetOutView(levels=row.levels, names=True, events=True, questions=False, control=True),
            devices=devices,
            stored=[
                views.StoredLevelView(
                    level=level, first=text(self.now - 9e6), last=text(self.now), windows=7, bytes=9_000
                )
                for level in row.levels
            ],
            newest=views.NewestWindowView(level="quarter", start=text(last_s // 900 * 900 - 900), bytes=397),
        )

    def _rename(self, request: Request, body: bytes) -> views.FleetHomeView:
        id, asked = request.path_params["home"], msgspec.json.decode(body, type=views.HomeBody)
        row = self.rows[id]
        place = row.place if asked.place is None else asked.place
        self.rows[id] = msgspec.structs.replace(row, name=asked.name or row.name, place=place)
        return self._home(request, body)

    def _again(self, request: Request, body: bytes) -> views.DoneView:
        return views.DoneView(text=f"Wanted since {msgspec.json.decode(body, type=views.AgainBody).since}.")

    def _forget(self, request: Request, body: bytes) -> views.DoneView:
        assert msgspec.json.decode(body, type=views.ForgetBody).confirmed == request.path_params["home"]
        return views.DoneView(text=f"{self.rows.pop(request.path_params['home']).name} is deleted.")

    def _history(self, request: Request, body: bytes) -> views.HomeHistory:
        row = self.rows[request.path_params["home"]]
        start, end = (float(request.query_params[key]) for key in ("start", "end"))
        last = min(end, datetime.fromisoformat(row.seen or "").timestamp())
        at = [float(one) for one in range(int(start // 900 * 900), int(last), 900)]
        return views.HomeHistory(
            start=start,
            end=end,
            step=900,
            source="fleet",
            series=[_series(name, at) for name in request.query_params.getlist("series")],
        )

    def _energy_of_home(self, request: Request, body: bytes) -> views.HomeEnergyView:
        start, end, by = (
            float(request.query_params["start"]),
            float(request.query_params["end"]),
            request.query_params["by"],
        )
        step = {"hour": 3_600, "day": 86_400}.get(by, 30 * 86_400)
        at = [start + index * step for index in range(max(1, round((end - start) / step)))]
        rows = [
            EnergyRow(
                device=id,
                point="energy_import_Wh",
                Wh=[step / 10 * (1 + (index + place) % 5) if one < self.now else None for index, one in enumerate(at)],
                estimated=[False] * len(at),
                gap=[False] * len(at),
            )
            for place, (id, *_) in enumerate(reversed(DEVICES))
        ]
        return views.HomeEnergyView(by=by, timezone="Europe/Madrid", at=[*at, end], rows=rows, source="fleet")  # type: ignore[arg-type]  # as it was asked for

    def _energy(self, request: Request, body: bytes) -> views.FleetEnergyView:
        by: Literal["day", "month"] = "month" if request.query_params["by"] == "month" else "day"
        first = datetime.fromisoformat(request.query_params["start"])
        periods = (
            [f"{first:%Y-%m}-{day:02d}" for day in range(1, 31)]
            if by == "day"
            else [f"{first:%Y}-{month:02d}" for month in range(1, 13)]
        )
        rows = list(self.rows.values())[:100]
        days = [9_000.0 + 700 * (index % 6) for index in range(len(periods))]
        total = [
            views.FleetEnergySum(homes=len(self.rows), import_Wh=Wh * 1000, export_Wh=Wh * 200, solar_Wh=Wh * 500)
            for Wh in days
        ]
        homes = [
            views.FleetEnergyRow(
                home=one.id,
                name=one.name,
                import_Wh=list(days),
                export_Wh=[Wh / 5 for Wh in days],
                solar_Wh=[None] * len(days),
            )
            for one in rows
        ]
        return views.FleetEnergyView(by=by, periods=periods, total=total, homes=homes, next="100")

    def _events(self, request: Request, body: bytes) -> views.FleetEventsView:
        names = list(self.rows.values())[:30]
        events = [
            views.FleetEvent(
                number=1000 - index,
                home=one.id,
                name=one.name,
                at=text(self.now - index * 3_000),
                device="pump",
                kind="command",
                text="set to off, confirmed",
                data={"result": "confirmed" if index % 4 else "timeout"},
            )
            for index, one in enumerate(names)
        ]
        return views.FleetEventsView(events=events, next="970")

    def _given(self, request: Request, body: bytes) -> views.FleetCommandsView:
        home, batch = request.query_params.get("home"), request.query_params.get("batch")
        found = [one for one in self.commands if (not home or one.home == home) and (not batch or one.batch == batch)]
        return views.FleetCommandsView(commands=found[:100], states=Counter(one.state for one in found), next=None)

    def _give(self, request: Request, body: bytes) -> views.SentCommandsView:
        asked = msgspec.json.decode(body, type=views.FleetCommandBody)
        rows = (
            [self.rows[id] for id in asked.homes]
            if asked.homes
            else self._found(msgspec.structs.asdict(asked.filter or views.HomesFilter()))
        )
        targets = [
            views.CommandTargetView(
                home=one.id,
                name=one.name,
                problem="You are a viewer there." if one.organisation == 2 else "",
                can=one.organisation != 2,
            )
            for one in rows
        ]
        if asked.dry_run:
            return views.SentCommandsView(batch="", commands=[], targets=targets)
        batch = f"b{len(self.commands)}"
        made = [
            views.FleetCommandView(
                id=f"{batch}-{one.home}",
                batch=batch,
                home=one.home,
                name=one.name,
                device=asked.device,
                point=asked.point,
                value=asked.value,
                who="marta",
                at=text(self.now),
                until=text(self.now + asked.until_s),
                state="sent",
                reason="",
                changed=None,
            )
            for one in targets
            if not one.problem
        ]
        self.commands = [*made, *self.commands]
        return views.SentCommandsView(batch=batch, commands=made, targets=targets)

    def _person(self) -> views.PersonView:
        return views.PersonView(id=1, login="marta", name="Marta", role="owner", seen=None)

    def _code(self, request: Request, body: bytes) -> views.CodeView:
        return views.CodeView(
            code="K7QF-2M9D-XW4T",
            organisation=1,
            homes=1,
            expires=text(self.now + 900),
            command="unclouded join https://fleet.example/K7QF-2M9D-XW4T",
            qr=QR,
        )

    def _audit(self, request: Request, body: bytes) -> views.AuditView:
        row = views.AuditRowView(
            number=1,
            at=text(self.now - 60),
            organisation=1,
            who="marta",
            what="person.add",
            subject="luis",
            detail={"role": "viewer"},
            address="192.0.2.7",
        )
        return views.AuditView(rows=[row], next=None)


async def _all_ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _series(name: str, at: Sequence[float]) -> Series:
    device, point = name.split(".")
    base = {"meter": 900.0, "heater": 420.0}.get(device, 160.0)
    values: list[Any] = [round(base * (1.2 + math.sin(one / 9_000 + len(device))), 1) for one in at]  # Any: of a point
    if point == "on":
        values = [int(one / 7_200) % 2 == 0 for one in at]
    return Series(
        device=device,
        point=point,
        unit="W" if point == "power_W" else "",
        kind="switch" if point == "on" else "number",
        exponent=-1,
        at=list(at),
        value=values,
        min=None,
        mean=None,
        max=None,
        marks=[],
    )
