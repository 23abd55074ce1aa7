"""Serves the built front end: one page, its hashed files, and headers that forbid content from other origins.

    static/index.html             every path: /, /now, /history, /devices, /devices/ID, /setup, /products, /decode, /hub
    static/assets/NAME-HASH.js    its files; the name changes with the content, so browsers may cache them for ever

The package build creates the files. A file is read and compressed at its first request, and again when it has changed
on disk. The files contain no data of the hub, so no password is required for them.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
PAGE_PATHS = re.compile(r"/(?:now|history|devices(?:/[^/]+)?|setup|products|decode|hub)?/?")
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
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
COMPRESSIBLE = (".html", ".js", ".css", ".json", ".webmanifest", ".svg", ".txt")
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Unclouded</title>
<h1>The page is not built</h1>
<p>The hub is running and its API is available below /api/, but the page has not been built in this source tree.
<p>Run <code>python3 dev.py setup</code> in it, then reload this page.
</html>
"""


class PageFile(msgspec.Struct, frozen=True):
    """One file, ready to be sent. ``compressed`` is empty if compression does not make it smaller."""

    data: bytes
    compressed: bytes
    kind: str
    tag: str
    stamp: tuple[int, int]


class Page:
    """An ASGI application for all paths outside the API. ``authority``: a certificate to offer for download."""

    def __init__(self, folder: Path = STATIC, authority: Path | None = None) -> None:
        self._folder = folder
        self._authority = authority
        self._files: dict[str, PageFile] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        response = self.answer(Request(scope))
        response.headers.update(STRICT)
        await response(scope, receive, send)

    def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response("This path supports GET and HEAD only.\n", 405, {"Allow": "GET, HEAD"}, "text/plain")
        path = request.url.path
        if path == AUTHORITY and self._authority is not None:
            return Response(self._authority.read_bytes(), media_type="application/x-x509-ca-cert")
        if PAGE_PATHS.fullmatch(path):
            return self._index(request.headers)
        found = FILE.fullmatch(path)
        file = self._file(path[1:]) if found else None
        if file is None:
            return Response("There is nothing here. The page is at /.\n", 404, media_type="text/plain")
        return _send(file, request.headers, IMMUTABLE if found and found[1] else REVALIDATE)

    def _index(self, headers: Headers) -> Response:
        file = self._file("index.html")
        if file is None:
            return Response(NOT_BUILT, 503, media_type="text/html")
        return _send(file, headers, REVALIDATE)

    def _file(self, name: str) -> PageFile | None:
        """The file of that name in the folder; ``name`` matches FILE."""
        path = self._folder / name
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            file = self._files.get(name)
            if file is None or file.stamp != stamp:
                file = self._files[name] = _load(path, stamp)
        except (OSError, ValueError):
            self._files.pop(name, None)
            return None
        return file


def _load(path: Path, stamp: tuple[int, int]) -> PageFile:
    data = path.read_bytes()
    compressed = gzip.compress(data, 9, mtime=0) if path.suffix in COMPRESSIBLE else b""
    kind = TYPES.get(path.suffix, "application/octet-stream")
    tag = hashlib.sha256(data).hexdigest()[:20]
    return PageFile(data, compressed if len(compressed) < len(data) else b"", kind, tag, stamp)


def _send(file: PageFile, headers: Headers, cache: str) -> Response:
    """The file, or 304 if the browser has the current version."""
    compress = bool(file.compressed) and accepts_gzip(headers.get("accept-encoding", ""))
    tag = f'"{file.tag}{"-gz" if compress else ""}"'
    headers_out = {"ETag": tag, "Cache-Control": cache}
    if file.compressed:
        headers_out["Vary"] = "Accept-Encoding"
    if _matches(headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers_out)
    if compress:
        headers_out["Content-Encoding"] = "gzip"
    return Response(file.compressed if compress else file.data, headers={**headers_out, "Content-Type": file.kind})


def _matches(known: str, tag: str) -> bool:
    """Whether ``If-None-Match`` contains this tag."""
    return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))


def accepts_gzip(accepted: str) -> bool:
    """Whether ``Accept-Encoding`` allows gzip. A named encoding overrides ``*``."""
    weights: dict[str, bool] = {}
    for one in accepted.lower().split(","):
        name, _, rest = one.strip().partition(";")
        weights[name.strip()] = not re.fullmatch(r"\s*q=0(\.0*)?\s*", rest)
    return weights.get("gzip", weights.get("*", False))
