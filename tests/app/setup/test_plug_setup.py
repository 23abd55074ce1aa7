"""From the box to a device of the hub: a plug in set-up mode, a real hub with its broker, and all that can fail."""

import asyncio
import socket
import time
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from app.setup.setup_story import FAST, HOME, PASSWORD, UUID, Bound, ShopPlug, hub_in, in_the_air, run_of, texts
from app.test_plug_paths import PATIENCE, simulated, until
from families.meross.setup.setup_stories import network
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import load_config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.plug_key import with_plug_key
from unclouded.app.setup.confirmation import SetupConfirmation
from unclouded.app.setup.hub_for_setup import PlugServer, SetupHub
from unclouded.app.setup.other_hub import local_zone, server_of
from unclouded.app.setup.steps import SentSettings, SetupPlan, WifiChoice
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.core.errors import CommandError, ConfigError, LinkError
from unclouded.core.views.facts import FoundPlug, SetupStep
from unclouded.families.meross.setup import scripts
from unclouded.families.meross.setup.scripts import SetupPlug
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Firmware, Hardware


async def set_up(run, wifi: WifiChoice = HOME) -> str:  # type: ignore[no-untyped-def]  # a SetupRun
    async with asyncio.timeout(PATIENCE):
        try:
            await run.find()
            await run.scan(wifi.ssid)
            await run.join(wifi)
            return str(await run.confirm())
        finally:
            await run.close()


async def test_a_plug_from_the_shop_is_found_joins_and_is_confirmed_under_its_name(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    plug = ShopPlug()
    async with hub_in(tmp_path) as (hub, config), in_the_air(plug) as address:
        plan = SetupPlan(address=address, name="Coffee machine")
        assert await set_up(run_of(config, plan, steps)) == "coffee_machine"
        (device,) = hub.hub.devices()
        assert (device.name, device.link) == ("Coffee machine", "broker:")
    done = [one.step for one in steps if one.state == "done"]
    assert done == ["find", "scan", "send", "wait", "admit", "confirm"]
    assert steps[-1].device == "coffee_machine" and PASSWORD not in texts(steps)
    assert next(one for one in steps if one.networks).networks[0].ssid == "My home"
    time = plug.set_time[0]
    assert time["timezone"] == "Europe/Madrid" and len(time["timeRule"]) == 20
    key = plug.sent[namespaces.KEY]["key"]
    assert len(key["key"]) == 32 and key["key"] == config.meross_key.text, "the hub has made a key of its own"
    assert key["key"] not in texts(steps)


async def test_the_computer_may_join_the_wifi_of_the_plug_later(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    plug = ShopPlug()
    async with hub_in(tmp_path) as (_, config):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        run = run_of(config, SetupPlan(address=address, name="Lamp"), steps)
        finding = asyncio.create_task(run.find())
        async with asyncio.timeout(PATIENCE):
            while not any(one.state == "waiting" for one in steps):
                await asyncio.sleep(0.01)
        assert "Meross_SW_" in texts(steps) and "5 seconds" in texts(steps)
        async with in_the_air(plug, int(address.rpartition(":")[2])):
            found = await asyncio.wait_for(finding, PATIENCE)
            assert found.uuid == UUID
        await run.close()


async def test_a_wrong_password_ends_the_set_up_with_the_record_of_the_plug(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    plug = ShopPlug()
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        run = run_of(config, SetupPlan(address=address), steps)
        with pytest.raises(LinkError, match=r"back in set-up mode: the password of the Wi-Fi is wrong.*password error"):
            await set_up(run, WifiChoice("My home", HiddenText("a bad password")))
        again: list[SetupStep] = []
        assert await set_up(run_of(config, SetupPlan(address=address, name="Lamp"), again)) == "lamp"
        assert "Its last attempt to join a Wi-Fi failed" in texts(again)


async def test_a_plug_that_was_seen_long_ago_is_not_taken_for_one_that_has_connected(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    async with hub_in(tmp_path) as (hub, config), in_the_air(ShopPlug()) as address:
        assert hub.broker is not None
        known = bound(1, config.meross_key.text)
        async with simulated(client_link("127.0.0.1", hub.broker.address[1], known), known):
            await until(hub.hub, lambda: bool(hub.hub.devices()))
        run = run_of(config, SetupPlan(address=address), steps)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("unclouded.app.setup.hub_for_setup.CLOCK_ERROR_S", 0.0)
            with pytest.raises(LinkError, match="back in set-up mode"):
                await set_up(run, WifiChoice("My home", HiddenText("a bad password")))
        run.failed(LinkError("why"))
    assert not [one for one in steps if one.step == "admit"]
    assert (steps[-1].step, steps[-1].state) == ("wait", "failed"), "the step that failed is named"


async def test_a_plug_that_never_appears_says_what_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> list[object]:
        return []

    monkeypatch.setattr("unclouded.app.setup.confirmation.find_in_network", none)
    steps: list[SetupStep] = []
    short = msgspec.structs.replace(FAST, confirm_s=0.3)
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug(joins=False)) as address:
        with pytest.raises(LinkError, match="Does its LED alternate"):
            await set_up(run_of(config, SetupPlan(address=address), steps, short))


async def test_a_client_that_the_broker_refused_is_the_likeliest_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[SetupStep] = []
    short = msgspec.structs.replace(FAST, confirm_s=0.3)
    async with hub_in(tmp_path) as (hub, config), in_the_air(ShopPlug(joins=False)) as address:
        run = run_of(config, SetupPlan(address=address), steps, short)
        await run.find()
        await run.scan()
        await run.join(HOME)
        assert hub.broker is not None
        _, writer = await asyncio.open_connection(*hub.broker.address)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(LinkError, match=r"at 127.0.0.1 could not stay connected.*uses HTTP"):
            await run.confirm()
        writer.close()


async def test_a_plug_in_the_network_that_does_not_reach_the_broker_points_to_the_firewall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there() -> list[FoundPlug]:
        usual = {"port": 80, "product": "mss310", "mac": "", "hardware": "2.0.0", "version": "2.1.17"}
        return [FoundPlug(uuid=UUID, ip="192.168.1.57", **usual)]  # type: ignore[arg-type]  # texts and a number

    monkeypatch.setattr("unclouded.app.setup.confirmation.find_in_network", there)
    short = msgspec.structs.replace(FAST, confirm_s=0.3)
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug(joins=False)) as address:
        with pytest.raises(LinkError, match=r"at 192.168.1.57, but did not reach the broker.*firewall"):
            await set_up(run_of(config, SetupPlan(address=address), [], short))


async def test_a_computer_that_stays_in_the_wifi_of_the_plug_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.app.setup.confirmation.local_address", lambda host: "10.10.10.2")
    short = msgspec.structs.replace(FAST, confirm_s=0.3)
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug(joins=False)) as address:
        with pytest.raises(LinkError, match=r"still in the Wi-Fi of the plug \(10.10.10.2\)"):
            await set_up(run_of(config, SetupPlan(address=address), [], short))


class PatientHub(SetupHub):
    """It knows the plug as a device that was online all the time; its third look finds a new value."""

    looks: list[float]

    async def server(self) -> PlugServer:
        return PlugServer("127.0.0.1", 8883, "127.0.0.1", "")

    async def device(self, uuid: str) -> dict[str, object]:
        return {"id": "lamp", "state": "online", "since": None}

    async def state(self, device: str) -> dict[str, object]:
        return {"id": "lamp", "state": "online"}

    async def has_reported(self, device: str, since: float) -> bool:
        self.looks.append(since)
        return len(self.looks) == 3


async def test_a_device_that_was_online_before_is_confirmed_by_a_new_value_only(tmp_path: Path) -> None:
    (tmp_path / "unclouded.toml").write_text("")
    config = load_config(tmp_path / "unclouded.toml")
    hub = PatientHub(config, HubClient(config.control))
    hub.looks = []
    sent = SentSettings(SetupPlug(Hardware(uuid=UUID), Firmware()), time.monotonic() - 60.0, is_access_point=False)
    assert await SetupConfirmation(SetupPlan(), sent, hub, lambda step: None, FAST).run() == "lamp"
    assert len(hub.looks) == 3 and all(abs(since - (time.time() - 60.0)) < 30.0 for since in hub.looks)


def test_the_time_of_the_settings_moves_with_the_clock_of_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = SentSettings(SetupPlug(Hardware(uuid=UUID), Firmware()), time.monotonic(), is_access_point=True)
    before, real = sent.sent_unix, time.time
    monkeypatch.setattr("unclouded.app.setup.steps.time.time", lambda: real() - 86_400.0)
    assert before - sent.sent_unix == pytest.approx(86_400.0, abs=5.0)


# --- what is refused before anything is sent --------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "error", "says"),
    [
        ({"name": "x" * 201}, CommandError, "at most 200"),
        ({"name": "Lamp", "parent": "nothing"}, CommandError, "There is no device 'nothing'"),
        ({"id": "La mp"}, CommandError, "a to z"),
        ({"address": "not an address/x"}, CommandError, "is not an address of a plug"),
        ({"address": "host name"}, ConfigError, "invalid host"),
        ({"uuid": "19010100000000000000020000000009"}, LinkError, f"Another plug answers.*{UUID}"),
    ],
)
async def test_a_plan_that_cannot_work_is_refused_before_the_plug_is_changed(
    tmp_path: Path, plan: dict[str, str], error: type[Exception], says: str
) -> None:
    plug = ShopPlug()
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        with pytest.raises(error, match=says):
            await set_up(run_of(config, msgspec.structs.replace(SetupPlan(address=address), **plan), []))
    assert not [what for _, what in plug.asked if what.startswith("SET")]


@pytest.mark.parametrize(
    ("wifi", "says"),
    [
        (WifiChoice("x" * 33, HiddenText(PASSWORD)), "at most 32 bytes"),
        (WifiChoice("My home", HiddenText("12345")), "8 to 63 characters; this one has 5"),
        (WifiChoice("My home", HiddenText("")), "8 to 63 characters; this one has 0"),
    ],
)
async def test_a_wifi_that_cannot_be_right_is_refused(tmp_path: Path, wifi: WifiChoice, says: str) -> None:
    plug = ShopPlug()
    steps: list[SetupStep] = []
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        run = run_of(config, SetupPlan(address=address), steps)
        await run.find()
        await run.scan()
        with pytest.raises(CommandError, match=says):
            await run.join(wifi)
        await run.close()
    assert not [one for one in steps if one.step == "send"], "nothing was begun"
    assert not [what for _, what in plug.asked if what.startswith("SET")]


async def test_a_network_that_the_plug_does_not_see_is_reported_with_those_that_it_sees(tmp_path: Path) -> None:
    plug = ShopPlug(finds=[network("My home")])
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        run = run_of(config, SetupPlan(address=address), [])
        await run.find()
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr(scripts, "SCAN_AGAIN_S", 0.01)
            with pytest.raises(LinkError, match=r"does not see the Wi-Fi My home 5G. It sees: My home"):
                await run.scan("My home 5G")
        await run.close()


async def test_a_hub_without_a_broker_says_what_to_add(tmp_path: Path) -> None:
    file = tmp_path / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{tmp_path / "data"}"')
    run = run_of(load_config(file), SetupPlan(), [])
    with pytest.raises(ConfigError, match=r"has no \[broker\] table"):
        await run.find()


# --- a plug that is bound ----------------------------------------------------------------------------------


async def test_a_plug_is_moved_to_this_hub_and_keeps_its_wifi(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    plug = Bound("the key of the other hub")
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        plan = SetupPlan(address=address, name="Lamp", plug_key=HiddenText("the key of the other hub"))
        run = run_of(config, plan, steps)
        await run.find()
        await run.rehost()
        assert await asyncio.wait_for(run.confirm(), PATIENCE) == "lamp"
    assert namespaces.WIFI not in plug.sent and "keeps its Wi-Fi" in texts(steps)
    assert "the key of the other hub" not in texts(steps)


async def test_a_moved_plug_that_does_not_come_is_to_be_restarted(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    plug = Bound("k", joins=False)
    short = msgspec.structs.replace(FAST, confirm_s=0.3)
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        run = run_of(config, SetupPlan(address=address, plug_key=HiddenText("k")), steps, short)
        await run.find()
        await run.rehost()
        with pytest.raises(LinkError):
            await run.confirm()
    assert "out of its socket for ten seconds" in texts(steps)


async def test_a_plug_that_was_set_up_before_keeps_its_name(tmp_path: Path) -> None:
    plug = ShopPlug()
    async with hub_in(tmp_path) as (hub, config), in_the_air(plug) as address:
        assert await set_up(run_of(config, SetupPlan(address=address, name="Lamp"), [])) == "lamp"
        assert hub.broker is not None
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug()) as address:
        assert config.meross_key.text, "the key outlives the hub"
        steps: list[SetupStep] = []
        assert await set_up(run_of(config, SetupPlan(address=address, name="Other"), steps)) == "lamp"
        assert not [one for one in steps if one.step == "admit"]


async def test_a_device_of_the_configuration_that_uses_http_only_needs_the_broker_in_its_link(tmp_path: Path) -> None:
    steps: list[SetupStep] = []
    lines = ("[[device]]", 'id = "lamp"', 'family = "meross"', f'uuid = "{UUID}"', 'link = "http://127.0.0.1:9"')
    async with hub_in(tmp_path, *lines) as (_, config), in_the_air(ShopPlug()) as address:
        assert await set_up(run_of(config, SetupPlan(address=address), steps)) == "lamp"
        assert "lamp does not use the broker yet" in texts(steps)
        assert not [one for one in steps if one.step == "admit"]


async def test_a_plug_is_reset_and_says_what_to_do_next(tmp_path: Path) -> None:
    class Resets(ShopPlug):
        def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> object:
            if namespaces.UNBIND in self.sent:
                return None
            return super()._answer(method, namespace, payload, now)

    steps: list[SetupStep] = []
    async with hub_in(tmp_path) as (_, config), in_the_air(Resets()) as address:
        run = run_of(config, SetupPlan(address=address, plug_key=HiddenText("")), steps)
        await run.find(resets=True)
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr(scripts, "GONE_AGAIN_S", 0.01)
            await run.unbind()
        await run.close()
    assert "The plug is reset" in texts(steps) and "vendor's application" in texts(steps)


@pytest.mark.parametrize(
    ("place", "found"),
    [("192.168.1.2", "192.168.1.2:8883"), ("hub.local:2001", "hub.local:2001"), ("", ""), ("hub:port", ""), (":1", "")],
)
def test_the_broker_of_another_hub_is_a_host_and_perhaps_a_port(place: str, found: str) -> None:
    if found:
        assert server_of(place, "a key").place == found and "a key" not in repr(server_of(place, "a key"))
        return
    with pytest.raises(CommandError, match="is not a broker"):
        server_of(place, "a key")


def test_the_zone_of_this_computer_is_that_of_its_local_time(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "Europe" / "Madrid"
    zone.parent.mkdir(parents=True)
    zone.touch()
    (tmp_path / "localtime").symlink_to(zone)
    assert str(local_zone(tmp_path / "localtime")) == "Europe/Madrid"
    assert local_zone(tmp_path / "missing") is UTC
    (tmp_path / "plain").touch()
    assert local_zone(tmp_path / "plain") is UTC


def test_the_key_of_the_hub_is_made_once_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "unclouded.toml"
    broker = '[broker]\nhost = "192.168.1.2"'
    file.write_text(f'[hub]\ndata = "{tmp_path / "data"}"\n{broker}')
    config = load_config(file)
    assert not config.meross_key.text and not config.own_key.exists(), "reading a configuration writes nothing"
    made = with_plug_key(config)
    assert len(made.meross_key.text) == 32 and config.own_key.stat().st_mode & 0o777 == 0o600
    assert with_plug_key(config).meross_key == made.meross_key == load_config(file).meross_key
    (tmp_path / "mine.key").write_text("mine\n")
    file.write_text(f'[hub]\ndata = "{tmp_path / "data"}"\n{broker}\n[meross]\nkey_file = "mine.key"')
    assert with_plug_key(load_config(file)).meross_key.text == "mine"
