"""Drafts of test cases: what is found in a recording, without secrets, as an entry that a person can correct."""

import json
from io import BytesIO
from itertools import repeat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from case_library import CAPTURES, CASES, path_of, recordings
from unclouded.app.cases.case_reading import DEVICE, MOST_FRAMES, MOST_VALUES, point_values, read_case
from unclouded.app.cases.draft import CaseDraft, draft_case
from unclouded.app.cases.recorded_case import (
    ExpectedPoint,
    ExpectedResult,
    RecordedCase,
    case_text,
    read_index,
)
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.cli import cli
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Quality, Reading, Value
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import read_lines

HEARTBEAT = bytes(Frame(0, 0, b""))
ANSWER = bytes(Frame(3, 0, b"\x01"))
CREDENTIALS = bytes(Frame(3, 0x2C, b'{"ssid":"Attic 5G","password":"hunter2!"}'))


def drafted(data: bytes, name: str = "one", profile: str = "") -> CaseDraft:
    decoding = decoding_of(None, one_file(BytesIO(data)))
    return draft_case(decoding, list(decoding.pieces()), name, profile)


# --- what is in it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", recordings()[::4], ids=lambda case: case.id)
def test_a_draft_of_a_case_holds_the_same_and_is_read_as_its_entry_says(case: RecordedCase) -> None:
    data = (CAPTURES / case.file).read_bytes()
    if not case.expected.frame_count:
        with pytest.raises(CommandError, match="holds no frame"):
            drafted(data)
        return
    draft = drafted(data, profile=case.profile)
    assert read_index(draft.entry, "one.toml") == (draft.case,)
    again = read_case(draft.capture, case.profile)
    assert (again.family, again.dialect, again.result) == (case.family, case.dialect, draft.case.expected)
    assert again.result.frame_count == case.expected.frame_count
    assert again.result.readings == case.expected.readings


def test_a_draft_is_marked_as_not_verified_and_says_what_a_person_fills_in() -> None:
    case = drafted((HEARTBEAT + ANSWER).hex().encode()).case
    assert case.verified == ""
    assert {case.shows, case.source, case.device, case.firmware} == {"…"}
    assert case.file == "tuya/one.jsonl"
    assert case.expected.commands == {"heartbeat": 2}


def test_secrets_are_in_neither_file_and_the_frame_is_still_whole() -> None:
    draft = drafted((HEARTBEAT + CREDENTIALS + ANSWER).hex().encode())
    for secret in (b"hunter2!", b"Attic"):
        assert secret not in draft.capture and secret.hex().encode() not in draft.capture
        assert secret.decode() not in draft.entry and secret.hex() not in draft.entry
    assert draft.case.expected.frame_count == 3
    assert draft.case.expected.noise_bytes == 0


def test_many_frames_are_counted_and_not_listed() -> None:
    few, many = drafted((ANSWER * MOST_FRAMES).hex().encode()), drafted((ANSWER * (MOST_FRAMES + 1)).hex().encode())
    assert len(few.case.expected.frames) == MOST_FRAMES
    assert (many.case.expected.frames, many.case.expected.frame_count) == ((), MOST_FRAMES + 1)


def test_a_recording_that_is_too_long_for_a_case_is_refused_before_it_is_read_to_its_end() -> None:
    decoding = decoding_of(None, one_file(BytesIO(ANSWER)))
    [piece] = decoding.pieces()
    endless = repeat(piece)
    with pytest.raises(CommandError, match="at most 10,000 frames"):
        draft_case(decoding, endless, "one")


def test_frames_without_times_are_a_second_apart_and_noise_is_kept() -> None:
    draft = drafted(b"\x01\x02" + ANSWER + b"\x09" + ANSWER)
    rows = [(line.t, line.data) for line in read_lines(draft.capture.splitlines())]
    assert rows == [(0.0, b"\x01\x02"), (1.0, ANSWER), (2.0, b"\x09"), (3.0, ANSWER)]
    assert (draft.case.expected.noise_bytes, draft.case.expected.noise_count) == (3, 2)


def test_the_times_of_a_draft_never_go_back_and_its_date_is_that_of_the_recording() -> None:
    """The answer is whole before the heartbeat is, which began earlier."""
    rows = [
        {"capture": 1, "family": "tuya_wifi", "started": "2025-03-01T10:00:00.000Z"},
        {"t": 0.0, "from": "controller", "hex": HEARTBEAT[:3].hex()},
        {"t": 0.1, "from": "device", "hex": ANSWER.hex()},
        {"t": 0.2, "from": "controller", "hex": HEARTBEAT[3:].hex()},
    ]
    head, *lines = drafted("\n".join(map(json.dumps, rows)).encode()).capture.splitlines()
    assert json.loads(head)["started"] == "2025-03-01T10:00:00.000Z"
    assert [(row["t"], row["from"]) for row in map(json.loads, lines)] == [(0.2, "controller"), (0.2, "device")]


@pytest.mark.parametrize("name", ["plug_boot", "gateway_joined", "thermostat_set"])
def test_a_draft_of_a_line_that_carries_both_sides_has_the_senders_that_its_conversation_shows(name: str) -> None:
    data = path_of(name).read_bytes()
    decoding = decoding_of(None, one_file(BytesIO(data), mixed=True))
    draft = draft_case(decoding, list(decoding.pieces()), "one")
    assert draft.case.expected.commands == CASES[name].expected.commands
    senders = [line.sender for line in read_lines(draft.capture.splitlines())]
    assert senders == [line.sender for line in read_lines(data.splitlines())]


def test_equal_values_in_succession_count_once_and_the_newest_are_kept() -> None:
    def reading(value: Value, quality: Quality = "good", device: str = DEVICE) -> Reading:
        return Reading(device, "power_W", value, 0.0, quality)

    several = [*map(reading, [1, 1, True, 1.0, 2, 2]), reading(1, "held"), reading(5, device=f"{DEVICE}_lamp")]
    found = point_values(several)
    assert found.keys() == {"power_W", "lamp/power_W"}
    values = found["power_W"].values
    assert [(type(one), one) for one in values] == [(int, 1), (bool, True), (float, 1.0), (int, 2), (int, 1)]
    assert (found["power_W"].unit, found["power_W"].quality) == ("W", "held")
    assert point_values(map(reading, range(30)))["power_W"].values == tuple(range(30 - MOST_VALUES, 30))


@given(st.binary(max_size=60), st.lists(st.sampled_from([HEARTBEAT, ANSWER, CREDENTIALS]), min_size=1, max_size=4))
@settings(max_examples=40)
def test_any_bytes_with_a_frame_give_a_draft_that_is_read_again_as_it_says(noise: bytes, frames: list[bytes]) -> None:
    data = b"".join([HEARTBEAT, ANSWER, noise, *frames])
    try:
        draft = drafted(data)
    except CommandError:
        return
    assert read_index(draft.entry, "one.toml") == (draft.case,)
    assert read_case(draft.capture).result == draft.case.expected
    assert b"hunter2!" not in draft.capture


# --- the entry --------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12).filter(lambda one: not 0 < abs(one) < 1e-20)
values = numbers | texts | st.booleans()
counts = st.dictionaries(texts, st.integers(1, 10**9), max_size=3)
points = st.builds(ExpectedPoint, unit=texts, values=st.lists(values, max_size=4).map(tuple))
results = st.builds(
    ExpectedResult,
    frame_count=st.integers(0, 9),
    frames=st.lists(texts, max_size=3).map(tuple),
    commands=counts,
    remarks=counts,
    values=st.dictionaries(texts, values, max_size=3),
    notices=st.lists(texts, max_size=3).map(tuple),
    readings=st.dictionaries(texts, points, max_size=3),
)
cases = st.builds(
    RecordedCase, id=texts, file=texts, shows=texts, source=texts, verified=texts, notes=texts, expected=results
)


@given(st.lists(cases, max_size=2))
@settings(max_examples=60)
def test_what_is_written_is_read_again(several: list[RecordedCase]) -> None:
    text = "\n".join(case_text(case) for case in several) or "case = []"
    assert read_index(text, "index.toml") == tuple(several)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[case]]\nid = 3", "Expected `str`, got `int`"),
        ('[[case]]\nid = "one"', "missing required field"),
        ("[[case]]\nid =", "is not TOML"),
        ('[[case]]\nid = "one"\ncolour = "red"', "unknown field"),
    ],
)
def test_what_is_wrong_with_an_entry_is_reported_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=r"index\.toml") as caught:
        read_index(text, "index.toml")
    assert reason in str(caught.value)


# --- the command line -------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["decode", *words])


def test_decode_saves_a_draft_and_replaces_none(tmp_path: Path) -> None:
    words = (ANSWER.hex(), "--save-case", str(tmp_path / "new" / "first_answer"))
    done = run(*words)
    assert "1 frame, 0 bytes of noise, 0 points." in done.stdout
    capture, entry = tmp_path / "new" / "first_answer.jsonl", tmp_path / "new" / "first_answer.toml"
    assert read_case(capture.read_bytes()).result == read_index(entry.read_text("utf-8"), "x")[0].expected
    entry.write_text("corrected by a person")
    assert "exists already" in str(run(*words).exception)
    assert entry.read_text() == "corrected by a person"


def test_the_draft_as_json(tmp_path: Path) -> None:
    done = json.loads(run(ANSWER.hex(), "--save-case", str(tmp_path / "one"), "--json").stdout)
    assert done["files"] == [str(tmp_path / "one.jsonl"), str(tmp_path / "one.toml")]
    assert done["case"]["expected"]["frame_count"] == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((ANSWER.hex(), "--save-case", "A name"), "is not a name for a case"),
        ((ANSWER.hex(), "--save-case", "x", "--profile", "my.toml"), "add yours first"),
        ((ANSWER.hex(), "--save-case", "x", "--summary"), "leave out the other views"),
        ((ANSWER.hex(), "--save-case", "x", "--explain"), "leave out the other views"),
        (("00 01 02", "--save-case", "x"), "holds no frame"),
    ],
)
def test_what_cannot_be_a_case_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code != 0
    assert reason in done.output + str(done.exception)
    assert list(tmp_path.iterdir()) == []
