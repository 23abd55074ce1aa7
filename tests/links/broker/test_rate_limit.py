"""The limits of the broker, at the last value on each side."""

import pytest

from unclouded.core.system import bounded_table, repeat_filter
from unclouded.core.system.repeat_filter import RepeatFilter
from unclouded.links.broker import rate_limit
from unclouded.links.broker.rate_limit import FailedLogins, WaitingConnections


def test_the_limits_are_those_of_the_documentation() -> None:
    """Behaviour is tested by their names elsewhere; a number that changes is a decision."""
    assert (rate_limit.MAX_WAITING, rate_limit.MAX_FAILURES, rate_limit.MAX_ADDRESS_FAILURES) == (256, 8, 64)
    assert (rate_limit.WINDOW_S, rate_limit.REFUSAL_DELAY_S, repeat_filter.REPEAT_AFTER_S) == (60.0, 10.0, 600.0)
    assert bounded_table.MAX_ENTRIES == 1_024


def delays(*failures: tuple[str, str, float]) -> list[float]:
    failed = FailedLogins()
    return [failed.failed(*one) for one in failures]


def test_the_eighth_failure_of_a_client_within_a_minute_is_delayed() -> None:
    within = [("10.0.0.9", "a", at * 8.0) for at in range(8)]  # the first is 56 s old
    assert delays(*within) == [0.0] * 7 + [10.0]
    assert delays(*within[:7], ("10.0.0.9", "a", 59.9)) == [0.0] * 7 + [10.0]
    assert delays(*within[:7], ("10.0.0.9", "a", 60.0)) == [0.0] * 8, "the first is over"


def test_the_sixty_fourth_failure_at_an_address_is_delayed_whoever_it_is() -> None:
    clients = [("10.0.0.9", f"client {number}", 0.5 * number) for number in range(65)]
    assert delays(*clients) == [0.0] * 63 + [10.0] * 2
    assert delays(*clients[:63], ("10.0.0.8", "other", 32.0)) == [0.0] * 64


def test_a_login_forgets_the_failures_of_its_client_and_of_no_other() -> None:
    failed = FailedLogins()
    for client in "ab":
        for _ in range(7):
            assert failed.failed("10.0.0.9", client, 0.0) == 0.0
    failed.succeeded("10.0.0.9", "a")
    failed.succeeded("10.0.0.9", "never")
    assert failed.failed("10.0.0.9", "a", 0.0) == 0.0 and failed.failed("10.0.0.9", "b", 0.0) == 10.0
    for _ in range(7):
        failed.failed("2001:db8::1", "c", 0.0)
    failed.succeeded("2001:db8::2", "c")
    assert failed.failed("2001:db8::3", "c", 0.0) == 0.0, "a network of IPv6 is one client"


def test_a_client_without_an_id_is_counted_like_any_other() -> None:
    assert delays(*[("10.0.0.9", "", 0.0)] * 8) == [0.0] * 7 + [10.0]
    assert delays(*(("10.0.0.9", f"client {number}", 0.0) for number in range(60)), ("10.0.0.9", "", 0.0))[-1] == 0.0
    failed = FailedLogins()
    for number in range(64):
        failed.failed("10.0.0.9", f"client {number}", 0.0)
    failed.succeeded("10.0.0.9", "")
    assert failed.failed("10.0.0.9", "other", 0.0) == 10.0, "its login forgets its own failures only"


def test_the_tables_keep_the_newest_1024() -> None:
    filtered = RepeatFilter()
    for number in range(1_025):
        assert filtered.is_new(number, 0.0)
    assert filtered.is_new(0, 1.0) and not filtered.is_new(2, 1.0) and not filtered.is_new(1_024, 1.0)
    assert filtered.is_new(2, 600.0) and filtered.is_new(5_000, 600.0)
    assert not filtered.is_new(2, 601.0), "it was repeated last, so others make room"


@pytest.mark.parametrize(("after", "is_new"), [(0.0, False), (599.9, False), (600.0, True)])
def test_a_message_is_repeated_after_ten_minutes(after: float, is_new: bool) -> None:
    filtered = RepeatFilter()
    assert filtered.is_new(("a", "b"), 5.0) and filtered.is_new(("a", "c"), 5.0)
    assert filtered.is_new(("a", "b"), 5.0 + after) == is_new
    assert not filtered.is_new(("a", "b"), 5.0 + after + 0.1 - (0.0 if is_new else after))


def test_the_oldest_of_an_address_makes_room_and_is_counted_no_more() -> None:
    waiting: WaitingConnections[str] = WaitingConnections(2)
    assert [waiting.add(one, "10.0.0.9") for one in "abcd"] == [None, None, "a", "b"]
    assert len(waiting) == 2
    assert waiting.add("e", "10.0.0.8") is None and len(waiting) == 3
    assert waiting.oldest_but("c") is None
    waiting.remove("c")
    assert waiting.add("f", "10.0.0.9") is None and waiting.oldest_but("f") == "d"
    waiting.remove("d")
    assert len(waiting) == 2 and waiting.oldest_but("e") is None
    assert [waiting.add(str(number), "127.0.0.1") for number in range(9)] == [None] * 9
    assert [waiting.add(f"six {number}", "::1") for number in range(9)] == [None] * 9
