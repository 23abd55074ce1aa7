"""Which dialect a recorded line speaks."""

import pytest

from pair import Pair, ambient
from unclouded.core.family import Sender
from unclouded.core.session import Session, WireCommand
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.dialect_detector import DialectDetector
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu import McuOptions, wifi_mcu


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
