"""The address of the page: exactly the configured one, or a free port from the default one on."""

import socket
from collections.abc import Iterator

import pytest

from unclouded.core.errors import LinkRefused
from unclouded.web.server import address_text, next_free, tcp_socket


@pytest.fixture
def taken() -> Iterator[tuple[str, int]]:
    """An address in use by another program."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()


def test_a_configured_address_in_use_is_an_error(taken: tuple[str, int]) -> None:
    with pytest.raises(LinkRefused, match=rf"{address_text(taken)}: another program uses this port.*--web.*port 0"):
        tcp_socket(taken)


def test_the_default_address_uses_the_next_free_port(taken: tuple[str, int]) -> None:
    with next_free(taken) as sock:
        assert sock.getsockname()[1] > taken[1]
    with tcp_socket(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with next_free(("127.0.0.1", port)) as sock:
        assert sock.getsockname()[1] == port


def test_an_address_of_another_computer_is_refused_with_the_reason() -> None:
    with pytest.raises(LinkRefused, match=r"192\.0\.2\.1:0: Cannot assign"):
        tcp_socket(("192.0.2.1", 0))
    with pytest.raises(LinkRefused, match=r"192\.0\.2\.1:80\d\d: Cannot assign"):
        next_free(("192.0.2.1", 8099))


def test_a_range_without_a_free_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.close()
        with pytest.raises(LinkRefused, match="No port from 65536 on"):
            next_free(("127.0.0.1", 65_536))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_the_ipv6_wildcard_includes_ipv4() -> None:
    with tcp_socket(("::", 0)) as sock:
        port = sock.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 5).close()
        socket.create_connection(("::1", port), 5).close()


def test_the_text_of_addresses() -> None:
    assert address_text(("127.0.0.1", 8099)) == "127.0.0.1:8099" and address_text(("::1", 80)) == "[::1]:80"


def test_sockets_send_without_delay() -> None:
    with tcp_socket(("127.0.0.1", 0)) as sock, socket.create_connection(sock.getsockname(), 5):
        taken, _ = sock.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
