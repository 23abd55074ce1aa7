"""`decode` without naming anything: text as arguments, what was found, and inputs that hold nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.verbs.verb_lines import lines
from unclouded.cli import cli

HEARTBEAT = "55 aa 00 00 00 00 ff"
REPORT = "55 aa 03 07 00 05 01 01 00 01 01 12"
LAN = "000055aa0000000100000007000000180000000000000000000000000000000000000000" + "0000aa55"
CAPTURES = Path(__file__).parents[2] / "captures"


def run(*words: str, stdin: bytes = b"") -> Result:
    """With the error of a verb in the result."""
    return CliRunner().invoke(cli, ["decode", *words], input=stdin)


def test_bytes_are_given_as_arguments() -> None:
    heartbeat, report = lines("decode", *HEARTBEAT.split(), *REPORT.split())
    assert (heartbeat["name"], heartbeat["sender"]) == ("heartbeat", "controller")
    assert (report["name"], report["sender"], report["family"]) == ("report", "device", "tuya_wifi")


def test_what_was_found_is_said() -> None:
    done = run(stdin=f"12:00:00 TX: {HEARTBEAT}\n12:00:01 RX: {REPORT}\nconnected\n".encode())
    assert "Read as lines with bytes in hex, 2 of 3 lines" in done.stderr
    assert "1 line is not understood: 3." in done.stdout


def test_a_frame_names_its_line() -> None:
    text = f"It sends\n\n12:00:00 TX: {HEARTBEAT}\n12:00:01 RX: {REPORT}\n"
    assert [one["line"] for one in lines("decode", stdin=text.encode())] == [3, 4]


def test_the_family_of_a_capture_is_that_in_its_header() -> None:
    capture = next(iter(sorted((CAPTURES / "emporia").glob("*.jsonl"))))
    assert {one["family"] for one in lines("decode", str(capture))} == {"emporia"}


def test_two_families_in_one_paste_are_both_read_in_their_order() -> None:
    text = f"24 66 0d {HEARTBEAT} 24 01 66 01 07 0d {REPORT} 24 72 0d"
    decoded = lines("decode", text)
    assert [one["family"] for one in decoded] == ["emporia", "tuya_wifi", "emporia", "tuya_wifi", "emporia"]
    assert [one["offset"] for one in decoded] == [0, 3, 10, 16, 28]
    assert "Emporia" in run(text).stderr and "Tuya" in run(text).stderr


def test_lanes_that_name_no_side_are_swapped_where_the_frames_show_it() -> None:
    first, second = lines("decode", stdin=f"RX: {HEARTBEAT}\nTX: {REPORT}\n".encode())
    assert (first["sender"], second["sender"]) == ("controller", "device")


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"", "The input is empty"),
        (b"\n \n", "The input is empty"),
        (b"see the screenshot, it does not work", "text without bytes in it"),
        (b"the MAC is 48:e1:e9:00:00:01\nid deadbeef00", "first line that looks like data is line"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x89PNG\r\n\x1a\n", "a picture cannot be read"),
        (b"\x1f\x8b\x08\0\0", "gunzip"),
        (LAN.encode(), "protocol on the local network"),
        (bytes.fromhex(LAN), "protocol on the local network"),
        (bytes.fromhex(LAN) * 2, "protocol on the local network"),
    ],
)
def test_an_input_that_held_nothing_exits_1_and_says_what_it_looked_like(data: bytes, hint: str) -> None:
    done = run(stdin=data)
    assert done.exit_code == 1
    assert hint in done.stderr


def test_a_packet_of_the_local_network_beside_frames_is_left_out() -> None:
    done = run("--json", stdin=f"{REPORT}\n{LAN}\n{REPORT}\n".encode())
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["frame", "frame"]
    assert "packets of Tuya's protocol on the local network are left out" in done.stderr


def test_power_on_noise_before_a_frame_is_no_packet_of_the_local_network() -> None:
    noise, frame = lines("decode", "00 00 " + HEARTBEAT)
    assert (noise["kind"], frame["name"]) == ("noise", "heartbeat")


def test_lines_that_are_not_understood_are_never_printed() -> None:
    text = f"Using SSID [attic]\nUsing Pass [hunter2]\nRX: {REPORT}\nkey=0123secret\n"
    for words in ((), ("--json",), ("--summary",), ("--bytes",), ("--input", "log")):
        shown = run(*words, stdin=text.encode()).output
        assert not any(secret in shown for secret in ("attic", "hunter2", "0123secret"))


def test_an_error_names_line_and_column() -> None:
    done = run("--input", "hex", stdin=b"55 aa\n55 aa zz\n")
    assert "Line 2, column 7" in str(done.exception)


def test_an_unknown_format_is_refused_with_those_that_there_are() -> None:
    done = run("--input", "nonsense", HEARTBEAT)
    assert "There is no format 'nonsense'" in str(done.exception) and "hex" in str(done.exception)


def test_a_word_that_is_neither_a_file_nor_bytes_is_refused() -> None:
    assert "There is no file 'line.log'" in run("line.log").stderr


def test_the_format_can_be_named() -> None:
    text = "85 170 3 0 0 1 1 4"
    (frame,) = lines("decode", "--input", "decimal", text)
    assert frame["hex"] == "55aa030000010104"
