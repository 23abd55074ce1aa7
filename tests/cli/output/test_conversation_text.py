"""Decoded pieces and remarks as lines."""

from unclouded import families
from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.cli.output.bytes.conversation_text import ConversationText
from unclouded.families.tuya.line.framing import Frame


def test_a_missing_answer_is_a_line_of_its_own() -> None:
    """As `record --watch` prints it."""
    family = families.family("tuya_wifi")
    conversation = family.dialects["normal"].conversation
    assert conversation is not None
    for as_json, shown in ((False, "     1.400  ! no report"), (True, '{"remark":{"t":1.4,"kind":"no answer"')):
        reader, text = (
            ConversationReader(family, conversation()),
            ConversationText(family, as_json=as_json),
        )
        for t, sender, frame in ((0.0, "device", Frame(3, 0, b"\1")), (1.0, "controller", Frame(0, 8))):
            for piece in family.decoder(sender).feed(bytes(frame)):  # type: ignore[arg-type]  # a Sender
                reader.read(t, piece)
        assert list(reader.tick(1.2)) == []
        (remark,) = reader.tick(1.4)
        assert text.remark(1.4, remark).startswith(shown)
        assert reader.counts.remarks == {"no answer": 1}
