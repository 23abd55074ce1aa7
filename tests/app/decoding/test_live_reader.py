"""A line is read in the dialect that is detected while it is recorded."""

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.decoding.live_reader import DetectedConversation, DialectChange, LiveReader
from unclouded.families import family
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.line_monitor import LineMonitor

TUYA = family("tuya_wifi")
QUERY = bytes.fromhex("55 aa 00 08 00 00 07")
REPORT = bytes.fromhex("55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a")


def test_a_dialect_that_is_detected_again_continues_where_it_was() -> None:
    """A piece that was held back while the other dialect became known."""
    begin = TUYA.dialects["normal"].conversation
    assert begin is not None
    conversation = DetectedConversation(TUYA, begin())
    (query,), (report,) = TUYA.decoder("controller").feed(QUERY), TUYA.decoder("device").feed(REPORT)
    conversation.receive(0.0, query)
    assert (conversation.turn("normal"), conversation.turn("low_power"), conversation.turn("normal")) == (
        False,
        True,
        True,
    )
    assert conversation.receive(0.1, report).answers == query.offset


def test_a_line_of_a_gateway_is_named_and_read_on_without_a_conversation() -> None:
    report = bytes(Frame(0, 0x0D, b"\x041234" + bytes.fromhex("0101000101")))
    monitor, reader = LineMonitor(TUYA), LiveReader(TUYA)
    entries = list(reader.entries(0.0, 1.0, [*monitor.feed(1.0, "device", report), *monitor.flush()]))
    assert [type(entry) for entry in entries] == [DialectChange, DecodedPiece]
    assert getattr(entries[0], "name", "") == "gateway"
    assert list(reader.entries(0.0, 60.0, [])) == []
