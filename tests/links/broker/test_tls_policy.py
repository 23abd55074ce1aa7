import asyncio
import datetime
import socket
import ssl
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from links.broker.clients import ScriptedClient, running_broker
from unclouded.core.security.tls import plug_client_context
from unclouded.links.broker.ca import prepare
from unclouded.links.broker.server import BrokerOptions, BrokerServer
from unclouded.links.broker.tls_policy import ClientHello, explain, read_hello, server_context
from unclouded.links.mqtt import packets as mqtt
from waiting import until

OLD_AES = "AES128-SHA:@SECLEVEL=0"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "ca"


def client(ciphers: str = "", version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client that offers these ciphers, and this version only."""
    context = plug_client_context()
    if ciphers:
        context.set_ciphers(ciphers)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = version
            context.maximum_version = version
    return context


def first_words(context: ssl.SSLContext) -> bytes:
    """The ClientHello of a client with this context."""
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="hub.home").do_handshake()
    return outgoing.read()


async def refused(broker: BrokerServer, context: ssl.SSLContext) -> None:
    with pytest.raises(OSError):
        await ScriptedClient.dial(broker, context=context)
    await until(lambda: broker.stats()["connections"] == 0)


V12, V10 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (client(OLD_AES, V12), "offers only AES128-SHA: allow old ciphers with old_ciphers = true in [broker]."),
        (client("ALL:@SECLEVEL=0", V10), "offers only TLS 1.0: allow old versions with old_tls = true in [broker]."),
        (client("ECDHE-ECDSA-AES128-GCM-SHA256", V12), "it requires an ECDSA certificate"),
        (client("DHE-RSA-AES256-SHA:@SECLEVEL=0", V12), "no setting enables them"),
    ],
)
async def test_an_old_plug_is_recognised_and_the_log_names_the_setting_that_helps(
    ca: Path, context: ssl.SSLContext, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        await refused(broker, context)
        assert words in caplog.text
        assert broker.stats()["handshakes_failed"] == 1


@pytest.mark.parametrize(
    ("options", "context"),
    [
        (BrokerOptions(), client(version=V12)),
        (BrokerOptions(), client(version=ssl.TLSVersion.TLSv1_3)),
        (BrokerOptions(old_ciphers=True), client(OLD_AES, V12)),
        (BrokerOptions(old_tls=True, old_ciphers=True), client(OLD_AES, V10)),
        (BrokerOptions(old_tls=True), client("ALL:@SECLEVEL=0", V10)),
    ],
)
async def test_the_settings_for_old_plugs_admit_them(ca: Path, options: BrokerOptions, context: ssl.SSLContext) -> None:
    async with running_broker(ca, options) as broker:
        plug = await ScriptedClient.dial(broker, context=context)
        plug.send(mqtt.Connect(client_id="x", user="x", password=b"wrong"))
        assert plug.version == mqtt.V311 and await plug.receive() == mqtt.Connack(4)
        await plug.close()


def test_each_switch_is_warned_of(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = prepare(ca, ["127.0.0.1", "localhost"], datetime.datetime.now(datetime.UTC))
    strict = server_context(files)
    assert strict.minimum_version == V12 and not caplog.text
    server_context(files, old_ciphers=True)
    assert "old ciphers" in caplog.text and "TLS 1.0" not in caplog.text
    server_context(files, old_tls=True)
    assert "TLS 1.0 and 1.1" in caplog.text


def strict_call(broker: BrokerServer) -> None:
    """A client that sends an alert when it aborts; asyncio's does not."""
    with (
        socket.create_connection(broker.address) as sock,
        ssl.create_default_context().wrap_socket(sock, server_hostname="127.0.0.1"),
    ):
        pass


async def test_who_checks_the_certificate_finds_it_right(ca: Path) -> None:
    async with running_broker(ca) as broker:
        checking = ssl.create_default_context(cafile=ca / "ca.pem")
        plug = await ScriptedClient.dial(broker, context=checking)
        await plug.close()


async def test_a_client_that_does_not_trust_the_ca_is_recognised(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_broker(ca) as broker:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(strict_call, broker)
        await until(lambda: broker.stats()["connections"] == 0)
        assert "does not trust the broker's CA" in caplog.text


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00", "uses MQTT without TLS"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "uses HTTP"),
        (b"\x00" * 50, "does not use TLS"),
        (b"\x16\x03\x01\x00\x05" + b"\xff" * 5, "The TLS handshake failed"),
    ],
)
async def test_a_client_without_tls_is_recognised(
    ca: Path, first: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        reader, writer = await asyncio.open_connection(*broker.address)
        writer.write(first)
        await until(lambda: broker.stats()["connections"] == 1 or bool(caplog.text))
        await reader.read()
        await until(lambda: words in caplog.text)
        writer.close()


async def test_a_handshake_in_single_bytes_is_a_handshake(ca: Path) -> None:
    """A slow radio: each byte of the client arrives alone."""
    async with running_broker(ca) as broker:
        reader, writer = await asyncio.open_connection(*broker.address)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client(version=V12).wrap_bio(incoming, outgoing)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
                incoming.write(await reader.read(65_536))
        assert tls.version() == "TLSv1.2"
        writer.close()


async def test_a_disconnect_during_the_handshake_is_recognised(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_broker(ca) as broker:
        _, writer = await asyncio.open_connection(*broker.address)
        writer.write(first_words(client())[:20])
        writer.close()
        await until(lambda: "closed the connection during the TLS handshake" in caplog.text)


async def test_a_client_that_sends_too_much_during_the_handshake_is_disconnected(ca: Path) -> None:
    async with running_broker(ca) as broker:
        reader, writer = await asyncio.open_connection(*broker.address)
        with pytest.raises(OSError):
            while True:
                writer.write(b"\x16\x03\x01\x40\x00" + b"\x01\x00\x3f\xfc" + b"\x00" * 16_380)
                await writer.drain()
                await asyncio.sleep(0)
        assert reader.at_eof() or reader.exception()
        await until(lambda: broker.stats()["connections"] == 0)


def test_a_client_hello_lists_the_offer() -> None:
    hello = read_hello(first_words(client("AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0", V12)))
    assert hello == ClientHello(0x0303, (0x002F, 0xC013))
    assert (hello.version_name, hello.cipher_names) == ("TLS 1.2", "AES128-SHA, ECDHE-RSA-AES128-SHA")
    newest = read_hello(first_words(client()))
    assert newest is not None and newest.version_name == "TLS 1.3"
    assert newest.cipher_names.endswith("more")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 300))
def test_a_hello_of_any_bytes_is_read_or_not_but_never_raises(noise: bytes, cut: int) -> None:
    whole = first_words(client())
    read_hello(noise)
    read_hello(whole[:cut])
    read_hello(whole[:cut] + noise + whole[cut:])
    error = ssl.SSLError("x")
    error.reason = "NO_SHARED_CIPHER"
    assert explain(error, whole[:cut] + noise)
