"""The hub with toy devices: switching, sub-devices, identity, several channels, crashes."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec import structs

from api_story import about
from hub.toy_hub import NOON, answer_requests, channel, gateway, hub, plug, profile
from toys import GatewayController, PlugController
from unclouded.core.errors import CommandError
from unclouded.core.family import MASKED
from unclouded.core.model import Action, Alert, Command, Device, Ledger, Memory, Notice, Outcome, Reading, Status
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import Ambient, LinkPath, Reported, Session
from unclouded.hub.admitting import MOST_SEEN
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.held_commands import HeldCommand
from unclouded.hub.hub import RestoredState
from unclouded.hub.node import NodeSpec
from unclouded.links.memory import MemoryLink
from unclouded.web.live import LivePages
from unclouded.web.schemas import HubView
from virtual_loop import story

# --- a plug that is polled --------------------------------------------------------------------------


@story
async def test_a_switch_changes_on_the_board_only_when_the_device_reports_it() -> None:
    async with hub(plug) as home:
        link = await home.far_end("")
        await answer_requests(home, link, {b"get": b"is off 0"})
        await asyncio.sleep(1.1)
        assert home.values("thing")["on"] is False
        switching = asyncio.create_task(home.hub.command(Command("thing", "on", True, "cli")))
        await asyncio.sleep(0.05)
        assert home.values("thing")["on"] is False, "a command is not a value"
        await answer_requests(home, link, {b"set on": b"ok", b"get": b"is on 67"})
        outcome = await switching
        assert (outcome.result, home.values("thing")["on"]) == ("confirmed", True)
        (notice,) = home.of(Notice)
        assert notice.words == "on = true by cli: confirmed"


@story
async def test_a_command_to_a_silent_plug_times_out_and_the_board_stays_as_it_was() -> None:
    async with hub(plug) as home:
        await home.far_end("")
        outcome = await home.hub.command(Command("thing", "on", True))
        assert outcome.result == "timeout"
        assert home.values("thing") == {}


@story
async def test_an_invalid_command_is_refused_with_a_reason() -> None:
    async with hub(plug) as home:
        await home.far_end("")
        for command, words in [
            (Command("attic", "on", True), "no device 'attic'. There are: thing"),
            (Command("thing", "power_W", 5), "can only be read"),
            (Command("thing", "", 5), "no main point"),
        ]:
            with pytest.raises(CommandError, match=words):
                await home.hub.command(command)


@story
async def test_a_value_beyond_its_limit_is_an_alert_and_stands_in_the_log() -> None:
    async with hub(plug, alert_above={"power_W": 60.0}) as home:
        link = await home.far_end("")
        await home.send(link, b"is on 67")
        await asyncio.sleep(3)
        (alert,) = home.hub.alerts()
        assert (alert.device, alert.kind, alert.value, alert.limit) == ("thing", "above", 67, 60.0)
        assert [one.text for one in home.of(Alert)] == [alert.text]
        await home.send(link, b"is on 5")
        await asyncio.sleep(3)
        assert home.hub.alerts() == []
        assert [(one.kind, one.words) for one in home.of(Notice)] == [
            ("alert", alert.text),
            ("alert", f"No longer: {alert.text}"),
        ]


@story
async def test_an_alert_of_the_hub_itself_is_one_event_however_often_its_text_changes() -> None:
    async with hub(plug) as home:
        alert = Alert(device="", kind="disk", since=1.0, value=90, text="The disk is 90 % full.")
        for one in ([alert], [alert], [structs.replace(alert, value=91, since=2.0, text="The disk is 91 % full.")]):
            home.hub.report_own_alerts(one)
            await asyncio.sleep(2)
        assert [(one.device, one.since, one.value) for one in home.hub.alerts()] == [("", 1.0, 91)]
        assert [(one.value, one.active) for one in home.of(Alert)] == [(90, True), (91, True)]
        home.hub.report_own_alerts([])
        await asyncio.sleep(2)
        assert home.hub.alerts() == []
        assert [(one.device, one.kind, one.words) for one in home.of(Notice)] == [
            ("", "alert", "The disk is 90 % full."),
            ("", "alert", "No longer: The disk is 91 % full."),
        ]


@story
async def test_the_alert_of_a_device_that_is_removed_is_no_event_of_a_device_that_is_gone() -> None:
    """The store would list a device of this id once more."""
    async with hub(plug, alert_above={"power_W": 60.0}) as home:
        link = await home.far_end("")
        await home.send(link, b"is on 67")
        await asyncio.sleep(3)
        home.facts.clear()
        await home.hub.reconfigure(no_devices)
        await asyncio.sleep(3)
        assert [(one.kind, one.active) for one in home.of(Alert)] == [("above", False)]
        assert home.hub.alerts() == []
        assert [(one.kind, one.device) for one in home.of(Notice)] == [("removed", "")]


async def no_devices() -> list[NodeSpec]:
    return []


# --- a gateway and its sub-devices ------------------------------------------------------------------


@story
async def test_sub_devices_are_devices_of_their_own_with_a_history_of_their_own() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n1 open\n")
        sub = next(one for one in home.hub.devices() if one.id == "thing_1")
        assert (sub.identity, sub.parent) == ("toy:g1/1", "thing")
        assert home.values("thing_1") == {"on": True}
        assert home.state("thing_1") == "online"
        await home.send(link, b"leave 1\n")
        assert [one.id for one in home.hub.devices()] == ["thing"]
        await home.send(link, b"join 1\n1 open\n")
        states = [one.state for one in home.hub.snapshot() if isinstance(one, Status) and one.device == "thing_1"]
        assert states == ["online"], "it is news that it is back"


@story
async def test_a_sub_device_that_leaves_is_gone_from_a_page_with_the_next_frame() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n1 open\n")
        pages = LivePages(home.hub, lambda: msgspec.convert(about(), HubView), lambda: NOON)
        page = pages.add("read")
        pages.message(page)
        page.sent()
        await home.send(link, b"leave 1\n")
        await page.ready()
        changes = json.loads(pages.message(page)[0])["changes"]
        pages.remove(page)
        assert changes["gone"] == ["thing_1"]
        assert [(one["device"], one["kind"]) for one in changes["notices"]] == [("thing_1", "left")]
        assert asyncio.get_running_loop().time() < 1.0, "well before the next heartbeat"


@story
async def test_a_command_for_a_sleeping_part_is_held_and_delivered_when_it_wakes() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 sleepy\nsleep 1\n")
        outcome = await home.hub.command(Command("thing_1", "on", True))
        assert outcome.result == "held"
        assert home.state("thing_1") == "asleep"
        assert b"set" not in home.sent_to(link)
        stored = [fact for fact in home.of(Memory) if fact.key == "command:thing_1:on"]
        assert stored[-1].value
        await home.send(link, b"wake 1\n")
        assert b"set 1 on true\n" in home.sent_to(link)
        await home.send(link, b"ok 1\n")
        assert "confirmed" in home.of(Notice)[-1].words
        assert home.of(Memory)[-1].value == b"", "delivered and forgotten"


@story
async def test_a_held_command_outlives_a_restart_of_the_hub() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 sleepy\nsleep 1\n")
        await home.hub.command(Command("thing_1", "on", True))
        memory: dict[str, dict[str, bytes]] = {}
        for fact in home.of(Memory):
            memory.setdefault(fact.identity, {})[fact.key] = fact.value
    async with hub(gateway, restored=RestoredState(memory=memory)) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 sleepy\nsleep 1\nwake 1\n")
        assert b"set 1 on true\n" in home.sent_to(link)


@story
async def test_a_held_command_that_has_become_invalid_is_refused() -> None:
    command = msgspec.json.encode(HeldCommand(Command("thing_1", "colour", 5, "cli"), NOON + 3600))
    async with hub(gateway, restored=RestoredState(memory={"toy:g1/1": {"command:thing_1:colour": command}})) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 sleepy\nsleep 1\nwake 1\n")
        assert "colour = 5 by cli: refused" in home.of(Notice)[-1].words
        await home.send(link, b"1 open\n")
        assert home.values("thing_1") == {"on": True}, "the hub lives on"


@story
async def test_early_reports_of_a_part_are_not_lost_when_another_joins() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"2 open\njoin 1\ni am g1\njoin 2\n")
        assert home.values("thing_2") == {"on": True}


@story
async def test_values_that_no_profile_lists_are_counted_in_the_statistics_of_the_wire() -> None:
    class Chatty(GatewayController):
        def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
            return [*super().receive(data, now, path, re), Reported({"mood": 1})]

    async with hub(lambda far: channel(Chatty, far)) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\n")
        assert home.hub.wire("thing")[""]["ignored_values"] == 1


@story
async def test_a_dangerous_action_must_be_confirmed() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\n")
        with pytest.raises(CommandError, match="All is lost"):
            await home.hub.act(Action("thing", "wipe"))
        with pytest.raises(CommandError, match="It has: update, wipe"):
            await home.hub.act(Action("thing", "dance"))
        updating = asyncio.create_task(home.hub.act(Action("thing", "update")))
        await asyncio.sleep(0.01)
        await home.send(link, b"done\n")
        assert (await updating).result == "confirmed"


@story
async def test_a_session_has_its_memory_after_a_restart() -> None:
    restored = RestoredState(memory={"toy:device@memory:": {"names": b"g1"}})
    async with hub(gateway, restored=restored) as home:
        link = await home.far_end("")
        assert home.sent_to(link) == b"who g1\n"


@story
async def test_the_energy_of_an_earlier_run_is_shown_once_the_device_is_identified() -> None:
    ledger = Ledger(identity="toy:g1", point="energy_import_Wh", total=7_000_000, at=NOON - 900, filed=NOON - 900)
    restored = RestoredState(ledgers={"toy:g1": {ledger.point: ledger}})
    async with hub(gateway, restored=restored) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\n")
        (shown,) = home.of(Reading)
        assert (shown.point, shown.value, shown.at, shown.quality) == (ledger.point, 7000, NOON - 900, "estimated")


# --- who it is --------------------------------------------------------------------------------------


@story
async def test_reports_wait_for_the_device_to_identify_itself() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b" open\n")  # it names no part, so it is no report
        await home.send(link, b"i am g1\n")
        assert home.hub.devices()[0].identity == "toy:g1"
        devices = [fact for fact in home.of(Device) if fact.identity]
        assert devices[0].info == {"identity": "g1"}


@story
async def test_a_device_that_never_identifies_itself_is_identified_by_its_link_after_a_second() -> None:
    async with hub(plug) as home:
        link = await home.far_end("")
        await answer_requests(home, link, {b"get": b"is on 60"})
        assert home.of(Reading) == []
        await asyncio.sleep(1.1)
        assert home.values("thing")["power_W"] == 60
        assert home.hub.devices()[0].identity == "toy:device@memory:"
        assert home.of(Reading)[0].at < NOON + 0.5, "stamped with the time at which it was received"


# --- several wires ----------------------------------------------------------------------------------


@story
async def test_of_a_point_that_two_channels_provide_the_first_that_is_online_counts() -> None:
    def http(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(
            PlugController, far, "wifi", paths=(LinkPath(name="http", answers=True), LinkPath(name="http", asks=True))
        )

    def console(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(PlugController, far, "cable")

    async with hub(http, console) as home:
        wifi, cable = await home.far_end("wifi"), await home.far_end("cable")
        await answer_requests(home, wifi, {b"get": b"is on 60"})
        await asyncio.sleep(1.1)
        await home.send(cable, b"is on 99")
        await asyncio.sleep(1.1)
        assert home.values("thing")["power_W"] == 60
        await wifi.close()
        await asyncio.sleep(0.01)
        await home.send(cable, b"is on 99")
        assert home.values("thing")["power_W"] == 99
        assert home.state("thing") == "online", "one wire is enough"


@pytest.mark.parametrize("reports_first", [True, False])
def test_the_identity_that_one_channel_reports_stays_while_another_reports_none(reports_first: bool) -> None:
    @story
    async def run() -> None:
        def radio(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
            return channel(GatewayController, far, "radio")

        def cable(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
            return channel(PlugController, far, "cable")

        async with hub(radio, cable) as home:
            air, wire = await home.far_end("radio"), await home.far_end("cable")
            for end, text in ((air, b"i am g1\n"), (wire, b"is on 60"))[:: 1 if reports_first else -1]:
                await home.send(end, text)
                await asyncio.sleep(1.1)
            assert home.hub.devices()[0].identity == "toy:g1"
            home.facts.clear()
            for text in (b"is on 61", b"is on 62"):
                await home.send(wire, text)
                await asyncio.sleep(1.0)
            assert {one.identity for one in home.of(Ledger)} == {"toy:g1"}

    run()


@story
async def test_a_device_that_reports_no_identity_has_one_for_all_of_its_channels() -> None:
    def one(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(PlugController, far, "bridge")

    def two(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(PlugController, far, "cable")

    async with hub(one, two) as home:
        ends = [await home.far_end("bridge"), await home.far_end("cable")]
        for _ in range(3):
            for end in ends:
                await home.send(end, b"is on 60")
                await asyncio.sleep(1.1)
        assert {ledger.identity for ledger in home.of(Ledger)} == {"toy:device@memory:bridge"}


def stranger(number: int) -> Device:
    return Device(id=f"plug{number}", identity=f"toy:{number}", family="toy", link="broker:", profile="")


@story
async def test_devices_that_are_not_configured_are_listed_up_to_a_number() -> None:
    async with hub(gateway) as home:
        for number in range(MOST_SEEN + 3):
            home.hub.seen(stranger(number))
            home.hub.seen(stranger(2))  # connects again and again
        listed = {device.id for device in home.hub.devices()} - {"thing"}
        assert len(listed) == MOST_SEEN
        assert {f"plug{number}" for number in range(5)} & listed == {"plug2", "plug4"}
        shown = {fact.device for fact in home.hub.snapshot() if isinstance(fact, Status)}
        assert shown & {"plug0", "plug1", "plug3"} == set(), "nothing of those that are not listed is kept"
        assert len([fact for fact in home.facts if isinstance(fact, Notice) and "no longer listed" in fact.words]) == 3
        home.hub.seen_before(["plug4", "plug1"])
        assert "plug4" not in {fact.device for fact in home.hub.snapshot() if isinstance(fact, Status)}
        assert [one.words for one in home.of(Notice) if one.kind == "admitted"] == ["plug4 is in the configuration."]


@story
async def test_the_frames_of_several_channels_are_in_the_order_of_time_with_the_channels_names() -> None:
    def console(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(GatewayController, far, "cable")

    def radio(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(GatewayController, far, "radio")

    async with hub(console, radio) as home:
        cable, air = await home.far_end("cable"), await home.far_end("radio")
        for number in range(3):
            await home.send(cable, b"1 open\n"[:number] + b"\n")
            await home.send(air, b"i am g1\n" + b"PW=secret\n")
        lines = home.hub.frames("thing", 200)
        assert lines == sorted(lines, key=lambda line: line.at) and lines[-1].at > NOON
        sent = [(line.channel, line.sender, bytes.fromhex(line.hex.replace(MASKED, "00"))) for line in lines]
        assert sent[:2] == [("cable", "controller", b"who \n"), ("radio", "controller", b"who \n")]
        assert sent[-3:] == [
            ("cable", "device", b"1 \n"),
            ("radio", "device", b"i am g1\n"),
            ("radio", "device", b"PW=\0\0\0\0\0\0\n"),
        ]
        assert [bytes.fromhex(line.hex.replace(MASKED, "00")) for line in home.hub.frames("thing", 1)] == [
            b"PW=\0\0\0\0\0\0\n"
        ]
        assert home.hub.frames("thing", 0) == []


@story
async def test_the_frames_of_a_sub_device_are_its_gateways_and_outlive_a_crash() -> None:
    def stumbling(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(Stumbles, far)

    async with hub(stumbling) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n")
        await home.send(link, b"stumble\n")
        await home.far_end("", 1)
        lines = home.hub.frames("thing_1", 200)
        assert [bytes.fromhex(line.hex) for line in lines] == [
            *(b"who \n", b"i am g1\n", b"join 1\n", b"stumble\n", b"who g1\n"),
        ]
        with pytest.raises(CommandError, match="no device 'attic'"):
            home.hub.frames("attic", 200)


# --- when things go wrong ---------------------------------------------------------------------------


class Stumbles(GatewayController):
    """A session with a mistake in it."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
        if data == b"stumble\n":
            raise ZeroDivisionError
        return super().receive(data, now, path, re)


@story
async def test_a_session_that_crashes_is_reported_and_started_again() -> None:
    async with hub(lambda far: channel(Stumbles, far)) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n")
        command = asyncio.create_task(home.hub.command(Command("thing_1", "on", True)))
        await asyncio.sleep(0.01)
        await home.send(link, b"stumble\n")
        assert home.state("thing") == "faulted"
        outcome: Outcome = await command
        assert outcome.result == "unreachable"
        again = await home.far_end("", 1)
        await home.send(again, b"i am g1\n")
        assert home.state("thing") == "online"


@story
async def test_without_a_clock_readings_wait_for_the_store_and_are_stamped_when_it_is_right() -> None:
    loop = asyncio.get_running_loop()
    right = False

    def wall() -> float:
        return (NOON if right else 0.0) + loop.time()

    async with hub(gateway, wall=wall, stamped=True) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n1 open\n")
        assert {type(fact) for fact in home.facts} == {Memory}, "which has no time"
        assert home.values("thing_1") == {"on": True}, "people see it all the same"
        sent = loop.time()
        await asyncio.sleep(100)
        right = True
        await home.send(link, b"1 shut\n")
        first, second = home.of(Reading)
        assert abs(first.at - (NOON + sent)) < 1
        assert second.at - first.at == pytest.approx(100, abs=1)


@story
async def test_the_product_picks_the_profile_and_its_settings() -> None:
    made: list[Profile] = []
    special = profile("toy/special", "session = { poll_s = 1.0 }")

    class Named(GatewayController):
        def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
            events = super().receive(data, now, path, re)
            return [
                msgspec.structs.replace(one, info={"product": "p1"}) if hasattr(one, "info") else one for one in events
            ]

    def make(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        spec = channel(Named, far, for_product=lambda product: special if product == "p1" else None)

        def make_session(profile: Profile, ambient: Ambient) -> Session:
            made.append(profile)
            return Named(ambient)

        return msgspec.structs.replace(spec, make_session=make_session)

    async with hub(make) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\n")
        await home.far_end("", 1)
        assert [one.name for one in made] == ["toy/plug", "toy/special"]
        assert home.hub.devices()[0].profile == "toy/special"
        assert "offline" not in [one.state for one in home.of(Status)]
