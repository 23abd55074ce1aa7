"""The parts of what a console prints and of what is typed on it: prompts, commands, log lines, and each value.

    $ ·  meross mem   \\r\\n      [T: 153   M: mrs_http  C: info  F: mrs_…  L: 33  ]: httpd status = 1  \\r\\n
    prompt command    end       time      module       level    function  line   text                 end
    free: 83536   \\r\\n
    free          end

A value has the words before it with it. Source: docs/protocols/meross_console.md §1.2, §2, §4.
"""

import re
from collections.abc import Mapping, Sequence

from unclouded.core.family import Piece
from unclouded.core.frame_part import FramePart, PartReader
from unclouded.families.meross.console.wire.answers import form_of
from unclouded.families.meross.console.wire.command_line import command_of
from unclouded.families.meross.console.wire.commands import INCOMPLETE, ConsoleCommand, rows_of
from unclouded.families.meross.console.wire.config_keys import RELAY_KEY
from unclouded.families.meross.console.wire.known_lines import known_line
from unclouded.families.meross.console.wire.lines import ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.values import ON

COMMAND = "command"  # the name of a piece that is one
WIRES: Mapping[str, Mapping[str, str]] = {
    "meross power": {
        "power": "power.p",
        "voltage": "power.v",
        "current": "power.i",
        "voltage_ratio": "power.v_ratio",
        "current_ratio": "power.i_ratio",
    },
    "meross mem": {"free": "mem.free", "low": "mem.low"},
    "meross time": {"uptime_s": "uptime"},
    "meross fac": {"factory_mode": "factory_mode"},
    "meross iot status": {"wifi": "iot.wifi", "server": "iot.server"},
}
_LOG = re.compile(
    rb"(\[T: (\d{1,15}))( M: ([^\]\r\n]{0,140}?))( C: (\w{1,20}))( F: (\w{0,80}))( L: (\d{1,7}))(\]: )([^\r\n]*)"
)
_NUMBER = re.compile(r"-?\d{1,15}")
_WORD = re.compile(rb"[ \t]*[^ \t]+")


def layout(piece: Piece) -> Sequence[FramePart]:
    """A core.family.Layout."""
    reader = PartReader(piece.data)
    lines = ConsoleLines()
    is_command = piece.name == COMMAND
    for line in [*lines.feed(piece.data), *lines.close()]:
        _line(reader, line, piece, is_command)
        is_command = is_command and line.kind is not LineKind.TEXT
    return reader.parts


# --- inside ---------------------------------------------------------------------------------------


def _line(reader: PartReader, line: ConsoleLine, piece: Piece, is_command: bool) -> None:
    size = len(line.data)
    content = len(line.data.rstrip(b"\r\n"))
    match line.kind:
        case LineKind.PROMPT:
            reader.take(size, "prompt", "header")
            return
        case LineKind.NOISE:
            reader.take(size, "no text", "rest")
            return
        case LineKind.LOG:
            _log(reader, content)
        case LineKind.TEXT if is_command:
            _command(reader, content)
        case LineKind.TEXT if line.cut:
            reader.take(content, "line, cut", type="text", text=line.text.strip())
        case LineKind.TEXT:
            _text(reader, content, piece)
        case _:
            reader.take(content, "blank", "rest")
    reader.take(size - content, "end", "header")


def _log(reader: PartReader, size: int) -> None:
    found = _LOG.fullmatch(reader.peek(size))
    if found is None:
        reader.take(size, "log line, cut", type="text")
        return
    at_ms = int(found[2])
    reader.take(len(found[1]), "time", "header", value=at_ms, text=f"{at_ms} ms")
    for place, label in ((3, "module"), (5, "level"), (7, "function"), (9, "line")):
        text = found[place + 1].decode("latin-1")
        reader.take(len(found[place]), label, "header", value=text, text=text)
    text = found[12].decode("utf-8", "replace")
    reader.take(len(found[11]) + len(found[12]), "text", type="text", value=text, text=text)


def _command(reader: PartReader, size: int) -> None:
    """The name, and each argument."""
    end = reader.at + size
    row = command_of(reader.peek(size).decode("latin-1"))
    if row is None:
        reader.take(size, COMMAND, "command", text="not known")
        return
    words = [found[0] for found in _WORD.finditer(reader.peek(size))]
    named = len(row.name.split())
    reader.take(sum(map(len, words[:named])), COMMAND, "command", value=row.name, text=row.words)
    for argument, word in zip(row.args, words[named:], strict=False):
        text = word.decode("latin-1").strip()
        reader.take(len(word), argument.name, value=text, text=text)
    reader.take(end - reader.at, "more", "rest")


def _text(reader: PartReader, size: int, piece: Piece) -> None:
    data = reader.peek(size)
    text = data.decode("latin-1")
    found = _form(piece, text) if data.isascii() else None
    known = known_line(text)
    if found is not None:
        _values(reader, size, text, found, str(piece.command))
    elif known is not None:
        reader.take(size, known.printer.replace("_", " "), type="text", text=text.strip())
    else:
        reader.take(size, "text", type="text", text=data.decode("utf-8", "replace").strip())


def _form(piece: Piece, text: str) -> re.Match[str] | None:
    """How a line of an answer is made; None where it is none that is known."""
    row = _row_of(piece)
    if row is None or text.strip() == INCOMPLETE:
        return None
    found = (one.pattern.fullmatch(text.strip()) for one in form_of(row).lines)
    return next((one for one in found if one is not None), None)


def _row_of(piece: Piece) -> ConsoleCommand | None:
    """The command whose answer it is."""
    rows = rows_of(str(piece.command))
    return rows[0] if rows else None


def _values(reader: PartReader, size: int, text: str, found: re.Match[str], command: str) -> None:
    """Each value with the words before it."""
    began = reader.at
    offset = len(text) - len(text.lstrip())
    groups = sorted((found.end(name), name) for name, value in found.groupdict().items() if value is not None)
    for end, name in groups:
        value = found[name].strip()
        end = end if any(map(str.isalnum, text[offset + end :])) else size - offset  # a bracket closes it
        wire = ON if found.groupdict().get("key") == RELAY_KEY and name == "value" else ""
        reader.take(
            began + offset + end - reader.at,
            name.replace("_", " "),
            "value",
            value=int(value) if _NUMBER.fullmatch(value) else value,
            text=value,
            wire=wire or WIRES.get(command, {}).get(name, ""),
        )
    reader.take(began + size - reader.at, "text" if groups else "title", type="text")
