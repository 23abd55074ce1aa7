"""The hub on a real broker: what clients see, what they can do, and what survives."""

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from api_story import FakeHub
from links.mqtt.mosquitto import PASSWORDS, Mosquitto, needs_mosquitto
from publish.mqtt.broker_story import HUB_ID, Client, client, notice, publishing, reading, settings
from unclouded.core.model import Alert, Status
from unclouded.core.system import retry_delays
from unclouded.links.mqtt.packets import V5, V311
from unclouded.publish.homeassistant.discovery import HomeAssistantDiscovery
from unclouded.publish.mqtt import publisher
from unclouded.publish.mqtt.topics import Topics
from waiting import PATIENCE_S, until

pytestmark = needs_mosquitto


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.05)
    for name in ("LOOK_EVERY_S", "LEAVE_S"):
        monkeypatch.setattr(publisher, name, 0.05)


def is_removed(other: Client, id: str) -> bool:
    """Whether nothing of a device is retained any more."""
    empty = {topic for topic, payload, _ in other.messages if not payload}
    return {f"unclouded/{id}/{name}" for name in ("state", "availability", "info", "alerts")} <= empty


async def retained(broker: Mosquitto) -> dict[str, bytes]:
    """What the broker keeps."""
    async with client(broker) as fresh:
        await fresh.send("end", "1")
        await until(lambda: fresh.of("end"))
        return {topic: payload for topic, payload, is_retained in fresh.messages if is_retained}


@pytest.mark.parametrize("version", [V5, V311])
async def test_states_availability_and_the_bridge_are_there_for_whoever_comes_later(
    tmp_path: Path, version: int
) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker:
        hub = FakeHub()
        hub.publish(reading("kettle", "on", True), reading("kettle", "power_W", 67.3))
        async with (
            publishing(hub, settings(broker, tmp_path / "p", version=version, flat=True)),
            client(broker) as page,
        ):
            state = await page.newest("unclouded/kettle/state")
            assert state == {"on": True, "power_W": 67.3, "at": "2026-11-21T12:00:00.000Z"}
            assert await page.newest("unclouded/kettle/points/on") == "on"
            assert await page.newest("unclouded/lamp/availability") == "online"
            assert await page.newest("unclouded/bridge/state") == "online"
            assert (await page.newest("unclouded/bridge/info"))["devices"] == ["kettle", "lamp"]
            hub.publish(reading("kettle", "power_W", 2000), Status("kettle", "offline", 0.0, "no answer"))
            assert await page.newest("unclouded/kettle/availability", lambda one: one == "offline")
            assert await page.newest("unclouded/kettle/state", lambda one: one["power_W"] == 2000)
        kept = await retained(broker)
        assert kept["unclouded/bridge/state"] == b"offline"
        assert b"2000" in kept["unclouded/kettle/state"]


async def test_a_hub_that_is_killed_is_offline_by_its_will(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path, True, plain=True) as broker,
        client(broker) as page,
        publishing(FakeHub(), settings(broker, tmp_path / "p")) as one,
    ):
        await page.newest("unclouded/bridge/state", lambda state: state == "online")
        one.publisher._exchange._connection._transport.abort()  # type: ignore[union-attr]  # as a cut cable does
        await page.newest("unclouded/bridge/state", lambda state: state == "offline")
        await page.newest("unclouded/bridge/state", lambda state: state == "online")


async def test_commands_have_one_outcome_each_with_what_their_sender_echoed(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        hub = FakeHub()
        async with publishing(hub, settings(broker, tmp_path / "p")):
            for topic, value in (
                ("kettle/set", {"on": True, "id": 7, "transaction": "a"}),
                ("kettle/set", "false"),
                ("kettle/points/on/set", "true"),
                ("kettle/set", {"power_W": 5}),
                ("nothing/set", {"on": 1.5}),
                ("kettle/set", "{"),
                ("kettle/do", "blink"),
                ("kettle/do", {"action": "reset", "confirmed": True, "id": 8}),
            ):
                await page.send(f"unclouded/{topic}", value)
            await until(lambda: len(page.of("unclouded/kettle/set/outcome")) == 7)
            outcomes = page.of("unclouded/kettle/set/outcome")
            assert {one.get("id") for one in outcomes} == {7, 8, None}
            first = next(one for one in outcomes if one.get("id") == 7)
            assert first["outcome"] == "confirmed" and first["transaction"] == "a" and first["point"] == "on"
            assert [one["outcome"] for one in outcomes].count("refused") == 2
            assert {"action": "reset", "id": 8}.items() <= next(one for one in outcomes if one.get("id") == 8).items()
            assert page.of("unclouded/nothing/set/outcome")[0]["outcome"] == "refused"
            assert {command.origin for command in hub.commands} == {"mqtt"}


async def test_an_answer_goes_where_its_sender_wants_it(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path, True, plain=True) as broker,
        client(broker) as page,
        publishing(FakeHub(), settings(broker, tmp_path / "p")),
    ):
        wants = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        wants.ResponseTopic, wants.CorrelationData = "my/answers", b"\x00\x07"
        await page.send("unclouded/kettle/set", "true", properties=wants)
        assert (await page.newest("my/answers"))["outcome"] == "confirmed"
        answer = next(one for one in page.raw if one.topic.value == "my/answers")
        assert getattr(answer.properties, "CorrelationData", b"") == b"\x00\x07"
        wants.ResponseTopic = "unclouded/lamp/set"  # would be a command
        await page.send("unclouded/kettle/set", "true", properties=wants)
        assert (await page.newest("unclouded/kettle/set/outcome"))["outcome"] == "confirmed"


async def test_retained_commands_are_never_carried_out(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        await page.send("unclouded/kettle/set", "true", retain=True)
        hub = FakeHub()
        async with publishing(hub, settings(broker, tmp_path / "p")) as one:
            await until(lambda: one.counts["retained_commands"] == 1)
            assert (await page.newest("unclouded/kettle/set/outcome"))["outcome"] == "refused"
            assert "unclouded/kettle/set" in one.text and "unclouded/kettle/set" in one.notices[-1]
            await page.send("unclouded/lamp/set", "true")
            await page.newest("unclouded/lamp/set/outcome")
            assert [command.device for command in hub.commands] == ["lamp"]
            await page.send("unclouded/kettle/set", b"", retain=True)
            await until(lambda: "unclouded/kettle/set" not in one.text)


@pytest.mark.parametrize("version", [V5, V311])
async def test_a_retained_command_that_is_published_now_is_recognised_in_mqtt_5(version: int, tmp_path: Path) -> None:
    """The birth message of a program may be retained: it is no command."""
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        hub = FakeHub()
        chosen = settings(broker, tmp_path / "p", version=version)
        async with publishing(hub, chosen) as one:
            for value in ("true", "false"):
                await page.send("unclouded/kettle/set", value, retain=True)
            await page.send("unclouded/lamp/set", "true")
            await page.newest("unclouded/lamp/set/outcome")
            if version == V5:
                assert [command.device for command in hub.commands] == ["lamp"]
                assert one.counts["retained_commands"] == 2
                refused = page.of("unclouded/kettle/set/outcome")
                assert [answer["outcome"] for answer in refused] == ["refused"], "it is said once"
            else:
                await until(lambda: len(hub.commands) == 3)  # 3.1.1 does not say that two of them are retained
        hub.commands.clear()
        async with publishing(hub, chosen) as one:
            await until(lambda: one.counts["retained_commands"] == 1)
            assert hub.commands == []


async def test_with_commands_off_nothing_is_subscribed(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        hub = FakeHub()
        async with publishing(hub, settings(broker, tmp_path / "p", commands=False)) as one:
            await page.send("unclouded/kettle/set", "true")
            await page.send("end", "1")
            await page.newest("end")
            hub.publish(notice("kettle", "afterwards"))
            await page.newest("unclouded/kettle/event")
            assert one.counts["received"] == 0 and hub.commands == []


async def test_a_state_that_is_asked_for_is_published_again(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        hub = FakeHub()
        hub.publish(reading("kettle", "on", False))
        async with publishing(hub, settings(broker, tmp_path / "p")):
            await page.newest("unclouded/kettle/state")
            before = len(page.of("unclouded/kettle/state"))
            await page.send("unclouded/kettle/get", "")
            await until(lambda: len(page.of("unclouded/kettle/state")) > before)


async def test_a_value_that_is_doubted_replaces_none(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as page:
        hub = FakeHub()
        hub.publish(reading("kettle", "power_W", 60))
        async with publishing(hub, settings(broker, tmp_path / "p")):
            hub.publish(reading("kettle", "power_W", 2**32, quality="suspect"))
            state = await page.newest("unclouded/kettle/state", lambda one: "suspect" in one)
            assert state["power_W"] == 60 and state["suspect"] == {"power_W": 2**32}
            hub.publish(reading("kettle", "power_W", 61))
            await page.newest("unclouded/kettle/state", lambda one: "suspect" not in one and one["power_W"] == 61)


async def test_what_a_removed_device_left_is_removed_now_and_after_a_restart(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as other:
        hub = FakeHub("kettle", "lamp", "fan")
        hub.publish(*(reading(id, "on", True) for id in ("kettle", "lamp", "fan")))
        async with publishing(hub, settings(broker, tmp_path / "p")):
            await other.newest("unclouded/fan/state")
            hub.drop("fan")
            hub.publish(notice("", "fan was removed"))
            await until(lambda: is_removed(other, "fan"))
        assert not any("/fan/" in topic for topic in await retained(broker))
        await other.send("unclouded/neighbour/state", "{}", retain=True)
        left = FakeHub("kettle")
        left.publish(reading("kettle", "on", True))
        async with publishing(left, settings(broker, tmp_path / "p")) as one:
            await until(lambda: is_removed(other, "lamp"))
            assert "unclouded/neighbour/state" in one.text and "another base topic" in one.text
        kept = await retained(broker)
        assert not any("/lamp/" in topic for topic in kept) and "unclouded/neighbour/state" in kept


async def test_a_program_that_is_no_longer_served_and_another_base_leave_nothing(tmp_path: Path) -> None:
    announced = HomeAssistantDiscovery(Topics("unclouded"), "homeassistant", "cafe", "Hub", "1")
    async with Mosquitto(tmp_path, True, plain=True) as broker, client(broker) as other:
        hub = FakeHub("kettle")
        hub.publish(replace(hub.devices()[0], info={"product": "x"}))
        async with publishing(hub, settings(broker, tmp_path / "p"), announced):
            await until(lambda: [one for one, _, _ in other.messages if one.startswith("homeassistant/")][1:])
        async with publishing(hub, settings(broker, tmp_path / "p", base="home/hub")):
            async with asyncio.timeout(PATIENCE_S):
                while {topic.partition("/")[0] for topic in await retained(broker)} != {"home"}:
                    await asyncio.sleep(0.05)


@pytest.mark.parametrize("version", [V5, V311])
async def test_retained_messages_of_others_may_have_any_size_and_shape(tmp_path: Path, version: int) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "retained.json").write_text('["unclouded/kettle/state"]')
    ours = f"homeassistant/device/unclouded_{HUB_ID}"
    async with Mosquitto(tmp_path, True, plain=True) as broker:
        async with client(broker, "nothing") as other:
            for topic, content in {
                "unclouded/foo/state": b"x" * 300_000,
                f"unclouded/{'a' * 60_000}/info": b"1",
                "homeassistant/device/other/abc/config": b"x" * 300_000,
                f"{ours}/hub/config": b'{"components": [], "device": [], "origin": 1}',
                f"{ours}/old/config": b'{"components": {"a": [], "b": {"platform": 1}}, "device": {"via_device": 3}}',
                f"{ours}/older/config": b"[" * 60_000,
                "homeassistant/device/unclouded_x/y/config": b'{"origin": {"name": "Unclouded"}, "state_topic": []}',
            }.items():
                await other.send(topic, content, retain=True, qos=1)
        discovery = HomeAssistantDiscovery(Topics("unclouded"), "homeassistant", HUB_ID, "Home", "1")
        async with publishing(FakeHub(), settings(broker, tmp_path / "p", version=version), discovery) as one:
            assert "unclouded/foo/state" in one.text and len(one.text) < 1_000
            await until(lambda: one.counts["sent"] > 5 and one.state == "running")
            assert one.counts["connections"] == 1


async def test_a_wrong_password_says_what_to_do_and_the_right_one_connects(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, plain=True, acl="user hub\ntopic readwrite #\n") as broker:
        (tmp_path / "word").write_text("wrong\n")
        chosen = settings(broker, tmp_path / "p", user="hub", password_file=tmp_path / "word")
        async with publishing(FakeHub(), chosen, waits=True) as one:
            await until(lambda: one.state == "waiting")
            assert "wrong user or password" in one.text and "password_file" in one.text
            (tmp_path / "word").write_text(PASSWORDS["hub"])
            await until(lambda: one.state == "running")
            assert len(one.notices) == 1 and PASSWORDS["hub"] not in repr(chosen)


async def test_what_needs_attention_about_the_hub_itself_is_retained(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker:
        hub = FakeHub()
        async with publishing(hub, settings(broker, tmp_path / "p")), client(broker) as page:
            assert await page.newest("unclouded/bridge/alerts") == {"active": False, "alerts": []}
            hub.publish(Alert(device="", kind="disk", since=0.0, value=91, text="The disk is 91 % full."))
            await until(lambda: (page.of("unclouded/bridge/alerts") or [{}])[-1].get("active"))
        kept = json.loads((await retained(broker))["unclouded/bridge/alerts"])
        assert kept["alerts"][0]["text"] == "The disk is 91 % full."


async def test_a_broker_that_comes_later_gets_everything(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker:
        broker.stop()
        hub = FakeHub()
        hub.publish(reading("kettle", "on", True))
        async with publishing(hub, settings(broker, tmp_path / "p"), waits=True) as one:
            await until(lambda: one.state == "waiting")
            assert f"127.0.0.1 refuses port {broker.port}" in one.text
            hub.publish(notice("kettle", "while it was away"))
            assert await broker.begin()
            async with client(broker) as page:
                event = await page.newest("unclouded/kettle/event")
                assert event["words"] == "while it was away"
                assert await page.newest("unclouded/kettle/state")


async def test_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True) as broker:
        async with publishing(FakeHub(), settings(broker, tmp_path / "p", tls=True), waits=True) as one:
            await until(lambda: one.state == "waiting")
            assert "cafile" in one.text
        chosen = settings(broker, tmp_path / "p", tls=True, cafile=tmp_path / "cert.pem")
        async with publishing(FakeHub(), chosen) as one:
            assert one.state == "running"


async def test_topics_that_the_broker_does_not_permit_are_named(tmp_path: Path) -> None:
    acl = "user hub\ntopic write unclouded/#\ntopic read unclouded/bridge/#\n"
    async with Mosquitto(tmp_path, plain=True, acl=acl) as broker:
        word = settings(broker, tmp_path / "p", user="hub", password=PASSWORDS["hub"])
        async with publishing(FakeHub(), word) as one:
            assert one.state == "running"


async def numbers(page: Client, topic: str) -> list[str]:
    return [one["words"] for one in page.of(topic)]


async def test_no_event_is_lost_over_restarts_of_the_broker_and_ends_of_the_hub(tmp_path: Path) -> None:
    """The bench does this 20 times, and kills the hub; here the kinds of ends that there are."""
    async with Mosquitto(tmp_path, True, plain=True, persistent=True) as broker:
        keeps = {"identifier": "reader", "clean_start": False, "keepalive": 5}
        expiry = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        expiry.SessionExpiryInterval = 600
        wanted, got = list[str](), list[str]()

        async def read() -> None:
            async with client(broker, "unclouded/+/event", properties=expiry, **keeps) as page:
                await until(
                    lambda: len(set(got) | {one["words"] for one in page.of("unclouded/kettle/event")}) == len(wanted)
                )
                got.extend(await numbers(page, "unclouded/kettle/event"))

        await read()  # subscribes
        hub = FakeHub()
        async with publishing(hub, settings(broker, tmp_path / "p")) as one:
            for turn in range(3):
                for number in range(20):
                    wanted.append(f"{turn}.{number}")
                    hub.publish(notice("kettle", wanted[-1]))
                    if number == 10:
                        broker.stop()
                    await asyncio.sleep(0)
                assert await broker.begin()
                await until(lambda: one.state == "running" and one.counts["waiting"] == 0)
            broker.stop()
            wanted.append("the last words of a run")
            hub.publish(notice("kettle", wanted[-1]))
        assert await broker.begin()
        async with publishing(hub, settings(broker, tmp_path / "p")) as one:
            await until(lambda: one.counts["waiting"] == 0)
        await read()
        assert set(got) == set(wanted)
