"""One row for each route of an API: request, answer, errors. Routes and documents are generated from such rows."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec
from starlette.responses import Response

from unclouded.web.request import ApiRequest

JSON = "application/json"
JSON_LINES = "application/jsonl"
CSV = "text/csv"
SVG = "image/svg+xml"
BYTES = "application/octet-stream"

Context = TypeVar("Context")  # what the handlers use
Asked = TypeVar("Asked", bound=ApiRequest)
Row = TypeVar("Row", bound="RouteRow[Any, Any]")  # Any: of whichever API


class RouteRow(msgspec.Struct, Generic[Context, Asked], frozen=True, kw_only=True):
    """One route.

    ``returns``: the type of the answer; for JSON lines, the types of the lines. ``errors``: statuses besides those that
    follow from the other fields (body, query, authentication). ``public``: needs no login.
    ``accepts``: the media type of its body, where that is not JSON. ``reads``: it changes nothing, whatever its method.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    handler: Callable[[Context, Asked], Awaitable[Response]]
    returns: tuple[object, ...]
    media: str = JSON
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    errors: Mapping[int, str] = {}
    public: bool = False
    accepts: str = ""
    reads: bool = False

    @property
    def name(self) -> str:
        """The operation id in the document."""
        return getattr(self.handler, "__name__", "")


def by_path(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """The rows of each path by method, in their order."""
    paths: dict[str, dict[str, Row]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method] = row
    return paths
