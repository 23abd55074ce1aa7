"""Lines of the console as Pieces for people and tools: what ``unclouded decode`` prints. Shows no secret.

    $ meross mem\\r\\n      command       {"command": "meross mem"}
    free: 83536\\r\\n       meross mem    {"free": 83536}
    [T: 9 M: …]: …\\r\\n    log           {"level": "info", "module": …, "text": …}
    NOR_init\\r\\n          boot loader   {"text": "NOR_init"}

A line that a log line interrupts is one Piece with it and with its rest; so are a command that reads a secret and its
answer, since the secret stands alone in it. Text is a frame once the stream has shown that it is this console.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.family import CommandRow, Piece, Sender, checked_sender, fed_bytes, section_of
from unclouded.core.sessions.session import WireValue
from unclouded.families.meross.console.wire.answer_form import AnswerLine
from unclouded.families.meross.console.wire.answers import form_of, read_answer
from unclouded.families.meross.console.wire.command_line import FIRST_WORDS, command_of, unknown
from unclouded.families.meross.console.wire.commands import COMMANDS, INCOMPLETE, ConsoleCommand
from unclouded.families.meross.console.wire.known_lines import facts_of, known_line
from unclouded.families.meross.console.wire.lines import ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.log_line import ConsoleLogLine
from unclouded.families.meross.console.wire.redact import masked_line, reads_secret, redact
from unclouded.families.meross.console.wire.strangers import recognised
from unclouded.families.meross.console.wire.values import values_of

PAGE = "docs/protocols/meross.md"
SECTIONS = (  # of PAGE, by how a command begins
    ("config", "1.9.7"),
    ("meross iot", "1.9.6"),
    ("meross power", "1.9.5.1"),
    ("meross", "1.9.5"),
    ("", "1.9.4"),
)
BLANK = "blank"
FOREIGN = "no line of this console"
MOST_LINES = 16  # of a Piece that holds several


def _fields_of(row: ConsoleCommand) -> str:
    """The fields of a command's answer, as text."""
    names = [field.name for field in msgspec.structs.fields(form_of(row).type) if field.name != "unread"]
    text = ", ".join(names) or "lines"
    return text if row.shown else f"{text}; no source shows it"


def _section_of(name: str) -> str:
    """Where the answer of a command is described."""
    return section_of(PAGE, next(number for head, number in SECTIONS if name.startswith(head)))


ROWS = tuple(
    CommandRow(
        code=row.name,
        name=row.words,
        initiator="controller",
        request=row.form,
        response=_fields_of(row),
        answer=row.name,
        timeout_s=row.timeout_s,
        section=_section_of(row.name),
    )
    for row in COMMANDS
)


class ConsoleDecoder:
    """A ``family.Decoder``. Of an unknown sender, the lines are those of the device, with the echo of commands."""

    def __init__(self, sender: Sender | None) -> None:
        self._is_typed = checked_sender(sender) == "controller"
        self._lines = ConsoleLines()
        self._offset = 0
        self._group: list[ConsoleLine] = []  # of the next Piece
        self._row: ConsoleCommand | None = None  # of the command whose answer the lines are
        self._is_console = self._is_typed
        self._is_value = False  # the group is a command that reads a secret
        self._awaits_command = False  # since a prompt, tasks have printed at most: what follows is typed

    def feed(self, data: bytes) -> Sequence[Piece]:
        return self._pieces(self._lines.feed(fed_bytes(data)))

    def close(self) -> Sequence[Piece]:
        return [*self._pieces(self._lines.close()), *self._end()]

    # --- inside --------------------------------------------------------------------------------

    def _pieces(self, lines: Sequence[ConsoleLine]) -> list[Piece]:
        pieces: list[Piece] = []
        for line in lines:
            if self._group and not self._goes_on(line):
                pieces += self._end()
            self._group.append(line)
            if not self._is_open(line):
                pieces += self._end()
        return pieces

    def _goes_on(self, line: ConsoleLine) -> bool:
        """Whether the line belongs to the Piece that is begun."""
        last = self._group[-1]
        if len(self._group) >= MOST_LINES or line.kind is LineKind.NOISE:
            return False
        if self._is_value:
            return line.kind is not LineKind.PROMPT
        if last.kind is LineKind.PROMPT:
            return line.kind is LineKind.TEXT
        return line.kind is not LineKind.PROMPT

    def _is_open(self, line: ConsoleLine) -> bool:
        """Whether more of the same Piece may follow."""
        if line.kind is LineKind.TEXT and not line.cut and reads_secret(line.text):
            self._is_value = True
        return (
            line.cut
            or line.kind is LineKind.PROMPT
            or self._is_value
            or (line.kind is LineKind.LOG and len(self._group) > 1)
        )

    def _end(self) -> list[Piece]:
        group, self._group, self._is_value = self._group, [], False
        if not group:
            return []
        data = b"".join(line.data for line in group)
        piece = self._piece(group, data)
        self._awaits_command = self._still_awaits(group)
        self._offset += len(data)
        return [piece]

    def _still_awaits(self, group: Sequence[ConsoleLine]) -> bool:
        """Whether the console waits for a command after these lines."""
        awaits = self._awaits_command
        for line in group:
            known = known_line(line.text) if line.kind is LineKind.TEXT else None
            is_printed = known is not None and not known.starts
            awaits = line.kind is LineKind.PROMPT or (awaits and (line.kind is not LineKind.TEXT or is_printed))
        return awaits

    def _piece(self, group: Sequence[ConsoleLine], data: bytes) -> Piece:
        texts = [line for line in group if line.kind in (LineKind.TEXT, LineKind.BLANK)]
        logs = [line.log for line in group if line.log is not None]
        kind = group[0].kind
        if kind is LineKind.NOISE or (not logs and kind is LineKind.BLANK):
            return self._noise(data, group[0].reason or BLANK)
        if kind is LineKind.PROMPT:
            self._row = None
        if not texts:
            self._is_console |= any(not log.cut for log in logs)
            return self._frame(data, *(_log(logs[0]) if logs else ("prompt", {})))
        is_prompted = self._awaits_command or kind is LineKind.PROMPT
        return self._text(data, texts, logs, is_prompted)

    def _text(
        self, data: bytes, lines: Sequence[ConsoleLine], logs: Sequence[ConsoleLogLine], is_prompted: bool
    ) -> Piece:
        """Of a line that is not a log line; ``lines``: its parts, or a command and what it reads."""
        more = {"log": [_log(log)[1] for log in logs]} if logs else {}
        if self._is_command(lines, is_prompted):
            whole = _shown(lines[0].text)
            self._is_console = True
            self._row = command_of(whole) or unknown(whole)
            return self._frame(data, "command", {"command": whole, **more})
        whole = _shown("".join(line.text for line in lines))
        fields = self._answer_fields(whole)
        if fields is not None and self._row is not None:
            values = values_of(read_answer(self._row, [AnswerLine(whole)]))
            return self._frame(data, self._row.name, {**(fields or {"text": whole}), **more}, tuple(values.items()))
        known = known_line(whole)
        if known is not None:
            self._is_console = True
            facts = facts_of(known, whole)
            return self._frame(data, known.printer.replace("_", " "), {"text": whole, **facts, **more})
        if not self._is_console:
            return self._noise(data, recognised(data) or FOREIGN)
        name = self._row.name if self._row is not None else "text"
        text = redact(None, whole.encode()).decode("utf-8", "replace")
        return self._frame(data, name, {"text": text, **more})

    def _is_command(self, lines: Sequence[ConsoleLine], is_prompted: bool) -> bool:
        first = lines[0].text.split()[:1]
        is_known = bool(first) and first[0] in FIRST_WORDS
        return (bool(first) and self._is_typed) or (is_known and (is_prompted or reads_secret(lines[0].text)))

    def _answer_fields(self, whole: str) -> Mapping[str, object] | None:
        """The fields of a line of an answer; None where it is none that is known."""
        if self._row is None:
            return None
        return {} if whole == INCOMPLETE else form_of(self._row).fields(whole)

    def _frame(
        self, data: bytes, name: str, message: Mapping[str, object], values: Sequence[tuple[str, WireValue]] = ()
    ) -> Piece:
        sender: Sender = "controller" if self._is_typed else "device"
        return Piece(
            offset=self._offset,
            data=data,
            kind="frame",
            sender=sender,
            command=name,
            name=name,
            message=message,
            values=values,
        )

    def _noise(self, data: bytes, reason: str) -> Piece:
        return Piece(offset=self._offset, data=data, kind="noise", reason=reason)


def _log(log: ConsoleLogLine) -> tuple[str, Mapping[str, object]]:
    fields = {name: value for name, value in msgspec.structs.asdict(log).items() if value}
    fields["text"] = masked_line(log.text.encode()).decode("utf-8", "replace")
    return "log", fields


def _shown(text: str) -> str:
    """The text of a whole line, without secrets."""
    return masked_line(text.encode()).decode("utf-8", "replace").strip()
