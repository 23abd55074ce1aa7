"""On a healthy line each frame is taken at once: no candidates are made, and a head that was seen is not read again."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import pytest

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line import framing
from unclouded.families.tuya.line.framing import ANYTHING, JUST_UNITS, MIXED, Frame, Framer, Noise, kind_of, rules_of
from unclouded.families.tuya.line.resync import HEADER, FrameCandidates
from unclouded.families.tuya.line.shapes import (
    BULK_CAP,
    GATEWAY_BULK_CAP,
    OTHER,
    OTHER_CAP,
    UNITS,
    UNITS_CAP,
    DialectShapes,
    Table,
)
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI

TABLES = {"wifi": WIFI, "low power": LOW_POWER, "gateway": GATEWAY}
ALL = (WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes)
MORNING = b"\1\x1a\x0b\x1e\7\0\0"  # the time of a record
VALUE = bytes.fromhex("13020004")  # the head of a unit: point 19, a value of 4 bytes


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """The rules of the dialects are derived again."""
    rules_of.cache_clear()


class ReadingFramer(Framer):
    """Counts the heads that it had to read, since they were not remembered."""

    def __init__(self, *dialects: DialectShapes) -> None:
        super().__init__(dialects, gap=None)
        self.read = 0

    def _head_of(self, piece: bytes, length: int) -> tuple[int, int, int] | None:
        head = super()._head_of(piece, length)
        self.read += head is not None
        return head

    def reads(self, *frames: Frame) -> int:
        """How many of these frames, each of which is found, have a head that had to be read."""
        before = self.read
        assert self.feed(b"".join(map(bytes, frames))) == list(frames)
        return self.read - before


def unit(value: bytes, kind: int = 0, id: int = 101) -> bytes:
    return bytes((id, kind)) + len(value).to_bytes(2) + value


def of_id(id: bytes, rest: bytes, command: int = 0x0D) -> Frame:
    """What a gateway's sub-device with that id reports."""
    return Frame(0, command, bytes((len(id),)) + id + rest)


def ending_in_55(make: Callable[[int], Frame]) -> Frame:
    (found,) = [frame for frame in map(make, range(256)) if bytes(frame).endswith(HEADER[:1])]
    return found


HEALTHY: dict[str, tuple[Sequence[DialectShapes], Sequence[Frame]]] = {
    "plug": (
        (WIFI.shapes,),
        [
            Frame(3, 0, b"\1"),
            Frame(0, 1),
            Frame(3, 1, b'{"p":"AIp08kLI"}'),
            Frame(3, 7, VALUE + bytes(4)),
            Frame(3, 7, VALUE + b"\xff" * 4 + unit(b"") + unit(b"on", 3)),
            Frame(3, 7, unit(b"\xff" * 246)),  # 255 bytes without the header
            Frame(3, 7, unit(b"\xff" * 247)),
            Frame(3, 7, unit(bytes(range(0x55)) * 12)),
            Frame(3, 7, unit(bytes(UNITS_CAP - 4))),
            Frame(0xFF, 0xFF, b"\xff" * 251),
            Frame(0, 0x0B, bytes(BULK_CAP)),
            Frame(0, 0x34, bytes(OTHER_CAP)),
        ],
    ),
    "battery device": (
        (LOW_POWER.shapes,),
        [Frame(0, 8, MORNING + unit(b"\1", 1)), Frame(0, 8, b"\0"), Frame(0, 6), Frame(0, 5, b"\0")],
    ),
    "gateway": (
        (GATEWAY.shapes,),
        [
            of_id(b"1234", VALUE + bytes(4)),
            of_id(b"00124b0001000001", unit(b"on", 3) + unit(b"\1", 1)),
            of_id(b"", VALUE + bytes(4)),
            of_id(b"1234", b""),
            Frame(0, 0x1E, bytes(GATEWAY_BULK_CAP)),
        ],
    ),
    "not known yet": (ALL, [Frame(0, 0x0B, bytes(BULK_CAP)), Frame(0, 0x1E, bytes(OTHER_CAP + 1)), Frame(0, 6)]),
}


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 600, 100_000])
@pytest.mark.parametrize("line", HEALTHY)
def test_a_healthy_line_needs_no_candidates(monkeypatch: pytest.MonkeyPatch, line: str, size: int) -> None:
    monkeypatch.setattr(framing, "FrameCandidates", _not_needed)
    dialects, sent = HEALTHY[line]
    ends = list(accumulate(len(bytes(frame)) for frame in sent))
    stream = b"".join(map(bytes, sent))
    framer, found = Framer(dialects), list[Frame | Noise]()
    for at in range(0, len(stream), size):
        found += framer.feed(stream[at : at + size])
        whole = bisect_right(ends, at + size)
        assert found == sent[:whole], "each comes with its last byte"
        assert framer.held == min(at + size, len(stream)) - (ends[whole - 1] if whole else 0)


def _not_needed(table: Table) -> FrameCandidates:
    raise AssertionError("the line is healthy")


@pytest.mark.parametrize("rest", [HEADER[:1], HEADER, HEADER + b"\3", bytes(Frame(3, 7, VALUE + bytes(4)))[:9]])
def test_the_beginning_of_the_next_frame_needs_none_either(monkeypatch: pytest.MonkeyPatch, rest: bytes) -> None:
    monkeypatch.setattr(framing, "FrameCandidates", _not_needed)
    framer = Framer((WIFI.shapes,))
    assert framer.feed(bytes(Frame(3, 0, b"\1")) + rest) == [Frame(3, 0, b"\1")] and framer.held == len(rest)


# --- heads that are remembered ----------------------------------------------------------------------

ON, OFF = unit(b"\1", 1), unit(b"\0", 1)


@pytest.mark.parametrize(
    ("dialect", "first", "second", "read"),
    [
        ("wifi", Frame(3, 0, b"\1"), Frame(3, 0, b"\1"), 1),
        ("wifi", Frame(3, 0x34, b"abc"), Frame(3, 0x34, b"abc"), 1),
        ("wifi", Frame(3, 0x34, b"abcd"), Frame(3, 0x34, b"abcd"), 4),  # as many bytes as there are in a head
        ("wifi", Frame(3, 7, VALUE + bytes(4)), Frame(3, 7, VALUE + b"\xff" * 4), 1),
        ("wifi", Frame(3, 7, VALUE + bytes(4)), Frame(0, 7, VALUE + bytes(4)), 2),
        ("wifi", Frame(3, 7, unit(b"on", 5)), Frame(3, 7, unit(b"of", 5)), 1),
        ("wifi", Frame(3, 7, unit(b"")), Frame(3, 7, unit(b"")), 1),
        ("wifi", Frame(3, 7, ON + ON), Frame(3, 7, ON + OFF), 4),
        ("wifi", Frame(3, 7, unit(bytes(246))), Frame(3, 7, unit(bytes(246))), 1),
        ("wifi", Frame(3, 7, unit(bytes(247))), Frame(3, 7, unit(bytes(247))), 4),  # another way to sum
        ("wifi", Frame(3, 7, unit(bytes(300))), Frame(3, 7, unit(bytes(300))), 4),
        ("gateway", of_id(b"1234", ON), of_id(b"1234", OFF), 1),
        ("gateway", of_id(b"1234", ON), of_id(b"1235", ON), 2),
        ("gateway", of_id(b"1234", ON), of_id(b"1234", VALUE + bytes(4)), 2),
        ("gateway", of_id(b"1234", unit(b"")), of_id(b"1234", unit(b"")), 1),
        ("gateway", of_id(b"1234", ON + ON), of_id(b"1234", ON + ON), 4),
        ("gateway", of_id(b"", ON), of_id(b"", OFF), 1),
        ("gateway", of_id(b"1234", b""), of_id(b"1234", b""), 4),
        ("gateway", of_id(bytes(range(100)), unit(bytes(145))), of_id(bytes(range(100)), unit(bytes(145))), 1),
        ("gateway", of_id(bytes(range(100)), unit(bytes(146))), of_id(bytes(range(100)), unit(bytes(146))), 4),
        ("low power", Frame(0, 8, MORNING + ON), Frame(0, 8, MORNING + ON), 4),
    ],
)
def test_a_head_that_settles_a_frame_is_read_once(dialect: str, first: Frame, second: Frame, read: int) -> None:
    framer = ReadingFramer(TABLES[dialect].shapes)
    assert framer.reads(first, second, first, second) == read


def test_512_heads_are_remembered() -> None:
    reports = [Frame(version, 7, unit(b"\1", 1, id)) for version in range(3) for id in range(256)]
    framer = ReadingFramer(WIFI.shapes)
    assert framer.reads(*reports[:512]) == 512 and framer.reads(*reports[:512]) == 0
    assert framer.reads(reports[512]) == framer.reads(reports[512]) == 1


def test_of_a_gateway_512_beginnings_and_2048_heads_with_an_id_are_remembered() -> None:
    beginnings = [of_id(number.to_bytes(2) + b"xyz", ON) for number in range(513)]
    framer = ReadingFramer(GATEWAY.shapes)
    assert framer.reads(*beginnings[:512]) == 512 and framer.reads(*beginnings[:512]) == 0
    assert framer.reads(beginnings[512]) == framer.reads(beginnings[512]) == 1
    heads = [of_id(b"abcd" + number.to_bytes(2), ON) for number in range(2049)]
    framer = ReadingFramer(GATEWAY.shapes)
    assert framer.reads(*heads[:2048]) == 2048 and framer.reads(*heads[:2048]) == 0
    assert framer.reads(heads[2048]) == framer.reads(heads[2048]) == 1


# --- what is no frame -------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [Frame(3, 7, VALUE + bytes(4)), Frame(3, 7, unit(bytes(300))), Frame(3, 0, b"\1")])
def test_no_other_checksum_is_right(frame: Frame) -> None:
    good = bytes(frame)
    seen = Framer((WIFI.shapes,), gap=None)
    assert seen.feed(good) == [frame]
    for wrong in set(range(256)) - {good[-1]}:
        for framer in (seen, Framer((WIFI.shapes,), gap=None)):
            found = [*framer.feed(good[:-1] + bytes((wrong,)) + HEADER), *framer.close()]
            assert not any(isinstance(piece, Frame) for piece in found), wrong


def test_a_header_and_one_byte_are_no_frame() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    heartbeat = Frame(3, 0, b"\1")
    for byte in range(256):
        found = framer.feed(HEADER + bytes((byte,)) + bytes(heartbeat))
        assert [piece for piece in found if isinstance(piece, Frame)] == [heartbeat], byte


def test_a_record_whose_time_could_be_an_id_does_not_vouch_for_another() -> None:
    """Its units have 10 bytes, and its time has a day of 0 and an hour of 12: as an id of no bytes and one unit."""
    time = bytes((0, 26, 11, 0, 12, 30, 0))
    record = Frame(0, 8, time + unit(bytes(6)))
    assert len(bytes(record)) - 2 - 10 == 12
    framer = Framer((LOW_POWER.shapes,), gap=None)
    assert framer.feed(bytes(record)) == [record]
    damaged = bytes(Frame(0, 8, time + unit(bytes(6), kind=9)))
    assert framer.feed(damaged) == [Noise(damaged, "data points do not fit the length")]


# --- when they come out -----------------------------------------------------------------------------


def test_a_frame_that_ends_in_55_waits_for_a_byte_unless_one_dialect_says_that_nothing_inside_counts() -> None:
    block = ending_in_55(lambda last: Frame(0, 0x0B, bytes((0, 0, 0, 0, last))))
    report = ending_in_55(lambda last: Frame(0, 7, unit(bytes((last,)), 1)))
    for dialects in ((WIFI.shapes,), ALL):
        framer = Framer(dialects, gap=None)
        assert framer.feed(bytes(block)) == [block]
        assert framer.feed(bytes(report)) == [] and framer.held == len(bytes(report))
        assert framer.feed(HEADER) == [report]


def test_what_is_left_open_is_given_up_at_the_very_end_of_the_gap() -> None:
    framer = Framer((WIFI.shapes,), gap=0.5)
    half = bytes(Frame(3, 0, b"\1"))[:7]
    assert framer.feed(half, 16.0) == [] and framer.deadline() == 16.5
    assert framer.tick(16.5) == [Noise(half, "cut off")]


def test_behind_frames_that_were_found_by_other_means_noise_has_a_reason_of_its_own() -> None:
    damaged = bytes(Frame(3, 0, b"\1"))[:-1] + b"\0"
    framer = Framer((WIFI.shapes,), gap=None)
    assert framer.feed(damaged) == [Noise(damaged, "bad checksum")]
    assert framer.feed(b"\0") == [Noise(b"\0", "bad checksum")]
    framer.skip()
    assert framer.feed(b"\0") == [Noise(b"\0", "no header")]
    assert framer.feed(damaged) == [Noise(damaged, "bad checksum")] and framer.close() == []
    assert framer.feed(b"\0") == [Noise(b"\0", "no header")], "and so behind a pause"


def test_what_the_payload_of_a_command_may_be() -> None:
    """Only where all dialects allow the same, a frame is judged by its head."""
    assert kind_of([OTHER]) == ANYTHING and kind_of([UNITS]) == JUST_UNITS
    assert kind_of([UNITS, OTHER]) == kind_of([OTHER, UNITS]) == kind_of([GATEWAY.shapes.shapes[0x0D]]) == MIXED
