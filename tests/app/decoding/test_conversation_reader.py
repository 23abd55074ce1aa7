"""Pieces of a conversation get their profile and the remarks on what has not arrived."""

from unclouded import families
from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.families.tuya.line.framing import Frame


def test_the_profiles_are_searched_once_for_a_product_that_none_lists() -> None:
    """A module that finds no MCU queries the product forever; searching all profiles takes milliseconds."""
    family, asked = families.family("tuya_wifi"), []
    reader = ConversationReader(family, None, profile_of=asked.append)
    for piece in family.decoder("device").feed(bytes(Frame(3, 1, b'{"p":"nobodys","v":"1.0.0"}')) * 3):
        reader.read(None, piece)
    assert asked == ["nobodys"]
