"""Serves the built front end: one page, its hashed files, and headers that forbid content from other origins.

    static/index.html             every path: /, /history, /devices/ID, /devices/ID/settings, /add, /decode, …
    /docs/…                       the documentation (documentation_site.py)
    static/assets/NAME-HASH.js    its files; the name changes with the content, so browsers may cache them for ever

The package build creates the files. They contain no data of the hub, so no password is required for them.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from unclouded.web.documentation_site import DOCS, SITE, Documentation
from unclouded.web.static_files import IMMUTABLE, REVALIDATE, StaticFolder, send_file

STATIC = Path(__file__).parent / "static"
DEVICE_PATH = r"devices(?:/[^/]+(?:/(?:settings|details))?)?"
PAGE_PATHS = rf"/(?:now|history|{DEVICE_PATH}|add|setup|products|decode|rules|bill|tariffs|settings|hub)?/?"
FILE = re.compile(r"/(assets/)?([A-Za-z0-9_-][A-Za-z0-9._-]*)")
AUTHORITY = "/ca.pem"  # the certificate of the hub's own authority, if the page is served with TLS

POLICY = "; ".join((
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
))  # fmt: skip
STRICT: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Unclouded</title>
<h1>The page is not built</h1>
<p>The hub is running and its API is available below /api/, but the page has not been built in this source tree.
<p>Run <code>python3 dev.py setup</code> in it, then reload this page.
</html>
"""


class Page:
    """An ASGI application for all paths outside the API. ``authority``: a certificate to offer for download.

    ``documentation``: the folder of the site that is served at /docs/. ``entry``: the file that is at all ``paths``.
    """

    def __init__(
        self,
        folder: Path = STATIC,
        authority: Path | None = None,
        documentation: Path = SITE,
        *,
        entry: str = "index.html",
        paths: str | re.Pattern[str] = PAGE_PATHS,
    ) -> None:
        self._files = StaticFolder(folder)
        self._entry = entry
        self._paths = re.compile(paths)
        self._authority = authority
        self._documentation = Documentation(documentation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        response = self.answer(Request(scope))
        for name, value in STRICT.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    def answer(self, request: Request) -> Response:
        """A file of the page, of the documentation, or the authority's certificate; 404 and 405 as text."""
        if request.method not in ("GET", "HEAD"):
            return Response("This path supports GET and HEAD only.\n", 405, {"Allow": "GET, HEAD"}, "text/plain")
        path = request.url.path
        if path == DOCS.rstrip("/") or path.startswith(DOCS):
            return self._documentation.answer(request)
        if path == AUTHORITY and self._authority is not None:
            return Response(self._authority.read_bytes(), media_type="application/x-x509-ca-cert")
        if self._paths.fullmatch(path):
            return self._index(request.headers)
        found = FILE.fullmatch(path)
        file = self._files.file(path[1:]) if found else None
        if file is None:
            return Response("There is nothing here. The page is at /.\n", 404, media_type="text/plain")
        return send_file(file, request.headers, IMMUTABLE if found and found[1] else REVALIDATE)

    def _index(self, headers: Headers) -> Response:
        file = self._files.file(self._entry)
        if file is None:
            return Response(NOT_BUILT, 503, media_type="text/html")
        return send_file(file, headers, REVALIDATE)
