"""The hub in a fleet: a real store, a real nats-server, and a fleet that is a dictionary."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_story import NOON, FakeHub, about, device
from fleet.identities import new_hub_id
from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.publishing.live_fleet import LiveFleet
from unclouded.app.publishing.registry import PUBLISHERS, HubParts, PublisherContext
from unclouded.app.publishing.service import Publishing
from unclouded.app.uplink import running as uplink_run
from unclouded.app.uplink.membership import Membership, MembershipFiles
from unclouded.app.uplink.sent_content import sent_content
from unclouded.app.uplink.sent_log import sent_folder, sent_messages
from unclouded.app.uplink.service import FleetUplink, make
from unclouded.core.errors import ConfigError
from unclouded.core.model import Command, Ledger, Reading, Status
from unclouded.core.views.configuration import HubEdit, ReloadView
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.programs import ProgramMissing, nats_program
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.wire import NatsMessage
from unclouded.store.sink import Store
from unclouded.uplink.contents.catalogue import decode_catalogue
from unclouded.uplink.contents.energy import decode_energy
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.messages import (
    Answer,
    CommandReport,
    FleetCommand,
    Hello,
    HubState,
    HubToken,
    Question,
    Renew,
    Reply,
    Reports,
    SentWindow,
    Welcome,
    Windows,
    decode_message,
    encode_message,
)
from unclouded.web.api.api import Api
from unclouded.web.history.history import HistoryReader

DEADLINE_S = 60.0
SHARD = 7


@pytest.fixture(scope="module")
def nats() -> Iterator[PrivateNats]:
    try:
        nats_program()
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    with PrivateNats() as found:
        yield found


class DictFleet:
    """Of each window the content with the highest number. ``answers``: whether it answers windows at all."""

    def __init__(self, nats: PrivateNats, hub: str) -> None:
        self.client = NatsClient(nats.urls, identity_of(nats.trust.fleet(), "fleet"))
        self.hub = hub
        self.trust = nats.trust
        self.windows: dict[tuple[str, int], SentWindow] = {}
        self.received: list[bytes] = []
        self.states: list[HubState] = []
        self.reports: list[CommandReport] = []
        self.hellos = 0
        self.renewed = 0
        self.revokes = False
        self.answers = True
        self.client.subscribe(f"up.{SHARD}.{hub}", self._take, f"ingest.{SHARD}")
        self.client.subscribe(f"hello.{hub}", self._greet, "hello")

    def _take(self, message: NatsMessage) -> None:
        self.received.append(message.data)
        found = decode_message(message.data)
        if isinstance(found, HubState):
            self.states.append(found)
        if not self.answers:
            return
        if isinstance(found, Windows):
            for one in found.windows:
                place = (found.level, one.start)
                if place not in self.windows or self.windows[place].number < one.number:
                    self.windows[place] = one
        if isinstance(found, Reports):
            self.reports += found.reports
        if message.reply:
            self.client.publish(message.reply, encode_message(Answer(True)))

    def _greet(self, message: NatsMessage) -> None:
        self.received.append(message.data)
        found = decode_message(message.data)
        if isinstance(found, Hello):
            self.hellos += 1
            self.client.publish(message.reply, encode_message(Welcome(0.0, SHARD)))
        if isinstance(found, Renew):
            self.renewed += 1
            if self.revokes:
                self.client.publish(message.reply, encode_message(Answer(False, (), 3600.0, True)))
                return
            token = self.trust.hub(self.hub, life_s=8_000_000).token
            self.client.publish(message.reply, encode_message(HubToken(token, NOON + 8_000_000)))

    async def ask(self, what: str, message: FleetCommand | Question) -> Any:  # Any: a message
        reply = await self.client.request(f"down.{self.hub}.{what}", encode_message(message), 10.0)
        assert not reply.failure, reply.failure
        return decode_message(reply.data)


class Home:
    """A hub in the fleet, which can be ended and started again on the same store."""

    def __init__(self, folder: Path, nats: PrivateNats, hub_id: str, table: str, devices: str = "") -> None:
        self.config = config_of(folder, table, devices)
        self.hub = FakeHub()
        self.now = NOON + 7200
        self.store = Store(self.config.store, wall=lambda: self.now)
        self.notes: list[str] = []
        files = MembershipFiles(self.config.state)
        credentials = nats.trust.hub(hub_id)
        files.save(
            Membership(
                url="https://fleet.example",
                hub=hub_id,
                token=credentials.token,
                issued=self.now,
                expires=self.now + 1000,
                shard=1,
                servers=nats.urls,
            )
        )
        files.key_file.write_text(credentials.key.seed)
        self.files = files
        self.uplink: FleetUplink | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.store.open()
        self.history = HistoryReader(self.config.store, self.config.zone, self.store)
        self.api = Api(self.hub, about, self.history, wall=lambda: self.now)
        ledgers = [Ledger(identity=f"toy:{one}", point="energy_import_Wh") for one in ("kettle", "lamp")]
        self.store.deliver([*self.hub.devices(), *ledgers])
        await self.store.flush()
        try:
            yield
        finally:
            await self.history.close()
            await self.store.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FleetUplink]:
        parts = HubParts(self.store, self.history, self.api.app, lambda: self.api.pages, lambda: self.now)
        folder = self.config.data / "publish" / "fleet"
        uplink = make(PublisherContext(self.config, self.hub, folder, lambda: self.now, self.notes.append, parts=parts))
        task = asyncio.create_task(uplink.run())
        try:
            await until(lambda: task.done() or (uplink._running is not None and uplink._running.driver is not None))
            if task.done():
                task.result()
            yield uplink
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def reports(self, uplink: FleetUplink, start: float, seconds: int, step: int = 10) -> None:
        """Both devices report; the uplink looks for it at once."""
        facts = [
            Reading(id, point, value, start + second)
            for second in range(0, seconds, step)
            for id in ("kettle", "lamp")
            for point, value in (("power_W", float(second % 70)), ("energy_import_Wh", second / 100))
        ]
        self.hub.publish(*facts)
        self.store.deliver(facts)
        await self.store.flush()
        self.look(uplink)

    def look(self, uplink: FleetUplink) -> None:
        assert uplink._running is not None
        assert uplink._running.driver is not None
        uplink._running.driver.session.wake(asyncio.get_running_loop().time())
        uplink._running.driver.wake()

    async def behind(self) -> int:
        return await self.store.outbox(lambda one: one.behind())


def config_of(folder: Path, table: str, devices: str = "") -> Config:
    text = f'[hub]\ndata = "{folder}"\n[fleet]\nurl = "https://fleet.example"\n{table}\n{devices}'
    return parse_config(text, "test")


async def until(is_so: Any) -> None:  # Any: a function, or a coroutine function
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = is_so()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def fleet_of(nats: PrivateNats, hub: str) -> AsyncIterator[DictFleet]:
    fleet = DictFleet(nats, hub)
    task = asyncio.create_task(fleet.client.run())
    try:
        await until(lambda: fleet.client.is_connected)
        yield fleet
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


KETTLE_ONLY = """[[device]]
id = "lamp"
family = "tuya_wifi"
link = "tcp://192.168.1.9:1"
fleet = "nothing"
"""


async def test_what_is_let_out_arrives_and_what_left_is_on_record(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, 'level = "raw"', KETTLE_ONLY)
    async with home.opened(), fleet_of(nats, hub_id) as fleet, home.running() as uplink:
        await home.reports(uplink, NOON, 1800)
        await until(lambda: ("energy", NOON // 3600 * 3600) in fleet.windows and ("catalogue", 0) in fleet.windows)

        async def is_done() -> bool:
            return await home.behind() == 0

        await until(is_done)
        raw = {start: decode_raw(start, one.data) for (level, start), one in fleet.windows.items() if level == "raw"}
        assert len(raw) == 6
        assert sum(len(seconds) for devices in raw.values() for seconds in devices.values()) == 180
        catalogue = decode_catalogue(fleet.windows["catalogue", 0].data)
        assert [(one.id, one.name) for one in catalogue.devices] == [(str(catalogue.devices[0].number), "")]
        hour = decode_energy(fleet.windows["energy", int(NOON)].data)
        assert [one.mWh for one in hour.hours] == [17_900]
        assert {device for devices in raw.values() for device in devices} == {catalogue.devices[0].number}
        assert b"amp" not in b"".join(fleet.received)
        await until(lambda: bool(fleet.states))
        assert fleet.states[0].devices == 1
        status = uplink.status()
        assert status.state == "running"
        assert "Last sent" in status.text
        await until(lambda: len(list(sent_messages(sent_folder(tmp_path)))) >= len(fleet.received))
    noted = [one.data for one in sent_messages(sent_folder(tmp_path))]
    assert set(fleet.received) <= set(noted)
    kinds = {sent_content(one).kind for one in sent_messages(sent_folder(tmp_path))}
    assert {"hello", "state", "windows of raw", "windows of quarter", "windows of energy"} <= kinds
    assert "unreadable" not in kinds


async def test_a_hub_that_ends_before_the_answer_sends_again_and_a_late_reading_follows(
    tmp_path: Path, nats: PrivateNats
) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, 'level = "raw"\nnames = true')

    async def is_done() -> bool:
        return await home.behind() == 0

    async with home.opened(), fleet_of(nats, hub_id) as fleet:
        fleet.answers = False
        async with home.running() as uplink:
            await home.reports(uplink, NOON, 900)
            await until(lambda: any(isinstance(decode_message(one), Windows) for one in fleet.received))
        assert not fleet.windows
        assert await home.behind() > 0
        fleet.answers = True
        async with home.running() as uplink:
            await until(is_done)
            before = fleet.windows["raw", int(NOON)]
            await home.reports(uplink, NOON + 5, 20)
            await until(lambda: fleet.windows["raw", int(NOON)].number > before.number)
            await until(is_done)
        found = decode_raw(int(NOON), fleet.windows["raw", int(NOON)].data)
        names = {one.id: one.number for one in decode_catalogue(fleet.windows["catalogue", 0].data).devices}
        assert [second - NOON for second, _ in found[names["lamp"]]][:4] == [0, 5, 10, 15]


async def test_commands_and_questions_of_the_fleet(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, "names = true\ncontrol = true\nquestions = true", KETTLE_ONLY)
    home.hub.publish(device("fridge", critical=True))
    async with home.opened(), fleet_of(nats, hub_id) as fleet, home.running() as uplink:
        await until(lambda: uplink.status().state == "running")
        until_ms = int((home.now + 600) * 1000)
        done = await fleet.ask("command", FleetCommand("c1", "kettle", "on", True, until_ms, "ana"))
        assert (done.state, done.id) == ("confirmed", "c1")
        assert await fleet.ask("command", FleetCommand("c1", "kettle", "on", True, until_ms, "ana")) == done
        assert home.hub.commands == [Command("kettle", "on", True, "fleet:ana")]
        critical = await fleet.ask("command", FleetCommand("c2", "fridge", "on", False, until_ms, "ana"))
        assert (critical.state, "critical" in critical.reason) == ("not_allowed", True)
        without_point = await fleet.ask("command", FleetCommand("c4", "kettle", "", False, until_ms, "ana"))
        assert without_point.state == "confirmed"
        assert home.hub.commands[-1] == Command("kettle", "on", False, "fleet:ana")
        critical = await fleet.ask("command", FleetCommand("c5", "fridge", "", False, until_ms, "ana"))
        assert critical.state == "not_allowed"
        hidden = await fleet.ask("command", FleetCommand("c3", "lamp", "on", True, until_ms, "ana"))
        assert hidden.state == "refused"
        await until(lambda: {one.id for one in fleet.reports} == {"c1", "c2", "c3", "c4", "c5"})
        reply = await fleet.ask("question", Question("GET", "/api/devices", "viewer"))
        assert isinstance(reply, Reply)
        assert reply.status == 200
        people = await fleet.ask("question", Question("GET", "/api/people", "owner"))
        assert people.status == 403
        switched = await fleet.ask(
            "question", Question("POST", "/api/devices/kettle/set", "operator", b'{"value":true}', "application/json")
        )
        assert switched.status == 200, switched.body
        assert home.hub.commands[-1] == Command("kettle", "on", True, "fleet:operator")
        live: list[bytes] = []
        fleet.client.subscribe(f"live.{hub_id}", lambda one: live.append(one.data))
        looked = await fleet.ask("question", Question("LOOK", "", "viewer"))
        assert looked.status == 200
        await until(lambda: bool(live))
        assert "snapshot" in msgspec.json.decode(live[0])
        fleet.client.publish(f"down.{hub_id}.command", b"\x01rubbish")
        await until(lambda: uplink.status().counts["unreadable"] == 1)


async def test_without_permission_nothing_is_switched_and_nothing_is_said(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, 'level = "nothing"')
    async with home.opened(), fleet_of(nats, hub_id) as fleet, home.running() as uplink:
        await until(lambda: bool(fleet.states))
        await home.reports(uplink, NOON, 900)
        command = FleetCommand("c1", "1", "on", True, int((home.now + 600) * 1000), "ana")
        assert (await fleet.ask("command", command)).state == "not_allowed"
        assert (await fleet.ask("question", Question("GET", "/api/hub", "owner"))).status == 403
        assert (await fleet.ask("question", Question("LOOK", "", "owner"))).status == 403
        assert not home.hub.commands
        assert not fleet.windows
        assert (fleet.states[0].devices, fleet.states[0].power_W) == (0, None)


async def test_devices_that_still_connect_after_a_start_do_not_seem_to_be_away(
    tmp_path: Path, nats: PrivateNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink_run, "START_LOOK_S", 0.01)
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, "")
    home.hub.publish(Status("lamp", "connecting", NOON))
    async with home.opened(), fleet_of(nats, hub_id) as fleet, home.running():
        await until(lambda: fleet.hellos >= 1)
        assert not fleet.states
        home.hub.publish(Status("lamp", "online", NOON))
        await until(lambda: bool(fleet.states))
        assert (fleet.states[0].devices, fleet.states[0].devices_offline) == (2, 0)


async def test_the_token_is_renewed_at_half_of_its_time(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, "")
    home.now += 600  # of 1,000 s
    async with home.opened(), fleet_of(nats, hub_id) as fleet, home.running():
        await until(lambda: home.files.load().expires == NOON + 8_000_000)
        assert fleet.renewed >= 1
        assert home.files.load().shard == SHARD


async def test_a_hub_that_the_fleet_has_revoked_ends_and_says_what_to_do(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, "")
    home.now += 600
    async with home.opened(), fleet_of(nats, hub_id) as fleet:
        fleet.revokes = True
        async with home.running() as uplink:
            await until(lambda: uplink.status().state == "failed")
            assert "unclouded leave; unclouded join CODE" in uplink.status().text
            assert [note for note in home.notes if "revoked" in note] == [f"Fleet: {uplink.status().text}"]
            assert fleet.renewed == 1


def test_without_key_and_token_it_says_what_to_do(tmp_path: Path, nats: PrivateNats) -> None:
    home = Home(tmp_path, nats, new_hub_id(), "")
    home.files.delete()
    context = PublisherContext(
        home.config, home.hub, tmp_path, lambda: NOON, home.notes.append,
        parts=HubParts(home.store, None, None, None, None),  # type: ignore[arg-type]  # fails before
    )  # fmt: skip
    with pytest.raises(ConfigError, match="has not joined a fleet"):
        make(context)


def test_a_hub_in_no_fleet_imports_nothing_of_it() -> None:
    import subprocess

    code = (
        "import sys, unclouded.app.hub_process, unclouded.app.publishing.live_fleet;"
        "print([one for one in sys.modules if one.startswith(('unclouded.uplink', 'unclouded.app.uplink',"
        " 'unclouded.links.nats', 'unclouded.fleet', 'nats'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


async def no_change(edit: HubEdit) -> ReloadView:
    raise AssertionError(edit)


async def test_the_configuration_begins_changes_and_ends_what_leaves(tmp_path: Path, nats: PrivateNats) -> None:
    hub_id = new_hub_id()
    home = Home(tmp_path, nats, hub_id, 'level = "quarter"')
    row = next(one for one in PUBLISHERS if one.name == "fleet")
    async with home.opened(), fleet_of(nats, hub_id) as fleet:
        parts = HubParts(home.store, home.history, home.api.app, lambda: home.api.pages, lambda: home.now)
        publishing = Publishing(home.config, home.hub, lambda: home.now, home.notes.append, [row], parts=parts)
        live = LiveFleet(publishing, lambda: home.config, no_change)
        task = asyncio.create_task(publishing.run())

        async def levels() -> set[str]:
            return set(await home.store.outbox(lambda one: one.levels))

        async def has_quarters() -> bool:
            return await levels() == {"catalogue", "energy", "quarter"}

        async def has_all() -> bool:
            return await levels() == {"catalogue", "energy", "quarter", "minute", "raw", "events"}

        async def has_none() -> bool:
            return not await levels()

        await until(has_quarters)
        await until(lambda: fleet.hellos >= 1)
        publishing.use(config_of(tmp_path, 'level = "quarter"\nevents = true', KETTLE_ONLY.replace("nothing", "raw")))
        await until(has_all)
        await until(lambda: fleet.hellos >= 2)
        view = await live.view()
        assert (view.joined, view.hub, view.url) == (True, hub_id, "https://fleet.example")
        home.config = parse_config(f'[hub]\ndata = "{tmp_path}"', "test")
        publishing.use(home.config)
        await until(has_none)
        assert publishing.views() == []
        assert not (await live.view()).joined
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
