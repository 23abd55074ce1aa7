"""The parts of a console's lines: prompts, commands with arguments, the fields of log lines, values with wire keys."""

from collections.abc import Sequence

import pytest

from unclouded.core.family import Piece
from unclouded.core.frame_part import FramePart
from unclouded.families.meross.console import FAMILY
from unclouded.families.meross.console.wire.commands import COMMANDS

Described = list[tuple[str, object, str]]


def pieces(text: str) -> list[Piece]:
    decoder = FAMILY.decoder("device")
    return [*decoder.feed(text.encode()), *decoder.close()]


def parts_of(piece: Piece) -> Sequence[FramePart]:
    assert FAMILY.layout is not None
    return FAMILY.layout(piece)


def described(text: str, which: int = -1) -> Described:
    """(label, value, wire key) of the parts of a piece, without ends of lines."""
    parts = parts_of(pieces(text)[which])
    return [(part.label, part.value, part.wire) for part in parts if part.label != "end"]


def test_a_command_has_its_name_and_each_argument() -> None:
    assert described("$ config write common DbgLevel 2\r\n") == [
        ("prompt", None, ""),
        ("command", "config write", ""),
        ("group", "common", ""),
        ("item", "DbgLevel", ""),
        ("value", "2", ""),
    ]


def test_a_log_line_has_its_fields() -> None:
    assert described("[T: 153 M: mrs_http C: info F: mrs_http_handle_event L: 33]: httpd status = 1\r\n") == [
        ("time", 153, ""),
        ("module", "mrs_http", ""),
        ("level", "info", ""),
        ("function", "mrs_http_handle_event", ""),
        ("line", "33", ""),
        ("text", "httpd status = 1", ""),
    ]


@pytest.mark.parametrize(
    ("command", "line", "found"),
    [
        ("meross mem", "free: 83536", [("free", 83536, "mem.free")]),
        ("meross power", "p:67379", [("power", 67379, "power.p")]),
        (
            "meross power",
            "v:2387 (ratio:188)",
            [("voltage", 2387, "power.v"), ("voltage ratio", 188, "power.v_ratio")],
        ),
        ("meross time", "system uptime:0h8m57s", [("uptime s", "0h8m57s", "uptime")]),
        ("meross iot status", "iot status:offline", [("server", "offline", "iot.server")]),
        (
            "config show meross",
            "[meross]dev.ctl.switchStatus.00: 1",
            [("group", "meross", ""), ("key", "dev.ctl.switchStatus.00", ""), ("value", 1, "on")],
        ),
        ("meross hw", "hardware info", [("title", None, "")]),
        ("meross hw", "cmd id 0xd5 -- 0x0 seq 0x5", [("driver", None, "")]),
        ("meross hw", "what is this", [("text", None, "")]),
        ("meross net", "ip:       :", [("address", "", "")]),
    ],
)
def test_a_value_has_the_words_before_it(command: str, line: str, found: Described) -> None:
    assert described(f"$ {command}\r\n{line}\r\n") == found


def test_what_a_log_line_interrupts_is_in_its_parts() -> None:
    labels = [part.label for part in parts_of(pieces("$ meross mem\r\nfree: 83[T wifi C: erro\r\n")[-1])]
    assert labels == ["line, cut", "log line, cut", "end"]


def test_every_command_names_the_section_that_describes_it() -> None:
    sections = {row.code: row.section for row in FAMILY.commands}
    assert sections.keys() == {row.name for row in COMMANDS}
    assert sections["meross power"] == "docs/protocols/meross.md \u00a71.9.5.1"
    assert sections["config show"] == "docs/protocols/meross.md \u00a71.9.7"
    assert all(sections.values())
