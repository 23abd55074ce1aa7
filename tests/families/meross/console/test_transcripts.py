"""The published transcripts of a console, replayed on the simulated one: every line that differs is reported.

Masked identities match any, and so do values that live: times, memory, counters. The transcripts are no part of this
project; where they are absent, the golden session (test_golden_session.py) remains.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from families.meross.console.terminal import Terminal
from unclouded.core.sessions.session import WireCommand
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork

SHARED = Path(__file__).parents[5] / "shared"
TRANSCRIPT = SHARED / "vectors" / "console" / "mss310_hw2_fw2.1.7.txt"
SEEDS = sorted((SHARED / "seeds").glob("000_*.txt"))
AROUND = (AirNetwork(ssid="VM0000000", password="x" * 8, channel=6, signal=158),)  # signal 158: -21 dBm
RESTARTS = ("meross crash", "meross iot unbind", "reboot")
USAGES = re.compile(r"(meross (?:switch|iot upgrade)) <")  # shown without the prompt
CUT = '"sysOnlineT[T wifi C: erro'  # the log of the driver came in between; here with the fault "cuts-lines" only

MASKS = (
    (r"\[T: \d+ ", "[T: # "),
    (r"(?:(?<=up)|(?<![0-9a-z]))[0-9a-fx]{1,2}(?::[0-9a-fx]{1,2}){5}", "MAC"),
    (r"\b[0-9a-fx]{32}\b", "UUID"),
    (r"Meross_SW_\w{4}", "Meross_SW_#"),
    (r"seq 0x[0-9a-f]+", "seq #"),
    (r"\d+h\d+m\d+s", "UPTIME"),
    (r"\w{3} \w{3} \d+ \d\d:\d\d:\d\d \d{4}", "DATE"),
    (r"(utc timestamp:|free: |low: )\d+", r"\1#"),
    (r"(sunrise|sunset) \d\d:\d\d", r"\1 #"),
    (r"(SwitchLmTime.00: )\d+", r"\1#"),
    (r'("suncalc": )"[\d:;]+"', r"\1#"),
)

Block = tuple[str, list[str]]  # a command, "" = the start, and the lines of its answer


def masked(line: str) -> str:
    line = " ".join(line.split())
    for pattern, mask in MASKS:
        line = re.sub(pattern, mask, line)
    return line


def blocks(text: str) -> Iterator[Block]:
    """The commands of a transcript and what they printed."""
    command, lines = "", list[str]()
    for line in text.splitlines():
        typed = re.match(r"\$ ?(?!\[T)(\S.*)", line)
        usage = USAGES.match(line)
        first = "?" if not command and re.match(r"\? +- show", line) else ""
        if typed or usage or first:
            yield command, lines
            command, lines = (typed or usage)[1] if typed or usage else first, []  # type: ignore[index]
        if not typed and line.strip():
            lines.append(re.sub(r"^\$ ", "", line))
    yield command, lines


def replayed(terminal: Terminal, command: str) -> list[str]:
    if not command:
        return terminal.type("")
    return terminal.type(command)


@pytest.fixture
def terminal() -> Terminal:
    terminal = Terminal(networks=AROUND)
    terminal.device.submit(WireCommand({"onoff": True}), terminal.now)
    return terminal


@pytest.mark.skipif(not TRANSCRIPT.exists(), reason="the transcript is not part of this project")
def test_the_whole_transcript_comes_out_line_for_line(terminal: Terminal) -> None:
    start = terminal.seen.decode().splitlines()
    differing = []
    for command, expected in blocks(TRANSCRIPT.read_text("utf-8", "replace")):
        shown = replayed(terminal, command) if command else start
        shown = [masked(line) for line in shown if line.strip() not in ("", "$")]
        expected = [masked(line) for line in (expected if command else expected[1:])]  # the first is noise of the reset
        if command in RESTARTS:
            shown = shown[: len(expected)]
        pairs = zip(expected + [""] * len(shown), shown + [""] * len(expected), strict=False)
        differing += [(command, *pair) for pair in pairs if pair[0] != pair[1]]
    assert differing == [("meross iot dbg", CUT, '"sysOnlineTime": "UPTIME",')]


def test_with_cut_lines_the_debug_report_is_cut_as_in_the_transcript() -> None:
    assert CUT in Terminal("cuts-lines").type("meross iot dbg")


@pytest.mark.skipif(not SEEDS, reason="the transcript is not part of this project")
def test_every_line_of_the_other_transcript_stands_in_the_same_order(terminal: Terminal) -> None:
    """It has remarks of its author in between, and has lost lines and what stood in angle brackets."""
    start = terminal.seen.decode().splitlines()
    text = SEEDS[0].read_text("utf-8").partition("F1: 0000 0000")[2]
    missing = []
    for command, expected in blocks(f"F1: 0000 0000{text}"):
        command = {"meross ping": "meross ping 127.0.0.1"}.get(command, command)
        shown = [masked(line) for line in (replayed(terminal, command) if command else start)]
        missing += [line for line in expected if not is_remark(line) and not taken(masked(line), shown)]
    assert missing == [
        "? - show the comands available",  # the other transcript has it without the mistake
        CUT,
    ]


def taken(line: str, shown: list[str]) -> bool:
    """Whether it comes among what is left, which is then less; an address that was in angle brackets is missing."""
    place = next((at for at, one in enumerate(shown) if one.replace(" 127.0.0.1", "") == line), None)
    if place is not None:
        del shown[: place + 1]
    return place is not None


def is_remark(line: str) -> bool:
    """A sentence of the author."""
    begins = (
        r"(?:Device is|Get and Set|sets factory|disables it|you can however|Pings|UUID seems|In an unpared|I assume)"
    )
    return bool(re.match(begins, line) or re.fullmatch(r"[A-Z].*[a-z)] ?[.?]", line))
