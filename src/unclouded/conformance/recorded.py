"""Judging a recording: the checks that only look at what one end sent, without that end.

    recording ──► the reader of each end ──► log ──► judges, without preparations ──► report
                                                     other rows: skipped, they need the end itself

Which checks these are, their rows say (rows.Judged). Where a judge looks for what a preparation would have observed or
found out, its check is not applicable, and so is one that the recording shows nothing of.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from unclouded.conformance.check import Check, CheckResult, CheckSuite, ResultKind, RunOptions, RunReport
from unclouded.conformance.line import UNREADABLE, CheckEndedError, CheckLine, LineEntry
from unclouded.conformance.rows import Judged
from unclouded.conformance.run import KEPT, RunObserver, chosen
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient, LinkPath

NEEDS_THE_END = "A recording cannot answer: it needs the end itself."
NOT_RECORDED = "The recording does not show what it is about."
NO_BYTES = "The recording holds nothing that the {} sent."


class RecordedChunk(msgspec.Struct, frozen=True):
    """Bytes that one side sent, ``t`` seconds after the recording began."""

    t: float
    sender: Sender
    data: bytes


def judge_recording(
    suite: CheckSuite,
    role: Sender,
    options: RunOptions,
    chunks: Iterable[RecordedChunk],
    ambient: Ambient,
    observer: RunObserver,
) -> RunReport:
    """The report on the end that ``role`` is played against. Raises CommandError."""
    if role not in suite.roles:
        raise CommandError(f"{suite.name} has no checks as {role}.")
    played = suite.roles[role]
    if played.links:
        raise CommandError(
            f"Recordings of {suite.name} hold its messages without the connections around them, so they cannot be "
            f"judged. Test the {played.tests} itself: --link {next(iter(played.links.values()))}"
        )
    checks = chosen(played, options.only)
    line = _filled(suite, role, chunks, ambient)
    silence = "" if line.received() else NO_BYTES.format(played.tests)
    results = [] if silence else list(_results(line, checks, observer))
    report = RunReport(
        suite=suite.name,
        role=role,
        results=tuple(results),
        silence=silence,
        began=ambient.wall(0.0),
        took_s=line.now,
        facts={"recording": True},
    )
    observer.ended(report)
    return report


# --- inside -----------------------------------------------------------------------------------------


def _filled(suite: CheckSuite, role: Sender, chunks: Iterable[RecordedChunk], ambient: Ambient) -> CheckLine[Any]:
    """A line whose log has the recording. Any: the suite's own end, which does nothing."""
    line: CheckLine[Any] = suite.roles[role].line(ambient)
    own_reader = _reader_of_own_end(suite, line, ambient)
    line.path = LinkPath(recorded=True)
    for chunk in chunks:
        _tick(line, chunk.t)
        line.now = max(line.now, chunk.t)
        if chunk.sender == line.other:
            line.feed(chunk.data)
        else:
            _put_own(line, own_reader, chunk.data)
    _tick(line, float("inf"))
    return line


def _reader_of_own_end(suite: CheckSuite, line: CheckLine[Any], ambient: Ambient) -> CheckLine[Any] | None:
    """A line on which our own end is the other one: it reads what the recorded one of our side sent."""
    role = suite.roles.get(line.other)
    return None if role is None or role.links else role.line(ambient)


def _tick(line: CheckLine[Any], until: float) -> None:
    """What silence settles before the next bytes."""
    while (at := line.reading_deadline()) is not None and at <= until:
        line.now = max(line.now, at)
        line.settle()


def _put_own(line: CheckLine[Any], reader: CheckLine[Any] | None, data: bytes) -> None:
    if reader is None:
        line.log.put(LineEntry(at=line.now, sender=line.own, data=data))
        return
    reader.now = line.now
    for entry in reader.feed(data):
        line.log.put(entry)


def _results(line: CheckLine[Any], checks: Iterable[Check], observer: RunObserver) -> Iterator[CheckResult]:
    """Those that need the end itself are in the report, and not shown one by one."""
    for check in checks:
        kind, reason = _judged(line, check)
        entries = line.log.since()[-KEPT:] if kind in ("failed", "deviation") else ()
        result = CheckResult(check=check, kind=kind, reason=reason, took_s=line.now, entries=entries)
        if reason != NEEDS_THE_END:
            observer.begun(check)
            observer.finished(result)
        yield result


def _judged(line: CheckLine[Any], check: Check) -> tuple[ResultKind, str]:
    script = check.script
    if not isinstance(script, Judged) or script.in_recordings == "never" or check.danger or check.person:
        return "skipped", NEEDS_THE_END
    line.observed = _Everything(line) if script.in_recordings == "observed" else {}
    try:
        script.judge(line)
    except CheckEndedError as end:
        is_deviation = end.kind == "failed" and check.grade == "deviation"
        return ("deviation" if is_deviation else end.kind), end.reason
    except UNREADABLE:
        return "not applicable", NOT_RECORDED
    return "passed", ""


class _Everything(dict[str, Sequence[LineEntry]]):
    """What preparations observed, by name: all that was recorded."""

    def __init__(self, line: CheckLine[Any]) -> None:
        super().__init__()
        self._entries = tuple(line.log.since())

    def __missing__(self, name: str) -> Sequence[LineEntry]:
        return self._entries
