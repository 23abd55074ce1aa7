"""What checks of a controller need first: a start with a radio, polls, and readings that stay out.

Source: docs/protocols/emporia.md §1.3.
"""

from collections.abc import Callable
from itertools import pairwise

from unclouded.conformance.check import PersonTask, Preparation
from unclouded.conformance.emporia.frames import Line, is_letter, of_letter
from unclouded.conformance.line import LineEntry, Script
from unclouded.families.emporia.commands import FIRMWARE, JOIN, MAC, READING, RESET

START, SLOW_START, POLL, SILENCE, WAITS = (
    "start",
    "start with slow answers",
    "polls",
    "silence of the meter",
    "start without a reading",
)
LONGEST_POLL_S = 130.0
LONGEST_SILENCE_S = 300.0  # until it notices that there is no radio, or no reading
SEARCH_S, START_S, POLL_S = 20.0, 20.0, 100.0
RETRY_S = 3.0  # docs/protocols/emporia.md §1.3
SLOW_S = 1.0  # that an answer takes
EARLY_S = 25.0  # without a reading in which no j may come; 30 s are allowed
JOIN_AFTER = "join_after_s"  # a fact: how long after the newest reading j comes
LONG_S = 2 * LONGEST_SILENCE_S
RESET_NOW = PersonTask("reset", "Reset the radio in the app now, and confirm it. (Ours is not wiped.)")
RESET_BY_PERSON = "a reset of the radio"


def next_reading(line: Line) -> Script[LineEntry]:
    """Wait for a request r, and until it was answered."""
    found = yield from line.expect(is_letter(READING), LONGEST_POLL_S, f"No r came within {LONGEST_POLL_S:g} s.")
    yield from line.pause(line.end.delay_s + 0.1)
    return found


def vanish(line: Line) -> Script[None]:
    """Be silent until it looks for a radio."""
    line.end.is_silent = True
    if (yield from line.wait_for(is_letter(FIRMWARE), LONGEST_SILENCE_S)) is None:
        line.fail(f"The radio was silent for {LONGEST_SILENCE_S:g} s, and no f came.")


def restart(line: Line) -> Script[None]:
    """The radio vanishes, and answers again from the next f on."""
    yield from vanish(line)
    line.end.is_silent = False


def start(line: Line) -> Script[None]:
    yield from vanish(line)
    yield from line.pause(SEARCH_S)
    line.end.is_silent = False
    yield from line.wait_for(is_letter(FIRMWARE), 5 * RETRY_S)
    yield from line.pause(START_S)


def slow_start(line: Line) -> Script[None]:
    yield from restart(line)
    line.end.delay_s = SLOW_S
    yield from line.pause(START_S)


def poll(line: Line) -> Script[None]:
    yield from next_reading(line)
    yield from line.pause(POLL_S)


def silence(line: Line) -> Script[None]:
    """Readings stay out, and j is answered by 01."""
    began = (yield from next_reading(line)).at
    line.end.mute.add(READING)
    found = yield from line.wait_for(is_letter(JOIN), LONGEST_SILENCE_S)
    if found is not None:
        line.facts[JOIN_AFTER] = round(found.at - began, 1)
        yield from line.pause(POLL_S)


def waits(line: Line) -> Script[None]:
    """A start in which no reading comes: how long until m?"""
    line.facts["waits_s"] = yield from until_mac(line, lambda: None)


def until_mac(line: Line, meanwhile: Callable[[], None]) -> Script[float | None]:
    """Seconds from an unanswered r to m; None = within 10 s there was none."""
    yield from restart(line)
    line.end.mute.add(READING)
    asked = yield from line.expect(is_letter(READING), 30.0, "No r came after f was answered.")
    meanwhile()
    found = yield from line.wait_for(is_letter(MAC), 10.0)
    return None if found is None else found.at - asked.at


def reset(line: Line) -> Script[None]:
    yield from next_reading(line)
    line.advise(RESET_NOW)
    if (yield from line.wait_for(is_letter(RESET), 120.0)) is None:
        line.skip("No d came within 120 s.")
    line.end.is_silent = True
    yield from line.pause(1.0)
    line.end.is_silent = False
    yield from line.pause(40.0)


PREPARATIONS = {
    START: Preparation(text="it has begun with a radio", script=start, once=True, timeout_s=LONG_S),
    SLOW_START: Preparation(text="it has begun with a slow radio", script=slow_start, once=True, timeout_s=LONG_S),
    POLL: Preparation(text="it has polled for a while", script=poll, once=True, timeout_s=LONG_S),
    SILENCE: Preparation(text="readings stayed out", script=silence, once=True, timeout_s=LONG_S),
    WAITS: Preparation(text="it began without a reading", script=waits, once=True, timeout_s=LONG_S),
    RESET_BY_PERSON: Preparation(text="the radio was reset", script=reset, once=True, timeout_s=LONG_S),
}


def asked(line: Line, name: str, *letters: str) -> list[LineEntry]:
    """The requests of a recording."""
    return of_letter(line.observed[name], *letters, sender="controller")


def gaps_of(entries: list[LineEntry]) -> list[float]:
    """The seconds between each entry and the next one."""
    return [after.at - before.at for before, after in pairwise(entries)]
