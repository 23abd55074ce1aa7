"""Where the page listens: exactly where it was told to, or else where there is room."""

import socket
from collections.abc import Iterator

import pytest

from unclouded.core.errors import LinkRefused
from unclouded.web.server import address_text, next_free, tcp_socket


@pytest.fixture
def taken() -> Iterator[tuple[str, int]]:
    """An address that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()


def test_a_place_that_was_asked_for_and_is_taken_is_an_error(taken: tuple[str, int]) -> None:
    with pytest.raises(LinkRefused, match=rf"{address_text(taken)}: another program uses this port.*--web.*port 0"):
        tcp_socket(taken)


def test_the_usual_place_moves_to_the_next_free_port(taken: tuple[str, int]) -> None:
    with next_free(taken) as sock:
        assert sock.getsockname()[1] > taken[1]
    with tcp_socket(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with next_free(("127.0.0.1", port)) as sock:
        assert sock.getsockname()[1] == port


def test_an_address_that_is_not_ours_says_why() -> None:
    with pytest.raises(LinkRefused, match=r"192\.0\.2\.1:0: Cannot assign"):
        tcp_socket(("192.0.2.1", 0))
    with pytest.raises(LinkRefused, match=r"192\.0\.2\.1:80\d\d: Cannot assign"):
        next_free(("192.0.2.1", 8099))


def test_no_free_port_is_said_at_the_end_of_the_range() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.close()
        with pytest.raises(LinkRefused, match="No port from 65536 on"):
            next_free(("127.0.0.1", 65_536))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_everywhere_means_both_kinds_of_addresses() -> None:
    with tcp_socket(("::", 0)) as sock:
        port = sock.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 5).close()
        socket.create_connection(("::1", port), 5).close()


def test_places_are_written_as_people_type_them() -> None:
    assert address_text(("127.0.0.1", 8099)) == "127.0.0.1:8099" and address_text(("::1", 80)) == "[::1]:80"


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with tcp_socket(("127.0.0.1", 0)) as sock, socket.create_connection(sock.getsockname(), 5):
        taken, _ = sock.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
