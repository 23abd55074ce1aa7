"""Reports that wait until an unknown product is matched: none is lost, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
import pytest

from hub.test_parts import GATEWAY, METER, UNKNOWN, NoSettings
from hub.toy_hub import NOON, Home, channel, hub
from toys import GatewayController
from unclouded.core.model import Memory, Reading, Value
from unclouded.core.profile import MatchedProduct, PointRow, Profile, ProfileFile, make_profile
from unclouded.core.sessions.session import Answer, Asked, AskStored, Event, Refusal, Reported
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.channels.product_matching import HELD_S, MEMORY_KEY, MOST_HELD, MOST_MATCHES, ProductMatching
from unclouded.hub.hub import RestoredState
from unclouded.links.memory import MemoryLink
from virtual_loop import story

ROWS = (
    PointRow(key="energy_import_Wh", dp=17, counter="increment", type="value"),
    PointRow(key="voltage_V", dp=20, type="value"),
)


class OneProduct:
    """Every unknown product is a plug that counts increments."""

    rows: Sequence[PointRow] = ROWS
    error: Exception | None = None

    def __init__(self) -> None:
        self.questions: list[MatchedProduct] = []

    def serves(self, profile: Profile) -> bool:
        return profile.unknown

    def match(self, question: MatchedProduct) -> MatchedProduct:
        self.questions.append(question)
        if self.error is not None:
            raise self.error
        return msgspec.structs.replace(question, rows=tuple(self.rows))

    def profile(self, generic: Profile, matched: MatchedProduct) -> Profile:
        file = ProfileFile(name=generic.name, family="toy", title=generic.title, unknown=True, point=list(matched.rows))
        return make_profile(file, "the match", lambda name: NoSettings)


class SlowThread(ThreadPoolExecutor):
    """What is submitted runs when ``finish`` is called."""

    def __init__(self) -> None:
        super().__init__(1)
        self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    @property
    def running(self) -> int:
        return len(self._waiting)

    def finish(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future, call in waiting:
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)


class Sure(GatewayController):
    """Its device wants to be sure that what it reports is stored."""

    answers: ClassVar[list[bool]] = []

    def _events(self, words: list[str]) -> Sequence[Event] | None:
        return [Asked(7, AskStored())] if words == ["sure"] else super()._events(words)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        Sure.answers.append(not isinstance(value, Refusal))
        return []


class Story(msgspec.Struct):
    home: Home
    link: MemoryLink
    source: OneProduct
    thread: SlowThread

    async def send(self, *lines: str) -> None:
        await self.home.send(self.link, "".join(f"{line}\n" for line in lines).encode())

    async def matched(self) -> None:
        await asyncio.sleep(HELD_S + 0.1)
        while self.thread.running:
            self.thread.finish()
            await asyncio.sleep(0.1)

    def readings(self, point: str) -> list[tuple[float, Value]]:
        return [(round(one.at - NOON, 1), one.value) for one in self.home.of(Reading) if one.point == point]


@asynccontextmanager
async def unknown(source: OneProduct | None = None, restored: RestoredState | None = None) -> AsyncIterator[Story]:
    Sure.answers = []
    source = source or OneProduct()
    thread = SlowThread()
    asyncio.get_running_loop().set_default_executor(thread)

    def gateway(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        spec = channel(Sure, far, for_product={"meter": METER}.get, products=source)
        return msgspec.structs.replace(spec, generic=GATEWAY, generic_part=UNKNOWN)

    async with hub(gateway, restored=restored) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\n")
        yield Story(home, link, source, thread)


@story
async def test_what_is_reported_while_a_match_runs_waits_for_it() -> None:
    async with unknown() as one:
        await one.send("join 1 toaster", "1 17 5", "1 20 230")
        await asyncio.sleep(HELD_S + 0.1)
        await one.send("1 17 7", "1 20 231")
        assert not one.home.of(Reading)
        one.thread.finish()
        await asyncio.sleep(0.1)
        assert [value for _, value in one.readings("energy_import_Wh")] == [5, 12]
        assert [value for _, value in one.readings("voltage_V")] == [230, 231]
        assert not one.readings("dp_17") and not one.readings("dp_20")
        await one.send("1 20 232")
        assert one.readings("voltage_V")[-1][1] == 232, "nothing waits any more"


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize(("product", "voltage"), [("oven", "voltage_V"), ("meter", "")])
@story
async def test_reports_that_wait_outlive_another_product_id(product: str, voltage: str, is_running: bool) -> None:
    async with unknown() as one:
        await one.send("join 1 toaster", "1 20 230", "1 power 60", "sure")
        if is_running:
            await asyncio.sleep(HELD_S + 0.1)
        await one.send(f"join 1 {product}")
        assert Sure.answers == ([True] if product == "meter" else [])
        await one.matched()
        await one.matched()
        assert Sure.answers == [True]
        assert [value for _, value in one.readings("voltage_V")] == ([230] if voltage else [])
        assert [at for at, value in one.readings("power_W" if product == "meter" else "dp_power")] == [0.0]


@pytest.mark.parametrize("is_running", [False, True])
@story
async def test_reports_that_wait_are_stored_when_their_sub_device_leaves(is_running: bool) -> None:
    async with unknown() as one:
        await one.send("join 1 toaster", "1 20 230", "sure")
        if is_running:
            await asyncio.sleep(HELD_S + 0.1)
        await one.send("leave 1")
        assert Sure.answers == [True]
        assert [value for _, value in one.readings("dp_20")] == [230]
        await one.matched()
        assert len(one.home.of(Reading)) == 1, "what was matched is of no device"


@story
async def test_two_sub_devices_of_one_product_are_matched_each_by_what_it_reports() -> None:
    async with unknown() as one:
        await one.send("join 1 toaster", "join 2 toaster", "1 20 230", "2 20 231", "1 17 5", "sure")
        assert not Sure.answers
        await one.matched()
        assert Sure.answers == [True]
        found = {(fact.device, fact.point): fact.value for fact in one.home.of(Reading)}
        assert found == {
            ("thing_1", "voltage_V"): 230,
            ("thing_1", "energy_import_Wh"): 5,
            ("thing_2", "voltage_V"): 231,
        }
        assert {(question.seen[-1].dp, question.seen[-1].low) for question in one.source.questions} == {
            (20, 230),
            (20, 231),
        }


@story
async def test_reports_that_wait_keep_their_time_when_the_link_drops_meanwhile() -> None:
    async with unknown() as one:
        await one.send("join 1 toaster", "1 20 230")
        await one.link.close()
        await asyncio.sleep(1.0)
        await one.matched()
        assert [value for _, value in one.readings("voltage_V")] == [230]
        assert one.readings("voltage_V")[0][0] == 0.0


@story
async def test_sub_devices_are_matched_one_after_another() -> None:
    async with unknown() as one:
        for part in range(1, 5):
            await one.send(f"join {part} toaster", f"{part} 20 {part}")
        await one.send("leave 2", "sure")
        await asyncio.sleep(HELD_S + 0.1)
        await one.send("leave 1", "join 1 toaster", "1 20 1")
        for _ in range(3):
            assert one.thread.running == 1 and not Sure.answers
            one.thread.finish()
            await asyncio.sleep(0.01)
        await one.matched()
        assert sorted(float(value) for _, value in one.readings("voltage_V")) == [1, 3, 4] and Sure.answers == [True]
        assert not one.thread.running


IMPOSSIBLE = [
    [PointRow(key="voltage_V", dp=20, type="a type of tomorrow")],
    [PointRow(key="voltage_V", dp=20), PointRow(key="voltage_V", dp=21)],
    [PointRow(key="voltage_V", dp=20, scale=0)],
]


@pytest.mark.parametrize("rows", IMPOSSIBLE)
@story
async def test_a_kept_match_that_this_version_cannot_use_is_made_again(rows: list[PointRow]) -> None:
    kept = msgspec.json.encode(MatchedProduct(product="toaster", rows=tuple(rows)))
    async with unknown(restored=RestoredState(memory={"toy:g1/1": {MEMORY_KEY: kept}})) as one:
        await one.send("join 1 toaster", "1 20 230")
        await one.matched()
        assert one.home.state("thing") == "online" and [value for _, value in one.readings("voltage_V")] == [230]


@pytest.mark.parametrize("rows", IMPOSSIBLE)
@story
async def test_a_match_that_makes_no_profile_loses_no_report(rows: list[PointRow]) -> None:
    source = OneProduct()
    source.rows = rows
    async with unknown(source) as one:
        await one.send("join 1 toaster", "1 20 230", "sure")
        await one.matched()
        assert [value for _, value in one.readings("dp_20")] == [230] and Sure.answers == [True]


@story
async def test_a_match_that_failed_is_not_kept() -> None:
    source = OneProduct()
    source.error = ValueError("a fault of this program")
    async with unknown(source) as one:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await one.send("join 1 toaster", "1 20 230")
        await one.matched()
        kept = {fact.identity: {fact.key: fact.value} for fact in one.home.of(Memory) if fact.key == MEMORY_KEY}
        assert [value for _, value in one.readings("dp_20")] == [230]
    async with unknown(restored=RestoredState(memory=kept)) as one:
        await one.send("join 1 toaster", "1 20 230")
        await one.matched()
        assert [value for _, value in one.readings("voltage_V")] == [230]


def test_only_so_many_reports_wait_and_the_others_are_read_at_once() -> None:
    matching = ProductMatching("toaster")
    held = [matching.receive(Reported({"20": number}), 0.0) for number in range(MOST_HELD + 10)]
    assert held == [True] * MOST_HELD + [False] * 10
    assert len(matching.settle(matching.question())) == MOST_HELD


def test_a_device_that_reports_ever_new_data_points_is_not_matched_for_ever() -> None:
    matching = ProductMatching("toaster")
    for number in range(MOST_MATCHES + 10):
        matching.receive(Reported({str(number): 1}), 100.0 * number)
        if number < MOST_MATCHES:
            assert matching.deadline is not None
            matching.settle(matching.question())
    assert matching.deadline is None
