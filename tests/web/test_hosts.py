"""Host names of the hub, and origins of requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from unclouded.web.access.hosts import Hosts, is_loopback, own_addresses, own_names, request_origin, split

OURS = Hosts(own_names(["home.example"], computer="Attic.lan"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8099", "127.0.0.1:8099", "192.168.1.2", "[::1]:8099", "[fe80::1]", "attic",
        "attic.local",
        "ATTIC.lan:80", "attic.local.", "home.example", "home.example:443",
    ],
)  # fmt: skip
def test_the_names_of_the_hub_are_accepted(host: str) -> None:
    assert OURS.accepts(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "attic.local.evil", "home.example@evil",
        "localhost:99999", "localhost:", "[::1", "[localhost]", "::1", "a b", "localhost/", "[::1]evil", "[1.2.3.4.5]",
        ".", ":8099",
    ],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    assert not OURS.accepts(host)


@given(st.text(max_size=60))
def test_any_host_header_is_accepted_or_refused_without_an_error(text: str) -> None:
    found = split(text)
    assert found is None or (found[0] and (found[1] is None or found[1] <= 65_535))
    assert OURS.accepts(text) in (True, False)


@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,5})?", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,5})?", fullmatch=True),
    st.integers(1, 65_535),
    st.integers(1, 65_535),
)
def test_only_the_same_host_and_port_is_the_own_origin(scheme: str, one: str, two: str, a: int, b: int) -> None:
    headers = Headers({"host": f"{one}:{a}", "origin": f"{scheme}://{two}:{b}"})
    assert (request_origin(headers, "http") == "own") is ((one, a) == (two, b))


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "who"),
    [
        ("http://hub:8099", "hub:8099", "http", "own"),
        ("http://hub", "hub:80", "http", "own"),
        ("https://hub", "hub", "http", "own"),  # a proxy terminates TLS without a header
        ("https://hub", "hub", "https", "own"),
        ("http://hub", "hub", "https", "other"),
        ("http://hub:8100", "hub:8099", "http", "other"),
        ("null", "hub", "http", "other"),
        ("", "hub", "http", "other"),
        ("http://hub.evil", "hub", "http", "other"),
        ("http://hub@evil", "hub", "http", "other"),
        ("file://", "hub", "http", "other"),
        ("http://[::1]:8099", "[::1]:8099", "http", "own"),
    ],
)
def test_the_origin_of_a_request(origin: str, host: str, scheme: str, who: str) -> None:
    assert request_origin(Headers({"host": host, "origin": origin, "sec-fetch-site": "same-origin"}), scheme) == who


@pytest.mark.parametrize(
    ("site", "who"), [("same-origin", "own"), ("none", "unknown"), ("same-site", "other"), ("cross-site", "other")]
)
def test_the_origin_by_sec_fetch_site(site: str, who: str) -> None:
    assert request_origin(Headers({"host": "hub", "sec-fetch-site": site}), "http") == who


def test_the_origin_of_a_program_is_unknown() -> None:
    assert request_origin(Headers({"host": "hub"}), "http") == "unknown"


def test_loopback_addresses_are_recognised() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("::") and not is_loopback("192.168.1.2")


def test_own_addresses_are_not_loopback() -> None:
    assert not any(is_loopback(one) for one in own_addresses())
