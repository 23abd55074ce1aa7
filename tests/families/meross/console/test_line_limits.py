"""The limits of the console's lines: how long one is, how much of it is text, which numbers a log line can have."""

import pytest

from unclouded.families.meross.console.wire.lines import BINARY, LONGEST_LINE, ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.redact import redact


def lines_of(data: bytes, chunk: int) -> list[ConsoleLine]:
    lines = ConsoleLines()
    found = [one for at in range(0, len(data), chunk) for one in lines.feed(data[at : at + chunk])]
    return [*found, *lines.close()]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", range(LONGEST_LINE - 3, LONGEST_LINE + 2))
def test_a_line_of_the_largest_size_is_the_same_however_it_arrives(size: int, end: bytes) -> None:
    data = b"x" * size + end + b"meross mem\r\n"
    whole, *others = (lines_of(data, chunk) for chunk in (len(data), 1, size, size + 1))
    kinds = [(one.kind, one.text) for one in whole if one.kind is not LineKind.NOISE]
    assert all([(one.kind, one.text) for one in other if one.kind is not LineKind.NOISE] == kinds for other in others)
    assert kinds[-1] == (LineKind.TEXT, "meross mem")
    is_noise = {any(one.kind is LineKind.NOISE for one in found) for found in (whole, *others)}
    assert is_noise == {size + len(end.rstrip(b"\n")) >= LONGEST_LINE}


def test_a_line_is_text_up_to_one_byte_in_eight_that_is_none() -> None:
    (text,) = lines_of(b"abcdef\x01\n", 100)
    (noise,) = lines_of(b"abcde\x01\n", 100)
    assert (text.kind, text.text) == (LineKind.TEXT, "abcdef") and noise.reason == BINARY


def test_the_clock_of_a_log_line_has_no_more_digits_than_a_clock_can_have() -> None:
    (line,) = lines_of(b"[T: " + b"9" * 400 + b" M: wifi C: info F: connect L: 1]: link up\r\n", 1000)
    assert line.log is None or line.log.at_ms < 10**15


def test_no_secret_is_left_in_a_line_that_is_too_long() -> None:
    data = b"x " * LONGEST_LINE + b"[STA]WpaPsk: hunter22 22\r\n"
    assert b"hunter" not in redact("device", data) and len(redact("device", data)) == len(data)
