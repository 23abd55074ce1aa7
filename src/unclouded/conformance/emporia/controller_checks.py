"""Checks of a controller: how it finds the radio, polls it, and what it does where readings stay out.

Source: docs/protocols/emporia.md §1.2, §1.3, §3.2.
"""

from collections.abc import Callable
from itertools import pairwise

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.emporia.controller_recordings import (
    EARLY_S,
    JOIN_AFTER,
    LONG_S,
    LONGEST_SILENCE_S,
    POLL,
    POLL_S,
    RESET_BY_PERSON,
    RESET_NOW,
    RETRY_S,
    SEARCH_S,
    SILENCE,
    SLOW_S,
    SLOW_START,
    START,
    START_S,
    WAITS,
    asked,
    gaps_of,
    next_reading,
    until_mac,
)
from unclouded.conformance.emporia.frames import STRAY, TEXT, Line, is_letter, of_letter
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.families.emporia.commands import ALERT, FIRMWARE, INSTALL_CODE, JOIN, MAC, READING, RESET

JOIN_GAP_S = 27.0  # between two j; 30 s are demanded
SOON_S = 0.6  # after something that a controller takes for the answer, the next request
UNKNOWN = "s"
FORBIDDEN = (b"leave", b"reset", b"btldr", b"printkeys")  # docs/protocols/emporia.md §1.1.4


# --- the start ---------------------------------------------------------------------------------------


def _found_at(line: Line) -> float:
    """When f was answered."""
    answers = of_letter(line.observed[START], FIRMWARE, sender="device")
    return answers[0].at if answers else line.skip("f was not answered.")


def _search(line: Line) -> list[LineEntry]:
    """From the first f to the one that is answered."""
    first, until = asked(line, START, FIRMWARE)[0].at, _found_at(line)
    return [one for one in line.observed[START] if one.sender == "controller" and first <= one.at < until]


def _started(line: Line, *letters: str) -> list[LineEntry]:
    return [one for one in asked(line, START, *letters) if one.at > _found_at(line)]


def f_is_repeated(line: Line) -> None:
    count = len(of_letter(_search(line), FIRMWARE))
    line.require(count > 2, f"Within {SEARCH_S:g} s without an answer f came {count} times.")


def f_no_flood(line: Line) -> None:
    least = min(gaps_of(of_letter(_search(line), FIRMWARE)), default=RETRY_S)
    line.require(least >= 0.5, f"f was repeated after {least * 1000:.0f} ms.")


def f_period(line: Line) -> None:
    odd = [gap for gap in gaps_of(of_letter(_search(line), FIRMWARE)) if abs(gap - RETRY_S) > 0.2 * RETRY_S]
    line.require(not odd, f"f was repeated after {odd[0]:.1f} s." if odd else "")


def only_f(line: Line) -> None:
    odd = sorted({one.frame.type for one in _search(line) if one.frame is not None} - {FIRMWARE})
    line.require(not odd, f"While f is not answered, it sends {', '.join(odd)}.")


def reading_first(line: Line) -> None:
    found = _started(line, READING)
    line.require(found and found[0].at - _found_at(line) <= 2.0, "No r came within 2 s of the answer to f.")


def is_asked(letter: str) -> Callable[[Line], None]:
    """A judge: within START_S after the answer to f the hub has sent this letter."""

    def judge(line: Line) -> None:
        line.require(_started(line, letter), f"No {letter} came within {START_S:g} s of the answer to f.")

    return judge


def asked_once(line: Line) -> None:
    for letter in (FIRMWARE, MAC, INSTALL_CODE):
        count = len(_started(line, letter))
        line.require(count < 2, f"{letter} was answered, and asked {count} times within {START_S:g} s.")


def no_join_first(line: Line) -> None:
    line.require(not _started(line, JOIN), "It asked j while readings came.")


# --- one at a time -----------------------------------------------------------------------------------


def one_outstanding(line: Line) -> None:
    waiting: LineEntry | None = None
    for entry in line.observed[SLOW_START]:
        if entry.frame is None:
            continue
        if entry.sender == "device":
            waiting = None
        elif waiting is not None and entry.frame.type != waiting.frame.type and entry.at - waiting.at < SLOW_S:
            line.fail(f"{entry.frame.type} came {entry.at - waiting.at:.1f} s after {waiting.frame.type}, unanswered.")
        else:
            waiting = entry


def not_repeated(line: Line) -> None:
    frames = [one for one in line.observed[SLOW_START] if one.sender == "controller" and one.frame is not None]
    since = of_letter(line.observed[SLOW_START], FIRMWARE, sender="device")
    for before, after in pairwise(one for one in frames if since and one.at > since[0].at):
        quick = before.frame.type == after.frame.type and after.at - before.at < SLOW_S
        line.require(not quick, f"{after.frame.type} was repeated after {after.at - before.at:.1f} s.")


def no_answer(letter: str, payload: bytes, what: str) -> Callable[[Line], Script[None]]:
    """What comes unasked does not count as the answer to r."""

    def script(line: Line) -> Script[None]:
        usual = line.facts["waits_s"]
        if usual is not None and usual < SOON_S:
            line.not_applicable("It does not wait for the answer to r.")
        found = yield from until_mac(line, lambda: line.end.send(letter, payload, after=0.05))
        line.require(found is None or found >= SOON_S, f"After {what} m came at once, as if r had been answered.")

    return script


# --- polls ---------------------------------------------------------------------------------------------


def r_is_repeated(line: Line) -> None:
    found = asked(line, POLL, READING)
    line.require(len(found) > 1, f"Within {POLL_S:g} s r came {len(found)} times.")
    line.facts["poll_s"] = round(sum(gaps_of(found)) / (len(found) - 1), 1)
    line.require(max(gaps_of(found)) <= 60, f"{max(gaps_of(found)):.0f} s passed between two r.")


def even_polls(line: Line) -> None:
    gaps = gaps_of(asked(line, POLL, READING))
    if len(gaps) < 2:
        line.skip("There were fewer than three r.")
    line.require(max(gaps) <= 1.2 * min(gaps), f"Between two r {min(gaps):.1f} to {max(gaps):.1f} s passed.")


def no_haste(line: Line) -> None:
    least = min(gaps_of(asked(line, POLL, READING)), default=60.0)
    line.require(least >= 4.9, f"Between two r {least:.1f} s passed.")


def nothing_else(line: Line) -> None:
    for letter in (FIRMWARE, MAC, INSTALL_CODE):
        count = len(asked(line, POLL, letter))
        line.require(count < 2, f"{letter} was answered, and asked {count} times within {POLL_S:g} s.")


def no_join(line: Line) -> None:
    line.require(not asked(line, POLL, JOIN), "It asked j while readings came.")


# --- silence -------------------------------------------------------------------------------------------


def _joins(line: Line) -> list[LineEntry]:
    found = asked(line, SILENCE, JOIN)
    return found or line.not_applicable("It sends no j where readings stay out.")


def join_comes(line: Line) -> None:
    line.require(asked(line, SILENCE, JOIN), f"Within {LONGEST_SILENCE_S:g} s without a reading no j came.")


def join_not_early(line: Line) -> None:
    _joins(line)
    after = line.facts[JOIN_AFTER]
    line.require(after >= EARLY_S, f"j came {after:g} s after a reading.")


def join_rate(line: Line) -> None:
    least = min(gaps_of(_joins(line)), default=JOIN_GAP_S)
    line.require(least >= JOIN_GAP_S, f"Two j came within {least:.1f} s.")


def polls_on(line: Line) -> None:
    since = _joins(line)[0].at
    count = sum(one.at > since for one in asked(line, SILENCE, READING))
    line.require(count, f"Within {POLL_S:g} s after j no r came.")


def firmware_after_join(line: Line) -> Script[None]:
    yield from next_reading(line)
    line.end.mute |= {READING, JOIN}
    if (yield from line.wait_for(is_letter(JOIN), LONGEST_SILENCE_S)) is None:
        line.not_applicable("It sends no j where readings stay out.")
    yield from line.expect(is_letter(FIRMWARE), 10.0, "No f came within 10 s after a j that was not answered.")


def slow_join(line: Line) -> Script[None]:
    yield from next_reading(line)
    line.end.mute.add(READING)
    line.end.delay_s = SLOW_S
    if (yield from line.wait_for(is_letter(JOIN), LONGEST_SILENCE_S)) is None:
        line.not_applicable("It sends no j where readings stay out.")
    yield from line.expect_none(is_letter(JOIN), 5.0, "j was repeated before it was answered.")


# --- all that it sends -----------------------------------------------------------------------------------


def no_letter(letter: str) -> Callable[[Line], None]:
    """A judge: the hub has not sent this letter."""

    def judge(line: Line) -> None:
        count = len(of_letter(line.received(), letter))
        line.require(not count, f"It sent {letter} {count} times.")

    return judge


def _texts(line: Line) -> list[LineEntry]:
    return [one for one in line.received() if one.reason == TEXT]


def whole_requests(line: Line) -> None:
    odd = [one for one in line.received() if one.reason == STRAY]
    line.require(not odd, f"{sum(len(one.data) for one in odd)} bytes are neither a request nor text.")


def no_forbidden_words(line: Line) -> None:
    text = b"".join(one.data for one in _texts(line)).lower()
    found = [word.decode() for word in FORBIDDEN if word in text]
    line.require(not found, f"It typed {', '.join(found)}.")


def no_text(line: Line) -> None:
    size = sum(len(one.data) for one in _texts(line))
    line.require(not size, f"It typed {size} characters.")


# --- reset -----------------------------------------------------------------------------------------------


def reset_once(line: Line) -> None:
    count = len(asked(line, RESET_BY_PERSON, RESET))
    line.require(count == 1, f"d came {count} times.")


def follows_reset(letter: str, within_s: float) -> Callable[[Line], None]:
    """A judge: the hub has sent this letter within so many seconds after the d that a person caused."""

    def judge(line: Line) -> None:
        at = asked(line, RESET_BY_PERSON, RESET)[0].at
        found = [one for one in asked(line, RESET_BY_PERSON, letter) if at < one.at <= at + within_s]
        line.require(found, f"No {letter} came within {within_s:g} s after d.")

    return judge


# --- the table -----------------------------------------------------------------------------------------


def _row(name: str, title: str, clause: str, judge: Callable[[Line], None], needs: str, grade: Grade = "must") -> Check:
    return row(f"controller.{name}", title, clause, judged(judge), grade, needs=(needs,))


def _reset(name: str, title: str, judge: Callable[[Line], None], grade: Grade = "must") -> Check:
    return row(
        f"controller.reset.{name}",
        title,
        "§1.2.6",
        judged(judge),
        grade,
        needs=(RESET_BY_PERSON,),
        person=RESET_NOW,
    )


CONTROLLER_CHECKS: tuple[Check, ...] = (
    _row("search.repeated", "Without an answer f is repeated", "§1.3", f_is_repeated, START),
    _row("search.no-flood", "f is repeated after 0.5 s at the earliest", "§3.2 item 2", f_no_flood, START),
    _row("search.period", "f is repeated every 3 s", "§1.3", f_period, START, "deviation"),
    _row("search.only", "Until f is answered, nothing else is sent", "§1.3.1", only_f, START, "should"),
    _row("start.reading", "r follows the answer to f within 2 s", "§1.3.1", reading_first, START, "should"),
    _row("start.mac", "m is sent", "§1.3.1", is_asked(MAC), START, "should"),
    _row("start.code", "i is sent", "§1.3.1", is_asked(INSTALL_CODE), START, "should"),
    _row("start.once", "A request that was answered is not sent again", "§1.3.1", asked_once, START, "should"),
    _row("start.no-join", "j is not sent while readings come", "§1.3.1", no_join_first, START, "deviation"),
    _row(
        "start.one-outstanding",
        "Each request waits for the answer to the last one",
        "§1.3.2",
        one_outstanding,
        SLOW_START,
    ),
    _row("start.not-repeated", "None is repeated while its answer takes 1 s", "§1.3.2", not_repeated, SLOW_START),
    row(
        "controller.start.alert",
        "An e does not count as the answer to r",
        "§1.2.7",
        no_answer(ALERT, b"\x01", "an e"),
        needs=(WAITS,),
        timeout_s=LONG_S,
    ),
    row(
        "controller.start.unasked-join",
        "A j that was not asked for does not count as the answer to r",
        "§3.1",
        no_answer(JOIN, b"\x00", "an unasked j"),
        needs=(WAITS,),
        timeout_s=LONG_S,
    ),
    _row("poll.repeated", "r is sent at least once a minute", "§1.3", r_is_repeated, POLL),
    _row("poll.even", "The time between two r is even (20 %)", "§1.3.2", even_polls, POLL, "should"),
    _row("poll.no-haste", "At least 5 s pass between two r", "§1.3", no_haste, POLL, "deviation"),
    _row("poll.nothing-else", "f, m and i are not sent again and again", "§1.3.1", nothing_else, POLL, "should"),
    _row("poll.no-join", "j is not sent while readings come", "§1.3.3", no_join, POLL),
    _row("silence.join", "j follows where there are no readings", "§1.3.3", join_comes, SILENCE),
    _row("silence.not-early", "j comes 25 s after the last reading at the earliest", "§1.3.3", join_not_early, SILENCE),
    _row("silence.rate", "There are 30 s between two j (10 % less)", "§1.3", join_rate, SILENCE),
    _row("silence.polls", "r is still sent", "§1.3.3", polls_on, SILENCE),
    row(
        "controller.silence.firmware",
        "f follows a j that is not answered",
        "§1.3.3",
        firmware_after_join,
        "should",
        timeout_s=LONG_S,
    ),
    row(
        "controller.silence.slow-join",
        "j is not repeated while its answer takes 1 s",
        "§3.2 item 2",
        slow_join,
        timeout_s=LONG_S,
    ),
)
SENT_CHECKS: tuple[Check, ...] = (
    _row("sent.whole", "It sends requests and text only", "§1.1.2", whole_requests, START),
    _row("sent.no-text", "It types nothing on the console", "§1.1.4", no_text, START, "deviation"),
    _row("sent.no-forbidden", "It types no leave, reset, btldr or printKeys", "§1.1.4", no_forbidden_words, START),
    _row("sent.no-s", "It sends no s", "§1.2.8", no_letter(UNKNOWN), START),
    _row("sent.no-d", "It sends no d by itself", "§1.2.6", no_letter(RESET), START),
)
RESET_CHECKS: tuple[Check, ...] = (
    _reset("once", "A reset sends d once", reset_once),
    _reset("firmware", "f follows within 30 s", follows_reset(FIRMWARE, 30.0)),
    _reset("mac", "m follows within 40 s", follows_reset(MAC, 40.0), "should"),
)
