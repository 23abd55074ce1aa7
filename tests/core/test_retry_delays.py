"""The delays before something is tried again."""

from unclouded.core.system.retry_delays import JITTER, RetryDelays


def nominal(delays: RetryDelays, now: float) -> list[float]:
    """The bounds that the next delay may have, by what it would be without jitter: the powers of two that fit."""
    delay_s = delays.next(now)
    return [one for one in (1, 2, 4, 8, 16, 32, 60) if one * (1 - JITTER) <= delay_s <= one * (1 + JITTER)]


def test_delays_double_up_to_a_minute() -> None:
    delays = RetryDelays()
    assert [nominal(delays, 0.0) for _ in range(8)] == [[1], [2], [4], [8], [16], [32], [60], [60]]


def test_what_worked_only_for_a_moment_does_not_restart_them() -> None:
    delays = RetryDelays()
    assert [nominal(delays, 0.0) for _ in range(3)] == [[1], [2], [4]]
    delays.started(100.0)
    assert nominal(delays, 129.9) == [8]
    assert nominal(delays, 500.0) == [16]  # it did not work in between


def test_what_worked_for_a_while_restarts_them() -> None:
    delays = RetryDelays()
    assert [nominal(delays, 0.0) for _ in range(3)] == [[1], [2], [4]]
    delays.started(100.0)
    assert nominal(delays, 130.0) == [1]


def test_many_do_not_try_again_at_the_same_moment() -> None:
    assert len({RetryDelays().next(0.0) for _ in range(20)}) > 10


def test_the_first_is_never_longer_than_the_longest() -> None:
    delays = RetryDelays(first_s=60.0, max_s=1.0, stable_after_s=0.0)
    assert nominal(delays, 0.0) == [1]
    delays.started(5.0)
    assert nominal(delays, 5.0) == [1]
