r"""Bytes as program source and as programs print them: strings with escapes, and buffers of Node.

    b'U\xaa\x03'   bytearray(b'…')   Serialized[b'…']   bytes.fromhex('55aa…')   uart.write("U\xaa\x22")
    <Buffer 55 aa …>   {"type":"Buffer","data":[85,170]}

A string of C takes all hex digits behind ``\x``, others take two; both are tried.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from unclouded.formats.chunk import InputChunk, Mark
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import NO_LABEL, label_of
from unclouded.formats.text.stamps import StampClock, stamp_of

LITERAL = re.compile(
    r"""<Buffer(?P<node>(?:[ ][0-9a-f]{2})*)(?P<more>[ ]?\.{3}[ ]\d{1,9}[ ]more[ ]bytes?)?>
    | \{"type":[ ]?"Buffer",[ ]?"data":[ ]?\[(?P<list>[0-9,\s]*+)\]\}
    | (?:fromhex|unhexlify|Buffer\.from)\(\s?['"](?P<hex>[0-9A-Fa-f\s]*+)['"]
    | [bB]'(?P<single>(?:[^'\\\n]|\\.)*)'
    | [bB]"(?P<double>(?:[^"\\\n]|\\.)*)"
    | "(?P<string>(?:[^"\\\n]|\\.)*)"
    | '(?P<quoted>(?:[^'\\\n]|\\.)*)'""",
    re.VERBOSE,
)
WHOLE = re.compile(r"[bB]'([^'\\]*+(?:\\.[^'\\]*+)*)'|<Buffer((?:[ ][0-9a-f]{2})*)>")  # a line that is nothing else
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
GREEDY = re.compile(r"\\(?:x([0-9A-Fa-f]+)|([0-7]{1,3})|(.))", re.DOTALL)
NAMED = dict(zip("abtnvfre", b"\a\b\t\n\v\f\r\x1b", strict=True))
STAMPED = frozenset("0123456789[(\"' ")
SIGNS = ("b'", 'b"', "\\x", "<Buffer", '"Buffer"', "fromhex", "unhexlify", "Buffer.from")
SIGN = re.compile("|".join(map(re.escape, SIGNS)))
SAMPLE = 200
LONGEST_LABEL = 48


def unescaped(text: str, escape: re.Pattern[str] = ESCAPE) -> bytes:
    r"""The bytes of a string with escapes; what is not an escape is its UTF-8."""
    if escape is ESCAPE and "\\e" not in text and "\\u" not in text and "\\N" not in text and "\\U" not in text:
        try:
            return text.encode().decode("unicode_escape").encode("latin-1")
        except (UnicodeDecodeError, UnicodeEncodeError):
            pass
    return escape.sub(_escaped, text).encode("latin-1", "replace") if text.isascii() else text.encode()


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16) & 0xFF)
    if found[2]:
        return chr(int(found[2], 8) & 0xFF)
    return chr(NAMED.get(found[3], ord(found[3]) & 0xFF))


def literals(line: str, escape: re.Pattern[str] = ESCAPE) -> Iterator[tuple[int, bytes, Mark]]:
    """Where each literal of a line begins, its bytes, and "cut" where the program printed only the beginning."""
    for found in LITERAL.finditer(line):
        kind = found.lastgroup
        if kind in ("node", "more"):
            yield found.start(), bytes.fromhex(found["node"] or ""), "cut" if found["more"] else ""
        elif kind == "list":
            values = [int(one) for one in found["list"].split(",") if one.strip().isdecimal()]
            yield found.start(), bytes(value for value in values if value < 256), ""
        elif kind == "hex":
            digits = "".join(found["hex"].split())
            yield found.start(), bytes.fromhex(digits[: len(digits) // 2 * 2]), ""
        elif kind in ("single", "double") or "\\" in (found[kind or 0] or ""):
            yield found.start(), unescaped(found[kind or 0], escape), ""


def recognise(source: InputSource) -> float:
    """The share of lines with a literal."""
    text = source.text or ""
    if not any(sign in text for sign in SIGNS):
        return 0.0
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    found = sum(1 for line in lines if any(sign in line for sign in SIGNS) and any(literals(line)))
    return max(found / len(lines), 0.01) if lines else 0.0


def read(escape: re.Pattern[str], source: InputSource) -> FormatReading:
    """The bytes of literals with escapes, one chunk for a line or literal, with the time at the line's beginning."""
    clock = StampClock()
    chunks: list[InputChunk] = []
    unread: list[int] = []
    explained = 0
    for number, line in enumerate(source.lines, 1):
        if not line or line.isspace():
            continue
        whole = WHOLE.fullmatch(line)
        if whole is not None:
            data = unescaped(whole[1], escape) if whole[1] is not None else bytes.fromhex(whole[2])
            chunks.append(InputChunk(None, None, data, "", number, 1))
            explained += 1
            continue
        found = list(literals(line, escape)) if SIGN.search(line) else []
        if not found:
            if len(unread) < MOST_UNREAD:
                unread.append(number)
            continue
        stamp = stamp_of(line) if line[0] in STAMPED else None
        t = clock.seconds(stamp) if stamp is not None else None
        start = stamp.end if stamp is not None else 0
        explained += 1
        for at, data, mark in found:
            label = label_of(line[max(start, at - LONGEST_LABEL) : at]) if at > start else NO_LABEL
            chunks.append(InputChunk(t, label.sender, data, label.lane, number, at + 1, mark=mark))
    return FormatReading(
        chunks=chunks,
        lines=source.filled,
        explained=explained,
        data_lines=explained,
        unread=unread,
        stamps=clock.count,
        backwards=clock.backwards,
        started=clock.started,
    )


def _format(name: str, title: str, escape: re.Pattern[str], recognise: Callable[[InputSource], float]) -> InputFormat:
    return InputFormat(
        name=name,
        group="literal",
        title=title,
        specificity=Specificity.LITERAL,
        recognise=recognise,
        read=partial(read, escape),
    )


FORMATS = (
    _format("literals", "strings with escapes", ESCAPE, recognise),
    _format(
        "literals_c", "strings of C", GREEDY, lambda source: recognise(source) if "\\x" in (source.text or "") else 0.0
    ),
)
