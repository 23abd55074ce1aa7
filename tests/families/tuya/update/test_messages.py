"""The packets of an update, both ways: every byte of them comes back, and `decode` names them."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.family import Piece, Sender
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.low_power.commands import read_low
from unclouded.families.tuya.low_power.decoder import low_decoder
from unclouded.families.tuya.messages import Bare, Result, frame_of
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart
from unclouded.families.tuya.wifi.commands import WIFI, read_message, wifi_redact
from unclouded.families.tuya.wifi.decoder import wifi_decoder
from unclouded.families.tuya.wifi.service_messages import FileInfo, FileReady, Sub, SubResult

ANY = st.integers(0, 255)
LONG = st.integers(0, 2**32 - 1)
DATA = st.binary(max_size=1024)
MD5 = st.text("0123456789abcdef", min_size=32, max_size=32)
VERSION = st.tuples(ANY, ANY, ANY)
STARTS, BLOCKS = st.sampled_from((0x0A, 0x31)), st.sampled_from((0x0B, 0x32))
DIGEST = hashlib.md5(b"firmware").hexdigest()

PLAIN: st.SearchStrategy[Message] = (
    st.builds(UpdateStart, STARTS, LONG)
    | st.builds(UpdateBlock, BLOCKS, LONG, DATA)
    | st.builds(SubResult, st.just(0x37), st.just(1), ANY)
)
FOR_ONE: st.SearchStrategy[Message] = st.builds(UpdateStart, st.just(0x0A), LONG, MD5, ANY, VERSION) | st.builds(
    UpdateBlock, st.just(0x0B), LONG, DATA, ANY
)
ANSWERS: st.SearchStrategy[Message] = (
    st.builds(Result, STARTS, ANY)
    | st.builds(Bare, BLOCKS)
    | st.builds(FileReady, ANY, ANY)
    | st.builds(Sub, st.just(0x37), st.integers(2, 8), DATA)
)


@given(
    st.tuples(st.just("controller"), st.just(0), PLAIN)
    | st.tuples(st.just("controller"), st.just(1), FOR_ONE)
    | st.tuples(st.just("device"), st.sampled_from((0, 3)), ANSWERS)
)
@settings(max_examples=200, deadline=None)
def test_what_is_built_is_read_back_from_the_wire(sent: tuple[Sender, int, Message]) -> None:
    sender, version, message = sent
    framer = Framer((WIFI.shapes,), gap=None)
    (frame,) = [*framer.feed(bytes(frame_of(message, version))), *framer.close()]
    assert isinstance(frame, Frame) and read_message(sender, frame) == message


@given(st.builds(UpdateStart, st.just(0x0D), LONG) | st.builds(UpdateBlock, st.just(0x0E), LONG, DATA))
def test_so_is_what_battery_devices_receive(message: UpdateStart | UpdateBlock) -> None:
    assert read_low("controller", frame_of(message)) == message


@given(st.sampled_from(("controller", "device")), st.sampled_from((0x0A, 0x0B, 0x31, 0x32, 0x37)), ANY, DATA)
@settings(max_examples=200, deadline=None)
def test_any_payload_is_written_again_unchanged(sender: Sender, command: int, version: int, payload: bytes) -> None:
    frame = Frame(version, command, payload)
    assert frame_of(read_message(sender, frame), version) == frame


def decoded(message: Message, version: int = 0, sender: Sender | None = None) -> Piece:
    decoder = wifi_decoder(sender)
    (piece,) = [*decoder.feed(bytes(frame_of(message, version))), *decoder.close()]
    return piece


def test_decode_names_the_packets_and_their_senders() -> None:
    start, block = decoded(UpdateStart(0x0A, 524_288)), decoded(UpdateBlock(0x0B, 1024, b"abc"))
    assert (start.name, start.sender, start.message) == ("update start", "controller", {"size": 524_288})
    assert (block.name, block.sender, block.message) == (
        "update block",
        "controller",
        {"offset": 1024, "data": "616263"},
    )


def test_decode_knows_an_update_to_one_of_several_mcus() -> None:
    """Its frames have version 1, which no other frame of a module has."""
    start = decoded(UpdateStart(0x0A, 4096, DIGEST, 10, (1, 0, 2)), 1)
    block = decoded(UpdateBlock(0x0B, 0, b"abc", 10), 1)
    assert start.sender == block.sender == "controller" and not start.reason
    assert start.message == {"size": 4096, "md5": DIGEST, "channel": 10, "version": "1.0.2"}
    assert block.message == {"offset": 0, "data": "616263", "channel": 10}


def test_decode_names_what_is_known_of_the_later_kind() -> None:
    info = b'{"name":"a.bin","id":1,"no":0,"len":96,"type":"bin","file_info":"","ext_info":"","act":1}'
    piece = decoded(FileInfo(info, None), sender="controller")
    assert piece.name == "file info" and piece.message is not None and piece.message["len"] == 96
    for version in (0, 3):  # the page's own answer, which has 0 there
        assert read_message("device", Frame(version, 0x37, b"\1\0\7")) == FileReady(0, 7)
    assert decoded(Sub(0x37, 4, b"\1"), 3).name == "file start or stop"


def test_decode_names_a_battery_devices_update() -> None:
    decoder = low_decoder(None)
    data = bytes(frame_of(UpdateStart(0x0D, 4096))) + bytes(frame_of(UpdateBlock(0x0E, 0, b"abc")))
    pieces = [*decoder.feed(data), *decoder.close()]
    assert [(piece.name, piece.sender, piece.message) for piece in pieces] == [
        ("MCU update size", "controller", {"size": 4096}),
        ("MCU update block", "controller", {"offset": 0, "data": "616263"}),
    ]


def test_whole_frames_inside_a_block_are_data() -> None:
    inside = bytes(Frame(3, 7, bytes.fromhex("0101000101"))) * 40
    block = bytes(frame_of(UpdateBlock(0x0B, 512, inside)))
    for chunk in (1, 7, 5000):
        framer = Framer((WIFI.shapes,), gap=None)
        pieces = [piece for at in range(0, len(block), chunk) for piece in framer.feed(block[at : at + chunk])]
        pieces += framer.close()
        assert [piece for piece in pieces if isinstance(piece, Noise)] == []
        assert [bytes(piece) for piece in pieces if isinstance(piece, Frame)] == [block]


def test_there_is_nothing_secret_in_them() -> None:
    for message in (UpdateStart(0x0A, 4096), UpdateBlock(0x0B, 0, bytes(range(256)))):
        data = bytes(frame_of(message))
        assert wifi_redact("controller", data) == data
