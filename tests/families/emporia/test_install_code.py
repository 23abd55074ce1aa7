"""The install code is checked, and hidden."""

from typing import TYPE_CHECKING, SupportsIndex, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.emporia.emporia_examples import CODE, E1_TO_E6
from unclouded.core.family import Sender
from unclouded.families.emporia.decoder import redact
from unclouded.families.emporia.frame import EmporiaFramer, response
from unclouded.families.emporia.install_code import blanked, crc16_x25, is_valid, verdict

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def test_the_check_is_crc_16_x_25() -> None:
    assert crc16_x25(b"123456789") == 0x906E


def test_a_code_stands_in_wire_order_with_the_low_byte_of_its_check_first() -> None:
    assert is_valid(CODE)
    assert not is_valid(CODE[::-1])
    assert (verdict(CODE), verdict(b"\x01" * 8), verdict(bytes(8))) == ("valid", "invalid", "blanked")


@given(st.integers(0, 63))
def test_one_wrong_bit_is_found(bit: int) -> None:
    damaged = (int.from_bytes(CODE, "big") ^ 1 << bit).to_bytes(8, "big")
    assert not is_valid(damaged)


@pytest.mark.parametrize("sender", ["device", None])
def test_redaction_blanks_the_code_and_nothing_else(sender: Sender | None) -> None:
    frame = response("i", CODE)
    assert redact(sender, frame) == b"$\x01i\x08" + bytes(8) + b"\r"
    assert redact(sender, E1_TO_E6[0]) == E1_TO_E6[0]


@pytest.mark.parametrize("length", range(14))
def test_a_cut_frame_is_redacted_too(length: int) -> None:
    data = b"log\r\n" + response("i", CODE)[:length]
    blank = redact("device", data)
    assert len(blank) == len(data)
    assert not set(blank[5 + 4 : 5 + 12]) - {0}


def test_a_damaged_answer_is_redacted_piece_by_piece_even_with_a_line_end_in_the_code() -> None:
    damaged = b"$\x01i\x08" + b"ab\ncdefg" + b"!" + b"SeIhd>\r\n"
    framer = EmporiaFramer(gap=None)
    pieces = framer.feed(damaged) + framer.close()
    shown = b"".join(redact("device", bytes(piece)) for piece in pieces)
    assert len(shown) == len(damaged)
    assert shown[4:12] == bytes(8)


def test_a_reading_whose_numbers_look_like_a_code_is_left_alone() -> None:
    frame = response("r", b"\x18\x05\x01$\x01i\x08abcdefgh")
    assert redact("device", frame) == frame


class CopiedBytes(bytes):
    """Bytes that count how many of them are copied by slicing and joining."""

    copied = 0

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | bytes:
        part = bytes.__getitem__(self, key)
        return CopiedBytes.of(part) if isinstance(part, bytes) else part

    def __add__(self, other: "ReadableBuffer") -> "CopiedBytes":
        return CopiedBytes.of(bytes(self) + bytes(other))

    @classmethod
    def of(cls, data: bytes) -> "CopiedBytes":
        cls.copied += len(data)
        return cls(data)


def test_the_cost_of_blanking_grows_no_faster_than_the_input() -> None:
    """The calls that tests/test_linear.py counts do not show how much is copied."""
    cost = []
    for size in (1_000, 4_000):
        CopiedBytes.copied = 0
        blanked(CopiedBytes(b"$\x01i" * (size // 3)))
        cost.append(CopiedBytes.copied)
    assert cost[1] <= 4 * cost[0] + 16


@given(st.lists(st.sampled_from([b"$\x01i", b"\x08", CODE, b"$", b"i\x08", b"\xff" * 3]), max_size=12).map(b"".join))
def test_every_byte_behind_a_response_is_blanked_and_no_other(data: bytes) -> None:
    found = blanked(data)
    behind = {at + 4 + step for at in range(len(data)) if found.startswith(b"$\x01i", at) for step in range(8)}
    for at, (mine, other) in enumerate(zip(data, found, strict=True)):
        assert other == mine if at not in behind else other == 0
