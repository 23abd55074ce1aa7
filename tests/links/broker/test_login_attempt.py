"""A login as a plug does it, at servers that are not what they should be."""

import datetime
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unclouded.core.errors import LinkError
from unclouded.core.security.tls import client_context, plug_client_context, plug_server_context
from unclouded.links.broker import ca
from unclouded.links.broker.certificate_kinds import Certificates
from unclouded.links.broker.login_attempt import attempt_login
from unclouded.links.broker.plug_client import Login
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import encode

LOGIN = Login(client_id="fmware:1_2", user="02:00:00:00:00:01", password="0_x", inbox="/appliance/1/subscribe")
Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve) -> Iterator[tuple[str, int]]:
    """A server for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def run() -> None:
            connection, _ = sock.accept()
            with connection:
                try:
                    serve(connection)
                except OSError:
                    return

        thread = threading.Thread(target=run)
        thread.start()
        yield sock.getsockname()
        thread.join()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ca.prepare(tmp_path_factory.mktemp("ca"), ["127.0.0.1"], datetime.datetime.now(datetime.UTC))


def broker(files: Certificates, answer: bytes) -> Serve:
    """TLS, and an answer to the first packet."""

    def serve(connection: socket.socket) -> None:
        with plug_server_context(files.chain, files.key).wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(4096)
            wrapped.sendall(answer)

    return serve


def test_an_expired_certificate_is_named_and_a_valid_one_is_accepted(tmp_path: Path, files: Certificates) -> None:
    old = ca.prepare(tmp_path, ["127.0.0.1"], datetime.datetime(2018, 1, 1, tzinfo=datetime.UTC))
    with server(broker(old, b"")) as address:
        assert "expired" in attempt_login(address, client_context(old.authority), None, 5.0).tls_error
    with server(broker(files, b"")) as address:
        attempt = attempt_login(address, client_context(files.authority), None, 5.0)
    assert (attempt.tls_error, attempt.refusal) == ("", None) and attempt.certificate and attempt.cipher


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (encode(mqtt.Connack(mqtt.OK)), ""),
        (encode(mqtt.Connack(mqtt.REFUSED_PASSWORD)), "wrong user name or password"),
        (encode(mqtt.Connack(0x77)), "code 0x77"),
        (encode(mqtt.Pingresp()), "it answers CONNECT with something else"),
        (b"", "the connection was closed after CONNECT"),
        (b"\xf7\x00", "no answer to CONNECT"),
    ],
)
def test_what_is_answered_to_a_login_is_said(files: Certificates, answer: bytes, refusal: str) -> None:
    with server(broker(files, answer)) as address:
        found = attempt_login(address, plug_client_context(), LOGIN, 5.0).refusal
    assert found is not None and found.startswith(refusal) and bool(found) == bool(refusal)


def broker_of_nothing(connection: socket.socket) -> None:
    connection.recv(4096)


def test_what_speaks_no_tls_or_nothing_is_said() -> None:
    with server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as address:
        assert attempt_login(address, plug_client_context(), None, 5.0).tls_error
    with server(broker_of_nothing) as address:
        assert attempt_login(address, plug_client_context(), None, 5.0).tls_error
    with pytest.raises(LinkError, match="refuses port"):
        attempt_login(address, plug_client_context(), None, 5.0)
