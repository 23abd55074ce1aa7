"""HTTP/1 in a stream: heads and bodies, by Content-Length or in chunks; a capture may begin or end inside of one."""

import re
from collections.abc import Iterator

import msgspec

HEAD = re.compile(
    rb"(?P<method>GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH) (?P<path>/[^ \r\n]{0,1000}) HTTP/1\.[01]"
    rb"|HTTP/1\.[01] \d\d\d"
)
HEAD_END = re.compile(rb"\r?\n\r?\n")
LONGEST_HEAD = 65_536
LENGTH = re.compile(rb"\n[Cc]ontent-[Ll]ength[ \t]{0,8}:[ \t]{0,8}(\d{1,12})")
CHUNKED = re.compile(rb"\n[Tt]ransfer-[Ee]ncoding[ \t]{0,8}:[^\r\n]{0,80}chunked", re.IGNORECASE)
LONGEST_SIZE = 200  # bytes of the line before a chunk
SIZE_DIGITS = re.compile(rb"[0-9A-Fa-f]{1,8}")


class HttpMessage(msgspec.Struct, frozen=True):
    """A request (``path``) or an answer. ``begin``: where its body begins. ``is_cut``: its end is missing."""

    path: str
    is_request: bool
    begin: int
    body: bytes
    is_cut: bool = False


def messages_of(data: bytes) -> Iterator[HttpMessage]:
    """The messages in order; what is before the first head is left out."""
    at = 0
    while (head := HEAD.search(data, at)) is not None:
        end = HEAD_END.search(data, head.end(), head.end() + LONGEST_HEAD)
        if end is None:
            at = head.end() + LONGEST_HEAD  # no head in between ends either
            continue
        fields = data[head.end() : end.start()]
        is_request = head["method"] is not None
        body, at, is_cut = _body(data, end.end(), fields, is_request)
        path = (head["path"] or b"").decode("latin-1")
        yield HttpMessage(path, is_request, end.end(), body, is_cut)


def _body(data: bytes, begin: int, fields: bytes, is_request: bool) -> tuple[bytes, int, bool]:
    """The body, where it ends, and whether a part of it is missing."""
    size = LENGTH.search(fields)
    if CHUNKED.search(fields) is not None:
        return _chunked(data, begin)
    if size is not None:
        end = min(begin + int(size[1]), len(data))
        return data[begin:end], end, end - begin < int(size[1])
    if is_request:
        return b"", begin, False
    following = HEAD.search(data, begin)
    end = following.start() if following is not None else len(data)
    return data[begin:end], end, False


def _chunked(data: bytes, at: int) -> tuple[bytes, int, bool]:
    parts = []
    while (size := _chunk_size(data, at)) is not None:
        count, begin = size
        parts.append(data[begin : begin + count])
        at = begin + count
        at += 2 if data[at : at + 2] == b"\r\n" else 1
        if not count:
            return b"".join(parts), min(at, len(data)), False
        if at > len(data):
            break
    return b"".join(parts), min(at, len(data)), True


def _chunk_size(data: bytes, at: int) -> tuple[int, int] | None:
    """The size of the chunk, and where it begins."""
    end = data.find(b"\n", at, at + LONGEST_SIZE)
    digits = data[at : max(end, at)].partition(b";")[0].strip()
    return (int(digits, 16), end + 1) if SIZE_DIGITS.fullmatch(digits) is not None else None
