"""Parts of the answer of a plug, and rows that judge them: a part that is missing or odd fails the check.

The answers are those to one query of each namespace that the plug lists. Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Callable
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, short
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.conformance.rows import judged, row

Judge = Callable[[PlugLine, Fields], None]  # of the payload of an answer


def payload_of(line: PlugLine, namespace: str) -> Fields:
    """The payload of the answer of that namespace."""
    if not line.end.lists(namespace):
        line.not_applicable(f"It does not list {short(namespace)}.")
    if namespace not in line.end.answers:
        line.skip(f"It has not answered {short(namespace)}.")
    return line.end.answers[namespace].payload


def reading(
    id: str, title: str, clause: str, namespace: str, judge: Judge, grade: Grade = "must", needs: tuple[str, ...] = ()
) -> Check:
    """A check of the answer of one namespace."""
    script = judged(lambda line: judge(line, payload_of(line, namespace)))
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS, *needs))


def number(line: PlugLine, fields: Fields, name: str, lowest: int, highest: int) -> int:
    """A whole number in a range; the check has failed where it is none."""
    value = fields.get(name)
    if type(value) is not int:
        line.fail(f"{name} is {'no whole number' if name in fields else 'missing'}.")
    line.require(lowest <= value <= highest, f"{name} is {value}.")
    return value


def texts(line: PlugLine, fields: Fields, *names: str) -> None:
    """Fails where one of these fields is not a text."""
    for name in names:
        line.require(isinstance(fields.get(name), str), f"{name} is not a text.")


def part(line: PlugLine, fields: Fields, name: str) -> Fields:
    """An object in the payload."""
    found = fields.get(name)
    if not isinstance(found, dict):
        line.fail(f"There is no object {name}.")
    return found


def items(line: PlugLine, fields: Fields, name: str) -> list[Fields]:
    """A list of objects in the payload."""
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        line.fail(f"{name} is not a list of objects.")
    return found


def reading_row(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    """A check of several answers, or of one that is asked for again."""
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS,), timeout_s=60.0)
