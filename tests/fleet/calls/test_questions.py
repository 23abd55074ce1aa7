"""Questions to hubs are bounded, and their answers say who gave them; one stream serves all who look at a home."""

import asyncio
import zlib
from collections.abc import Callable

import pytest

from unclouded.core.errors import CommandError, LinkError
from unclouded.fleet.calls.hub_link import HubAway, HubSilent
from unclouded.fleet.calls.looking import AT_ONCE, BYTES_PER_S, LARGEST, LOOK_AGAIN_S, MOST_WAITING, LiveLooks
from unclouded.fleet.calls.questions import LARGEST_BODY, LARGEST_QUESTION, MOST_AT_A_HUB, HubQuestions
from unclouded.uplink.messages import Answer, Question, Reply, decode_message, encode_message
from virtual_loop import story, virtual_run

HUB = "a" * 20
ASK = Question("GET", "/api/devices", "viewer")


class Hub:
    """The hub's end. ``answer``: None = it says nothing."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.answer = answer
        self.pause = 0.0
        self.is_away = False
        self.asked: list[Question] = []
        self.most = self.now = 0
        self.streams: list[Callable[[bytes], None]] = []

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        if self.is_away:
            raise HubAway("away")
        question = decode_message(data)
        assert isinstance(question, Question)
        self.asked.append(question)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(timeout_s + 1 if self.answer is None else self.pause)
        finally:
            self.now -= 1
        return self.answer or b""

    def subscribe(self, subject: str, received: Callable[[bytes], None]) -> Callable[[], None]:
        assert subject == f"live.{HUB}"
        self.streams.append(received)
        return lambda: self.streams.remove(received)


@story
async def test_an_answer_says_who_gave_it_and_is_unpacked() -> None:
    packed = Reply(200, "application/json", zlib.compress(b"[]"), packed=True)
    answer = await HubQuestions(Hub(encode_message(packed)), lambda: 5.0).ask(HUB, ASK)
    assert (answer.hub, answer.at, answer.status, answer.body) == (HUB, 5.0, 200, b"[]")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "cannot be read"),
        (encode_message(Answer(True)), "something else"),
        (encode_message(Reply(200, "text/plain", b"no zlib", packed=True)), "damaged"),
        (encode_message(Reply(200, "text/plain", zlib.compress(b"a" * 100)[:-8], packed=True)), "cut off"),
        (encode_message(Reply(200, "text/plain", zlib.compress(bytes(LARGEST_BODY + 1)), packed=True)), "larger than"),
    ],
)
def test_an_answer_that_is_none_is_an_error_of_the_link(data: bytes, text: str) -> None:
    async def run() -> None:
        with pytest.raises(LinkError, match=text):
            await HubQuestions(Hub(data or b"\xff"), lambda: 0.0).ask(HUB, ASK)

    virtual_run(run())


@story
async def test_being_away_and_being_silent_are_different_errors() -> None:
    hub = Hub()
    questions = HubQuestions(hub, lambda: 0.0)
    with pytest.raises(HubSilent, match="15 s"):
        await questions.ask(HUB, ASK)
    hub.is_away = True
    with pytest.raises(HubAway):
        await questions.ask(HUB, ASK)
    with pytest.raises(CommandError, match="bytes"):
        await questions.ask(HUB, Question("POST", "/", "owner", bytes(LARGEST_QUESTION + 1)))


@story
async def test_a_hub_is_asked_a_few_questions_at_once_however_many_people_ask() -> None:
    hub = Hub(encode_message(Reply(200, "", b"")))
    hub.pause = 1.0
    questions = HubQuestions(hub, lambda: 0.0)
    await asyncio.gather(*(questions.ask(HUB, ASK, 60.0) for _ in range(20)))
    assert hub.most == MOST_AT_A_HUB
    assert questions.asked_hubs == 0


@story
async def test_all_who_look_at_a_home_share_one_stream_and_the_last_one_ends_it() -> None:
    hub = Hub(encode_message(Reply(200, "", b"")))
    looks = LiveLooks(hub)
    async with looks.look(HUB) as first:
        async with looks.look(HUB) as second:
            await asyncio.sleep(2.5 * LOOK_AGAIN_S)
            assert [one.method for one in hub.asked] == ["LOOK"] * 3
            assert len(hub.streams) == 1
            hub.streams[0](b'"change"')
            assert (bytes(first.get_nowait()), bytes(second.get_nowait())) == (b'"change"', b'"change"')
            for number in range(MOST_WAITING + 5):
                hub.streams[0](b"%d" % number)
            assert bytes(first.get_nowait()) == b"5"  # the oldest are dropped
        assert looks.hubs == 1
    assert (looks.hubs, hub.streams) == (0, [])


@story
async def test_what_a_hostile_hub_publishes_is_json_of_bounded_size_and_rate(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub(encode_message(Reply(200, "", b"")))
    async with LiveLooks(hub).look(HUB) as changes:
        await asyncio.sleep(1)
        for wrong in (b"", b"no JSON", b'["\xff"]', b"[" * 100_000, b"1 2", b'"%s"' % (b"x" * LARGEST)):
            hub.streams[0](wrong)
        assert changes.empty()
        large = b'"%s"' % (b"x" * (LARGEST - 2))
        for _ in range(5):
            hub.streams[0](large)
        assert changes.qsize() == AT_ONCE // LARGEST
        assert caplog.text.count("publishes more live values") == 1
        await asyncio.sleep(LARGEST / BYTES_PER_S + 1)
        hub.streams[0](large)
        hub.streams[0](large)
        assert changes.qsize() == AT_ONCE // LARGEST + 1


@story
async def test_a_home_that_is_away_comes_back_to_those_who_look() -> None:
    hub = Hub(encode_message(Reply(200, "", b"")))
    hub.is_away = True
    async with LiveLooks(hub).look(HUB):
        await asyncio.sleep(1)
        hub.is_away = False
        await asyncio.sleep(LOOK_AGAIN_S)
        assert len(hub.asked) == 1
