"""Lanes of an input: never joined, cut where the input lost bytes, with the times of first and last bytes."""

from unclouded import families
from unclouded.app.decoding.pieces import TimedPiece, pieces_of
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats.chunk import InputChunk

HEARTBEAT, REPORT = bytes(Frame(0, 0)), bytes(Frame(3, 7, bytes.fromhex("0101000101")))


def pieces(*chunks: InputChunk) -> list[TimedPiece]:
    return list(pieces_of(families.family("tuya_wifi").decoder, chunks, gap_s=2.0))


def shown(found: list[TimedPiece]) -> list[tuple[str, bytes]]:
    return [(one.piece.kind, one.piece.data) for one in found]


def test_a_frame_over_several_lines_of_its_lane_has_the_times_of_its_first_and_last_byte() -> None:
    found = pieces(
        InputChunk(0.1, None, REPORT[:5], "RX", 1),
        InputChunk(0.2, None, HEARTBEAT, "TX", 2),
        InputChunk(0.3, None, REPORT[5:], "RX", 3),
    )
    assert [(one.piece.data, one.t, one.at, one.line) for one in found] == [
        (REPORT, 0.1, 0.3, 1),
        (HEARTBEAT, 0.2, 0.2, 2),
    ]


def test_what_follows_a_loss_is_not_joined_with_what_came_before() -> None:
    found = pieces(InputChunk(None, None, REPORT[:7], mark="cut"), InputChunk(None, None, REPORT[7:] + HEARTBEAT))
    assert shown(found) == [("cut", REPORT[:7]), ("noise", REPORT[7:]), ("frame", HEARTBEAT)]


def test_a_gap_before_bytes_cuts_what_is_held() -> None:
    found = pieces(InputChunk(None, None, REPORT[:7]), InputChunk(None, None, HEARTBEAT, gap=True))
    assert shown(found) == [("cut", REPORT[:7]), ("frame", HEARTBEAT)]


def test_silence_ends_a_frame() -> None:
    found = pieces(InputChunk(0.0, None, REPORT[:7]), InputChunk(5.0, None, REPORT[7:]))
    assert [one.piece.kind for one in found] == ["noise", "noise"]


def test_bytes_with_times_of_their_own_give_frames_the_times_of_their_bytes() -> None:
    data = HEARTBEAT + REPORT
    times = [at / 1000 for at in range(len(data))]
    heartbeat, report = pieces(InputChunk(0.0, None, data, times=times))
    assert (heartbeat.t, heartbeat.at) == (0.0, 0.006)
    assert (report.t, report.at) == (0.007, 0.018)


def test_lanes_of_one_input_are_in_the_order_of_their_first_bytes() -> None:
    there = InputChunk(0.0, None, REPORT * 2, "a", times=[at / 10 for at in range(24)])
    back = InputChunk(0.5, None, HEARTBEAT, "b", times=[0.5 + at / 10 for at in range(7)])
    assert [one.piece.data for one in pieces(there, back)] == [REPORT, HEARTBEAT, REPORT]


def test_a_frame_from_printed_fields_is_marked() -> None:
    (found,) = pieces(InputChunk(0.0, "device", REPORT, mark="rebuilt"))
    assert found.is_rebuilt
