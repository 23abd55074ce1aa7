"""Every sample of what people paste is read as it should be: frames, sides, times, or why it is not read.

``expected.json`` holds the truth of each sample. Times are seconds since the first frame with a time, of a frame's
first byte.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from unclouded.app.decoding.input_chunks import Input, one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.decoding.pieces import TimedPiece

SAMPLES = Path(__file__).parents[1] / "captures" / "formats"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))
TOLERANCE_S = 0.002


def sample(name: str) -> tuple[LineDecoding, list[TimedPiece]]:
    with (SAMPLES / name).open("rb") as file:
        decoding = decoding_of(None, one_file(file))
        return decoding, list(decoding.pieces())


def same(data: bytes) -> object:
    """A message of JSON by its content: line breaks in it are no difference."""
    try:
        return json.loads(data)
    except ValueError:
        return data


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_has_its_frames_sides_and_times(name: str) -> None:
    truth = EXPECTED[name]
    decoding, pieces = sample(name)
    frames = [one for one in pieces if one.piece.kind == "frame"]
    assert [same(one.piece.data) for one in frames] == [same(bytes.fromhex(frame)) for frame in truth["frames"]]
    assert [one.piece.sender for one in frames] == truth["directions"]
    if frames:
        assert decoding.family.name == truth["family"]
        assert times(frames) == [pytest.approx(t, abs=TOLERANCE_S) if t is not None else t for t in truth["times"]]
    else:
        check_without_frames(decoding.source, truth)


def times(frames: list[TimedPiece]) -> list[float | None]:
    first = next((one.t for one in frames if one.t is not None), 0.0)
    return [None if one.t is None else one.t - first for one in frames]


def check_without_frames(source: Input, truth: dict[str, Any]) -> None:
    """What has no frames has values or messages, or is refused with what to do instead."""
    contents = [content.fields for content in source.contents]
    if "values" in truth:
        assert {key: value for fields in contents for key, value in fields.items()} == truth["values"]
    elif "messages" in truth:
        assert [(one["method"], one["namespace"]) for one in contents] == [
            (one["method"], one["namespace"]) for one in truth["messages"]
        ]
    else:
        assert not contents
        assert source.found.refused or source.found.hint


@pytest.mark.parametrize("name", [name for name, truth in EXPECTED.items() if truth.get("noise")])
def test_a_frame_with_a_wrong_sum_is_noise(name: str) -> None:
    _, pieces = sample(name)
    assert len([one for one in pieces if one.piece.kind == "noise"]) == EXPECTED[name]["noise"]


@pytest.mark.parametrize("name", [name for name, truth in EXPECTED.items() if truth.get("rebuilt")])
def test_frames_put_together_from_fields_are_marked(name: str) -> None:
    _, pieces = sample(name)
    assert any(one.is_rebuilt for one in pieces)


@pytest.mark.parametrize("name", [name for name, truth in EXPECTED.items() if truth.get("lost")])
def test_what_the_input_has_lost_is_shown_as_cut(name: str) -> None:
    _, pieces = sample(name)
    assert [one.piece.kind for one in pieces].count("cut") == EXPECTED[name]["lost"]
    assert all(one.piece.kind != "noise" for one in pieces)
