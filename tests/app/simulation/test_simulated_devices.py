"""`sim` for plugs: set up by HTTP, bound to a real broker, many in one process, and the errors when it cannot be."""

import asyncio
import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import md5
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from links.recorder import RecordingInlet
from place import KEY, Place, place_in, read
from unclouded.app.demo.home import WIRES
from unclouded.app.simulation.simulated_plug import NO_SERVER, ServerLink, bound, download
from unclouded.app.simulation.simulation import PlugSetting, SimPlaces, SimulatedDevices
from unclouded.app.simulation.state import StateFile
from unclouded.core.errors import CommandError, ConfigError, LinkError, LinkRefused
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import AskServer, Refusal, Settled
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.wire.discovery import QUESTION, read_answer
from unclouded.links.discovery import UdpAnswer, ask_network
from unclouded.links.http.file_server import FileServer

CONFIG = """
[broker]
listen = "127.0.0.1:0"
host = "127.0.0.1"
[meross]
key_file = "plugs.key"
"""
TIMEOUT_S = 60.0  # s; never reached in a test that passes


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_in(tmp_path, CONFIG) as here:
        yield here


def ask(url: str, namespace: str, method: str = "GET", **payload: object) -> dict[str, object]:
    """Ask a plug in set-up mode, as any HTTP client would."""
    header = {"messageId": "1" * 32, "namespace": f"Appliance.{namespace}", "method": method, "from": "test"}
    body = json.dumps({"header": {**header, "timestamp": 0, "sign": ""}, "payload": payload}).encode()
    request = urllib.request.Request(f"{url}/config", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        found = json.load(answer)["payload"]
    assert isinstance(found, dict)
    return found


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_a_plug_in_set_up_mode_is_set_up_by_hand_and_reaches_the_broker(place: Place) -> None:
    hub, ready = place.hub()
    state = place.folder / "plug.json"
    words = ("mss310", "--ap", "--http", "127.0.0.1:0", "--wifi", "home:correct horse", "--state", str(state))
    plug, served = place.sim(*words, "--dialect", "hw6")
    url = str(served["link"])
    networks = ask(url, "Config.WifiList")["wifiList"]
    assert isinstance(networks, list) and [one["ssid"] for one in networks] == [base64("home")]
    host, port = ready["broker"].rsplit(":", 1)
    gateway = {"host": host, "port": int(port), "secondHost": host, "secondPort": int(port)}
    ask(url, "Config.Key", "SET", **{"key": {"gateway": gateway, "key": KEY, "userId": "0"}})
    ask(url, "Config.Wifi", "SET", wifi={"ssid": base64("home"), "password": base64("correct horse")})
    read(plug, lambda line: "The plug is bound" in line.get("notice", ""))
    read(hub, lambda line: line.get("status", {}).get("state") == "seen")
    place.stop(plug)
    assert state.stat().st_mode & 0o077 == 0, "its key is in it"
    again, _ = place.sim(*words)
    read(again, lambda line: "The plug is bound" in line.get("notice", ""))


def test_many_plugs_have_ports_and_uuids_of_their_own_and_answer_a_discovery(place: Place) -> None:
    first = free_ports(3)
    words = ("--count", "3", "--http", f"127.0.0.1:{first}", "--discovery", f"127.0.0.1:{first}", "--for", "300s")
    process = place.start("sim", "mss310", *words)
    found = [read(process, lambda line: "ready" in line)["ready"] for _ in range(3)]
    assert [one["link"] for one in found] == [f"http://127.0.0.1:{first + number}" for number in range(3)]
    assert len({one["uuid"] for one in found}) == 3
    answers = asyncio.run(answers_to_question(("127.0.0.1", first), len(found)))
    plugs = [read_answer(answer.data) for answer in answers]
    assert {(plug.uuid, plug.port) for plug in plugs} == {
        (one["uuid"], first + number) for number, one in enumerate(found)
    }


async def answers_to_question(plugs: tuple[str, int], most: int) -> list[UdpAnswer]:
    """Answers go to one port of this computer, which another test may hold for the seconds of its own question.

    A busy computer may answer later than is waited for, so fewer than ``most`` are asked for again.
    """
    answers: list[UdpAnswer] = []
    async with asyncio.timeout(TIMEOUT_S):
        while len({one.data for one in answers}) < most:
            with contextlib.suppress(LinkError):
                answers = await ask_network(bytes(QUESTION), plugs, 9989, 1.0, 0.2)
            await asyncio.sleep(0.1)
    return answers


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(23_000, 60_000, 7):
        socks = []
        try:
            for port in range(first, first + count):
                socks.append(socket.socket())
                socks[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for sock in socks:
                sock.close()
    raise AssertionError("no free ports")


class Silent:
    """An observer of a simulation that only waits until it is ready."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.is_ready = asyncio.Event()
        self.stats: Mapping[str, float] = {}

    def ready(self, place: str, uuid: str, console: str) -> None:
        self.places.append(place)

    def all_ready(self) -> None:
        self.is_ready.set()

    def offline(self, reason: str) -> None: ...
    def noticed(self, uuid: str, text: str) -> None: ...
    def answered(self, question: str, answer: Settled) -> None: ...
    def stopped(self, stats: Mapping[str, float]) -> None:
        self.stats = stats


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_is_served_over_a_real_socket_one_connection_at_a_time(dialect: str) -> None:
    options = SimOptions(seed=3, dialect=dialect)
    devices = SimulatedDevices("mss310", SimPlaces(http="127.0.0.1:0"), "lamp", options)
    observer = Silent()
    answers: list[object] = []

    async def stopped() -> None:
        await observer.is_ready.wait()
        try:
            answers.append(await asyncio.to_thread(ask, observer.places[0], "System.Ability"))
        except OSError as error:
            answers.append(type(error))

    await asyncio.wait_for(devices.run(observer, stopped), TIMEOUT_S)
    (found,) = answers
    if DIALECTS[dialect].hides_wrong_key:
        assert isinstance(found, type), "newer firmware gives a stranger no answer at all"
    else:
        assert found == {"error": {"code": 5001, "detail": "sign error"}}, "it is bound, and this has no signature"
    assert observer.stats["frames_in"] == 1


@pytest.mark.parametrize(
    ("places", "changes", "words"),
    [
        (SimPlaces(http="127.0.0.1:0"), {"options": SimOptions(dialect="hw9")}, "has no dialect 'hw9'. It has: hw2"),
        (SimPlaces(http="127.0.0.1:0"), {"options": SimOptions(faults=frozenset({"melts"}))}, "has no fault 'melts'"),
        (SimPlaces(http="127.0.0.1:0"), {"count": 0}, "--count is a number from 1 to"),
        (SimPlaces(http="127.0.0.1:65000"), {"count": 1000}, "The ports of 1000 plugs"),
        (SimPlaces(), {}, "--http, --server or --console"),
        (SimPlaces(link="pty:/tmp/x", http="127.0.0.1:0"), {}, "A plug has no wire"),
        (SimPlaces(server="mqtts://h:1"), {"plug": PlugSetting(unconfigured=True)}, "name where to serve it"),
        (SimPlaces(http="127.0.0.1:0"), {"count": 2, "plug": PlugSetting(uuid="1" * 32)}, "--uuid names one plug"),
    ],
)
def test_what_cannot_be_simulated_is_one_sentence(places: SimPlaces, changes: dict[str, object], words: str) -> None:
    options = changes.pop("options", SimOptions())
    with pytest.raises(CommandError) as caught:
        SimulatedDevices("mss310", places, "lamp", options, **changes)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "places", [SimPlaces(http="nowhere"), SimPlaces(server="x"), SimPlaces(http="h:1", discovery="x")]
)
def test_a_wrong_place_is_explained(places: SimPlaces) -> None:
    with pytest.raises(ConfigError):
        SimulatedDevices("mss310", places, "lamp", SimOptions())


async def test_a_port_in_use_ends_the_simulation_although_the_plug_has_another_link() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        places = SimPlaces(http=f"127.0.0.1:{port}", server="mqtts://127.0.0.1:1")
        devices = SimulatedDevices("mss310", places, "lamp", SimOptions())
        with pytest.raises(LinkRefused, match="Choose another address"):
            await asyncio.wait_for(devices.run(Silent(), asyncio.get_running_loop().create_future), TIMEOUT_S)


def test_a_plug_that_serves_on_all_addresses_reports_that_of_the_computer() -> None:
    for http, reported in (("127.0.0.1:8080", b"127.0.0.1:8080"), ("[::1]:8080", b"[::1]:8080")):
        assert msgspec.structs.replace(bound(1, KEY), http=http).memory["http"] == reported
    host, _, port = msgspec.structs.replace(bound(1, KEY), http="0.0.0.0:8080").memory["http"].decode().rpartition(":")
    assert ipaddress.ip_address(host) and port == "8080"


def test_the_demo_has_a_plug_of_each_generation() -> None:
    assert {wire.dialect for wire in WIRES if wire.kind == "mss310"} == {"hw1", "hw2", "hw6", "hw8"}


def test_other_devices_have_neither_a_server_nor_a_count() -> None:
    for changes in ({"count": 2}, {}):
        places = SimPlaces(link="pty:/tmp/x") if changes else SimPlaces(http="127.0.0.1:0")
        with pytest.raises(CommandError, match="are for plugs"):
            SimulatedDevices("tuya-plug", places, "lamp", SimOptions(), **changes)  # type: ignore[arg-type]


# --- the link to a server that changes --------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server with an ECDSA key, as Let's Encrypt gives one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, hashes.SHA256())
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_a_server_with_an_ecdsa_key_is_refused_by_the_tls_of_a_plug(certificate: ssl.SSLContext) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=certificate)
    port = server.sockets[0].getsockname()[1]
    inlet = RecordingInlet()
    link = ServerLink(bound(1, KEY), None)
    link.start(inlet)
    assert link.connect(AskServer(True, "127.0.0.1", port, "0", KEY)) is True
    await inlet.until(lambda: "down" in inlet.kinds)
    assert "TLS" in str(inlet.events[0])
    await link.close()
    server.close()


async def test_the_link_follows_the_plug_and_reports_that_it_has_disconnected() -> None:
    inlet = RecordingInlet()
    link = ServerLink(bound(1, KEY), None)
    link.start(inlet)
    assert link.connect(AskServer(True)) == Refusal(NO_SERVER)
    assert link.connect(AskServer(True, "127.0.0.1", 1, "0", KEY)) is True
    await inlet.until(lambda: "down" in inlet.kinds)
    assert "refuses port 1" in str(inlet.events[-1])
    assert link.connect(AskServer(False)) is True
    await inlet.until(lambda: inlet.kinds.count("down") == 2)
    assert "The plug has disconnected" in str(inlet.events[-1])
    await link.close()


async def test_a_plug_downloads_and_says_why_it_cannot() -> None:
    server, data = FileServer(), b"MMM" * 1000
    offer = server.offer("127.0.0.1", "file.bin", data)
    found = await download(offer.url, 10_000)
    assert isinstance(found, bytes) and md5(found).digest() == md5(data).digest()
    assert isinstance(await download(offer.url, 100), Refusal)
    assert isinstance(await download("https://h/x", 100), Refusal)
    server.withdraw(offer)
    await asyncio.sleep(0)


# --- the state file ---------------------------------------------------------------------------------------


def test_the_state_of_several_devices_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path)
    state.write()
    assert not path.exists(), "nothing has changed"
    state.remember("a", "settings", b"\0\xff")
    state.remember("b", "energy", b"{}")
    state.write()
    again = StateFile(path)
    assert (again.memory("a"), again.memory("b"), again.memory("c")) == ({"settings": b"\0\xff"}, {"energy": b"{}"}, {})
    assert not list(tmp_path.glob("*.part"))
    StateFile(None).remember("a", "x", b"")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 7}', "[" * 100_000])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is not a state of a simulation"):
        StateFile(path)
    assert path.read_text() == text


def test_a_state_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        StateFile(tmp_path)
    with pytest.raises(ConfigError, match="There is no folder"):
        StateFile(tmp_path / "there" / "state.json")
    (tmp_path / "gone").mkdir()
    state = StateFile(tmp_path / "gone" / "state.json")
    state.remember("a", "b", b"c")
    (tmp_path / "gone").rmdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        state.write()
    path = tmp_path / "damaged.json"
    path.write_text('{"a": {"settings": "no base64"}}')
    with pytest.raises(ConfigError, match="is damaged"):
        StateFile(path).memory("a")
