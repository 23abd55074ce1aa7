"""One direction of a disturbed line under a virtual clock: what comes out, when, and that the counts add up."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.recording.disturbing.byte_faults import Draw
from unclouded.recording.disturbing.direction import WAITING_LIMIT, DisturbedDirection
from unclouded.recording.disturbing.faults import FAULTS, parse_fault

BYTES_256 = bytes(range(256))
ALL = ("flip=20%", "drop=1/4", "insert=0.3", "duplicate=60%", "truncate=every:2", "swap=30%", "stick=40%")
TIMES = ("delay=20ms", "jitter=50ms", "split=3:2ms", "cut=100ms/300ms")
CHUNKED = {"duplicate", "truncate", "swap"}  # what is picked by chunks, or inside of one

chunks = st.lists(st.binary(max_size=40), max_size=12)
some_faults = st.lists(st.sampled_from([*ALL, *TIMES]), max_size=5)


def direction(*faults: str, seed: int = 1, begins: float = 0.0, ends: float = 1e9) -> DisturbedDirection:
    def draw_for(name: str) -> Draw:
        return random.Random(f"{seed} {name}").random

    return DisturbedDirection([parse_fault(one) for one in faults], draw_for, begins=begins, ends=ends)


def played(line: DisturbedDirection, data: Sequence[bytes], step_s: float = 0.05) -> list[tuple[float, bytes]]:
    """The chunks, ``step_s`` apart -> what came out, and when, until nothing waits."""
    out: list[tuple[float, bytes]] = []
    for number, one in enumerate(data):
        now = number * step_s
        wait(line, now, out)
        line.receive(one, now)
        out += [(now, piece) for piece in line.take(now)]
    wait(line, 1e9, out)
    return out


def wait(line: DisturbedDirection, until: float, out: list[tuple[float, bytes]]) -> None:
    while (at := line.deadline()) is not None and at <= until:
        found = [(at, piece) for piece in line.take(at)]
        assert found, "at its deadline there is something to pass on"
        out += found


def joined(out: Sequence[tuple[float, bytes]]) -> bytes:
    return b"".join(piece for _, piece in out)


@given(chunks)
def test_without_faults_the_same_chunks_come_out_at_once(data: list[bytes]) -> None:
    out = played(direction(), data)
    assert out == [(number * 0.05, one) for number, one in enumerate(data) if one]


@given(chunks, some_faults, st.integers(0, 5))
def test_the_counts_add_up(data: list[bytes], faults: list[str], seed: int) -> None:
    line = direction(*faults, seed=seed)
    c = line.counts
    for number, one in enumerate(data):
        line.receive(one, number * 0.05)
        list(line.take(number * 0.05))
        lost = c.dropped + c.truncated + c.cut + c.overrun
        assert c.received + c.inserted + c.duplicated == c.passed_on + lost + line.waiting
    out: list[tuple[float, bytes]] = []
    wait(line, 1e9, out)
    assert line.waiting == 0 and line.deadline() is None
    assert c.received == len(b"".join(data))


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8), st.sampled_from(ALL))
def test_the_same_seed_gives_the_same_bytes_in_any_chunking(data: bytes, cuts: list[int], fault: str) -> None:
    if fault.partition("=")[0] in CHUNKED:
        return
    borders = [0, *sorted(cuts), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(borders)]
    assert joined(played(direction(fault), pieces)) == joined(played(direction(fault), [data]))


@given(chunks, st.lists(st.sampled_from(TIMES[:3]), max_size=3), st.integers(0, 5))
def test_delays_and_pieces_change_no_byte_and_no_order(data: list[bytes], faults: list[str], seed: int) -> None:
    out = played(direction(*faults, seed=seed), data)
    assert joined(out) == b"".join(data)
    assert [at for at, _ in out] == sorted(at for at, _ in out)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("drop=every:3", b"abdegh"),
        ("drop=1", b""),
        ("stick=every:3", b"abbdeeghh"),
        ("swap=every:8", b"abcdefgih"),
        ("swap=every:3", b"abdcegfhi"),  # the pair that is swapped is passed over by no other pick
        ("duplicate=1", b"abcdefghi" * 2),
        ("duplicate=every:2", b"abcdefghi"),
    ],
)
def test_what_a_fault_does(fault: str, expected: bytes) -> None:
    assert joined(played(direction(fault), [b"abcdefghi"])) == expected


def test_a_flip_inverts_one_bit_of_each_byte_that_it_picks() -> None:
    line = direction("flip=every:4")
    out = joined(played(line, [BYTES_256]))
    changed = [(at, before ^ after) for at, (before, after) in enumerate(zip(BYTES_256, out, strict=True))]
    assert [at for at, bits in changed if bits] == list(range(3, 256, 4))
    assert {bits.bit_count() for _, bits in changed if bits} == {1}
    assert len({bits for _, bits in changed if bits}) == 8, "each of its bits may be it"
    assert line.counts.flipped == 64


@pytest.mark.parametrize("data", [[b"abcd"], [b"ab", b"cd"], [b"a", b"b", b"", b"c", b"d"]])
def test_a_stuck_byte_is_the_one_that_was_passed_on_before_it(data: list[bytes]) -> None:
    assert joined(played(direction("stick=1"), data)) == b"aaaa"
    assert joined(played(direction("stick=every:3"), data)) == b"abbd"


def test_noise_is_put_between_the_bytes() -> None:
    out = joined(played(direction("insert=every:2"), [b"abcdef"]))
    assert (len(out), out[0:1], out[2:4], out[5:7], out[8:]) == (9, b"a", b"bc", b"de", b"f")


@pytest.mark.parametrize(
    ("rate", "least", "most"), [("1%", 850, 1150), ("1/2", 49_000, 51_000), ("1", 100_000, 100_000)]
)
def test_a_rate_is_met(rate: str, least: int, most: int) -> None:
    line = direction(f"drop={rate}")
    for _ in range(10):
        line.receive(bytes(10_000), 0.0)
    assert least <= line.counts.dropped <= most


@given(chunks, st.permutations(ALL), st.integers(0, 5))
def test_the_order_in_which_faults_are_named_does_not_matter(data: list[bytes], faults: list[str], seed: int) -> None:
    assert played(direction(*faults, seed=seed), data) == played(direction(*ALL, seed=seed), data)


def test_a_truncated_chunk_loses_its_end() -> None:
    line = direction("truncate=1")
    out = joined(played(line, [b"abcdefghi"]))
    assert b"abcdefghi".startswith(out) and len(out) < 9
    assert line.counts.truncated == 9 - len(out)


def test_a_delay_keeps_the_order_though_a_jitter_is_shorter_for_the_next_chunk() -> None:
    out = played(direction("delay=20ms", "jitter=500ms"), [bytes([one]) for one in range(50)], step_s=0.01)
    assert joined(out) == bytes(range(50))
    assert all(number * 0.01 + 0.02 <= at <= number * 0.01 + 0.53 + 0.5 for number, (at, _) in enumerate(out))


def test_pieces_are_apart_also_those_of_the_next_chunk() -> None:
    out = played(direction("split=2:10ms"), [b"abcde", b"fg"], step_s=0.001)
    assert [piece for _, piece in out] == [b"ab", b"cd", b"e", b"fg"]
    assert [at for at, _ in out] == pytest.approx([0.0, 0.01, 0.02, 0.03])


def test_a_cut_is_at_the_beginning_or_at_the_end_of_each_period() -> None:
    once = played(direction("cut=1s"), [bytes([one]) for one in range(6)], step_s=0.5)
    assert joined(once) == bytes([2, 3, 4, 5])
    often = played(direction("cut=1s/3s"), [bytes([one]) for one in range(13)], step_s=0.5)
    assert joined(often) == bytes([0, 1, 2, 3, 6, 7, 8, 9, 12])


def test_faults_begin_and_end_at_their_times() -> None:
    line = direction("drop=1", "delay=400ms", begins=1.0, ends=2.0)
    out = played(line, [bytes([one]) for one in range(6)], step_s=0.5)
    assert joined(out) == bytes([0, 1, 4, 5])
    assert line.counts.dropped == 2


def test_what_is_delayed_is_bounded_and_what_is_too_much_is_counted() -> None:
    line = direction("delay=60m")
    for _ in range(300):
        line.receive(bytes(1000), 0.0)
    assert line.waiting <= WAITING_LIMIT
    assert line.counts.overrun == 300_000 - line.waiting > 0


@settings(max_examples=20)
@given(st.sampled_from(sorted(FAULTS)))
def test_each_fault_has_a_usual_value(name: str) -> None:
    assert parse_fault(name) == parse_fault(f"{name}={FAULTS[name].usual}")
    assert parse_fault(f"a:{name}").side == "a"
    assert parse_fault(f"b:{name}").side == "b"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flap", "There is no fault 'flap'. There are: cut, delay, drop"),
        ("c:flip", "There is no fault 'c:flip'"),
        ("flip=2", "a share of the bytes"),
        ("flip=101%", "a share of the bytes"),
        ("flip=1/0", "a share of the bytes"),
        ("flip=0", "a share of the bytes"),
        ("flip=-1", "a share of the bytes"),
        ("flip=every:0", "every:N"),
        ("flip=nan", "a share of the bytes"),
        ("duplicate=x", "a share of what is received at once"),
        ("delay=soon", "a time"),
        ("flip=", "a share of the bytes"),
        ("flip=\u0661%", "a share of the bytes"),
        ("delay=2h", "a time up to 60m"),
        ("delay=999999999m", "a time"),
        ("cut=2s/1s", "the longer time from end to end"),
        ("cut=2s/x", "a time up to 60m, alone"),
        ("cut=2s/", "a time up to 60m, alone"),
        ("split=0", "a number of bytes"),
        ("split=3:x", "a number of bytes"),
        ("split=3:", "a number of bytes"),
        ("split=99999999999", "a number of bytes"),
    ],
)
def test_what_is_wrong_with_a_fault_is_reported(text: str, reason: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_fault(text)
    assert reason in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_a_fault_or_an_error_with_a_reason(text: str) -> None:
    for one in (text, f"flip={text}", f"delay={text}", f"cut={text}", f"split={text}"):
        try:
            parse_fault(one)
        except CommandError as error:
            assert str(error)
