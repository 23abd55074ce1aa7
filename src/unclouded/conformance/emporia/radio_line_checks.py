"""Checks of how the radio takes a bad line, and of its reset. Source: docs/protocols/emporia.md §1.1, §1.2.6, §1.3."""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade, PersonTask
from unclouded.conformance.emporia.frames import (
    Line,
    ask,
    is_letter,
    of_letter,
    send_request,
)
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, row
from unclouded.families.emporia.commands import FIRMWARE, JOIN, MAC, READING, RESET
from unclouded.families.emporia.frame import request, response

TRIES = 3  # of a request after something bad
BYTE_S = 0.005
NOISE = bytes((0x12, 0xFF, 0x00, 0xA5, 0x24, 0x5A, 0x01, 0x31, 0x7E))
LONG_LINE = b"-" * 300  # no word of the command line
UNKNOWN = "q"
RAPID_S, RAPID = 1.0, 10
AFTER_RESET_S = 30.0
RESET_DANGER = "It wipes the radio's credentials: no readings until the utility has provisioned it again."
RESET_PERSON = PersonTask("announced", "The radio is reset now: be sure that the utility provisions it again.")
WAS_RESET = "reset"


def answers(line: Line) -> Script[bool]:
    """Is f answered, at the latest the third time?"""
    for _ in range(TRIES):
        if (yield from ask(line, FIRMWARE)) is not None:
            yield from line.pause(0.2)
            return True
    return False


def after(what: str, bad: bytes, pause_s: float = 0.0) -> Callable[[Line], Script[None]]:
    """A script: the radio still answers after these bytes. ``what``: their name in the reason."""

    def script(line: Line) -> Script[None]:
        line.send(bad)
        if pause_s:
            yield from line.pause(pause_s)
        line.require((yield from answers(line)), f"It no longer answers after {what}.")

    return script


def unanswered(what: str, bad: bytes) -> Callable[[Line], Script[None]]:
    """A script: the radio does not answer these bytes, and still answers a request after them."""

    def script(line: Line) -> Script[None]:
        yield from line.pause(1.0)
        line.send(bad)
        odd = yield from line.wait_for(is_letter(FIRMWARE, MAC, READING, JOIN, RESET), 1.0)
        line.require(odd is None, f"It answers {what}.")
        yield from after(what, b"\r")(line)

    return script


def unknown_letter(line: Line) -> Script[None]:
    mark = line.log.mark()
    line.send(request(UNKNOWN))
    yield from line.pause(1.0)
    odd = [one for one in line.received(mark) if one.data.startswith(b"$\x01" + UNKNOWN.encode())]
    line.require(not odd, f"It answers {UNKNOWN}, which is not a request.")
    line.require((yield from answers(line)), "It no longer answers after an unknown request.")


def byte_by_byte(line: Line) -> Script[None]:
    for number, byte in enumerate(request(FIRMWARE)):
        line.send(bytes((byte,)), after=number * BYTE_S)
    found = yield from line.wait_for(is_letter(FIRMWARE), 2.0)
    line.require(found, "A request whose bytes come 5 ms apart is not answered.")


def two_at_once(line: Line) -> Script[None]:
    mark = line.log.mark()
    line.send(request(FIRMWARE) + request(MAC))
    yield from line.pause(2.0)
    seen = {one.frame.type for one in of_letter(line.received(mark), FIRMWARE, MAC)}
    line.require(len(seen) == 2, f"Of two requests in one piece {len(seen)} are answered.")


def burst(line: Line) -> Script[None]:
    for number in range(5):
        send_request(line, FIRMWARE, after=number * 0.01)
    yield from line.pause(2.0)
    line.require((yield from ask(line, MAC)), "2 s after five requests within 50 ms it does not answer.")


def rapid(line: Line) -> Script[None]:
    missing = 0
    for _ in range(RAPID):
        began = line.now
        missing += (yield from ask(line, READING)) is None
        yield from line.pause(max(RAPID_S - (line.now - began), 0.0))
    if missing == RAPID:
        line.not_applicable("It gives no readings.")
    line.require(not missing, f"Of {RAPID} requests, one each second, {missing} got no reading.")


# --- reset -------------------------------------------------------------------------------------------


def reset(line: Line) -> Script[None]:
    line.advise(RESET_PERSON)
    yield from ask(line, MAC)
    send_request(line, RESET)
    yield from line.pause(1.0)
    until = line.now + AFTER_RESET_S
    while line.now < until and (yield from ask(line, FIRMWARE)) is None:
        yield from line.pause(1.0)
    yield from line.pause(0.5)
    yield from ask(line, JOIN)
    yield from line.pause(0.5)
    yield from ask(line, MAC)


def reset_unanswered(line: Line) -> None:
    odd = [one for one in line.observed[WAS_RESET] if one.sender == "device" and one.data.startswith(b"$\x01d")]
    line.require(not odd, "d is answered.")


def runs_again(line: Line) -> None:
    at = of_letter(line.observed[WAS_RESET], RESET)[0].at
    found = [one for one in of_letter(line.observed[WAS_RESET], FIRMWARE, sender="device") if one.at > at]
    line.require(found, f"Within {AFTER_RESET_S:g} s f is not answered.")


def wiped(line: Line) -> None:
    found = of_letter(line.observed[WAS_RESET], JOIN, sender="device")
    if not found:
        line.skip("It does not answer j.")
    line.require(found[-1].frame.payload == b"\0", "After a reset it answers j by 01.")


def same_mac(line: Line) -> None:
    seen = {one.frame.payload for one in of_letter(line.observed[WAS_RESET], MAC, sender="device")}
    line.require(len(seen) < 2, "After a reset it has another address.")


def _line(name: str, title: str, clause: str, script: Callable[[Line], Script[None]], grade: Grade = "must") -> Check:
    return row(f"radio.line.{name}", title, clause, script, grade, timeout_s=60.0)


def _reset(
    name: str, title: str, judge: Callable[[Line], None], grade: Grade = "must", clause: str = "§1.2.6"
) -> Check:
    return row(
        f"radio.reset.{name}",
        title,
        clause,
        judged(judge),
        grade,
        needs=(WAS_RESET,),
        danger=RESET_DANGER,
        person=RESET_PERSON,
    )


LINE_CHECKS: tuple[Check, ...] = (
    _line("return", "It goes on after CR alone", "§1.3.1", after("CR", b"\r")),
    _line("noise", "It goes on after noise", "§1.1.3", after("noise", NOISE)),
    _line("ones", "It goes on after 50 bytes ff", "§1.1.3", after("50 bytes ff", b"\xff" * 50)),
    _line("dollar", "It goes on after a stray 24", "§1.1.3", after("a stray 24", b"$")),
    _line("half-request", "It goes on after half a request and silence", "§1.1.2", after("half a request", b"$f", 1.0)),
    _line(
        "response",
        "A response that it receives is not answered",
        "§1.1.2",
        unanswered("a response", response(FIRMWARE, b"\7")),
    ),
    _line("no-dollar", "A letter without 24 is not answered", "§1.1.4", unanswered("a letter without 24", b"f\r")),
    _line("unknown-letter", "An unknown letter gets no response", "§1.1.4", unknown_letter),
    _line(
        "long-line", "It goes on after a line of 300 characters", "§1.1.4", after("a long line", LONG_LINE + b"\r", 1.0)
    ),
    _line("byte-by-byte", "A request is received byte by byte", "§1.1.2", byte_by_byte),
    _line("two-at-once", "Two requests in one piece are answered", "§1.3.2", two_at_once, "deviation"),
    _line("burst", "It answers 2 s after five requests at once", "§1.3.2", burst),
    _line("rapid", "A request for a reading each second is answered", "§1.3", rapid, "should"),
)
RESET_CHECKS: tuple[Check, ...] = (
    _reset("unanswered", "d is not answered", reset_unanswered),
    _reset("runs-again", "It answers f within 30 s of d", runs_again),
    _reset("wiped", "After d it answers j by 00", wiped, "deviation"),
    _reset("same-mac", "After d it has the same address", same_mac, clause="§1.2.3"),
)
