"""Rows of the tables of checks, and scripts that only judge what was recorded before."""

from collections.abc import Callable
from typing import Any, Literal

from unclouded.conformance.check import TIMEOUT_S, Check, Grade, PersonTask
from unclouded.conformance.line import Script

Judge = Callable[[Any], None]  # Any: the CheckLine of the suite


def row(
    id: str,
    title: str,
    clause: str,
    script: Callable[[Any], Script[None]],  # Any: as above
    grade: Grade = "must",
    *,
    needs: tuple[str, ...] = (),
    danger: str = "",
    person: PersonTask | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Check:
    """A check."""
    return Check(
        id=id,
        title=title,
        clause=clause,
        script=script,
        grade=grade,
        needs=needs,
        danger=danger,
        person=person,
        timeout_s=timeout_s,
    )


class Judged:
    """A script that waits for nothing and sends nothing: it judges what went over the line before.

    ``in_recordings``: also where nothing was asked on purpose, as in a recording. "log": what it looks at in the
    log; "observed": all that was recorded counts as what its preparations observed; "never": it would be mistaken.
    """

    def __init__(self, judge: Judge, in_recordings: Literal["log", "observed", "never"] = "log") -> None:
        self.judge = judge
        self.in_recordings = in_recordings

    def __call__(self, line: Any) -> Script[None]:  # Any: as above
        self.judge(line)
        yield from ()


def judged(judge: Judge) -> Judged:
    """A script that waits for nothing."""
    return Judged(judge)


def judged_anywhere(judge: Judge) -> Judged:
    """The same, of which the form of what was sent decides, whatever it was sent for."""
    return Judged(judge, "observed")


def judged_live(judge: Judge) -> Judged:
    """The same, which needs the whole conversation from its start."""
    return Judged(judge, "never")
