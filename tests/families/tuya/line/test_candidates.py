"""Where the line is damaged: the same frames are found, and each candidate is refused at the byte that settles it."""

import pytest

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.resync import NO_HEADER, NO_TILING, OVER_CAP, OVERTAKEN
from unclouded.families.tuya.line.shapes import DialectShapes
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI

ON = bytes.fromhex("0101000101")  # a unit: point 1 is on
VALUE = bytes.fromhex("13020004000002a1")
DIALECTS: dict[str, tuple[DialectShapes, ...]] = {
    "wifi": (WIFI.shapes,),
    "low power": (LOW_POWER.shapes,),
    "gateway": (GATEWAY.shapes,),
    "not known yet": (WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes),
}
MORNING = b"\1\x1a\x0b\x1e\7\0\0"  # the time of a record
POWER = Frame(3, 7, VALUE)


def judged(dialect: str, data: bytes) -> tuple[int, list[Frame | Noise]]:
    """After how many of these bytes, behind a stray one, something comes out of the line, and what."""
    framer = Framer(DIALECTS[dialect], gap=None)
    assert framer.feed(b"\0" + data[:2]) == [Noise(b"\0", NO_HEADER)], "so the rest is a candidate"
    for seen in range(3, len(data) + 1):
        if found := framer.feed(data[seen - 1 : seen]):
            assert framer.held == 0
            return seen, found
    return len(data), framer.close()


@pytest.mark.parametrize(
    ("dialect", "frame"),
    [
        ("wifi", POWER),
        ("wifi", Frame(3, 7, ON + VALUE)),
        ("wifi", Frame(3, 7, bytes(4))),
        ("wifi", Frame(3, 7, VALUE + bytes(4))),
        ("wifi", Frame(3, 7, bytes((101, 5, 1, 2)) + bytes(0x102))),
        ("wifi", Frame(3, 7, bytes(1024))),
        ("wifi", Frame(3, 0)),
        ("wifi", Frame(3, 1, b"\x55\xaa\x03\x07\x00\x08\x13\x06")),
        ("wifi", Frame(0, 0x34, bytes(1032))),
        ("wifi", Frame(0, 0x0B, bytes(1040))),
        ("low power", Frame(0, 8, MORNING + ON)),
        ("low power", Frame(0, 8, MORNING + bytes(4))),
        ("low power", Frame(0, 8, b"\0")),
        ("low power", Frame(0, 0x10, b"\0\1" + ON)),
        ("low power", Frame(0, 0x10, bytes(5))),
        ("low power", Frame(0, 9)),
        ("gateway", Frame(0, 0x0C, b"\4abcd" + ON)),
        ("gateway", Frame(0, 0x0C, b"\4abcd")),
        ("gateway", Frame(0, 0x0C, b"\0")),
        ("gateway", Frame(0, 0x0C, b"\0" + ON)),
        ("gateway", Frame(0, 0x22, b"\2ab\1c" + ON)),
        ("gateway", Frame(0, 0x22, b"\2ab\0")),
        ("gateway", Frame(0, 0x2C, MORNING + b"\2ab" + ON)),
        ("gateway", Frame(0, 0x2C, MORNING + b"\0")),
        ("not known yet", Frame(0, 0x0B, bytes(1040))),
        ("not known yet", Frame(0, 0x1E, bytes(1088))),
        ("not known yet", Frame(3, 7, bytes(1032))),
    ],
    ids=str,
)
def test_a_frame_behind_a_stray_byte_is_found_with_its_last_byte(dialect: str, frame: Frame) -> None:
    data = bytes(frame)
    assert not data.endswith(b"\x55")
    assert judged(dialect, data) == (len(data), [frame])
    assert Framer(DIALECTS[dialect]).feed(b"\0" + data) == [Noise(b"\0", NO_HEADER), frame], "and read at once"
    assert Framer(DIALECTS[dialect]).feed(data) == [frame], "and on a healthy line"


@pytest.mark.parametrize(
    ("dialect", "frame", "settled_by", "reason"),
    [
        ("wifi", Frame(3, 7), 6, NO_TILING),
        ("wifi", Frame(3, 7, bytes(3)), 6, NO_TILING),
        ("wifi", Frame(3, 7, b"\1\6\0\1\0"), 8, NO_TILING),
        ("wifi", Frame(3, 7, b"\1\1\0\2\0"), 10, NO_TILING),
        ("wifi", Frame(3, 7, b"\1\1\1\1\0"), 10, NO_TILING),
        ("wifi", Frame(3, 7, ON + b"\1\1\0"), 10, NO_TILING),
        ("wifi", Frame(3, 7, ON + b"\1\6\0\0"), 13, NO_TILING),
        ("wifi", Frame(3, 7, ON + b"\1\1\0\1"), 15, NO_TILING),
        ("wifi", Frame(3, 7, bytes(1025)), 6, OVER_CAP),
        ("wifi", Frame(3, 0, bytes(1033)), 6, OVER_CAP),
        ("wifi", Frame(0, 0x0B, bytes(1041)), 6, OVER_CAP),
        ("low power", Frame(0, 8, b"\1\x1a"), 6, NO_TILING),
        ("low power", Frame(0, 8, MORNING), 6, NO_TILING),
        ("low power", Frame(0, 8, MORNING + bytes(3)), 6, NO_TILING),
        ("low power", Frame(0, 8, MORNING + b"\1\6\0\1\0"), 15, NO_TILING),
        ("gateway", Frame(0, 0x0C), 6, NO_TILING),
        ("gateway", Frame(0, 0x0C, b"\4abc"), 7, NO_TILING),
        ("gateway", Frame(0, 0x0C, b"\4abcd\1\1\0"), 7, NO_TILING),
        ("gateway", Frame(0, 0x0C, b"\4abcd\1\6\0\0"), 13, NO_TILING),
        ("gateway", Frame(0, 0x22, b"\2ab"), 7, NO_TILING),
        ("gateway", Frame(0, 0x22, b"\1a\2b"), 9, NO_TILING),
        ("gateway", Frame(0, 0x2C, MORNING), 6, NO_TILING),
        ("gateway", Frame(0, 0x2C, MORNING + b"\2a"), 14, NO_TILING),
    ],
    ids=str,
)
def test_what_cannot_be_a_frame_is_refused_at_the_byte_that_settles_it(
    dialect: str, frame: Frame, settled_by: int, reason: str
) -> None:
    data = bytes(frame)
    assert judged(dialect, data) == (settled_by, [Noise(data[:settled_by], reason)])
    found = Framer(DIALECTS[dialect]).feed(data + bytes(POWER)[:2])
    assert found == [Noise(data, reason)], "and on a healthy line as soon as the next header is there"


def test_of_two_frames_that_end_at_the_same_byte_the_longer_counts() -> None:
    inner = bytes(Frame(3, 0, b"\1"))
    outer = Frame(3, 0x34, b"\xc2" + inner[:-1])
    assert bytes(outer).endswith(inner)
    assert judged("wifi", bytes(outer)) == (15, [outer])


def test_a_header_over_the_cap_inside_a_frame_does_not_make_it_wait() -> None:
    """It ends in what may begin another, until the next byte makes that too long."""
    report = Frame(3, 7, bytes.fromhex("fa0400004f05000455aa03c4"))
    for chunks in ([bytes(report) + b"\x55"], [bytes(report), b"\x55"]):
        framer = Framer(DIALECTS["wifi"], gap=None)
        assert [piece for chunk in chunks for piece in framer.feed(chunk)] == [report]
        assert framer.held == 1


def test_the_same_header_twice_is_two_candidates() -> None:
    framer = Framer(DIALECTS["wifi"], gap=None)
    twice = bytes.fromhex("55aa55aa")
    assert framer.feed(b"\0" + twice) == [Noise(b"\0", NO_HEADER)]
    assert framer.feed(bytes(POWER)) == [Noise(twice[:2], OVER_CAP), Noise(twice[2:], OVERTAKEN), POWER]
