"""Infrared codes as text, in the forms that other tools read and write.

    raw        38000Hz 9000 4500 560 560 …                            spaces may be negative numbers
    pronto     0000 006D 0002 0000 0155 00AA 0015 0015                carrier, pairs once, pairs repeated, durations
    irremote   uint16_t rawData[4] = {9000, 4500, 560, 560};  // 38000 Hz
    ir-ctl     carrier 38000 / pulse 9000 / space 4500 …    or        +9000 -4500 +560

Raw, irremote and ir-ctl keep each microsecond; pronto counts periods of its carrier, so a duration may change by half a
period, and the carrier by half a percent. Source: docs/protocols/tuya_gateway.md §2.10.4.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.families.tuya.gateway.infrared.infrared_code import DEFAULT_CARRIER_HZ, InfraredCode, code_of

PRONTO_TICK_US = 0.241246  # the period of the clock that Pronto counts a carrier's period in
LONGEST_TEXT = 600_000  # characters
MOST_DIGITS = 9

NUMBER = re.compile(r"[-+]?[0-9]+")
CARRIER = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(k?)Hz", re.IGNORECASE)
ARRAY = re.compile(r"\{([-+0-9, \t\r\n]*)\}")
WORD = re.compile(r"[0-9A-Fa-f]{4}")
LINE = re.compile(r"(carrier|pulse|space|timeout) ([0-9]+)")
COMMENT = re.compile(r"(?:#|//)[^\n]*")


def read_code(text: str, form: str = "") -> InfraredCode:
    """The code of a text. ``form``: one of FORMS, "" = found out. Raises CommandError where it is not a code."""
    if len(text) > LONGEST_TEXT:
        raise CommandError(f"An infrared code as text has at most {LONGEST_TEXT} characters.")
    return READERS[form or form_of(text)](text.strip())


def write_code(code: InfraredCode, form: str) -> str:
    """The code as text. Raises KeyError for a form that there is not."""
    return WRITERS[form](code)


def form_of(text: str) -> str:
    """Which form a text has. Raises CommandError where it has none."""
    words = COMMENT.sub("", text).split()
    if "{" in text:
        return "irremote"
    if words and (words[0] in ("carrier", "pulse", "space") or all(word[0] in "+-" for word in words)):
        return "ir-ctl"
    if len(words) >= 4 and all(WORD.fullmatch(word) for word in words) and words[0] in ("0000", "0100"):
        return "pronto"
    if any(NUMBER.fullmatch(word.strip("[],")) for word in words):
        return "raw"
    raise CommandError(f"This is not an infrared code; it must have one of the forms {', '.join(FORMS)}.")


# --- raw --------------------------------------------------------------------------------------------


def read_raw(text: str) -> InfraredCode:
    """The code of durations in µs with the carrier anywhere among them. Raises CommandError where it is none."""
    carrier = CARRIER.search(text)
    rest = text[: carrier.start()] + text[carrier.end() :] if carrier else text
    return code_of(_in_turn(rest.strip("[] \t\r\n").replace(",", " ").split()), _carrier(carrier))


def write_raw(code: InfraredCode) -> str:
    """The carrier in Hz, then the durations in µs with those of a repetition."""
    return " ".join((f"{code.carrier_Hz}Hz", *map(str, code.durations_us + code.repeat_us)))


# --- IRremote ---------------------------------------------------------------------------------------


def read_irremote(text: str) -> InfraredCode:
    """The code of a C array of durations in µs. Raises CommandError without one."""
    array = ARRAY.search(text)
    if array is None:
        raise CommandError("There is no list of durations in braces.")
    rest = text[array.end() :]
    return code_of(_in_turn(array[1].replace(",", " ").split()), _carrier(CARRIER.search(rest)))


def write_irremote(code: InfraredCode) -> str:
    """A C array of the durations in µs, with the carrier in a comment."""
    durations = code.durations_us + code.repeat_us
    numbers = ", ".join(map(str, durations))
    return f"uint16_t rawData[{len(durations)}] = {{{numbers}}};  // {code.carrier_Hz} Hz"


# --- ir-ctl -----------------------------------------------------------------------------------------


def read_ir_ctl(text: str) -> InfraredCode:
    """Lines of a file, or signed numbers. A time-out at the end is the last space."""
    lines = [line.strip() for line in COMMENT.sub("", text).splitlines() if line.strip()]
    if not any(line[0].isalpha() for line in lines):
        return code_of(_in_turn(" ".join(lines).split()), DEFAULT_CARRIER_HZ)
    carrier, durations = DEFAULT_CARRIER_HZ, []
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            raise CommandError(f"{line[:40]!r} is not a line of ir-ctl: carrier, pulse, space or timeout and a number.")
        if found[1] == "carrier":
            carrier = _number(found[2])
        else:
            durations.append(found[2] if found[1] == "pulse" else f"-{found[2]}")
    return code_of(_in_turn(durations), carrier)


def write_ir_ctl(code: InfraredCode) -> str:
    """A line for the carrier in Hz, then one for each pulse and space in µs."""
    durations = enumerate(code.durations_us + code.repeat_us)
    lines = (f"{'space' if number % 2 else 'pulse'} {duration}" for number, duration in durations)
    return "\n".join((f"carrier {code.carrier_Hz}", *lines))


# --- Pronto -----------------------------------------------------------------------------------------


def read_pronto(text: str) -> InfraredCode:
    """The code of Pronto words, its first part and its repetition. Raises CommandError where it is none."""
    words = text.split()
    if len(words) < 4 or not all(WORD.fullmatch(word) for word in words):
        raise CommandError("A Pronto code is words of four hexadecimal digits, at least four of them.")
    kind, divisor, once, repeat, *counts = (int(word, 16) for word in words)
    if kind not in (0, 0x0100):
        raise CommandError(f"A Pronto code of kind {kind:04X} cannot be read; 0000 and 0100 can.")
    if not divisor or len(counts) != 2 * (once + repeat):
        raise CommandError(f"The Pronto code names {once + repeat} pairs, and {len(counts) / 2:g} follow.")
    period = divisor * PRONTO_TICK_US
    durations = [max(1, round(count * period)) for count in counts]
    first, then = durations[: 2 * once], durations[2 * once :]
    return code_of(first or then, round(1e6 / period), then if first else ())


def write_pronto(code: InfraredCode) -> str:
    """Pronto words of kind 0000: durations become whole periods of the carrier."""
    divisor = max(1, round(1e6 / (code.carrier_Hz * PRONTO_TICK_US)))
    period = divisor * PRONTO_TICK_US
    once, repeat = _pairs(code.durations_us, period), _pairs(code.repeat_us, period)
    words = (0, divisor, len(once) // 2, len(repeat) // 2, *once, *repeat)
    return " ".join(f"{word:04X}" for word in words)


def _pairs(durations: Sequence[int], period: float) -> list[int]:
    """In periods of the carrier; a code that ends in a mark gets the shortest space."""
    counts = [min(0xFFFF, max(1, round(duration / period))) for duration in durations]
    return counts + [1] * (len(counts) % 2)


# --- inside -----------------------------------------------------------------------------------------


def _carrier(found: re.Match[str] | None) -> int:
    return DEFAULT_CARRIER_HZ if found is None else round(float(found[1]) * (1000 if found[2] else 1))


def _in_turn(words: Iterable[str]) -> list[int]:
    """Numbers without their signs. Raises CommandError where a sign contradicts its place: a mark, then a space."""
    durations: list[int] = []
    for place, word in enumerate(words):
        is_space = place % 2 == 1
        if not NUMBER.fullmatch(word):
            raise CommandError(f"{word[:20]!r} is not a duration in microseconds.")
        if word[0] == ("+" if is_space else "-"):
            raise CommandError(f"Duration {place + 1}, {word[:20]}, must be a {'space' if is_space else 'mark'}.")
        durations.append(_number(word.lstrip("+-")))
    return durations


def _number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise CommandError(f"{digits[:20]} has too many digits.")
    return int(digits)


READERS: Mapping[str, Callable[[str], InfraredCode]] = {
    "raw": read_raw,
    "pronto": read_pronto,
    "irremote": read_irremote,
    "ir-ctl": read_ir_ctl,
}
WRITERS: Mapping[str, Callable[[InfraredCode], str]] = {
    "raw": write_raw,
    "pronto": write_pronto,
    "irremote": write_irremote,
    "ir-ctl": write_ir_ctl,
}
FORMS = tuple(READERS)
