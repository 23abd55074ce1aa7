"""One row for each route of the API: what it is asked, what it answers. Routes and document are made from them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Literal, Protocol

import msgspec
from starlette.responses import Response

from unclouded.core.model import PublicHub, UpdateFile
from unclouded.core.views import EventView
from unclouded.web.history_series import SeriesRequest
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.schemas import By, Energy, History, HubView, Today

JSON = "application/json"
JSON_LINES = "application/jsonl"
CSV = "text/csv"
BYTES = "application/octet-stream"


class HistorySource(Protocol):
    """What the store remembers, as web/past.py tells it. Raises CommandError and StoreError."""

    async def history(self, wanted: SeriesRequest) -> History:
        """Columns; the span and the rows wanted pick the step."""

    async def energy(self, by: By, start: float, end: float, devices: Sequence[str]) -> Energy:
        """What each counter rose by in each local hour, day or month; no devices = all."""

    async def today(self, now: float) -> Today:
        """What the counters showed when the local day began."""

    async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
        """What happened, newest first."""


class UpdateFileSource(Protocol):
    """The files that devices are updated from, as updates.py keeps them. It may wait for the disk.

    Raises CommandError and StoreError.
    """

    def files(self) -> Sequence[UpdateFile]:
        """What is there, the newest first."""

    def put(self, name: str, data: bytes, *, beside: bool = False) -> UpdateFile:
        """Keep a file. ``beside``: where another one has that name, both stay."""

    def remove(self, name: str) -> UpdateFile | None:
        """Forget a file; None where there is none."""


class ApiContext(msgspec.Struct, frozen=True):
    """What the routes work on. ``wall``: Unix seconds.

    ``history`` None: this hub cannot read its store. ``updates`` None: it keeps no files.
    """

    hub: PublicHub
    about: Callable[[], HubView]
    history: HistorySource | None
    zone: tzinfo
    wall: Callable[[], float]
    updates: UpdateFileSource | None = None

    def require_update_files(self) -> UpdateFileSource:
        """The files for updates. Raises Trouble where this hub keeps none."""
        if self.updates is None:
            raise ApiError(503, "api.no_updates")
        return self.updates

    def require_history(self) -> HistorySource:
        """The past. Raises Trouble where there is none."""
        if self.history is None:
            raise ApiError(503, "api.no_history")
        return self.history


Handler = Callable[[ApiContext, ApiRequest], Awaitable[Response]]


class ApiRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One route.

    ``says``: the type of its answer; of JSON lines the types that a line may have. ``errors``: the statuses
    besides those that follow from the rest (a body, a query, the guard). ``free``: needs no role.
    ``takes``: the media type of its body, where that is no JSON.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    handler: Handler
    returns: tuple[object, ...]
    media: str = JSON
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    errors: Mapping[int, str] = {}
    public: bool = False
    accepts: str = ""

    @property
    def name(self) -> str:
        """What the document calls it."""
        return getattr(self.handler, "__name__", "")
