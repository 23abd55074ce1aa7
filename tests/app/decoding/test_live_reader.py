"""A line is read in the dialect that is detected while it is recorded."""

from unclouded.app.decoding.live_reader import DetectedConversation
from unclouded.families import family

TUYA = family("tuya_wifi")
QUERY = bytes.fromhex("55 aa 00 08 00 00 07")
REPORT = bytes.fromhex("55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a")


def test_a_dialect_that_is_detected_again_continues_where_it_was() -> None:
    """A piece that was held back while the other dialect became known."""
    conversation = DetectedConversation(TUYA, TUYA.dialects["normal"].conversation())
    (query,), (report,) = TUYA.decoder("controller").feed(QUERY), TUYA.decoder("device").feed(REPORT)
    conversation.receive(0.0, query)
    assert (conversation.turn("normal"), conversation.turn("low_power"), conversation.turn("normal")) == (
        False,
        True,
        True,
    )
    assert conversation.receive(0.1, report).answers == query.offset
