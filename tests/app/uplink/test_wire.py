"""What leaves the home, by a recording of the wire: nothing but what was chosen, and `fleet sent` prints exactly that.

hub ──TCP──► recorder ──TCP──► nats-server      the bytes of the hub are taken apart here, by no code of the hub
"""

import asyncio
import contextlib
import re
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from click.testing import CliRunner

from api_story import NOON, device
from app.uplink.test_uplink import KETTLE_ONLY, SHARD, DictFleet, Home, config_of, fleet_of, nats, until
from fleet.identities import new_hub_id
from unclouded.app.uplink.sent_log import sent_folder, sent_messages
from unclouded.cli import cli
from unclouded.core.model import Device, Fact, Ledger, Notice, Point, Reading, Status
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.uplink.contents.catalogue import SentCatalogue, decode_catalogue
from unclouded.uplink.contents.energy import decode_energy
from unclouded.uplink.contents.events import WindowEvent, decode_events
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.messages import CommandReport, FleetCommand, HubState, Question, Reply, Windows, decode_message

__all__ = ["nats"]  # the fixture

VERBS = {b"CONNECT", b"PING", b"PONG", b"SUB", b"UNSUB", b"PUB"}
LEVEL_OF = {"kettle": "raw", "lamp": "minute", "fridge": "quarter", "oven": "energy", "safe": "nothing"}
HOME_WORDS = ("Anna", "Attic", "Boxroom", "HomeNet", "192.168", "fe80", "48:e1:e9", "48e1e9", "fritz", "SECRET")
IDS = tuple(LEVEL_OF)
DEVICES = "".join(
    f'[[device]]\nid = "{id}"\nfamily = "tuya_wifi"\nlink = "tcp://192.168.7.{number}:6668"\nfleet = "{level}"\n'
    for number, (id, level) in enumerate(LEVEL_OF.items(), 1)
)


class Published(NamedTuple):
    """One message on the wire."""

    subject: str
    data: bytes


class Recorder:
    """``sent``: every byte that clients sent."""

    def __init__(self, target: str) -> None:
        host, port = target.removeprefix("nats://").split(":")
        self._target = host, int(port)
        self.sent = bytearray()
        self.url = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Recorder"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "nats://{}:{}".format(*server.sockets[0].getsockname()[:2])
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._target)

        async def up() -> None:
            while data := await reader.read(65_536):
                self.sent += data
                to_server.write(data)
            to_server.close()

        async def down() -> None:
            while data := await from_server.read(65_536):
                writer.write(data)
            writer.close()

        with contextlib.suppress(OSError):
            await asyncio.gather(up(), down())

    def lines(self) -> list[tuple[list[bytes], bytes]]:
        """Each line of the protocol, in words, with its payload."""
        found, rest = list[tuple[list[bytes], bytes]](), bytes(self.sent)
        while rest:
            line, _, rest = rest.partition(b"\r\n")
            words = line.split(b" ")
            size = int(words[-1]) if words[0] == b"PUB" else 0
            found.append((words, rest[:size]))
            rest = rest[size + 2 :] if words[0] == b"PUB" else rest
        return found

    def published(self) -> list[Published]:
        return [Published(words[1].decode(), data) for words, data in self.lines() if words[0] == b"PUB"]


class Seen:
    """What the bytes on the wire say, read with the format of docs/protocols/fleet.md alone."""

    def __init__(self, published: Collection[Published]) -> None:
        self.messages = [decode_message(one.data) for one in published if not one.subject.startswith("live.")]
        self.levels: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        for one in self.messages:
            if isinstance(one, Windows):
                self.levels[one.level] |= {window.start: window.data for window in one.windows}

    @property
    def catalogue(self) -> SentCatalogue:
        return decode_catalogue(self.levels["catalogue"][0])

    @property
    def events(self) -> list[WindowEvent]:
        return [event for data in self.levels["events"].values() for event in decode_events(data)]

    def devices(self, level: str) -> set[int]:
        """The numbers of the devices that the windows of a level are of."""
        owner = {one.number: one.device for one in self.catalogue.series}
        found = set[int]()
        for start, data in self.levels[level].items():
            if level == "raw":
                found |= {device for device, seconds in decode_raw(start, data).items() if seconds}
            elif level == "energy":
                found |= {owner[one.series] for one in decode_energy(data).hours}
            else:
                found |= {owner[one.series] for one in decode_rows(level, start, data)}
        return found

    def everything(self) -> bytes:
        """All bytes, and what is packed in them, also twice."""
        whole = [one.data for level in self.levels.values() for one in map(_Content, level.values())]
        whole += [zlib.decompress(one.body) if one.packed else one.body for one in self.messages if type(one) is Reply]
        return b"\n".join(whole)


class _Content:
    """The content of a window, unpacked where it is a zlib stream."""

    def __init__(self, data: bytes) -> None:
        try:
            self.data = data + zlib.decompress(data)
        except zlib.error:
            self.data = data


def mentioned(words: Collection[str], data: bytes) -> set[str]:
    """The words that are in these bytes, in any letters, as UTF-8 or as JSON writes them."""
    folded = data.decode("utf-8", "replace").casefold()
    return {one for one in words if one.casefold() in folded}


def things() -> list[Device]:
    points = (
        Point(key="on", kind="switch", access="rw", label="Anna's bed"),
        Point(key="power_W", exponent=-1, minimum=0.0),
        Point(key="energy_import_Wh", kind="counter", exponent=-3, label="Attic meter"),
    )
    facts = {"firmware": "SECRET 1.0 HomeNet", "mac": "48:e1:e9:00:00:01", "ip": "192.168.7.1", "product": "Anna lamp"}
    return [
        device(id, name=f"Anna {id}", room="Boxroom" if id == "safe" else "Attic", points=points, info=facts)
        for id in IDS
    ]


def happenings() -> list[Fact]:
    """What is in the log of a home, with the words of its network and its people."""
    at = NOON + 100.0
    away = "Connecting to tcp://192.168.7.1:6668 failed: No route to host (fe80::1ff:fe23:4567:890a)."
    return [
        Status("kettle", "offline", at, away),
        Notice("kettle", at, "command", "on = True by web: unreachable (kettle.fritz.box is away)", {"origin": "web"}),
        Notice("kettle", at, "alert", "It is hot.", {"alert": "above", "point": "power_W", "value": 9.5}),
        Notice("kettle", at, "unreadable", "The frame 48e1e9000001 cannot be read: SECRET.", {}),
        Notice("kettle", at, "setup", "It joined the Wi-Fi HomeNet.", {}),
        Notice("safe", at, "alert", "SECRET", {}),
        Notice("", at, "left", "More than 8 plugs: 48e1e9a1b2c3 is no longer listed.", {}),
        Notice("", at, "removed", "Anna Lamp is gone.", {"device": "old", "identities": ["toy:SECRET"]}),
        Notice("", at, "configuration", "[web] of Anna was changed.", {"listen": "192.168.7.9:80"}),
        Notice("", at, "publishing", "The broker at mqtt.fritz.box is away.", {}),
        Notice("", at, "notify", "Anna has left the stove on.", {"rule": "Attic"}),
        Notice("", at, "alert", "Anna SAFE is open.", {}),
    ]


@contextlib.asynccontextmanager
async def recorded(
    folder: Path, nats: PrivateNats, table: str, devices: str = DEVICES
) -> AsyncIterator[tuple[Recorder, DictFleet]]:
    """The uplink of a home in which much has happened, once the fleet has all of it."""
    hub_id = new_hub_id()
    home = Home(folder, nats, hub_id, table, devices)
    for one in things():
        home.hub.publish(one, Status(one.id, "online", NOON))
    async with Recorder(nats.urls[0]).open() as recorder, home.opened(), fleet_of(nats, hub_id) as fleet:
        home.files.save(msgspec.structs.replace(home.files.load(), servers=(recorder.url,), shard=SHARD))
        home.store.deliver([Ledger(identity=f"toy:{id}", point="energy_import_Wh") for id in IDS])
        async with home.running() as uplink:
            facts = [
                Reading(id, point, value, NOON + second)
                for second in range(0, 960, 60)
                for id in IDS
                for point, value in (("power_W", 5.0), ("energy_import_Wh", second / 100), ("on", True))
            ]
            home.hub.publish(*facts)
            home.store.deliver([*facts, *happenings()])
            await home.store.flush()
            home.look(uplink)
            await until(lambda: bool(fleet.states))

            async def is_done() -> bool:
                return await home.behind() == 0

            await until(is_done)
            yield recorder, fleet
        # what is noted is written in a thread, and what was sent comes through the recorder
        await until(lambda: len(list(sent_messages(sent_folder(folder)))) >= len(recorder.published()) > 0)


def printed(folder: Path) -> list[tuple[str, int]]:
    """What `fleet sent` prints: subject and size of each message."""
    file = folder / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{folder}"\n', "utf-8")
    found = CliRunner().invoke(cli, ["fleet", "sent", "--json", "--config", str(file)])
    assert found.exit_code == 0, found.output
    lines = [msgspec.json.decode(line) for line in found.output.splitlines()]
    assert "unreadable" not in {one["kind"] for one in lines}
    return [(one["subject"], one["size"]) for one in lines]


async def test_of_each_device_its_own_level_leaves_and_no_word_of_the_home(tmp_path: Path, nats: PrivateNats) -> None:
    async with recorded(tmp_path, nats, 'level = "nothing"\nevents = true\ncontrol = true') as (recorder, fleet):
        until_ms = int((NOON + 9000) * 1000)
        report = await fleet.ask("command", FleetCommand("c1", "1", "nope", True, until_ms, "ana"))
        assert (report.state, report.reason) == ("refused", "")  # what the hub says of it names the kettle
        question = await fleet.ask("question", Question("GET", "/api/devices", "owner"))
        assert question.status == 403
    published = recorder.published()
    assert {words[0] for words, _ in recorder.lines()} <= VERBS
    seen = Seen(published)
    assert set(seen.levels) == {"catalogue", "energy", "quarter", "minute", "raw", "events"}
    by_id = {one.id: one.number for one in seen.catalogue.devices}
    assert by_id == {str(number): number for number in by_id.values()}
    assert len(by_id) == 4  # not the safe
    sizes = {level: len(seen.devices(level)) for level in ("energy", "quarter", "minute", "raw")}
    assert sizes == {"energy": 4, "quarter": 3, "minute": 2, "raw": 1}
    assert seen.devices("raw") < seen.devices("minute") < seen.devices("quarter") < seen.devices("energy")
    kinds = sorted((one.kind, one.text) for one in seen.events)
    assert kinds == [
        ("alert", "It is hot."),
        ("command", ""),
        ("left", "More than 8 plugs: … is no longer listed."),
        ("state", ""),
    ]
    assert not mentioned((*HOME_WORDS, *IDS), bytes(recorder.sent) + seen.everything())
    noted = [(one.subject, len(one.data)) for one in published]
    assert printed(tmp_path) == noted


async def test_with_names_there_are_names_and_still_no_address_and_nothing_of_what_is_hidden(
    tmp_path: Path, nats: PrivateNats
) -> None:
    async with recorded(tmp_path, nats, 'level = "raw"\nnames = true\nevents = true') as (recorder, _):
        pass
    seen = Seen(recorder.published())
    assert {one.id for one in seen.catalogue.devices} == set(IDS) - {"safe"}
    texts = {(one.kind, one.text) for one in seen.events}
    assert ("notify", "Anna has left the stove on.") in texts
    assert {kind for kind, _ in texts} == {"alert", "command", "left", "notify", "state"}
    (state,) = [msgspec.json.decode(one.data) for one in seen.events if one.kind == "state"]
    assert state == {"state": "offline", "reason": "Connecting to … failed: No route to host (…)."}
    whole = bytes(recorder.sent) + seen.everything()
    assert mentioned((*HOME_WORDS, *IDS), whole) == {"Anna", "Attic", "kettle", "lamp", "fridge", "oven"}
    assert printed(tmp_path) == [(one.subject, len(one.data)) for one in recorder.published()]


@pytest.mark.parametrize("level", ["nothing", "energy"])
async def test_a_home_that_lets_out_little_sends_the_state_and_no_more(
    tmp_path: Path, nats: PrivateNats, level: str
) -> None:
    async with recorded(tmp_path, nats, f'level = "{level}"', devices="") as (recorder, _):
        pass
    seen = Seen(recorder.published())
    assert set(seen.levels) == (set() if level == "nothing" else {"catalogue", "energy"})
    if level == "energy":
        assert {one.kind for one in seen.catalogue.series} == {"counter"}
        assert {one.label for one in seen.catalogue.series} == {""}
    kinds = {type(one).__name__ for one in seen.messages}
    assert kinds - {"Windows"} == {"Hello", "HubState"}
    assert {one.alerts for one in seen.messages if isinstance(one, HubState)} == {()}
    assert not mentioned((*HOME_WORDS, *IDS), bytes(recorder.sent) + seen.everything())
    assert not [one for one in seen.messages if isinstance(one, CommandReport)]
    assert printed(tmp_path) == [(one.subject, len(one.data)) for one in recorder.published()]
    connects = [b" ".join(words) for words, _ in recorder.lines() if words[0] == b"CONNECT"]
    assert connects
    for line in connects:
        found = msgspec.json.decode(line.removeprefix(b"CONNECT "))
        assert re.fullmatch("[a-z2-7]{20}", found["name"])
        assert found.keys() <= {"verbose", "pedantic", "jwt", "sig", "name", "lang", "version", "protocol", "echo",
                                "headers", "no_responders", "tls_required"}  # fmt: skip


async def test_a_device_that_is_removed_from_the_configuration_stays_at_home_with_its_history(
    tmp_path: Path, nats: PrivateNats
) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, 'level = "raw"\nnames = true', KETTLE_ONLY)

    async def is_done() -> bool:
        return await home.behind() == 0

    async with home.opened(), fleet_of(nats, hub_id) as fleet:
        async with home.running() as uplink:
            await home.reports(uplink, NOON, 600)
            await until(is_done)
        home.config = config_of(tmp_path, 'level = "raw"\nnames = true')  # the lamp is gone, its history is kept
        await home.store.outbox(lambda one: one.again(0.0))
        async with home.running() as uplink:
            await until(lambda: uplink.status().state == "running")
            home.look(uplink)
            await until(is_done)
        catalogue = decode_catalogue(fleet.windows["catalogue", 0].data)
        assert [one.id for one in catalogue.devices] == ["kettle"]
        assert b"lamp" not in b"".join(fleet.received)
    level = tmp_path / "state" / "fleet_levels.json"
    assert msgspec.json.decode(level.read_bytes()) == {"toy:lamp": "nothing"}
