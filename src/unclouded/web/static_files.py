"""Files of a folder, each read and compressed at its first request, and again when it has changed on disk."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

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


class StaticFile(msgspec.Struct, frozen=True):
    """One file, ready to be sent. ``compressed`` is empty if compression does not make it smaller."""

    data: bytes
    compressed: bytes
    kind: str
    tag: str
    stamp: tuple[int, int]


class StaticFolder:
    """The files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, StaticFile] = {}

    def file(self, name: str) -> StaticFile | None:
        """The file of that name, None = there is none. ``name`` is a relative path without ``..``."""
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


def _load(path: Path, stamp: tuple[int, int]) -> StaticFile:
    data = path.read_bytes()
    compressed = gzip.compress(data, 9, mtime=0) if path.suffix in COMPRESSIBLE else b""
    kind = TYPES.get(path.suffix, "application/octet-stream")
    tag = hashlib.sha256(data).hexdigest()[:20]
    return StaticFile(data, compressed if len(compressed) < len(data) else b"", kind, tag, stamp)


def send_file(file: StaticFile, headers: Headers, cache: str) -> Response:
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
