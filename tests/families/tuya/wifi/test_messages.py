"""The messages of the basic conversation, and what of them is never shown."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.family import Sender
from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya import FAMILY_GATEWAY, FAMILY_WIFI
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import veil, veil_piece
from unclouded.families.tuya.messages import Clock, Product, Unknown, frame_of
from unclouded.families.tuya.wifi.commands import WIFI, read_message, wifi_redact
from unclouded.families.tuya.wifi.messages import Heartbeat, Signal, clock


@given(st.sampled_from(("controller", "device")), st.integers(0, 0x30), st.binary(max_size=30))
@settings(max_examples=300, deadline=None)
def test_every_frame_has_a_meaning_that_writes_it_again_unchanged(sender: Sender, command: int, payload: bytes) -> None:
    frame = Frame(3, command, payload)
    assert frame_of(read_message(sender, frame), 3) == frame


ODD_JSON = [
    b'{"p":"\\ud800"}',
    b'{"\\ud800":1}',
    b'{"p":NaN}',
    b'{"p":"\xa7"}',
    b'{"p":' * 400,
    b"[" * 1000,
    b'{"p":1e999}',
    b"{}",
]


@pytest.mark.parametrize(
    "text", [*ODD_JSON, b'{"n":%d}' % 10**30], ids=lambda text: text[:12].decode("ascii", "replace")
)
@pytest.mark.parametrize(
    ("sender", "command", "head"), [("device", 1, b""), ("device", 0x37, b"\0"), ("controller", 0x37, b"\2")]
)
def test_whatever_stands_in_json_can_be_printed(sender: Sender, command: int, head: bytes, text: bytes) -> None:
    """Half a character's escape, or a number without an end, is not JSON that others could read."""
    for decode in (FAMILY_WIFI.decoder, FAMILY_GATEWAY.decoder):
        (piece,) = decode(sender).feed(bytes(Frame(3 if sender == "device" else 0, command, head + text)))
        assert msgspec.json.decode(msgspec.json.encode(piece.message)) == piece.message


def product(payload: bytes) -> tuple[str, str]:
    message = read_message("device", Frame(3, 1, payload))
    assert isinstance(message, Product)
    return message.product, message.version


@pytest.mark.parametrize(
    "payload",
    [
        b'{"p":"abcdefgh12345678","v":"1.0.3","m":1,"low":0}',
        b"abcdefgh123456781.0.3",
        b'{"p":"abcdefgh12345678",\x00"v":"1.0.3"\r\n}\x00',
        b'{"p":"abcdefgh12345678","v":"1.0.3","m":x1,...}',
        b'{"p":"abcdefgh12345678", "v":"1.0.3", "ma":[{"t":x1,"v2":"y1"}',
    ],
    ids=["JSON", "old, without JSON", "control bytes", "vendor's own sample", "cut short"],
)
def test_product_info_is_read_however_the_mcu_writes_it(payload: bytes) -> None:
    assert product(payload) == ("abcdefgh12345678", "1.0.3")


@pytest.mark.parametrize("payload", [b"hello", b"[]", b"{}", b"[" * 900, bytes(range(256)), b'{"p":5}'])
def test_product_info_that_names_nothing_is_still_an_answer(payload: bytes) -> None:
    assert product(payload)[0] in ("", "5")


def test_an_answer_with_another_length_is_unknown() -> None:
    assert read_message("device", Frame(1, 2, b"\xff\x01\x01\x00\x00")) == Unknown(2, b"\xff\x01\x01\x00\x00")
    assert read_message("device", Frame(3, 0, b"\x01")) == Heartbeat(restarted=False)


def test_the_time_of_the_vendors_sample() -> None:
    at = datetime(2016, 4, 19, 5, 6, 7, tzinfo=UTC).timestamp()
    gmt = bytes(frame_of(clock(0x0C, LocalTime(at, 7200))))
    assert gmt == bytes.fromhex("55aa000c00070110041305 06074c")
    local = clock(0x1C, LocalTime(at, 7200))
    assert local == Clock(0x1C, True, bytes((16, 4, 19, 7, 6, 7, 2)))


def test_no_time_is_a_failure_of_the_right_length() -> None:
    assert frame_of(clock(0x0C, None)).payload == bytes(7)
    assert frame_of(clock(0x1C, LocalTime(0.0, trusted=False))).payload == bytes(8)


def test_a_signal_is_signed() -> None:
    assert bytes(frame_of(Signal(-20))) == bytes.fromhex("55aa00240001ec10")


def test_every_command_has_one_row_and_a_name() -> None:
    keys = [(row.code, row.sub) for row in WIFI.rows]
    assert len(keys) == len(set(keys))
    assert all(row.name for row in WIFI.rows)
    assert WIFI.name_of(0x34, b"\x0b") == "record report"
    assert WIFI.name_of(0x34, b"\x7f") == "extended service"
    assert WIFI.name_of(0x00) == "heartbeat"
    assert WIFI.name_of(0xEE) == ""


# --- secrets ----------------------------------------------------------------------------------------

PAIRING = bytes.fromhex(
    "55aa032a00247b2273223a22787878222c2270223a223132333435363738222c2274223a227a7a7a227db7"
)  # docs/protocols/tuya_wifi.md §1.2 frame 31


def test_a_pairing_frame_keeps_its_shape_and_loses_its_secrets() -> None:
    hidden = wifi_redact("device", PAIRING)
    assert len(hidden) == len(PAIRING)
    assert hidden[6:-1] == b'{"s":"***","p":"********","t":"***"}'
    assert sum(hidden[:-1]) & 0xFF == hidden[-1]


def test_module_info_and_connection_test_too() -> None:
    info = Frame(0, 0x34, b'\x07\x00{"ap":"home","cc":1,"wcfg":{"ssid":"home","pwd":"se\\"cret"}}')
    test = Frame(3, 0x2C, b'{"ssid":"home","password":12345678}')
    for frame in (info, test):
        hidden = wifi_redact(None, bytes(frame))
        assert len(hidden) == len(bytes(frame))
        assert b"home" not in hidden and b"cret" not in hidden and b"1234" not in hidden


def test_a_secret_that_is_not_json_is_blanked_whole() -> None:
    assert wifi_redact("device", bytes(Frame(3, 0x2C, b'{"ssid":"a","password":"secret')))[6:-1] == b"*" * 30


@pytest.mark.parametrize(
    "text",
    [
        '{"s":["attic"],"p":["hunter2"]}',
        '["attic","hunter2"]',
        '{"ssid: ":"attic","password":"hunter2"}',
        '"hunter2"',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16"])
def test_a_secret_is_blanked_wherever_it_stands_in_the_json(text: str, encoding: str) -> None:
    """Other encodings are JSON to Python, and what looks like a value may be the end of a key."""
    hidden = wifi_redact("device", bytes(Frame(3, 0x2C, text.encode(encoding)))).replace(b"\0", b"")
    assert b"attic" not in hidden and b"hunter2" not in hidden


def test_half_a_password_of_any_alphabet_is_blanked() -> None:
    half = bytes(Frame(3, 0x2C, '{"ssid":"дача","password":"секрет'.encode()))[:-3]
    assert not set(veil(half)[3:]) & set("дачасекрет".encode())
    text = "€секрет𝄞".encode()
    for size in (1, 2, 3, 5, len(text)):
        assert b"".join(veil(text[at : at + size]) for at in range(0, len(text), size)) == b"*" * len(text)
    assert veil(bytes.fromhex("55 aa 03 07 ff 80")) == bytes.fromhex("55 aa 03 07 ff 80")


def test_half_a_pairing_frame_in_noise_shows_nothing() -> None:
    assert wifi_redact("device", PAIRING[:30]) == veil(PAIRING[:30])
    assert b"1234" not in veil(PAIRING[3:])
    assert veil(PAIRING).startswith(PAIRING[:3])


def test_other_frames_pass_untouched() -> None:
    report = bytes(Frame(3, 7, bytes.fromhex("13020004000002a1")))
    assert wifi_redact("device", report) is report
    paired, tested = bytes(Frame(0, 0x2A, b"\1")), bytes(Frame(0, 0x2C, b"\1"))
    assert (wifi_redact("controller", paired), wifi_redact(None, tested)) == (paired, tested), "answers hold no secrets"


def test_a_letter_that_comes_in_two_pieces_is_blanked_too() -> None:
    secret = '{"p":"пароль'.encode()
    assert b"".join(veil_piece(bytes((byte,))) for byte in secret) == veil_piece(secret) == b"*" * len(secret)
    assert veil_piece(PAIRING).startswith(PAIRING[:3])
