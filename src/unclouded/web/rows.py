"""One row for each route of the API: what it is asked, what it answers. Routes and document are made from them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import tzinfo
from typing import Literal, Protocol

import msgspec
from starlette.responses import Response

from unclouded.model import Device, House
from unclouded.web.asked import Asked, Trouble
from unclouded.web.shapes import Energy, EventView, History, HubView, Today

By = Literal["hour", "day", "month"]

JSON = "application/json"
JSON_LINES = "application/jsonl"
CSV = "text/csv"


class Past(Protocol):
    """What the store remembers, as web/past.py tells it. Raises CommandError and StoreError."""

    async def history(
        self, series: Sequence[tuple[str, str]], start: float, end: float, points: int, house: Collection[Device]
    ) -> History:
        """Columns of (device, point) pairs; the span and ``points`` pick the step. ``house``: who is there now."""

    async def energy(self, by: By, start: float, end: float, devices: Sequence[str]) -> Energy:
        """What each counter rose by in each local hour, day or month; no devices = all."""

    async def today(self, now: float) -> Today:
        """What the counters showed when the local day began."""

    async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
        """What happened, newest first."""


class Rooms(msgspec.Struct, frozen=True):
    """What the routes work on. ``wall``: Unix seconds. ``past`` None: this hub cannot read its store."""

    house: House
    about: Callable[[], HubView]
    past: Past | None
    zone: tzinfo
    wall: Callable[[], float]

    def remembered(self) -> Past:
        """The past. Raises Trouble where there is none."""
        if self.past is None:
            raise Trouble(503, "api.no_past")
        return self.past


Handler = Callable[[Rooms, Asked], Awaitable[Response]]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One route.

    ``says``: the type of its answer; of JSON lines the types that a line may have. ``errors``: the statuses
    besides those that follow from the rest (a body, a query, the guard). ``free``: needs no role.
    """

    method: Literal["GET", "POST"]
    path: str
    words: str
    handler: Handler
    says: tuple[object, ...]
    media: str = JSON
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    errors: Mapping[int, str] = {}
    free: bool = False

    @property
    def name(self) -> str:
        """What the document calls it."""
        return getattr(self.handler, "__name__", "")
