"""A check, its result, and a suite of checks.

    CheckSuite("tuya_wifi") ──► PlayedRole("controller") ──► Check("mcu.heartbeat.answered", …, must)
                                  │                            └─ script: sends, waits, and judges
                                  └─ the end that we play, how it finds the other one, preparations

A check is one row: what must hold, by which section of a page of docs/protocols/, how strongly, and the script that
finds out. Everything else (the list, the page of the docs, the reports) derives from the rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient

Grade = Literal["must", "should", "deviation"]
ResultKind = Literal["passed", "failed", "deviation", "skipped", "not applicable"]

GRADES: Mapping[Grade, str] = {
    "must": "the protocol demands it",
    "should": "the protocol advises it, or a good implementation does it",
    "deviation": "the protocol demands it, but many devices are known to do otherwise, so it is not a failure",
}
TIMEOUT_S = 30.0  # of a check that names none
PersonTaskKind = Literal[
    "announced",
    "start",
    "wake",
    "join",
    "permit_joining",
    "switch",
    "switch_on",
    "switch_off",
    "press_button",
    "cut_power",
    "make_record",
    "use_remote_control",
    "remove",
    "make_group",
    "learn_infrared",
    "send_infrared",
    "update",
    "update_sub_device",
    "reset",
]


class PersonTask(msgspec.Struct, frozen=True):
    """What a person has to do for a check. ``kind``: for programs that do it; ``text``: sentences for the person.

    "announced": nothing yet; what has to be done is said when it is due.
    """

    kind: PersonTaskKind
    text: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check.

    ``id``: unique in its suite, such as ``mcu.heartbeat.answered``; the first word names the end under test.
    ``title``: what must hold, a sentence. ``clause``: the section of the suite's page, or page and section.
    ``script``: makes the script for a CheckLine. ``needs``: preparations that come first. ``danger``: what it may do to
    the device; it runs only where that was allowed. ``person``: what a person has to do meanwhile; it runs only where
    one is there. ``timeout_s``: after so long it has failed.
    """

    id: str
    title: str
    clause: str
    script: Callable[[Any], Any]  # Any: the suite's CheckLine, and a Script
    grade: Grade = "must"
    needs: tuple[str, ...] = ()
    danger: str = ""
    person: PersonTask | None = None
    timeout_s: float = TIMEOUT_S


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """What checks need first. ``once``: once in a run is enough, and where it fails it is not tried again."""

    text: str
    script: Callable[[Any], Any]  # Any: as of a check
    once: bool = False
    timeout_s: float = 120.0


class PlayedRole(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a protocol, played by us against the other one.

    ``plays``, ``tests``: the names of the ends. ``line``: makes the CheckLine. ``reach``: a script that finds the other
    end; its result is "" or why it is silent. ``alive``: a script whose result is whether it still answers.
    ``silence_s``: how long it may be silent at first. ``advice``: what to look for on a silent line. ``links``: the
    links that it plays on, by scheme, with an example each; none = those that carry a byte stream.
    """

    plays: str
    tests: str
    line: Callable[..., Any]  # Any: a CheckLine
    reach: Callable[[Any, float], Any]  # Any: as of a check
    alive: Callable[[Any], Any]  # Any: as of a check
    silence_s: float
    advice: str
    checks: Sequence[Check]
    preparations: Mapping[str, Preparation] = {}
    links: Mapping[str, str] = {}


class CheckSuite(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one protocol, by the role that we play. ``family``, ``dialect``: how its frames are decoded.

    ``page``: of docs/protocols/, to which the clauses belong.
    """

    name: str
    title: str
    page: str
    family: str
    roles: Mapping[Sender, PlayedRole]
    dialect: str = ""

    def clause(self, check: Check) -> str:
        """The clause of a check with the page that it is on."""
        return check.clause if check.clause.startswith("docs/") else f"docs/protocols/{self.page}.md {check.clause}"


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does.

    ``only``: patterns of check ids, none = all. ``yes``: dangerous checks too. ``assist``: a person is there.
    ``firmware``: an update file for the device. ``silence_s``: None = as the role has it. ``key``: the secret that
    both ends know.
    """

    only: tuple[str, ...] = ()
    yes: bool = False
    assist: bool = False
    firmware: bytes = b""
    silence_s: float | None = None
    key: str = ""

    def __repr__(self) -> str:
        return f"RunOptions(only={self.only!r}, yes={self.yes}, assist={self.assist})"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a check. ``began_s``: seconds since the run began. ``entries``: of the wire."""

    check: Check
    kind: ResultKind
    reason: str = ""
    began_s: float = 0.0
    took_s: float = 0.0
    entries: Sequence[Any] = ()  # Any: LineEntry, which knows this module


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. ``silence``: why nothing could be checked, "" = it could. ``began``: Unix seconds.

    ``stopped``: it ended before the last check.
    """

    suite: str
    role: Sender
    results: Sequence[CheckResult]
    silence: str = ""
    stopped: bool = False
    began: float = 0.0
    took_s: float = 0.0
    facts: Mapping[str, Any] = {}  # Any: JSON values

    @property
    def passed(self) -> bool:
        """It came to its end, and no check has failed."""
        return not self.silence and not self.stopped and all(result.kind != "failed" for result in self.results)

    def counts(self) -> Mapping[ResultKind, int]:
        """How many checks came out how."""
        kinds: tuple[ResultKind, ...] = ("passed", "failed", "deviation", "skipped", "not applicable")
        return {kind: sum(result.kind == kind for result in self.results) for kind in kinds}


MakeLine = Callable[[Ambient], Any]  # Any: a CheckLine
