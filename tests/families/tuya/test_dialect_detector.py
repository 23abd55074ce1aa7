"""Which dialect a recorded line speaks."""

import re
from pathlib import Path

import pytest

from pair import Pair, ambient
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Session, WireCommand
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.dialect_detector import DialectDetector
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame


def verdict(*sent: tuple[Sender | None, bytes]) -> tuple[str, str]:
    detector = DialectDetector()
    for sender, data in sent:
        detector.feed(sender, data)
    return detector.verdict()


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(
    ("mcu", "expected"), [(wifi_mcu(McuOptions()), "normal"), (low_mcu(LowOptions()), "low_power")]
)
def test_a_whole_conversation_determines_its_dialect(mcu: Session, expected: str, mixed: bool) -> None:
    """The module tries both: its unanswered heartbeats do not count against the frames of the MCU."""
    pair = Pair(controller(LineSettings(), ambient()), mcu)
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=30.0)
    sent = [
        (None if mixed else "controller" if side == "controller" else "device", data) for _, side, data in pair.sent
    ]
    assert verdict(*sent)[0] == expected  # type: ignore[arg-type]  # the comprehension's literals are str to mypy


def test_the_verdict_names_what_was_seen() -> None:
    """docs/protocols/tuya_low_power.md §4: 05 with data points and version 0 is a battery device's report."""
    name, words = verdict(("device", bytes(Frame(0, 5, bytes.fromhex("0101000101")))))
    assert name == "low_power"
    assert words == (
        "It is the dialect of battery devices: a frame 05 of version 0 with 5 bytes is its report "
        "(1 frame that only it has)."
    )
    name, words = verdict(("device", bytes(Frame(3, 5, b"\1"))))
    assert (name, words[:28]) == ("normal", "It is the ordinary dialect: ")


@pytest.mark.parametrize(
    ("data", "why"), [(b"", "no frame was seen"), (bytes(Frame(0, 1)), "nothing in 1 frame decides")]
)
def test_without_evidence_it_is_read_as_the_ordinary_one(data: bytes, why: str) -> None:
    name, words = verdict((None, data))
    assert name == "normal" and why in words


REPORT = bytes.fromhex("0101000101")
HEARTBEAT = bytes(Frame(0, 0, b"\1"))
SEQUENCED = bytes(SequencedFrame(2, 6, REPORT, 37))
POINTS = bytes(Frame(0, 0x0D, b"\x041234" + REPORT))
GATEWAY_INFO = bytes(Frame(1, 1, b'{"pid":"abcdefgh","ver":"1.0.0","cap":0}'))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([("device", HEARTBEAT)] * 9 + [("device", bytes(Frame(0, 5, REPORT)))], "low_power"),
        ([("controller", bytes(Frame(0, 0)))] * 9 + [("device", bytes(Frame(0, 5, REPORT)))], "low_power"),
        ([("device", bytes(Frame(0, 5, b"\1"))), ("device", HEARTBEAT)], "normal"),  # a reset of an old MCU
        ([("device", bytes(Frame(3, 7, REPORT)))], "normal"),
        ([("device", SEQUENCED)], "zigbee_module"),
        ([(None, b"\0" + SEQUENCED)], "zigbee_module"),
        ([("device", POINTS)], "gateway"),
        ([("device", GATEWAY_INFO)], "gateway"),
        ([("controller", bytes(Frame(0, 0))), ("device", GATEWAY_INFO)], "gateway"),
        ([("device", bytes(Frame(3, 5, REPORT))), ("device", bytes(Frame(3, 7, REPORT)))], "normal"),
    ],
)
@pytest.mark.parametrize("default", ["normal", "gateway"])
def test_the_first_frames_determine_the_dialect(
    sent: list[tuple[Sender | None, bytes]], expected: str, default: str
) -> None:
    """docs/protocols/tuya_low_power.md §4, tuya_gateway.md §1.8, tuya_zigbee_module.md §1."""
    detector = DialectDetector(default)
    for sender, data in sent:
        detector.feed(sender, data)
    assert detector.verdict()[0] == expected


@pytest.mark.parametrize("default", ["normal", "gateway"])
def test_without_evidence_it_is_the_dialect_that_is_expected(default: str) -> None:
    for sender, data in (
        (None, bytes(Frame(0, 4))),  # a reset in both
        ("device", bytes(Frame(3, 6))),  # a question for the time, if its version were 0
        ("controller", bytes(Frame(0, 5, REPORT))),  # no module reports
        ("device", bytes(SequencedFrame(2, 0x77, b"", 37))),  # no command of a Zigbee module
    ):
        detector = DialectDetector(default)
        detector.feed(sender, data)  # type: ignore[arg-type]  # the literals are str to mypy
        assert detector.verdict()[0] == default, data.hex(" ")


@pytest.mark.parametrize("default", ["normal", "gateway"])
def test_where_as_much_is_for_one_as_for_the_other_it_is_the_dialect_that_is_expected(default: str) -> None:
    detector = DialectDetector(default)
    detector.feed("device", HEARTBEAT + POINTS)
    name, why = detector.verdict()
    assert name == default and why.endswith("(1 frame that only it has, 1 of the other).")


def tuya_vectors(page: str) -> list[bytes]:
    """The frames of a protocol page that are right."""
    text = (Path(__file__).parents[3] / "docs/protocols" / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"^```frames\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#") for block in blocks for line in block.splitlines()]
    return [bytes.fromhex(data) for data, _, words in lines if "defect:" not in words]


@pytest.mark.parametrize(
    ("page", "expected"),
    [("tuya_wifi", "normal"), ("tuya_gateway", "gateway"), ("tuya_zigbee_module", "zigbee_module")],
)
def test_the_examples_of_each_page_together_are_recognised(page: str, expected: str) -> None:
    others = {"tuya_wifi": "gateway"}.get(page, "normal")
    detector = DialectDetector(others)
    for data in tuya_vectors(page):
        detector.feed(None, data)
    assert detector.verdict()[0] == expected


@pytest.mark.parametrize(
    ("page", "mine"),
    [
        ("tuya_wifi", ("normal", "low_power")),  # it shows frames of battery devices as well
        ("tuya_low_power", ("low_power", "normal")),
        ("tuya_gateway", ("gateway",)),
        ("tuya_zigbee_module", ("zigbee_module",)),
    ],
)
def test_no_example_of_a_page_is_taken_for_another_dialect(page: str, mine: tuple[str, ...]) -> None:
    wrong = {}
    for data in tuya_vectors(page):
        detector = DialectDetector(mine[0])
        detector.feed(None, data)
        name, why = detector.verdict()
        if name not in mine:
            wrong[data.hex(" ")] = why
    assert wrong == {}
