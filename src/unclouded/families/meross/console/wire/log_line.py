"""The lines of the system's log.

    [T: 153 M: mrs_http C: info F: mrs_http_handle_event L: 33]: httpd status = 1
        │      │           │       └ function              └ line    └ text
        │      └ module    └ level: info, warning, error
        └ the board's own clock, about milliseconds

Other tasks print in between: a log line may end anywhere (``… F: mrs_timer_task_WTBL1 for cli[255] fail``,
``[T wifi C: erro``). It is then ``cut`` and has what could be read.
Source: docs/protocols/meross_console.md §2.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from unclouded.families.meross.console.wire.secret_words import may_hold_secret

LEVELS = ("info", "warning", "error")
START = b"[T"  # a log line that is cut may have no more than that of its beginning
INSIDE = re.compile(rb"\[T(?:: ?\d{1,15} M: | [\w .]{1,40} C: )")  # where a log line begins inside another line
LogPlace = tuple[str, str, str, int]  # module, level, function, line
_WHOLE = re.compile(r"(\[T: \d{1,15} M: ([ -\\^-~]{1,140})\]: [ -~]{0,1800})\r\n")
_FUNCTION = re.compile(r"[a-z0-9_]*")
_DIGITS = re.compile(r" ?(\d{0,15})")
_MARKS = (" M: ", " C: ", " F: ", " L: ")


class ConsoleLogLine(msgspec.Struct, frozen=True, gc=False):
    """One line of the log. ``at_ms``, ``line`` 0 and texts "": not in it, as it is cut."""

    at_ms: int
    module: str
    level: str
    function: str
    line: int
    text: str
    cut: bool = False

    def __str__(self) -> str:
        """As the board prints it."""
        head = f"[T: {self.at_ms} M: {self.module} C: {self.level} F: {self.function} L: {self.line}]"
        return f"{head}: {self.text}"


def read_log_line(text: str) -> ConsoleLogLine | None:
    """The log line that a line is; None where it does not begin as one."""
    head, found, message = text.partition("]: ")
    at, _, source = head.partition(" M: ")
    place = _place(source)
    if found and place is not None and at[:4] == "[T: " and at[4:].isdecimal() and len(at) < 20:
        return ConsoleLogLine(int(at[4:]), *place, message)
    return _cut(text)


def read_log_lines(data: bytes) -> list[tuple[str, LogPlace]] | None:
    """Many at once: the text of each line without its end, and its place.

    None unless all of them are whole lines of the log, in plain text, without words that stand before secrets.
    """
    text = data.decode("latin-1")
    found = _WHOLE.findall(text)
    if text.count("[T") != len(found) or may_hold_secret(text):
        return None
    lines = [(line, place) for line, source in found if (place := _place(source)) is not None]
    size = sum([len(line) for line, _ in lines]) + 2 * len(lines)
    return lines if size == len(text) else None


@lru_cache(maxsize=512)
def _place(source: str) -> LogPlace | None:
    """Module, level, function and line of ``mrs_http C: info F: mrs_http_handle_event L: 33``."""
    module, is_level, rest = source.partition(" C: ")
    level, is_function, rest = rest.partition(" F: ")
    function, is_line, line = rest.partition(" L: ")
    if not (is_level and is_function and is_line and line.isdecimal() and len(line) < 7 and level in LEVELS):
        return None
    return module, level, function, int(line)


def _cut(text: str) -> ConsoleLogLine | None:
    """What can be read of a log line that another task interrupted."""
    if not text.startswith(("[T:", "[T ")):
        return None
    values: dict[str, str] = {}
    rest, mark = text[2:].removeprefix(":"), ""
    for following in _MARKS:
        before, found, after = rest.partition(following)
        if found:
            values[mark] = before.strip()
            rest, mark = after, following
    values[mark] = rest
    return _of_values(values)


def _of_values(values: Mapping[str, str]) -> ConsoleLogLine:
    """Of the texts behind the marks; what stands before the first mark is the time, or a module without its mark."""
    first = values.get("", "")
    time = _DIGITS.match(first)
    digits = time[1] if time else ""
    function = values.get(" F: ", "")
    name = function[: _length_of_name(function)]
    others = first[time.end() if time else 0 :].strip(), function[len(name) :], values.get(" L: ", "")
    module = values.get(" M: ", "")
    if not module and " C: " in values:
        module, others = others[0], ("", *others[1:])
    return ConsoleLogLine(
        at_ms=int(digits or 0),
        module=module,
        level=_level(values.get(" C: ", "")),
        function=name,
        line=0,
        text=" ".join(one for one in others if one).strip(),
        cut=True,
    )


def _length_of_name(text: str) -> int:
    found = _FUNCTION.match(text)
    return found.end() if found else 0


def _level(text: str) -> str:
    """The level that a beginning of its name can only mean: ``erro`` is error."""
    word = text.strip()
    return next((level for level in LEVELS if word and level.startswith(word)), word)
