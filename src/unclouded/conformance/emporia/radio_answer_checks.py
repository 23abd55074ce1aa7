"""Checks of the radio's answers to f, j, m and i, and of what it sends unasked.

They judge two rounds of questions and 20 s without any. Source: docs/protocols/emporia.md §1.1 to §1.3, §3.1.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check
from unclouded.conformance.emporia.frames import (
    ANSWER_S,
    STRAY,
    TEXT,
    Exchange,
    Line,
    ask,
    exchanges,
    is_letter,
    of_letter,
)
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, judged_anywhere, row
from unclouded.families.emporia import install_code
from unclouded.families.emporia.commands import ALERT, FIRMWARE, INSTALL_CODE, JOIN, MAC, READING
from unclouded.families.emporia.states import MUTE_FIRMWARE

ANSWERS, IDLE = "answers", "no requests"
LETTERS = {FIRMWARE: "firmware", JOIN: "join", MAC: "mac", INSTALL_CODE: "code"}
SECTIONS = {FIRMWARE: "§1.2.5", JOIN: "§1.2.2", MAC: "§1.2.3", INSTALL_CODE: "§1.2.4"}
ROUNDS = 3
REPEATED_S = 0.5  # in which a second answer comes
IDLE_S = 20.0
PROMPT_S = 0.25  # 85 to 102 ms, and what adapters add
VENDOR = bytes.fromhex("70b3d5")  # of these radios' addresses
WHOLE = (ANSWERS, IDLE)


def ask_all(line: Line) -> Script[None]:
    for _ in range(ROUNDS):
        for letter in LETTERS:
            yield from ask(line, letter)
            yield from line.pause(REPEATED_S)


def idle(line: Line) -> Script[None]:
    yield from line.pause(IDLE_S)


def _exchanges(line: Line, letter: str) -> list[Exchange]:
    return exchanges(line.observed[ANSWERS], letter)


def _payload(line: Line, letter: str) -> bytes:
    """Of the first answer."""
    found = [one for one in _exchanges(line, letter) if one.answers]
    return found[0].payload if found else line.skip(f"It does not answer {letter}.")


# --- each letter -------------------------------------------------------------------------------------


def is_answered(letter: str) -> Callable[[Line], None]:
    """A judge: each of ROUNDS requests with this letter got a response in time."""

    def judge(line: Line) -> None:
        missing = ROUNDS - sum(bool(one.answers) for one in _exchanges(line, letter))
        line.require(not missing, f"Of {ROUNDS} requests {letter} {missing} got no answer within {ANSWER_S:g} s.")

    return judge


def is_answered_once(letter: str) -> Callable[[Line], None]:
    """A judge: no request with this letter got two responses."""

    def judge(line: Line) -> None:
        most = max((len(one.answers) for one in _exchanges(line, letter)), default=0)
        line.require(most < 2, f"A request {letter} got {most} answers.")

    return judge


def is_constant(letter: str) -> Callable[[Line], None]:
    """A judge: all responses to this letter have the same payload."""

    def judge(line: Line) -> None:
        seen = {answer.frame.payload for one in _exchanges(line, letter) for answer in one.answers}
        if not seen:
            line.skip(f"It does not answer {letter}.")
        line.require(len(seen) == 1, f"Its answers to {letter} differ.")

    return judge


def prompt(line: Line) -> None:
    slowest = max(
        (one.took_s for letter in LETTERS for one in _exchanges(line, letter) if one.answers),
        default=0.0,
    )
    line.require(slowest <= PROMPT_S, f"An answer took {slowest * 1000:.0f} ms.")


def firmware_reads(line: Line) -> None:
    version = _payload(line, FIRMWARE)[0]
    line.facts["firmware"] = version
    line.require(version not in MUTE_FIRMWARE, f"It has firmware {version}.")


def join_value(line: Line) -> None:
    value = _payload(line, JOIN)[0]
    line.require(value in (0, 1), f"It answers j by {value:02x}.")


def provisioned(line: Line) -> None:
    line.require(_payload(line, JOIN)[0], "It answers j by 00.")


def mac_order(line: Line) -> None:
    mac = _payload(line, MAC)
    line.require(not mac.startswith(VENDOR), "Its address comes in the order in which it is printed.")
    line.require(mac[::-1].startswith(VENDOR), f"Its address begins with {mac[:-4:-1].hex(':')}.")


def mac_value(line: Line) -> None:
    mac = _payload(line, MAC)
    line.require(any(mac) and mac.count(0xFF) < len(mac), f"Its address has eight bytes {mac[:1].hex()}.")


def code_checksum(line: Line) -> None:
    code = _payload(line, INSTALL_CODE)
    if install_code.is_valid(code[::-1]):
        line.fail("Its install code comes with its last byte first.")
    line.require(install_code.is_valid(code), "The last two bytes are not the checksum of the first six.")


# --- what comes unasked ------------------------------------------------------------------------------


def no_alerts(line: Line) -> None:
    count = len(of_letter(_sent(line), ALERT))
    line.require(not count, f"{count} times it sent e.")


def alert_value(line: Line) -> None:
    values = {one.frame.payload[0] for one in of_letter(_sent(line), ALERT)}
    if not values:
        line.not_applicable("It sent no e.")
    line.require(values <= {0, 1, 2}, f"It sent e with {max(values)}.")


def no_answers_unasked(*letters: str) -> Callable[[Line], None]:
    """A judge: without a request the radio sends none of these letters."""

    def judge(line: Line) -> None:
        seen = sorted({one.frame.type for one in of_letter(line.observed[IDLE], *letters)})
        line.require(not seen, f"Without a request it sent {', '.join(seen)}.")

    return judge


def _sent(line: Line) -> list[LineEntry]:
    return [one for name in WHOLE for one in line.observed[name] if one.sender == "device"]


def _noise(line: Line) -> list[LineEntry]:
    return [one for one in line.received() if one.frame is None and one.data]


def whole_responses(line: Line) -> None:
    """Fails where bytes begin a response and do not complete it."""
    cut = [one for one in _noise(line) if one.reason not in (TEXT, STRAY)]
    if cut:
        line.fail(f"{len(cut)} responses were begun and are none: {cut[0].reason} ({cut[0].data[:4].hex(' ')} …).")


def printable_text(line: Line) -> None:
    """Fails where bytes are neither a response nor text."""
    odd = [one for one in _noise(line) if one.reason == STRAY]
    line.require(not odd, f"{sum(len(one.data) for one in odd)} bytes are neither a response nor text.")


def no_text(line: Line) -> None:
    """Fails where the radio sends console text."""
    size = sum(len(one.data) for one in _noise(line) if one.reason == TEXT)
    line.require(not size, f"{size} bytes of console text came.")


def text_lines(line: Line) -> None:
    """Fails where a line of console text ends neither with CR LF nor with the prompt ``>``."""
    texts: list[bytes] = []
    is_open = False
    for entry in line.received():
        is_text = entry.reason == TEXT
        if is_text and is_open:
            texts[-1] += entry.data
        elif is_text:
            texts.append(entry.data)
        is_open = is_text
    if not texts:
        line.not_applicable("It sends no text.")
    odd = [one for one in texts if not one.endswith((b"\r\n", b">"))]
    line.require(not odd, f"{len(odd)} lines of text do not end with CR LF.")


def next_answer(line: Line) -> Script[None]:
    """The answers to several requests keep the letters and the order of the requests."""
    for letter in (MAC, FIRMWARE, JOIN):
        mark = line.log.mark()
        yield from ask(line, letter)
        yield from line.pause(REPEATED_S)
        other = [one for one in line.received(mark) if is_letter(*LETTERS)(one) and one.frame.type != letter]
        line.require(not other, f"{letter} was answered by {other[0].frame.type}." if other else "")


def _of_letter(letter: str) -> tuple[Check, ...]:
    name, section = LETTERS[letter], SECTIONS[letter]
    return (
        row(f"radio.{name}.answered", f"{letter} is answered", section, judged(is_answered(letter)), needs=(ANSWERS,)),
        row(
            f"radio.{name}.once",
            f"{letter} is answered once",
            "§3.1" if letter == JOIN else section,
            judged(is_answered_once(letter)),
            "deviation" if letter == JOIN else "must",
            needs=(ANSWERS,),
        ),
        row(
            f"radio.{name}.constant",
            f"The answer to {letter} is always the same",
            section,
            judged(is_constant(letter)),
            needs=(ANSWERS,),
        ),
    )


NEEDS = (ANSWERS,)

ANSWER_CHECKS: tuple[Check, ...] = (
    *_of_letter(FIRMWARE),
    row(
        "radio.firmware.reads",
        "Its firmware is not 4 or 6, which send no readings",
        "§3.1",
        judged(firmware_reads),
        "deviation",
        needs=NEEDS,
    ),
    *_of_letter(JOIN),
    row("radio.join.value", "j is answered by 00 or 01", "§1.2.2", judged_anywhere(join_value), needs=NEEDS),
    row("radio.join.provisioned", "It has been provisioned", "§1.2.2", judged(provisioned), "deviation", needs=NEEDS),
    *_of_letter(MAC),
    row("radio.mac.value", "The address is a valid MAC address", "§1.2.3", judged(mac_value), needs=NEEDS),
    row(
        "radio.mac.order",
        "The last byte of the address comes first",
        "§1.2.3",
        judged(mac_order),
        "should",
        needs=NEEDS,
    ),
    *_of_letter(INSTALL_CODE),
    row("radio.code.checksum", "The install code ends with its checksum", "§1.2.4", judged(code_checksum), needs=NEEDS),
    row("radio.answers.prompt", "Answers come within 250 ms", "§1.3", judged(prompt), "deviation", needs=NEEDS),
    row("radio.answers.letter", "Each answer has the letter of its request", "§1.1.2", next_answer),
    row(
        "radio.idle.no-answers",
        "Without a request it sends no answer",
        "§1.2",
        judged(no_answers_unasked(FIRMWARE, MAC, INSTALL_CODE, READING)),
        needs=(IDLE,),
    ),
    row(
        "radio.idle.no-join",
        "Without a request it sends no j",
        "§3.1",
        judged(no_answers_unasked(JOIN)),
        "deviation",
        needs=(IDLE,),
    ),
    row("radio.idle.no-alerts", "It sends no e", "§3.1", judged(no_alerts), "deviation", needs=WHOLE),
    row(
        "radio.idle.alert-value",
        "An e has the value 0, 1 or 2",
        "§1.2.7",
        judged_anywhere(alert_value),
        "deviation",  # seen values, their meaning is not known
        needs=WHOLE,
    ),
)


def frame_checks(needs: tuple[str, ...]) -> tuple[Check, ...]:
    """Of all that it has sent until then. To be judged before something bad is sent."""
    return (
        row(
            "radio.frames.whole",
            "What begins as a response is a whole one",
            "§1.1.2",
            judged(whole_responses),
            needs=needs,
        ),
        row(
            "radio.frames.printable",
            "All else is printable text",
            "§1.1.3",
            judged(printable_text),
            "should",
            needs=needs,
        ),
        row(
            "radio.frames.no-text",
            "There is no text between responses",
            "§3.1",
            judged(no_text),
            "deviation",
            needs=needs,
        ),
        row(
            "radio.frames.text-lines",
            "Text ends with CR LF, or is the prompt",
            "§1.1.4",
            judged(text_lines),
            "should",
            needs=needs,
        ),
    )
