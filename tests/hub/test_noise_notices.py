"""Noise is noted once for each reason; a wire of another family is named once."""

from unclouded.core.model import Notice
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.hub.channels.noise_notices import MOST_GUESSES, NOISE_REASONS, NoiseNotices


def noted(notices: list[Notice]) -> list[tuple[str, float, str]]:
    return [(one.kind, one.at, one.words) for one in notices]


def test_each_reason_is_noted_once_and_not_without_end() -> None:
    notices = NoiseNotices("pump", RecentChunks())
    assert noted(notices.rejected("bad checksum", 5.0, lambda data: "")) == [("rejected", 5.0, "bad checksum")]
    assert notices.rejected("bad checksum", 6.0, lambda data: "") == []
    found = [notices.rejected(f"reason {number}", 7.0, lambda data: "") for number in range(3 * NOISE_REASONS)]
    assert len([one for one in found if one]) == NOISE_REASONS


def test_another_family_is_named_once_by_what_the_device_has_sent() -> None:
    recent = RecentChunks()
    for chunk in ((1.0, True, "", b"asked"), (1.5, False, "", b"ans"), (2.0, False, "", b"wer")):
        recent.put(chunk)
    notices, asked = NoiseNotices("pump", recent), list[bytes]()

    def guess(data: bytes) -> str:
        asked.append(data)
        return "These look like frames of emporia." if len(asked) > 1 else ""

    found = [one for _ in range(5) for one in notices.rejected("no frame", 9.0, guess)]
    assert noted(found) == [("rejected", 9.0, "no frame"), ("family", 9.0, "These look like frames of emporia.")]
    assert asked == [b"answer", b"answer"], "our own bytes say nothing of the device"


def test_no_family_is_guessed_of_a_device_with_values_nor_again_and_again() -> None:
    guesses: list[bytes] = []

    def guess(data: bytes) -> str:
        guesses.append(data)
        return ""

    notices = NoiseNotices("pump", RecentChunks())
    notices.has_values = True
    notices.rejected("no frame", 1.0, guess)
    assert guesses == []
    notices = NoiseNotices("pump", RecentChunks())
    for _ in range(2 * MOST_GUESSES):
        notices.rejected("no frame", 1.0, guess)
    assert len(guesses) == MOST_GUESSES
