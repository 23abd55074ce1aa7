"""Serves the built front end: one page, its hashed files, and headers that let it run nothing from elsewhere.

    static/index.html             every place of the page: /, /now, /history, /devices, /devices/ID, /hub
    static/assets/NAME-HASH.js    what it needs; the name changes with the content, so browsers keep it for good

The build of the package puts the files there. A file is read and compressed when it is first asked for, and
again when it has changed on disk. The files hold no data of the house, so nobody needs a password for them.
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
PLACES = re.compile(r"/(?:now|history|devices(?:/[^/]+)?|hub)?/?")
FILE = re.compile(r"/(assets/)?([A-Za-z0-9_-][A-Za-z0-9._-]*)")
AUTHORITY = "/ca.pem"  # the certificate of the hub's own authority, where the page is served with TLS

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
SQUEEZABLE = (".html", ".js", ".css", ".json", ".webmanifest", ".svg", ".txt")
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Unclouded</title>
<h1>The page is not built</h1>
<p>The hub runs, and its API answers below /api/, but this source tree has no built page yet.
<p>Run <code>python3 dev.py setup</code> in it, then load this again.
</html>
"""


class PageFile(msgspec.Struct, frozen=True):
    """One file, ready to be sent. ``squeezed`` is empty where compressing does not pay."""

    data: bytes
    squeezed: bytes
    kind: str
    tag: str
    stamp: tuple[int, int]


class Page:
    """An ASGI application for all that is not the API. ``authority``: the certificate to hand out, if there is one."""

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
            return Response("This place can only be read.\n", 405, {"Allow": "GET, HEAD"}, "text/plain")
        path = request.url.path
        if path == AUTHORITY and self._authority is not None:
            return Response(self._authority.read_bytes(), media_type="application/x-x509-ca-cert")
        if PLACES.fullmatch(path):
            return self._index(request.headers)
        found = FILE.fullmatch(path)
        file = self._file(path[1:]) if found else None
        if file is None:
            return Response("There is nothing here. The page is at /.\n", 404, media_type="text/plain")
        return _send(file, request.headers, FOR_GOOD if found and found[1] else ASK_EACH_TIME)

    def _index(self, headers: Headers) -> Response:
        file = self._file("index.html")
        if file is None:
            return Response(NOT_BUILT, 503, media_type="text/html")
        return _send(file, headers, ASK_EACH_TIME)

    def _file(self, name: str) -> PageFile | None:
        """The file of that name below the folder; only names that FILE allows come here."""
        path = self._folder / name
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            file = self._files.get(name)
            if file is None or file.stamp != stamp:
                file = self._files[name] = _ready(path, stamp)
        except (OSError, ValueError):
            self._files.pop(name, None)
            return None
        return file


def _ready(path: Path, stamp: tuple[int, int]) -> PageFile:
    data = path.read_bytes()
    squeezed = gzip.compress(data, 9, mtime=0) if path.suffix in SQUEEZABLE else b""
    kind = TYPES.get(path.suffix, "application/octet-stream")
    tag = hashlib.sha256(data).hexdigest()[:20]
    return PageFile(data, squeezed if len(squeezed) < len(data) else b"", kind, tag, stamp)


def _send(file: PageFile, headers: Headers, cache: str) -> Response:
    """The file, or 304 where the browser has it."""
    squeeze = bool(file.squeezed) and takes_gzip(headers.get("accept-encoding", ""))
    tag = f'"{file.tag}{"-gz" if squeeze else ""}"'
    say = {"ETag": tag, "Cache-Control": cache}
    if file.squeezed:
        say["Vary"] = "Accept-Encoding"
    if _has(headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=say)
    if squeeze:
        say["Content-Encoding"] = "gzip"
    return Response(file.squeezed if squeeze else file.data, headers={**say, "Content-Type": file.kind})


def _has(known: str, tag: str) -> bool:
    """Does ``If-None-Match`` name this tag?"""
    return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))


def takes_gzip(accepted: str) -> bool:
    """Does ``Accept-Encoding`` allow gzip? What it names goes before ``*``."""
    weights: dict[str, bool] = {}
    for one in accepted.lower().split(","):
        name, _, rest = one.strip().partition(";")
        weights[name.strip()] = not re.fullmatch(r"\s*q=0(\.0*)?\s*", rest)
    return weights.get("gzip", weights.get("*", False))
