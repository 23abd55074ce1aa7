"""The drawing of frames: columns that fit, bytes of secrets as dots, and colours only where they are wanted."""

import re

import pytest

from unclouded.cli.output.bytes.frame_drawing import FrameDrawing
from unclouded.cli.output.terminal.palette import Palette
from unclouded.cli.output.terminal.text_width import columns, in_lines
from unclouded.core.frame_part import FramePart
from unclouded.core.views.json_parts import json_parts

CODES = re.compile(r"\x1b\[[\d;]*m")
PARTS = (
    FramePart(start=0, end=2, label="header", kind="header"),
    FramePart(start=2, end=3, label="command", kind="command", text="report"),
    FramePart(start=3, end=203, label="value", kind="value", text="a text that is long " * 8),
    FramePart(start=203, end=204, label="checksum", kind="checksum", text="wrong", odd="should be 00"),
)
HEX = bytes(range(204)).hex()


def drawn(width: int, parts: tuple[FramePart, ...] = PARTS, hex: str = HEX, colours: bool = False) -> list[str]:
    return list(FrameDrawing(width, Palette(colours), lambda point: "").lines(parts, hex))


def test_bytes_stand_above_their_label_and_their_value() -> None:
    parts = (*PARTS[:2], FramePart(start=2, end=3, label="checksum", text="right"))
    assert drawn(80, parts, "55aa07") == [
        "     0  55 aa   07       07",
        "        ─────   ──       ──",
        "        header  command  checksum",
        "                report   right",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_drawing_is_not_wider_than_the_terminal(width: int) -> None:
    lines = drawn(width)
    assert max(map(len, lines)) <= width
    assert any("… 152 more bytes" in line for line in lines)


def test_colours_change_nothing_but_the_colour() -> None:
    painted = drawn(80, colours=True)
    assert [CODES.sub("", line).rstrip() for line in painted] == drawn(80)
    assert any(CODES.search(line) for line in painted)
    assert not any(CODES.search(line) for line in drawn(80))


def test_hidden_bytes_are_dots() -> None:
    parts = (FramePart(start=0, end=3, label="code", text="··"),)
    assert drawn(80, parts, "24····")[0] == "     0  24 ·· ··"


def test_members_of_json_are_listed_with_their_place() -> None:
    text = b'{"p":"heater","v":"1.0.0"}'
    assert drawn(80, tuple(json_parts(text, 0, len(text))), text.hex()) == [
        '     0  p  "heater"',
        '    13  v  "1.0.0"',
    ]


def test_what_a_device_sent_cannot_command_the_terminal() -> None:
    text = b'{"p":"\x1b]0;title\x07"}'
    assert not any("\x1b" in line for line in drawn(80, tuple(json_parts(text, 0, len(text))), text.hex()))


def test_wide_letters_take_two_columns() -> None:
    assert columns("温度") == 4
    assert list(in_lines("温度温度 ab", 5)) == ["温度", "温度", "ab"]
    assert list(in_lines("one two", 40)) == ["one two"]
