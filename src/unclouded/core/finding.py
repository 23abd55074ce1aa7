"""What a check of the doctor finds."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

Level = Literal["ok", "warning", "problem", "not checked"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "problem", "not checked")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line. ``subject``: what was looked at; ``text``: what was found; ``advice``: what to do, "" = nothing.

    ``check``: the name of the check, which the run adds, as it does ``ms``: how long the whole check took.
    """

    level: Level
    subject: str
    text: str
    advice: str = ""
    check: str = ""
    ms: float = 0.0


Findings = Iterable[Finding]


def ok(subject: str, text: str) -> Finding:
    """A finding that something is as it should be."""
    return Finding(level="ok", subject=subject, text=text)


def warning(subject: str, text: str, advice: str) -> Finding:
    """It works, and something is at risk or may not be meant."""
    return Finding(level="warning", subject=subject, text=text, advice=advice)


def problem(subject: str, text: str, advice: str) -> Finding:
    """Something does not work."""
    return Finding(level="problem", subject=subject, text=text, advice=advice)


def not_checked(subject: str, text: str, advice: str = "") -> Finding:
    """It could not be found out, and why."""
    return Finding(level="not checked", subject=subject, text=text, advice=advice)


def judged(holds: bool, subject: str, text: str, advice: str, otherwise: Callable[[str, str, str], Finding]) -> Finding:
    """``ok`` where it holds, else what ``otherwise`` makes of it."""
    return ok(subject, text) if holds else otherwise(subject, text, advice)


def counts(findings: Sequence[Finding]) -> dict[Level, int]:
    """How many findings there are of each level."""
    return {level: sum(one.level == level for one in findings) for level in LEVELS}
