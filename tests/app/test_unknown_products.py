"""A simulated plug whose product no profile lists, and the real hub: its points have names all the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import msgspec

from hub.running_hub import HubFacts, running
from unclouded.app.protocols import profile_library
from unclouded.app.unknown.product_source import CatalogueSource
from unclouded.core.family import SimOptions
from unclouded.core.model import Command, Device, Reading
from unclouded.core.profile import MatchedProduct, ProductReports, Profile, SeenPoint
from unclouded.core.sessions.session import Ambient, Reported, Session
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.hub.channels.channel_spec import ChannelSpec, ProductSource
from unclouded.hub.channels.product_matching import HELD_S, LATER_S, ProductMatching
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.links import memory
from unclouded.sim.serve import Simulation
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import World
from virtual_loop import story

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
LIBRARY = profile_library()
KIND = FAMILY_WIFI.sim_kinds["tuya-plug"]
SOURCE = CatalogueSource(LIBRARY, "tuya_wifi")


class SameThread(ThreadPoolExecutor):
    """Runs what a thread would run, so that the clock of the story does not move meanwhile."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Home(HubFacts):
    def device(self) -> Device:
        return self.hub.devices()[0]

    def readings(self, point: str) -> list[Reading]:
        return [one for one in self.of(Reading) if one.point == point]

    def points(self) -> dict[str, str]:
        return {point.key: point.confidence for point in self.device().points}


@asynccontextmanager
async def home(
    source: ProductSource | None = SOURCE,
    restored: RestoredState | None = None,
    profile: Profile | None = None,
    seconds: float = 10.0,
) -> AsyncIterator[Home]:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(SameThread())
    scenario, subject = scenario_for(KIND.subject, "lamp")
    simulation = Simulation(World(1, NOON, scenario))
    ours, theirs = memory.pair()
    simulation.add(KIND, LIBRARY.get(KIND.profile), subject, SimOptions(seed=1), theirs)

    def make(profile: Profile, ambient: Ambient) -> Session:
        assert FAMILY_WIFI.controller is not None
        return FAMILY_WIFI.controller(profile.session, ambient)

    spec = ChannelSpec(
        family="tuya_wifi",
        link="memory:",
        generic=LIBRARY.get("tuya/generic"),
        profile=profile,
        open_link=lambda: ours,
        make_session=make,
        reading=FAMILY_WIFI,
        decoders=FAMILY_WIFI.decoders,
        products=source,
    )
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    services = Services(lambda: NOON + loop.time(), UTC)
    hub = Hub([NodeSpec(id="plug", channels=(spec,))], services, clock, bytes, restored)
    home = Home(hub)
    async with running(simulation.run(), hub.run()):
        await asyncio.sleep(seconds)
        yield home


@story
async def test_a_plug_that_no_profile_lists_has_named_and_scaled_points_after_two_seconds() -> None:
    async with home() as one:
        points = one.points()
        assert {"on", "power_W", "voltage_V", "current_A", "energy_import_Wh"} <= points.keys()
        assert {points[key] for key in ("power_W", "voltage_V", "current_A")} == {"matched"}
        voltage = one.readings("voltage_V")[0]
        assert 215 < float(voltage.value) < 245 and voltage.quality == "good"
        assert voltage.at < NOON + HELD_S, "the report that it was matched by keeps its time"
        assert not [fact for fact in one.facts if isinstance(fact, Reading) and fact.point.startswith("dp_1")]
        assert ", like " in one.device().profile or one.device().profile == "tuya/generic"
        assert (await one.hub.command(Command("plug", "on", False))).result == "confirmed"


@story
async def test_after_a_restart_it_has_its_names_at_once_and_none_changes() -> None:
    async with home() as before:
        points, kept = before.points(), before.memory()
    assert kept
    began = NOON + asyncio.get_running_loop().time()

    class Unused:
        def serves(self, profile: Profile) -> bool:
            return SOURCE.serves(profile)

        def match(self, question: MatchedProduct) -> MatchedProduct:
            raise AssertionError("nothing new was reported")

        def profile(self, generic: Profile, matched: MatchedProduct) -> Profile:
            return SOURCE.profile(generic, matched)

    async with home(Unused(), RestoredState(memory=kept), seconds=60.0) as after:
        assert after.points() == points
        assert after.readings("voltage_V")[0].at < began + HELD_S


@story
async def test_a_match_that_fails_loses_no_report() -> None:
    class Broken(CatalogueSource):
        def match(self, question: MatchedProduct) -> MatchedProduct:
            raise ValueError("a fault of this program")

    async with home(Broken(LIBRARY, "tuya_wifi")) as one:
        assert {"dp_1", "dp_20"} <= one.points().keys()
        assert one.readings("dp_20")[0].at < NOON + HELD_S


@story
async def test_an_owner_who_names_the_generic_profile_gets_it() -> None:
    async with home(profile=LIBRARY.get("tuya/generic")) as one:
        assert {"dp_1", "dp_20"} <= one.points().keys() and "voltage_V" not in one.points()


def test_a_data_point_that_is_reported_later_is_one_more_and_what_was_sure_stays() -> None:
    matching = ProductMatching("somethingunknown")
    assert matching.receive(Reported({"1": True, "18": 65, "19": 150, "20": 2301}), 0.0)
    assert [matching.deadline] == [HELD_S]
    held = matching.settle(SOURCE.match(matching.question()))
    assert len(held) == 1 and not matching.receive(Reported({"1": False}), 5.0)
    assert [matching.deadline] == [None]
    first = {row.key: row for row in matching.matched.rows} if matching.matched else {}
    assert first["voltage_V"].confidence == "matched"
    assert not matching.receive(Reported({"9": 0, "38": 1}, types={"38": "enum"}), 20.0)
    assert matching.deadline == 20.0 + LATER_S
    matching.settle(SOURCE.match(matching.question()))
    assert matching.matched is not None
    later = {row.key: row for row in matching.matched.rows}
    assert {"on", "after_power_cut"} <= later.keys() - first.keys()
    assert all(later[key] == row for key, row in first.items() if row.confidence == "matched")
    again = ProductMatching("somethingunknown", matching.memory())
    assert again.matched == matching.matched and not again.is_holding
    assert ProductMatching("another", matching.memory()).matched is None, "another product has other points"
    assert ProductMatching("somethingunknown", b"{").matched is None


def test_what_is_no_number_has_no_span_and_a_type_that_changes_is_another_data_point() -> None:
    reports = ProductReports()
    assert reports.add({"1": True, "2": 5, "temperature": 3}, {})
    assert not reports.add({"2": -1}, {}) and reports.add({"2": 1}, {"2": "enum"})
    assert [msgspec.structs.astuple(one) for one in reports.points()] == [
        (1, "bool", None, None),
        (2, "enum", 1, 1),
        (2, "value", -1, 5),
    ]


def test_what_is_guessed_may_be_sure_once_more_was_seen_and_a_guessed_number_cannot_be_set() -> None:
    few = (SeenPoint(1, "bool"), SeenPoint(9, "value", 0, 60), SeenPoint(38, "enum", 0, 1))
    first = SOURCE.match(MatchedProduct(product="x", seen=few))
    assert {row.key: (row.confidence, row.access) for row in first.rows} == {
        "on": ("guessed", "rw"),
        "countdown_s": ("guessed", "r"),
        "after_power_cut": ("guessed", "r"),
    }
    assert not any(row.options for row in first.rows), "their order is not sure"
    meter = (SeenPoint(18, "value", 0, 65), SeenPoint(19, "value", 0, 150), SeenPoint(20, "value", 2301, 2310))
    later = SOURCE.match(msgspec.structs.replace(first, seen=(*few, *meter, SeenPoint(41, "bool"))))
    sure = {row.key: row.confidence for row in later.rows}
    assert sure["on"] == sure["power_W"] == "matched"
    assert first.rows[2] in later.rows, "what is not sure yet stays as it was"
