"""From an empty hub to the first device that is live: as the page does it, and what goes wrong on the way."""

import asyncio
import contextlib
import socket
from pathlib import Path

import msgspec
import pytest

from app.onboarding.onboarding_story import FAST, Newcomer, new_hub, simulated, surroundings
from app.test_admissions import BROKER, bound_to_server
from app.test_plug_paths import KEY, state, until, write_config
from app.test_plug_paths import simulated as simulated_plug
from asgi import ask
from families.hlw8032.hlw8032_examples import LOADED
from unclouded.app.configuration.config import first_config, load_config
from unclouded.app.configuration.tables.file import NOWHERE
from unclouded.app.hub_process import running
from unclouded.app.onboarding.broker_place import free_place
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.views.facts import FoundPlug
from unclouded.links.mdns import FoundService

NAME = "Küche <b>☕</b> עברית"


async def test_from_an_empty_hub_to_a_live_device(tmp_path: Path) -> None:
    port = tmp_path / "dev/ttyUSB0"
    async with simulated("tuya-plug", port), new_hub(tmp_path) as here:
        empty = (await here.ask("GET")).json
        assert empty["is_empty"] and not here.file.exists()
        (offer,) = empty["offers"]
        assert (offer["state"], offer["info"]["port"]) == ("found", "/dev/ttyUSB0")
        test = await here.test_until(offer["id"], "answering", "silent", "failed")
        assert (test["phase"], test["family"], test["title"]) == ("answering", "tuya_wifi", "Metering plug"), test
        assert test["traced"] == "power_W" and test["devices"][0]["state"] == "online"
        assert test["proposal"]["name"] == "Metering plug" and test["proposal"]["id"] == "metering_plug"
        switched = (await here.ask("POST", "/test/set", {"value": False})).json
        assert switched["outcome"] == "confirmed"
        assert (await ask(here.run.api, "GET", "/api/devices")).json == [], "the test is no device of the hub"

        done = await here.add(offer["id"], name=NAME, room="Kitchen")
        assert done.status == 200 and done.json["added"] == [done.json["device"]] == ["kuche_b_b"], done.json
        await here.live("kuche_b_b")
        after = (await here.ask("GET")).json
        assert after["offers"] == [] and not after["is_empty"] and after["test"]["phase"] == "idle"
        (device,) = load_config(here.file).devices
        assert (device.name, device.room, device.family) == (NAME, "Kitchen", "tuya_wifi")
        assert device.link == f"serial://{port}?baud=9600"
        assert 'timezone = "Europe/Madrid"' in here.file.read_text()


async def test_the_configuration_that_was_made_is_that_of_the_next_start(tmp_path: Path) -> None:
    async with simulated("mgm111", tmp_path / "meter"):
        async with new_hub(tmp_path) as here:
            offer = await here.type(f"serial://{tmp_path}/meter", "emporia")
            await here.test_until(offer, "answering")
            assert (await here.add(offer, name="Meter")).status == 200
        config = load_config(here.file, str(tmp_path / "data")).with_web(NOWHERE)
        with surroundings(tmp_path):
            async with running(config) as run:
                here.run = run
                await here.live("meter")


async def test_a_metering_chip_with_parity_is_found_at_a_pseudo_terminal(tmp_path: Path) -> None:
    async with simulated("hlw8032", tmp_path / "dev/ttyUSB0"), new_hub(tmp_path) as here:
        (offer,) = (await here.look())["offers"]
        assert (offer["state"], offer["family"], offer["info"]["setting"]) == (
            "recognised",
            "hlw8032",
            "4800 baud, parity even",
        )
        test = await here.test_until(offer["id"], "answering", "silent", "failed")
        assert (test["phase"], test["family"]) == ("answering", "hlw8032"), test["problem"]


async def test_two_browsers_and_a_change_by_hand(tmp_path: Path) -> None:
    async with simulated("tuya-plug", tmp_path / "one"), new_hub(tmp_path) as here:
        one, other = (await here.type(f"serial://{tmp_path}/one", "tuya_wifi")), await here.type("http://127.0.0.1:9")
        seen = await here.revision()
        await here.test_until(one, "answering")
        here.file.write_text('# by hand\n[hub]\ntimezone = "Europe/Lisbon"\n')
        refused = await here.add(one, seen, name="Kettle")
        assert refused.status == 409 and here.file.read_text().startswith("# by hand")
        assert [one["key"] for one in refused.json["changed"]] == ["hub.timezone"]
        assert (await here.ask("GET")).json["test"]["phase"] == "ended", "the port is free again"
        seen = refused.json["revision"]
        assert (await here.add(one, seen, name="Kettle")).status == 200, "what was found in the test is still known"
        second = await here.add(other, seen, name="Lamp")
        assert second.status == 422, "nothing is known of it"
        await here.live("kettle")
        assert here.file.read_text().startswith("# by hand")


async def test_one_test_at_a_time_and_the_number_shows_which(tmp_path: Path) -> None:
    async with simulated("tuya-plug", tmp_path / "one"), new_hub(tmp_path) as here:
        one, other = (await here.type(f"serial://{tmp_path}/one", "tuya_wifi")), await here.type("tcp://127.0.0.1:9")
        first = await here.test_until(one, "answering")
        second = await here.test_until(other, "failed")
        assert (first["number"], second["number"], second["offer"]) == (1, 2, other)
        assert "refuses port 9" in second["problem"] and second["proposal"] is None
        assert (await here.ask("POST", "/test/set", {"value": True})).status == 422
        again = await here.test_until(one, "answering")  # its port was free
        assert again["number"] == 3
        assert (await here.ask("DELETE", "/test")).json["test"]["phase"] == "ended"


async def test_what_another_browser_tests_goes_on(tmp_path: Path) -> None:
    """A page that is left, or adds what it has found, ends its own test only."""
    async with (
        simulated("tuya-plug", tmp_path / "one"),
        simulated("hlw8032", tmp_path / "two"),
        new_hub(tmp_path) as here,
    ):
        one = await here.type(f"serial://{tmp_path}/one", "tuya_wifi")
        other = await here.type(f"serial://{tmp_path}/two", "hlw8032")
        first = await here.test_until(one, "answering")
        second = await here.test_until(other, "answering")
        late = await here.ask("DELETE", f"/test?number={first['number']}")
        assert late.json["test"]["phase"] == "answering", "the page of the first one is left"
        assert (await here.add(one, name="Kettle")).status == 200
        assert (await here.ask("GET")).json["test"]["phase"] == "answering"
        await here.live("kettle")
        same = await here.type(f"serial://{tmp_path}/two?baud=4800")
        assert (await here.add(same, name="Lamp")).status == 422, "it is another offer, which was not tested"
        assert (await here.ask("DELETE", f"/test?number={second['number']}")).json["test"]["phase"] == "ended"


async def test_only_who_shows_a_test_keeps_it_running(tmp_path: Path) -> None:
    times = msgspec.structs.replace(FAST, unwatched_s=0.4)
    async with simulated("tuya-plug", tmp_path / "one"):
        with surroundings(tmp_path, times=times):
            async with running(first_config(tmp_path / "a.toml", "UTC", str(tmp_path)).with_web(NOWHERE)) as run:
                here = Newcomer(run, tmp_path / "a.toml")
                one = await here.type(f"serial://{tmp_path}/one", "tuya_wifi")
                await here.test_until(one, "answering")
                await here.until("ended", path="?offer=")  # a page that shows what was found, and no test


async def test_a_line_in_the_network_that_sends_by_itself_is_recognised_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    async def chip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(LOADED)
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()

    async with new_hub(tmp_path) as here, await asyncio.start_server(chip, "127.0.0.1", 0) as server:
        offer = await here.type(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        test = await here.test_until(offer, "answering", "silent", "failed")
        assert (test["phase"], test["family"], test["steps"]) == ("answering", "hlw8032", 1), test["problem"]


async def test_where_several_families_were_tried_the_last_one_says_nothing_of_the_others(tmp_path: Path) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    times = msgspec.structs.replace(FAST, listen_s=0.02, attempt_s=0.05)
    with surroundings(tmp_path, times=times):
        async with (
            running(first_config(tmp_path / "a.toml", "UTC", str(tmp_path)).with_web(NOWHERE)) as run,
            await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server,
        ):
            here = Newcomer(run, tmp_path / "a.toml")
            offer = await here.type(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            test = await here.test_until(offer, "silent", "failed")
            assert "Nothing answered at any usual setting" in test["problem"], test


async def test_an_address_at_which_nothing_answered_is_nothing_that_was_found(tmp_path: Path) -> None:
    async with new_hub(tmp_path) as here:
        offer = await here.type("tcp://127.0.0.1:9")
        assert [one["id"] for one in (await here.ask("GET", "?offer=")).json["offers"]] == [offer], "it is to be tested"
        await here.test_until(offer, "failed")
        assert (await here.ask("GET", "?offer=")).json["offers"] == []
        (shown,) = (await here.ask("GET", f"?offer={offer}")).json["offers"]
        assert shown["id"] == offer, "the page of its test still knows it"
        assert await here.type("tcp://127.0.0.1:9") == offer
        assert (await here.test_until(offer, "failed"))["number"] == 2


async def test_a_port_that_vanishes_is_said_to_be_gone(tmp_path: Path) -> None:
    async with new_hub(tmp_path) as here:
        async with simulated("tuya-plug", tmp_path / "dev/ttyUSB0"):
            offer = (await here.ask("GET")).json["offers"][0]["id"]
            await here.test_until(offer, "answering")
        test = await here.until("failed")
        assert "is gone" in test["problem"] and "Plug it in" in test["problem"]
        gone = await here.ask("POST", "/test", {"offer": offer})
        assert gone.status == 422 and "no longer here" in gone.json["detail"]
        typed = await here.type(f"serial://{tmp_path}/dev/ttyUSB0")
        assert "does not exist" in (await here.test_until(typed, "failed"))["problem"]


async def test_a_configuration_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    async with simulated("tuya-plug", tmp_path / "one"), new_hub(tmp_path, "none/unclouded.toml") as here:
        offer = await here.type(f"serial://{tmp_path}/one", "tuya_wifi")
        await here.test_until(offer, "answering")
        refused = await here.add(offer, name="Kettle")
        assert refused.status == 503 and "hand" in refused.json["detail"]
        assert (await ask(here.run.api, "GET", "/api/devices")).json == [] and not here.file.exists()


async def test_what_cannot_be_added_or_typed_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with new_hub(tmp_path) as here:
        for link, says in (("replay:/etc/passwd", "such as"), ("pty:/tmp/x", "such as"), ("tcp://nowhere", "port")):
            refused = await here.ask("POST", "/offers", {"link": link})
            assert refused.status == 422 and says in refused.json["detail"], link
        for family, says in (("tuya_wifi", "not reached by http"), ("oops", "There are: emporia")):
            refused = await here.ask("POST", "/offers", {"link": "http://127.0.0.1:9", "family": family})
            assert refused.status == 422 and says in refused.json["detail"], family
        assert (await here.add("serial:/dev/none", name="x")).status == 422


async def test_plugs_of_the_network_are_offered_and_a_failure_is_a_state(tmp_path: Path) -> None:
    usual = {"port": 80, "product": "mss310", "mac": "48:e1:e9:00:4f:1c", "hardware": "2.0.0", "version": "2.1.17"}
    plug = FoundPlug(uuid="1901010100000000000048e1e9004f1c", ip="192.168.1.34", **usual)  # type: ignore[arg-type]  # texts
    answers: list[list[FoundPlug] | LinkError] = [[plug], LinkError("The UDP port 9989 cannot be used.")]

    async def discover() -> list[FoundPlug]:
        answer = answers.pop(0)
        if isinstance(answer, LinkError):
            raise answer
        return answer

    async with new_hub(tmp_path, discover=discover) as here:
        view = await here.look()
        (offer,) = view["offers"]
        assert (offer["title"], offer["link"]) == ("Meross MSS310 4f:1c", "http://192.168.1.34")
        states = {one["source"]: one["state"] for one in view["sources"]}
        assert states == {"broker": "off", "serial": "done", "network": "done"}
        failed = next(one for one in (await here.look())["sources"] if one["source"] == "network")
        assert failed["state"] == "failed" and "9989" in failed["text"]


async def test_a_plug_that_connects_to_the_broker_is_tested_and_added(tmp_path: Path) -> None:
    plug = bound(9, KEY)
    with surroundings(tmp_path):
        async with running(load_config(write_config(tmp_path, *BROKER))) as run:
            here = Newcomer(run, tmp_path / "unclouded.toml")
            assert run.broker is not None
            async with simulated_plug(client_link("127.0.0.1", run.broker.address[1], plug), plug) as simulation:
                await bound_to_server(simulation)
                await until(run.hub, lambda: state(run.hub) == "seen")
                (offer,) = (await here.ask("GET")).json["offers"]
                assert (offer["id"], offer["state"], offer["link"]) == (f"broker:{plug.uuid}", "recognised", "broker:")
                test = await here.test_until(offer["id"], "answering", "failed", "silent")
                assert (test["phase"], test["family"]) == ("answering", "meross"), test["problem"]
                assert (await here.ask("POST", "/test/set", {"value": True})).json["outcome"] == "confirmed"
                await here.ask("DELETE", "/test")
                assert (await here.ask("GET")).json["offers"], "it is still connected"
                added = await here.add(offer["id"], name="Kettle")
                assert added.status == 200 and added.json["added"] == ["kettle"], added.json
                await here.live("kettle")
                after = (await here.ask("GET")).json
                assert after["offers"] == [] and plug.uuid in here.file.read_text()


async def test_a_hub_lets_plugs_connect_and_adds_the_first_one_without_a_restart(tmp_path: Path) -> None:
    async with new_hub(tmp_path) as here:
        (closed, *_) = (await here.ask("GET")).json["sources"]
        assert (closed["source"], closed["state"]) == ("broker", "off")
        body = {"revision": await here.revision(), "host": "127.0.0.1"}
        done = await here.ask("POST", "/broker", body)
        assert done.status == 200 and (done.json["applied"], done.json["needs_restart"]) == (["broker"], []), done.json
        (opened, *_) = (await here.ask("GET")).json["sources"]
        assert opened["state"] == "open"
        plug = bound(9, (tmp_path / "data/state/meross.key").read_text().strip())
        link = client_link("127.0.0.1", int(opened["place"].rpartition(":")[2]), plug)
        async with simulated_plug(link, plug) as simulation:
            await bound_to_server(simulation)
            await until(here.run.hub, lambda: state(here.run.hub) == "seen")
            (offer,) = (await here.ask("GET")).json["offers"]
            await here.test_until(offer["id"], "answering")
            assert (await here.add(offer["id"], name="Kettle")).json["added"] == ["kettle"]
            await here.live("kettle")
        again = await here.ask("POST", "/broker", {"revision": await here.revision()})
        assert again.status == 422 and "already" in again.json["detail"]
        assert 'host = "127.0.0.1"' in here.file.read_text()


async def test_a_broker_needs_the_present_configuration_and_a_free_port(tmp_path: Path) -> None:
    async with new_hub(tmp_path) as here:
        seen = await here.revision()
        here.file.write_text('[hub]\ntimezone = "Europe/Lisbon"\n')
        refused = await here.ask("POST", "/broker", {"revision": seen, "host": "127.0.0.1"})
        assert refused.status == 409 and "[broker]" not in here.file.read_text()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        assert free_place((taken, "127.0.0.1:0")) == "127.0.0.1:0"
        with pytest.raises(CommandError, match="Stop one of them"):
            free_place((taken,))


BRIDGES = (
    FoundService(type="_iostream._tcp", name="p1", host="box.local", address="10.0.0.2", port=4001),
    FoundService(
        type="_iostream._tcp",
        name="p2",
        host="",
        address="10.0.0.2",
        port=4002,
        texts={"gensio1stack": "telnet(rfc2217),tcp"},
    ),
    FoundService(
        type="_esphomelib._tcp",
        name="m",
        host="m.local",
        address="10.0.0.3",
        port=6053,
        texts={"friendly_name": "Meter <b>"},
    ),
    FoundService(type="_http._tcp", name="tasmota-1A2B", host="", address="10.0.0.4", port=80),
    FoundService(type="_http._tcp", name="A printer", host="", address="10.0.0.5", port=80),
)


async def test_bridges_that_announce_themselves_are_offered_until_a_device_uses_them(tmp_path: Path) -> None:
    async def bridges() -> list[FoundService]:
        return list(BRIDGES)

    async with new_hub(tmp_path, browse=bridges) as here:
        view = await here.look()
        assert [(one["title"], one["link"]) for one in view["offers"]] == [
            ("p1 (ser2net)", "tcp://10.0.0.2:4001"),
            ("p2 (ser2net)", "rfc2217://10.0.0.2:4002"),
            ("Meter <b> (ESPHome)", "tcp://10.0.0.3:6638"),
            ("tasmota-1A2B (Tasmota)", "tcp://10.0.0.4:8888"),
        ]
        assert view["sources"][2]["count"] == 4
        keys = {"name": "Meter", "family": "emporia", "link": "tcp://10.0.0.3:6638"}
        body = {"revision": await here.revision(), "keys": keys}
        assert (await ask(here.run.api, "POST", "/api/configuration/devices", body=body)).status == 200
        assert all(one["info"]["address"] != "10.0.0.3" for one in (await here.ask("GET")).json["offers"])
