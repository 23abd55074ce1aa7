"""Every example frame that the vendor printed, right or wrong: docs/protocols/tuya_wifi.md §1."""

import json
from pathlib import Path
from typing import Any

import pytest

from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.decoder import WIFI_READING, wifi_decoder

LINES = Path(__file__).with_name("published_frames.jsonl").read_text().splitlines()
EXAMPLES: list[dict[str, Any]] = [json.loads(line) for line in LINES]


def name(example: dict[str, Any]) -> str:
    return f"{example['number']} {example['words']}"


def whole(data: bytes) -> list[Frame | Noise]:
    framer = Framer((WIFI.shapes,), gap=None)
    return [*framer.feed(data), *framer.close()]


def test_there_are_37_of_them() -> None:
    assert len(EXAMPLES) == 37


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.get("wrong") != "frame"], ids=name)
def test_an_example_is_one_frame_and_is_written_again_unchanged(example: dict[str, Any]) -> None:
    data = bytes.fromhex(example["hex"])
    [frame] = whole(data)
    assert isinstance(frame, Frame)
    assert bytes(frame) == data
    assert bytes(frame_of(read_message(example["from"], frame), frame.version)) == data


@pytest.mark.parametrize("example", [one for one in EXAMPLES if "right" in one], ids=name)
def test_the_corrected_example_is_one_frame(example: dict[str, Any]) -> None:
    data = bytes.fromhex(example["right"])
    assert [bytes(piece) for piece in whole(data) if isinstance(piece, Frame)] == [data]


@pytest.mark.parametrize("example", [one for one in EXAMPLES if "wrong" not in one], ids=name)
def test_a_named_sender_is_the_right_one(example: dict[str, Any]) -> None:
    [frame] = whole(bytes.fromhex(example["hex"]))
    assert isinstance(frame, Frame)
    assert WIFI_READING.read(None, frame).sender in (None, example["from"])


def test_the_malformed_example_is_noise_with_a_reason() -> None:
    [example] = [one for one in EXAMPLES if one.get("wrong") == "frame"]
    decoder = wifi_decoder("device")
    pieces = [*decoder.feed(bytes.fromhex(example["hex"])), *decoder.close()]
    assert [(piece.kind, piece.reason) for piece in pieces] == [("noise", "cut off")]


def test_the_wrong_version_is_reported() -> None:
    [example] = [one for one in EXAMPLES if one.get("wrong") == "version"]
    [piece] = wifi_decoder("controller").feed(bytes.fromhex(example["hex"]))
    assert piece.reason == "version 3 where a module sends 0"
