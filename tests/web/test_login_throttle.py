"""Waiting times grow with each failed login; addresses with a successful login are not delayed by others."""

from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.system.sockets import group_of
from unclouded.web.access.login_throttle import GLOBAL, MAX_ADDRESSES, PER_ADDRESS, LoginThrottle


def attempt_until_throttled(throttle: LoginThrottle, address: str, now: float) -> float:
    for _ in range(1_000):
        wait = throttle.begin(address, now)
        if wait:
            return wait
    raise AssertionError("no attempt was throttled")


def test_first_attempts_are_free_and_then_the_wait_doubles_each_time() -> None:
    throttle, now = LoginThrottle(), 0.0
    waits = []
    for _ in range(12):
        wait = attempt_until_throttled(throttle, "192.168.1.66", now)
        waits.append(wait)
        now += wait
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert max(waits) <= PER_ADDRESS.most


def test_parallel_attempts_count_before_they_are_answered() -> None:
    throttle = LoginThrottle()
    assert [throttle.begin("192.168.1.66", 0.0) > 0 for _ in range(10)] == [False] * PER_ADDRESS.free + [True] * 6


def test_a_successful_login_resets_the_count() -> None:
    throttle = LoginThrottle()
    for _ in range(PER_ADDRESS.free):
        assert throttle.begin("192.168.1.5", 0.0) == 0
    throttle.succeeded("192.168.1.5")
    assert throttle.begin("192.168.1.5", 0.0) == 0


def test_many_addresses_are_throttled_together_except_those_with_a_successful_login() -> None:
    throttle = LoginThrottle()
    assert throttle.begin("192.168.1.5", 0.0) == 0
    throttle.succeeded("192.168.1.5")
    held = [throttle.begin(f"10.0.{n // 250}.{n % 250}", 1.0) for n in range(500)]
    assert held.count(0.0) == GLOBAL.free and max(held) <= GLOBAL.most
    assert throttle.begin("192.168.1.5", 1.0) == 0


def test_attempts_are_forgotten_after_an_hour() -> None:
    throttle = LoginThrottle()
    attempt_until_throttled(throttle, "192.168.1.66", 0.0)
    assert throttle.begin("192.168.1.66", PER_ADDRESS.quiet) == 0


def test_an_ipv6_network_counts_as_one_client() -> None:
    assert group_of("2001:db8::1") == group_of("2001:db8::ffff:2") != group_of("2001:db8:0:1::1")
    assert group_of("::ffff:192.168.1.5") == "192.168.1.5"
    assert group_of("fe80::1%eth0") == "fe80::/64"


@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 10_000), st.booleans()), max_size=300))
def test_waits_are_bounded_and_never_negative(tries: list[tuple[int, float, bool]]) -> None:
    throttle, now = LoginThrottle(), 0.0
    for who, later, good in tries:
        now += later
        assert 0 <= throttle.begin(f"10.0.{who // 250}.{who % 250}", now) <= PER_ADDRESS.most
        if good:
            throttle.succeeded(f"10.0.{who // 250}.{who % 250}")


def test_the_number_of_stored_addresses_is_bounded() -> None:
    throttle = LoginThrottle()
    for n in range(10_000):
        throttle.begin(f"10.{n // 65_536}.{n // 256 % 256}.{n % 256}", n * 60.0)
        throttle.succeeded(f"10.{n // 65_536}.{n // 256 % 256}.{n % 256}")
    assert len(throttle) <= 2 * MAX_ADDRESSES
