"""/metrics: what Prometheus collects. It is answered where the API is, with the same access control.

GET /metrics        a token of the role read, or no token where the hub lets everyone read them
                    Accept: application/openmetrics-text    OpenMetrics; else Prometheus' own text
"""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from unclouded.web.request import problem
from unclouded.web.words import say

PATH = "/metrics"


class MetricsSource(Protocol):
    """Where the metrics come from; they may be switched on and off while the hub runs."""

    def is_open(self) -> bool:
        """Whether everyone may read them."""

    def answer(self, accept: str) -> tuple[bytes, str] | None:
        """The metrics in the format that an Accept header prefers, and their content type; None where they are off."""


class MetricsEndpoint:
    """Answers GET and HEAD."""

    def __init__(self, source: MetricsSource | None) -> None:
        self._source = source

    async def answer(self, request: Request) -> Response:
        """The metrics in the format that the request accepts; 404 where there are none."""
        found = self._source.answer(request.headers.get("accept", "")) if self._source is not None else None
        if found is None:
            return problem(404, say("api.no_metrics"), "api.no_metrics")
        return Response(found[0], headers={"Content-Type": found[1]})
