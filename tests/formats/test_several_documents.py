"""Two documents in one paste, one behind the other: both are read, with the lines of each."""

import io

import pytest

from renderings import MESSAGE_RENDERINGS, RENDERINGS
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.families.tuya.line.framing import Frame

FIRST = [bytes(Frame(3, 7, bytes([1, 2, 0, 4, 0, 0, at, 0x1F]))) for at in range(4)]
SECOND = [bytes(Frame(3, 7, bytes([2, 2, 0, 4, 0, at, 0, 0xE0]))) for at in range(3)]
MESSAGE = (
    b'{"header":{"from":"/app/1-a/s","messageId":"00000000000000000000000000000000","method":"GET",'
    b'"namespace":"Appliance.System.All","payloadVersion":1,"sign":"00000000000000000000000000000000",'
    b'"timestamp":1},"payload":{}}'
)
THIRD = [bytes(Frame(3, 7, bytes([3, 1, 0, 1, on]))) for on in (0, 1)]
READINGS = [bytes.fromhex("24016d0806050403020c57000d"), bytes.fromhex("24016601070d")]
FORMS = list(RENDERINGS)
PAIRS = [(form, FORMS[(at * 7 + 3) % len(FORMS)]) for at, form in enumerate(FORMS) if at % 3 == 0]


def decoded(text: str) -> LineDecoding:
    return decoding_of(None, one_file(io.BytesIO(text.encode())))


def frames_of(text: str) -> list[bytes]:
    return [one.piece.data for one in decoded(text).pieces() if one.piece.kind == "frame"]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_both_of_two_documents_are_read(first: str, second: str) -> None:
    text = f"{RENDERINGS[first](FIRST)}\n\n{RENDERINGS[second](SECOND)}\n"
    assert frames_of(text) == FIRST + SECOND


@pytest.mark.parametrize("second", ["sigrok-cli", "xxd", "log", "hexdump -C", "Tasmota", "od -c"])
@pytest.mark.parametrize("first", ["od -c", "base64", "C array", "hexdump"])
def test_no_blank_line_is_needed_between_them(first: str, second: str) -> None:
    if first != second:
        assert frames_of(f"{RENDERINGS[first](FIRST)}\n{RENDERINGS[second](SECOND)}\n") == FIRST + SECOND


@pytest.mark.parametrize("form", ["mosquitto -v", "indented", "HTTP", "a list"])
def test_a_document_of_another_family_is_read_too(form: str) -> None:
    messages = MESSAGE_RENDERINGS[form]([MESSAGE, MESSAGE.replace(b"All", b"Time")])
    frames = frames_of(f"{RENDERINGS['xxd'](FIRST)}\n\n{messages}\n\n{RENDERINGS['blanks'](READINGS)}\n")
    assert frames[:4] == FIRST and len(frames) == 8 and frames[6:] == READINGS


def test_the_documents_are_named_with_their_lines_and_times_go_on() -> None:
    text = f"{RENDERINGS['log'](FIRST)}\n\n{RENDERINGS['od -c'](SECOND)}\n\n{RENDERINGS['espurna'](THIRD)}\n"
    decoding = decoded(text)
    pieces = [one for one in decoding.pieces() if one.piece.kind == "frame"]
    assert [one.piece.data for one in pieces] == FIRST + SECOND + THIRD
    assert [one.line for one in pieces] == [1, 2, 3, 4, 6, 6, 7, 11, 12]
    times = [one.t for one in pieces if one.t is not None]
    assert times == sorted(times) and len(times) == 6
    assert "from line 6" in decoding.source.found.notes[0] and decoding.source.found.unread == []


def test_equal_frames_of_two_views_in_one_log_are_no_second_document() -> None:
    lines = RENDERINGS["ESPHome hex"](FIRST).split("\n") + RENDERINGS["ESPHome tuya"](FIRST).split("\n")
    assert frames_of("\n".join(lines)) == frames_of("\n".join(lines).replace("\n", "\n\n"))


def test_a_long_text_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.formats.several.LONGEST", 100)
    assert frames_of(f"{RENDERINGS['xxd'](FIRST)}\n\n{RENDERINGS['C array'](SECOND)}\n") != FIRST + SECOND
