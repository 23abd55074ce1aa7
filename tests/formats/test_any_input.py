"""Any frames, written down in any format, are read as the same frames; and what people write is no frame."""

import io
import json
import string

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from renderings import MESSAGE_RENDERINGS, RENDERINGS
from unclouded.app.decoding.input_chunks import FORMS, one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.core.errors import UncloudedError
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats.registry import FORMATS
from unclouded.formats.source import InputSource
from unclouded.formats.text.stamps import StampClock, stamp_of

REPORTS = st.builds(
    lambda id, value: bytes(Frame(3, 7, bytes([id, 2, 0, 4]) + value.to_bytes(4))),
    st.integers(1, 120),
    st.integers(0, 2**32 - 1),
)
SWITCHES = st.builds(lambda id, on: bytes(Frame(3, 7, bytes([id, 1, 0, 1, on]))), st.integers(1, 255), st.booleans())


def message(number: int, text: str) -> bytes:
    """A message of a plug, with any text in it."""
    header = {"messageId": f"{number:032x}", "namespace": "Appliance.System.All", "method": "SET", "from": "/app/1-a/s"}
    whole = {"header": {**header, "payloadVersion": 1, "timestamp": number, "sign": "0" * 32}, "payload": {"x": text}}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


MESSAGES = st.builds(message, st.integers(0, 2**31), st.text("abc\"'\\{}[]:, äTrue55aa", max_size=24))
CAPTURES = st.lists(REPORTS | SWITCHES, min_size=3, max_size=8)


def frames_of(data: bytes, family: str | None = None) -> list[bytes]:
    decoding = decoding_of(family, one_file(io.BytesIO(data), family=family or ""))
    return [one.piece.data for one in decoding.pieces() if one.piece.kind == "frame"]


def lines_of(text: str) -> list[int]:
    decoding = decoding_of(None, one_file(io.BytesIO(text.encode())))
    return [one.line for one in decoding.pieces() if one.piece.kind == "frame"]


@pytest.mark.parametrize("form", RENDERINGS)
@settings(max_examples=5)
@given(frames=CAPTURES)
def test_frames_are_the_same_in_every_format(form: str, frames: list[bytes]) -> None:
    if form == "cat -v":  # which leaves open whether M-^M-v is two bytes or three
        assume(not {0x5E, 0xDE} & set(b"".join(frames)))
    assert frames_of(RENDERINGS[form](frames).encode()) == frames


@pytest.mark.parametrize("form", MESSAGE_RENDERINGS)
@settings(max_examples=5)
@given(messages=st.lists(MESSAGES, min_size=1, max_size=4))
@example([message(0, "\\e[T")])  # in a literal it looks like the colour of a terminal
def test_messages_are_the_same_in_every_format(form: str, messages: list[bytes]) -> None:
    found = frames_of(MESSAGE_RENDERINGS[form](messages).encode())
    assert [json.loads(one) for one in found] == [json.loads(one) for one in messages]


ELSEWHERE = {  # formats of bytes, of levels and of values; stories of them are in the tests of their kind
    *("raw", "pcap", "sigrok_session", "vcd", "saleae_digital", "dps", "zigbee_tuya", "console_log"),
    *("meross_lan_trace", "meross_lan_log", "meross_lan_diagnostics", "saleae_packets"),
}


@pytest.mark.parametrize("form", RENDERINGS)
def test_sentences_around_a_text_do_no_harm(form: str) -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4, 0, 0, at, 0x1F]))) for at in range(4)]
    text = f"Hello, this is what I have got from my heater:\n\n{RENDERINGS[form](frames)}\n\nThank you for your help!\n"
    assert frames_of(text.encode()) == frames


def test_there_is_a_text_of_every_format() -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4, 0, 0, at, 0x1F]))) for at in range(3)]
    texts = [render(frames) for render in RENDERINGS.values()]
    texts += [render([message(at, "GET") for at in range(2)]) for render in MESSAGE_RENDERINGS.values()]
    found = {one_file(io.BytesIO(text.encode())).found.format for text in texts}
    assert {one.name for one in FORMATS if one.group != "refused"} - found - ELSEWHERE == set()


@pytest.mark.parametrize("form", [form for form in RENDERINGS if form.startswith(("od", "xxd", "hexdump"))])
def test_a_long_dump_is_read_by_columns_as_a_short_one_is_by_rows(form: str) -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4]) + at.to_bytes(4))) for at in range(250)]
    text = RENDERINGS[form](frames)
    assert frames_of(text.encode()) == frames
    lines = text.split("\n")
    assert frames_of("\n".join([*lines[:150], *lines[160:]]).encode())  # offsets that do not count on begin again


def test_rows_of_other_lengths_in_a_long_dump_are_read_too() -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4]) + at.to_bytes(4))) for at in range(250)]
    lines = RENDERINGS["xxd"](frames).split("\n")
    for cut in (1, 20, 63, 64, 65, 150):
        cut_lines = [line[:50] if at % cut == 0 else line for at, line in enumerate(lines)]
        assert frames_of("\n".join(cut_lines).encode()) == frames


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: "\n".join(f"\x1b[0;36m{line}\x1b[0m" for line in text.split("\n")).encode(),
        lambda text: "\n".join(f"\\033[0;36m{line}\\033[0m" for line in text.split("\n")).encode(),
        lambda text: "\n".join(f"> {line}" for line in text.split("\n")).encode(),
        lambda text: text.replace(">", "&gt;").replace("<", "&lt;").encode(),
        lambda text: text.replace(" ", "\u00a0").encode(),
        lambda text: f"~~~\n{text}\n~~~".encode(),
    ],
    ids=[
        "utf16",
        "utf16 le",
        "utf16 be",
        "bom",
        "crlf",
        "colours",
        "written",
        "quoted",
        "entities",
        "blanks",
        "fenced",
    ],
)
@settings(max_examples=5)
@given(frames=CAPTURES)
def test_what_is_wrapped_around_a_log_is_taken_off(wrap: object, frames: list[bytes]) -> None:
    assert callable(wrap)
    text = "\n".join(f"12:00:0{at} <<< {frame.hex(' ')}" for at, frame in enumerate(frames))
    assert frames_of(wrap(text)) == frames


TEXT = """the plug answers with a frame and its sum fits 55 aa see face added bad dead beef cafe 0x55 0xAA $ $1.20 r\\n
    20:26:55 12:55:AA 2026-11-29 29.11.2026 48:e1:e9:00:00:01 6762f168-15a7-4e26-b7f4-9f79c397cf00 fe80::1 10.0.0.55
    deadbeef TX: RX: >>> <<< MCU received 13:37 100% #55 &H 24 01 0d 85 170 {"a": [1, 2, 3]} b'hello' \\x55 ^@ M-*
    Lorem ipsum dolor sit amet, it works. (maybe) 3.141592 1795953600 00000000: 0000010 * | |U..| 'no' "yes" = -> v1"""
WORDS = st.sampled_from(TEXT.split())
PROSE = st.lists(WORDS | st.text(string.ascii_letters, min_size=1, max_size=8), max_size=40).map(" ".join)
LINES = st.lists(PROSE, max_size=6).map("\n".join)


@settings(max_examples=150)
@given(text=LINES)
def test_prose_never_is_a_frame(text: str) -> None:
    assert frames_of(text.encode()) == []


@settings(max_examples=100)
@given(
    data=st.binary(max_size=80)
    | LINES.map(str.encode)
    | st.text("05aA{}[]\"'\\x^M- \n:<B*", max_size=60).map(str.encode)
)
def test_no_input_raises(data: bytes) -> None:
    frames_of(data)
    frames_of(data, "tuya_wifi")


@given(data=st.binary(max_size=40))
def test_text_is_cleaned_without_loss_of_lines(data: bytes) -> None:
    source = InputSource(data)
    if source.text is not None:
        assert len(source.lines) == len(source.text.removesuffix("\n").split("\n"))


@pytest.mark.parametrize(
    ("text", "at", "kind"),
    [
        ("12:00:00.012 x", 43_200.012, "day"),
        ("[23:59:59][D]", 86_399.0, "day"),
        ("2026-11-29T12:00:00Z x", 1_795_953_600.0, "date"),
        ("2026-11-29T13:50:35+0100", 1_795_956_635.0, "date"),
        ("2026/11/29 - 12:00:00", 1_795_953_600.0, "date"),
        ("29.11.2026 12:00:00.50 [TX]", 1_795_953_600.5, "date"),
        ("11/29/2026 6:18:06 PM WiFi", 1_795_976_286.0, "date"),
        ("P12:30:00.732A 47 56", 45_000.732, "day"),
        ("[343970] [TUYA]", 343.97, "run"),
        ("1795953600,55AA", 1_795_953_600.0, "date"),
        ("000012.345 RX", 12.345, "run"),
    ],
)
def test_a_time_is_read_in_the_forms_that_programs_write(text: str, at: float, kind: str) -> None:
    stamp = stamp_of(text)
    assert stamp is not None
    assert stamp.at == pytest.approx(at)
    assert stamp.kind == kind


@pytest.mark.parametrize("text", ["12:55:AA", "20:26:55:AA:00", "55 AA 03", "24:66:0D", "2026", "deadbeef", "1.5"])
def test_bytes_are_no_time(text: str) -> None:
    assert stamp_of(text) is None


def test_times_go_on_after_midnight_and_a_clock_that_is_set_back_a_little_stands_still() -> None:
    clock = StampClock()
    of_day = [43_200.0, 10_800.0, 10_798.0, 43_200.0]
    assert [clock.time(at, "day") for at in of_day] == [0.0, 54_000.0, 54_000.0, 86_400.0]


@pytest.mark.parametrize("form", RENDERINGS)
def test_frames_have_the_lines_in_which_they_begin(form: str) -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4]) + (at << 24 | 0xEF).to_bytes(4))) for at in range(6)]
    text = RENDERINGS[form](frames)
    lines, longest = lines_of(text), max(map(len, text.split("\n")))
    if form in ("JSON", "signed", "tshark -T json"):
        assert set(lines_of(f"\n\n{text}")) == {0}  # not known, and nothing is made up
        return
    assert lines == sorted(lines)
    assert 1 <= lines[0] <= lines[-1] <= text.count("\n") + 1
    assert lines[0] < lines[-1] or longest > len(text) / 2
    assert lines_of(f"\n\n\n{text}") == [one + 3 for one in lines]


def test_lines_are_those_of_the_text_that_was_pasted() -> None:
    one, other = (bytes(Frame(3, 7, bytes([at, 1, 0, 1, 1]))) for at in (1, 2))
    spaced, packed = one.hex(" "), other.hex()
    wrapped = f"{packed[:7]}\n{packed[7:]}"
    assert lines_of(f"first I got\n{spaced}\nthen it said\n{spaced}\nand this is the last one\n{spaced}\n") == [2, 4, 6]
    assert lines_of(f"{one.hex()}\n\n{wrapped}\n{one.hex()}") == [1, 3, 5]
    assert lines_of("\n".join(f"{byte:02x}" for byte in one + other)) == [1, 1 + len(one)]
    assert lines_of("\n".join(str(byte) for byte in one + other)) == [1, 1 + len(one)]
    dump = RENDERINGS["hexdump -C"]([one, b"\xff" * 40, other]).split("\n")
    assert lines_of("\n".join(dump)) == [1, (len(one) + 40) // 16 + 1]


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\n", b"{", b"[\n]", b"\xff\xfe", b"PK\3\4", b"This is a sentence of six words."]
)
@pytest.mark.parametrize("named", [*FORMS, *(one.name for one in FORMATS)])
def test_what_is_not_of_the_named_format_is_no_fault(named: str, data: bytes) -> None:
    """A file of bytes is not JSON text: it is refused, or nothing is found in it."""
    try:
        found = one_file(io.BytesIO(data), named)
    except UncloudedError as error:
        assert str(error)
    else:
        assert not list(found.contents)
