"""How the lines of an answer become a struct: one form for each line that the answer may have.

    form    ``free: *(?P<free>\\d+)``                 line ``free: 83536``  ──►  free = 83536
    item    ``interface: (?P<name>.*)``, begins      each such line begins another item of a list

A line that a log line interrupted is joined with its rest, where that makes a line of the answer. Lines of the driver
in between are left out. What fits no form is ``unread``: nothing is lost, and nothing is guessed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.families.meross.console.wire.known_lines import known_line

Fields = dict[str, Any]  # Any: texts that msgspec turns into the types of the struct


class ConsoleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The typed answer of a command. ``unread``: its lines that are not understood."""

    unread: tuple[str, ...] = ()


class LineForm(msgspec.Struct, frozen=True):
    """One line: its named groups are fields. ``item``: of an item of that list; ``begins``: of a new one."""

    pattern: re.Pattern[str]
    item: str = ""
    begins: bool = False


def line(pattern: str, item: str = "", *, begins: bool = False) -> LineForm:
    """A form; white space around the line does not count, and groups end without any."""
    return LineForm(re.compile(pattern), item, begins)


class AnswerForm(msgspec.Struct, frozen=True):
    """What an answer may consist of. ``adjust``: brings the fields of one line into their units."""

    type: type[ConsoleAnswer]
    lines: tuple[LineForm, ...] = ()
    adjust: Callable[[Fields], Fields] = lambda fields: fields

    def read(self, texts: Sequence["AnswerLine"]) -> ConsoleAnswer:
        """The answer that these lines are. It never raises."""
        fields: Fields = {}
        unread = []
        for text in whole_lines(texts, self.fits):
            if not self._take(text, fields) and known_line(text) is None:
                unread.append(text.strip())
        try:
            return msgspec.convert({**fields, "unread": unread}, self.type, strict=False)
        except msgspec.ValidationError:  # a number that is none: nothing is guessed of the others
            return self.type(unread=tuple(one.text.strip() for one in texts if one.text.strip()))

    def fields(self, text: str) -> Mapping[str, object] | None:
        """The fields of one line, of an item too; None where it fits no form."""
        matched = self._match(text)
        return None if matched is None else self._own(matched[1])

    def fits(self, text: str) -> bool:
        """Whether a line belongs to the answer."""
        return self._match(text) is not None

    def _match(self, text: str) -> tuple[LineForm, re.Match[str]] | None:
        stripped = text.strip()
        for form in self.lines:
            if found := form.pattern.fullmatch(stripped):
                return form, found
        return None

    def _own(self, found: re.Match[str]) -> Fields:
        return self.adjust({name: value.strip() for name, value in found.groupdict().items() if value is not None})

    def _take(self, text: str, fields: Fields) -> bool:
        matched = self._match(text)
        if matched is None:
            return False
        form, found = matched
        own = self._own(found)
        if not form.item:
            fields.update(own)
        elif form.begins:
            fields.setdefault(form.item, []).append(own)
        elif items := fields.get(form.item):
            items[-1].update(own)
        else:
            return False
        return True


class AnswerLine(msgspec.Struct, frozen=True):
    """A line of an answer. ``cut``: a log line interrupted it, and its rest may be the next line."""

    text: str
    cut: bool = False


def whole_lines(texts: Sequence[AnswerLine], fits: Callable[[str], bool]) -> list[str]:
    """Those that are not blank. The parts of an interrupted one are joined, unless the next line is one by itself."""
    lines: list[str] = []
    begun = ""  # an interrupted line
    for one in texts:
        text = one.text
        if begun and known_line(text) is not None:
            continue
        if begun and _belongs(begun, text, fits):
            text, begun = begun + text, ""
        elif begun:
            lines.append(begun)
            begun = ""
        if one.cut:
            begun = text
        elif text.strip():
            lines.append(text)
    return [*lines, begun] if begun.strip() else lines


def _belongs(begun: str, text: str, fits: Callable[[str], bool]) -> bool:
    """Whether a line is the rest of an interrupted one: it is not a line by itself, or only both together are one."""
    return not fits(text) or (not fits(begun) and fits(begun + text))
