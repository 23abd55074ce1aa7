"""Sub-devices of several products behind one gateway: each has its own profile, points, actions and history."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from hub.toy_hub import Home, channel, hub
from links.text_line_family import LINES
from toys import GatewayController
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import Decoder, Piece, Sender
from unclouded.core.model import Action, ActionSpec, Command, Device, Ledger, Notice, Reading
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.session import Event, Identified, Joined, Reported
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.hub import RestoredState
from unclouded.links.memory import MemoryLink
from virtual_loop import story


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def profile(text: str) -> Profile:
    return load_profile(text, "toy.toml", lambda name: NoSettings)


LAMP = profile("""
name = "toy/lamp"
family = "toy"
title = "Lamp"
products = ["lamp"]
main = "on"
actions = ["blink"]
point = [
  { wire = "on", type = "bool", key = "on", access = "rw" },
  { wire = "level", type = "value", key = "level_percent", access = "rw", scale = 0.1, minimum = 1, maximum = 100 },
  { wire = "power", key = "power_W", scale = 0.1 },
]
""")
METER = profile("""
name = "toy/meter"
family = "toy"
title = "Meter"
products = ["meter"]
main = "power_W"
actions = []
point = [
  { wire = "power", key = "power_W" },
  { wire = "energy", key = "energy_import_Wh", scale = 10 },
]
""")
UNKNOWN = profile("""
name = "toy/unknown"
family = "toy"
title = "Unknown sub-device"
unknown = true
""")
GATEWAY = profile("""
name = "toy/gateway"
family = "toy"
title = "Gateway"
point = [{ wire = "on", type = "bool", key = "alarm_on", access = "rw" }]
""")
PROFILES: Mapping[str, Profile] = {"lamp": LAMP, "meter": METER}
PART_ACTIONS = [
    ActionSpec(name="blink", words="blink for a moment"),
    ActionSpec(name="remove", words="remove it from the gateway", danger="It must be paired again."),
]


def gateway(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    spec = channel(GatewayController, far, for_product=PROFILES.get)
    return msgspec.structs.replace(
        spec,
        generic=GATEWAY,
        generic_part=UNKNOWN,
        actions=[ActionSpec(name="update", words="update")],
        part_actions=PART_ACTIONS,
    )


async def with_lamp_and_meter(home: Home) -> MemoryLink:
    link = await home.far_end("")
    await home.send(link, b"i am g1\njoin 1 lamp\njoin 2 meter\n")
    return link


def device(home: Home, id: str) -> Device:
    return next(one for one in home.hub.devices() if one.id == id)


@story
async def test_each_sub_device_is_described_by_the_profile_of_its_own_product() -> None:
    async with hub(gateway) as home:
        await with_lamp_and_meter(home)
        lamp, meter, main = device(home, "thing_1"), device(home, "thing_2"), device(home, "thing")
        assert [one.profile for one in (lamp, meter, main)] == ["toy/lamp", "toy/meter", "toy/gateway"]
        assert [one.main for one in (lamp, meter, main)] == ["on", "power_W", ""]
        assert [point.key for point in lamp.points] == ["on", "level_percent", "power_W", "energy_import_Wh"]
        assert [point.key for point in meter.points] == ["power_W", "energy_import_Wh"]
        assert [point.key for point in main.points] == ["alarm_on"]
        assert [[action.name for action in one.actions] for one in (lamp, meter, main)] == [["blink"], [], ["update"]]
        published = {fact.id: fact for fact in home.of(Device)}
        assert (published["thing_1"], published["thing_2"]) == (lamp, meter)


@story
async def test_the_same_wire_key_has_the_scale_of_each_product() -> None:
    async with hub(gateway) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"1 power 673\n2 power 673\n2 energy 5\n")
        assert home.values("thing_1") == {"power_W": 67.3, "energy_import_Wh": 0.0}
        assert home.values("thing_2") == {"power_W": 673, "energy_import_Wh": 50.0}
        assert home.values("thing") == {}


@story
async def test_a_command_is_checked_against_the_profile_of_its_part_and_names_the_part() -> None:
    async with hub(gateway) as home:
        link = await with_lamp_and_meter(home)
        for command, text in [
            (Command("thing_1", "level_percent", 120), "level_percent takes 1 to 100, not 120"),
            (
                Command("thing_1", "power_W", 5),
                "power_W of thing_1 can only be read",
            ),
            (Command("thing_2", "on", True), "thing_2 has no point 'on'. It has: none"),
            (Command("thing_1", "alarm_on", True), "thing_1 has no point 'alarm_on'. It has: on, level_percent"),
            (Command("thing", "level_percent", 5), "thing has no point 'level_percent'. It has: alarm_on"),
        ]:
            with pytest.raises(CommandError, match=text):
                await home.hub.command(command)
        dimming = asyncio.create_task(home.hub.command(Command("thing_1", "level_percent", 42.5)))
        await asyncio.sleep(0.01)
        assert home.sent_to(link) == b"who \nset 1 level 425\n"
        await home.send(link, b"ok 1\n")
        assert (await dimming).result == "confirmed"


@story
async def test_a_command_to_one_sub_device_does_not_touch_the_other() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 lamp\njoin 2 lamp\n1 shut\n2 shut\n")
        switching = asyncio.create_task(home.hub.command(Command("thing_1", "on", True)))
        await asyncio.sleep(0.01)
        await home.send(link, b"2 open\nok 2\n")
        assert not switching.done(), "the other one's report and acknowledgement settle nothing"
        await home.send(link, b"1 open\nok 1\n")
        assert (await switching).result == "confirmed"
        await home.send(link, b"2 shut\n")
        assert (home.values("thing_1"), home.values("thing_2")) == ({"on": True}, {"on": False})
        assert b"set 2" not in home.sent_to(link)


@story
async def test_an_action_is_one_of_its_part() -> None:
    async with hub(gateway) as home:
        link = await with_lamp_and_meter(home)
        for action, text in [
            (Action("thing_2", "blink"), "thing_2 has no action 'blink'. It has: none"),
            (Action("thing_1", "remove", confirmed=True), "thing_1 has no action 'remove'. It has: blink"),
            (Action("thing_1", "update"), "thing_1 has no action 'update'"),
            (Action("thing", "blink"), "thing has no action 'blink'. It has: update"),
        ]:
            with pytest.raises(CommandError, match=text):
                await home.hub.act(action)
        blinking = asyncio.create_task(home.hub.act(Action("thing_1", "blink")))
        await asyncio.sleep(0.01)
        assert home.sent_to(link).endswith(b"do 1 blink\n")
        await home.send(link, b"ok 1\n")
        assert (await blinking).result == "confirmed"
        assert home.of(Notice)[-1].device == "thing_1"


@story
async def test_a_sub_device_of_an_unknown_product_has_raw_keys_and_every_action() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 3 toaster\n3 power 673\n3 open\n")
        toaster = device(home, "thing_3")
        assert (toaster.profile, toaster.main) == ("toy/unknown", "")
        assert [(point.key, point.kind) for point in toaster.points] == [("dp_power", "number"), ("dp_on", "switch")]
        assert home.values("thing_3") == {"dp_power": 673, "dp_on": True}
        assert [action.name for action in toaster.actions] == ["blink", "remove"]
        with pytest.raises(CommandError, match="must be paired again"):
            await home.hub.act(Action("thing_3", "remove"))
        setting = asyncio.create_task(home.hub.command(Command("thing_3", "dp_power", 5)))
        await asyncio.sleep(0.01)
        await home.send(link, b"ok 3\n")
        assert (await setting).result == "confirmed" and b"set 3 power 5\n" in home.sent_to(link)


@story
async def test_a_sub_device_that_leaves_and_joins_as_another_product_keeps_its_identity_and_its_energy() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 meter\n1 energy 5\n1 power 673\n")
        before = device(home, "thing_1")
        await home.send(link, b"leave 1\njoin 1 lamp\n1 power 673\n")
        after = device(home, "thing_1")
        assert (before.profile, after.profile) == ("toy/meter", "toy/lamp")
        assert before.identity == after.identity == "toy:g1/1"
        assert home.values("thing_1")["power_W"] == 67.3
        assert home.values("thing_1")["energy_import_Wh"] == 50.0, "the lifetime total goes on"
        assert [action.name for action in after.actions] == ["blink"]


@story
async def test_a_sub_device_that_joins_as_another_product_without_leaving_loses_the_points_of_the_old_one() -> None:
    async with hub(gateway) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 toaster\n1 power 673\njoin 2 lamp\n2 power 5\n")
        await home.send(link, b"join 1 lamp\n1 open\n")
        assert device(home, "thing_1").profile == "toy/lamp"
        assert device(home, "thing_1").info == {"product": "lamp"}
        assert home.values("thing_1") == {"on": True}, "dp_power is not a point of a lamp"
        assert home.values("thing_2")["power_W"] == 0.5
        await home.send(link, b"join 1 lamp\n")
        assert home.values("thing_1") == {"on": True}, "the same again changes nothing"


@story
async def test_the_gateways_own_profile_is_no_sub_devices() -> None:
    async with hub(gateway) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"1 open\n")
        assert home.values("thing_1") == {"on": True}
        assert [fact for fact in home.of(Reading) if fact.point == "alarm_on"] == []


@story
async def test_a_sub_device_has_its_ledgers_and_held_commands_after_a_restart() -> None:
    async with hub(gateway) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"2 energy 5\n")
        ledgers = {fact.identity: {fact.point: fact} for fact in home.of(Ledger)}
    assert set(ledgers) == {"toy:g1/2"}
    async with hub(gateway, restored=RestoredState(ledgers=ledgers)) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"2 energy 7\n")
        assert home.values("thing_2")["energy_import_Wh"] == 70.0


class PartLines:
    """Reads ``PART KEY COUNT`` lines as frames with values of a part."""

    def __init__(self, sender: Sender | None) -> None:
        self._lines: Decoder = LINES.decoder(sender)

    def feed(self, data: bytes) -> list[Piece]:
        return [self._with_part(piece) for piece in self._lines.feed(data)]

    def close(self) -> list[Piece]:
        return list(self._lines.close())

    def _with_part(self, piece: Piece) -> Piece:
        match piece.data.decode("ascii", "replace").split():
            case [part, key, count] if count.isdecimal():
                return msgspec.structs.replace(piece, part=part, values=[(key, int(count))])
        return piece


@story
async def test_values_in_frames_are_named_by_the_profile_of_their_part() -> None:
    def reading(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return msgspec.structs.replace(gateway(far), reading=msgspec.structs.replace(LINES, decoder=PartLines))

    async with hub(reading) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"1 power 673\n2 power 673\n9 power 673\n")
        texts = [entry.words for entry in home.hub.frames("thing_1", 3)]
        assert texts == ["power_W 67.3 W", "power_W 673 W", "power = 673"]


class Detailed(GatewayController):
    """Its sub-devices report details: ``join 1 VERSION``, ``is 1 PRODUCT``, ``id 1 IDENTITY``."""

    def _events(self, words: list[str]) -> Sequence[Event] | None:
        match words:
            case ["join", part, version]:
                return [Joined(part, {"version": version}), Reported({"power": 673}, part)]
            case ["is", part, product]:
                return [Identified({"product": product}, part)]
            case ["id", part, identity]:
                return [Identified({"identity": identity}, part)]
        return super()._events(words)


def detailed(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return msgspec.structs.replace(gateway(far), make_session=lambda profile, ambient: Detailed(ambient))


@story
async def test_a_product_that_comes_after_the_join_picks_the_profile() -> None:
    async with hub(detailed) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 7\n")
        assert device(home, "thing_1").profile == "toy/unknown"
        await home.send(link, b"is 1 meter\n1 power 673\n")
        assert device(home, "thing_1").profile == "toy/meter"
        assert device(home, "thing_1").info == {"version": "7", "product": "meter"}
        assert home.values("thing_1") == {"power_W": 673}
        await home.send(link, b"is 1 lamp\n")
        assert device(home, "thing_1").info == {"product": "lamp"}, "the version was that of the meter"


@story
async def test_a_sub_device_that_reports_an_identity_has_it_behind_any_gateway() -> None:
    async with hub(detailed) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1 7\nid 1 a4c138\n")
        assert device(home, "thing_1").identity == "toy:a4c138"


@story
async def test_the_owners_scales_are_those_of_the_device_itself() -> None:
    def scaled(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return msgspec.structs.replace(gateway(far), generic=LAMP, scales={"power_W": 2})

    async with hub(scaled) as home:
        link = await with_lamp_and_meter(home)
        await asyncio.sleep(0.01)
        await home.send(link, b"1 power 673\n")
        assert home.values("thing_1")["power_W"] == 67.3


@story
async def test_a_command_goes_by_the_channel_that_knows_the_part() -> None:
    def spare(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(GatewayController, far, "spare")

    async with hub(spare, gateway) as home:
        other = await home.far_end("spare")
        link = await with_lamp_and_meter(home)
        await home.send(other, b"i am g1\n")
        with pytest.raises(CommandError, match="thing_1 has no point 'alarm_on'"):
            await home.hub.command(Command("thing_1", "alarm_on", True))
        dimming = asyncio.create_task(home.hub.command(Command("thing_1", "level_percent", 5)))
        await asyncio.sleep(0.01)
        await home.send(link, b"ok 1\n")
        assert (await dimming).result == "confirmed" and home.sent_to(other) == b"who \n"


def test_a_profile_that_lists_an_unknown_action_is_an_error_that_names_it() -> None:
    text = 'name = "toy/x"\nfamily = "toy"\ntitle = "X"\nactions = ["blink", "fly"]'

    def load(text: str) -> Profile:
        return load_profile(text, "toy.toml", lambda name: NoSettings, lambda name: ["blink", "remove"])

    with pytest.raises(ConfigError) as error:
        load(text)
    assert str(error.value) == "toy.toml: `$.actions`: toy has no action 'fly'. It has: blink, remove."
    assert load(text.replace(', "fly"', "")).actions == ("blink",)


@story
async def test_a_profile_with_a_mistake_stops_neither_its_sub_device_nor_the_others() -> None:
    def for_product(product: str) -> Profile | None:
        if product in ("lamp", "g1"):
            raise ConfigError("profile mine/lamp: `$.point[0].scale` must be more than 0.")
        return PROFILES.get(product)

    def with_mistake(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return msgspec.structs.replace(gateway(far), for_product=for_product)

    async with hub(with_mistake) as home:
        link = await with_lamp_and_meter(home)
        await home.send(link, b"join 1 lamp\n1 power 673\n2 power 673\n")
        assert home.state("thing") == "online"
        assert (home.values("thing_1"), home.values("thing_2")["power_W"]) == ({"dp_power": 673}, 673)
        notices = [fact for fact in home.of(Notice) if fact.kind == "unreadable"]
        assert [(one.device, one.words) for one in notices] == [
            ("thing_1", "profile mine/lamp: `$.point[0].scale` must be more than 0.")
        ]
