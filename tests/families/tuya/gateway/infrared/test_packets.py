"""Infrared codes in packets of 1024 bytes, put together again whatever the offset counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode
from unclouded.families.tuya.gateway.infrared.packets import CodeAssembler, learned_packets, send_packets
from unclouded.families.tuya.gateway.infrared.protocols import remote_code
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredSend
from unclouded.families.tuya.messages import frame_of

codes = st.lists(st.integers(1, 0xFFFF), min_size=1, max_size=1600).map(lambda one: InfraredCode(tuple(one)))


@given(code=codes, in_bytes=st.booleans())
def test_a_code_that_was_sent_in_packets_arrives(code: InfraredCode, in_bytes: bool) -> None:
    (packets,) = send_packets([code], offset_in_bytes=in_bytes)
    assembler = CodeAssembler()
    arrived = [assembler.add(packet) for packet in packets]
    assert arrived == [None] * (len(packets) - 1) + [code]
    assert all(GATEWAY.read("controller", frame_of(packet)) == packet for packet in packets)
    assert all(len(packet.code) == 512 for packet in packets[:-1])


@given(code=codes)
def test_a_code_that_was_learnt_arrives(code: InfraredCode) -> None:
    assembler = CodeAssembler()
    packets = learned_packets(code)
    assert [assembler.add(packet) for packet in packets][-1] == code
    assert all(GATEWAY.read("device", frame_of(packet)) == packet for packet in packets)


def test_several_codes_have_their_number_and_the_total() -> None:
    sent = send_packets([remote_code("NEC", 4, command) for command in range(3)])
    assert [(packet.total, packet.index) for packets in sent for packet in packets] == [(3, 0), (3, 1), (3, 2)]


def test_what_a_held_button_sends_is_in_the_code_or_left_to_the_mcu() -> None:
    ((own,),) = send_packets([remote_code("NEC", 4, 8)], repeat=2)
    assert (own.repeat, len(own.code)) == (0, 68 + 2 * 4)
    ((same,),) = send_packets([remote_code("Samsung", 4, 8)], repeat=2)
    assert (same.repeat, len(same.code)) == (2, 68)
    assert len(remote_code("NEC", 4, 8).units()) == 68
    assert max(own.code) == 0xFFFF  # the pause of 96 ms between two repetitions


def packet(offset: int, units: int, length: int = 1200) -> InfraredSend:
    return InfraredSend(1, 0, 0, 38_000, length, offset, tuple(range(1, units + 1)))


@pytest.mark.parametrize(
    ("offsets", "whole"),
    [
        ([0, 512, 1024], True),
        ([0, 1024, 2048], True),
        ([0, 512, 512, 1024], True),  # its acknowledgement was lost
        ([0, 0, 512, 1024], True),
        ([0, 1024], False),  # in bytes, so this is the second
        ([512, 1024], False),
        ([0, 511, 1024], False),
        ([0, 512], False),
    ],
)
def test_a_packet_that_is_missing_leaves_no_code(offsets: list[int], whole: bool) -> None:
    assembler = CodeAssembler()
    sizes = {0: 512, 512: 512, 511: 512, 1024: 512 if 2048 in offsets else 176, 2048: 176}
    arrived = [assembler.add(packet(offset, sizes[offset])) for offset in offsets]
    assert (arrived[-1] is not None) is whole


def test_a_packet_of_another_code_is_not_added() -> None:
    assembler = CodeAssembler()
    assert assembler.add(packet(0, 512)) is None
    assert assembler.add(packet(512, 512, length=1300)) is None
    assert assembler.add(packet(512, 512)) is None
    assert assembler.add(packet(1024, 176)) is not None
    assert assembler.add(packet(1024, 176)) is None


@pytest.mark.parametrize(
    ("code", "repeat", "why"),
    [
        (InfraredCode(()), 0, "1 to 65535 durations, not 0"),
        (InfraredCode((70_000, 500)), 0, "A mark of an infrared code is 1 to 65535"),
        (InfraredCode((500, 0)), 0, "A mark"),
        (InfraredCode((500,)), 256, "repeated 0 to 255 times"),
        (InfraredCode((1,) * 65_536), 0, "not 65536"),
    ],
)
def test_what_the_line_cannot_carry_is_refused(code: InfraredCode, repeat: int, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        send_packets([code], repeat)


def test_a_send_has_1_to_15_codes() -> None:
    for count in (0, 16):
        with pytest.raises(CommandError, match="1 to 15 infrared codes"):
            send_packets([remote_code("NEC", 1, 1)] * count)
