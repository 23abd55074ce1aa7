"""Listening sockets of links."""

import socket

import pytest

from unclouded.core.errors import LinkRefused
from unclouded.links.ports import listening, url_of


def test_a_socket_listens_at_the_address_that_it_reports() -> None:
    sock, address = listening(("127.0.0.1", 0))
    with sock, socket.create_connection(address, 5):
        assert address == sock.getsockname()


def test_answers_do_not_wait_for_acknowledgements() -> None:
    sock, address = listening(("127.0.0.1", 0))
    with sock, socket.create_connection(address, 5):
        taken, _ = sock.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_in_use_is_reported() -> None:
    sock, address = listening(("127.0.0.1", 0))
    with sock, pytest.raises(LinkRefused, match=f"Cannot listen on 127.0.0.1:{address[1]}"):
        listening(address)


def test_addresses_are_written_as_links_are() -> None:
    assert url_of("tcp", ("127.0.0.1", 6638)) == "tcp://127.0.0.1:6638"
    assert url_of("tcp", ("::1", 6638)) == "tcp://[::1]:6638"
