"""The conversation of a probe: what it reports, and why it found nothing."""

import pytest

from unclouded.app.unknown.probing import ProbeConversation
from unclouded.core.sessions.session import Event, Identified, Offline, Online, Waiting


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], "Nothing was received on the line."),
        ([Waiting("Is it powered?", 0.0)], "Is it powered?"),
        ([Offline("the port is gone")], "the port is gone."),
        (
            [Online()],
            "The MCU answers, but reported no data point. Some report only changes: operate it during the probe.",
        ),
    ],
)
def test_the_reason_for_no_data_point_is_a_whole_sentence(events: list[Event], why: str) -> None:
    conversation = ProbeConversation(lambda text: None)
    conversation.on_events(events, 0.0)
    assert conversation.why_nothing() == why


def test_the_product_stays_known_when_the_mcu_reports_more_of_itself() -> None:
    """A breaker reports its features, 37/00, right after its product."""
    conversation = ProbeConversation(lambda text: None)
    conversation.on_events([Identified({"product": "abcdefgh12345678"}), Identified({"buf": "1024"})], 0.0)
    assert conversation.info["product"] == "abcdefgh12345678"
