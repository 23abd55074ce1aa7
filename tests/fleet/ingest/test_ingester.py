"""Messages of hubs go into the database in batches, and an answer is given for what is committed, and only then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.system.supervise import supervise
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable
from unclouded.fleet.base.views import HubWindows, StoredWindows
from unclouded.fleet.ingest.arrival import UNREADABLE_S
from unclouded.fleet.ingest.hub_flow import AT_ONCE, MOST_WAITING_OF_HUB
from unclouded.fleet.ingest.ingester import BATCH, MOST_REPORTS, Ingester
from unclouded.uplink.messages import (
    LARGEST,
    VERSION,
    Answer,
    CommandReport,
    HubState,
    RefusedWindow,
    Reports,
    SentWindow,
    Windows,
    decode_message,
    encode_message,
)
from virtual_loop import story, virtual_run

HUB, OTHER = "a" * 20, "b" * 20
HUBS = [HUB, OTHER, *(f"{chr(97 + number % 26) * 19}{chr(97 + number // 26)}" for number in range(52, 280))]


class Database:
    """Keeps the highest number of each window. ``trouble``: what happens instead of the next transactions."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str, int], SentWindow] = {}
        self.states: dict[str, HubState] = {}
        self.reports: list[CommandReport] = []
        self.transactions: list[int] = []
        self.trouble: list[Exception | float] = []
        self.poison = b""
        self.unknown = ""
        self.cost_s: dict[str, float] = {}

    async def store_windows(self, batch: Sequence[HubWindows], now: float) -> list[StoredWindows]:
        await self._happen()
        if self.poison and any(self.poison in window.data for one in batch for window in one.windows):
            raise BaseRefused("invalid byte sequence")
        if any(window.data == b"crash" for one in batch for window in one.windows):
            raise ZeroDivisionError
        self.transactions.append(len(batch))
        return [self._store(one) for one in batch]

    async def store_states(self, states: Mapping[str, HubState], now: float) -> None:
        await self._happen()
        self.states |= states

    async def store_reports(self, hub: str, reports: Sequence[CommandReport], now: float) -> bool:
        await self._happen()
        self.reports += reports
        return hub != self.unknown

    def _store(self, one: HubWindows) -> StoredWindows:
        if one.hub == self.unknown:
            return StoredWindows(known=False)
        refused = tuple(RefusedWindow(window.start, "damaged") for window in one.windows if window.data == b"damaged")
        for window in one.windows:
            known = self.windows.get((one.hub, one.level, window.start))
            if known is None or known.number < window.number:
                self.windows[one.hub, one.level, window.start] = window
        cost_s = self.cost_s.get(one.hub, 0.0)
        return StoredWindows(stored=len(one.windows) - len(refused), refused=refused, cost_s=cost_s)

    async def _happen(self) -> None:
        match self.trouble and self.trouble.pop(0):
            case Exception() as error:
                raise error
            case float(pause):
                await asyncio.sleep(pause)


class Line:
    """Both ends of the connection: what was answered, by the inbox."""

    def __init__(self, base: Database, most_waiting: int = 1000) -> None:
        self.answers: dict[str, list[Answer]] = {}
        loop = asyncio.get_running_loop()
        self.ingester = Ingester(base, self.publish, lambda: 1e9, loop.time, lambda: 0.5, most_waiting)
        self._count = 0

    def publish(self, subject: str, data: bytes) -> bool:
        message = decode_message(data)
        assert isinstance(message, Answer)
        self.answers.setdefault(subject, []).append(message)
        return True

    def send(self, message: Windows | HubState | Reports | bytes, hub: str = HUB) -> str:
        self._count += 1
        inbox = f"_INBOX.{hub}.{self._count}"
        self.ingester.receive(f"up.0.{hub}", message if isinstance(message, bytes) else encode_message(message), inbox)
        return inbox


@contextlib.asynccontextmanager
async def running(base: Database, most_waiting: int = 1000) -> AsyncIterator[Line]:
    line = Line(base, most_waiting)
    task = asyncio.create_task(
        supervise("ingester", line.ingester.run, line.ingester.crashed, lambda pause: asyncio.sleep(0.1))
    )
    yield line
    task.cancel()


def window(start: int, number: int = 1, data: bytes = b"content", level: str = "raw") -> Windows:
    return Windows(level, (SentWindow(start, number, data),))


@story
async def test_reports_that_the_database_refuses_are_logged_once_in_ten_minutes_for_each_hub(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A hub that sends an id with a NUL fifty times a second does not fill the log."""
    base = Database()
    async with running(base) as line:
        for hub in (HUB, HUB, OTHER):
            base.trouble = [BaseRefused("invalid byte sequence")]
            inbox = line.send(Reports((CommandReport("\0", "confirmed"),)), hub)
            await asyncio.sleep(1)
            assert line.answers[inbox] == [Answer(True)]
    assert caplog.messages == [
        f"Reports of the hub {hub} were not stored: invalid byte sequence" for hub in (HUB, OTHER)
    ]


@story
async def test_messages_that_come_together_are_one_transaction_and_each_is_answered() -> None:
    base = Database()
    async with running(base) as line:
        inboxes = [line.send(window(300 * number), hub) for number in range(2) for hub in HUBS[:10]]
        inboxes.append(line.send(HubState(1.0, "1.0", behind=3)))
        inboxes.append(line.send(Reports((CommandReport("c1", "confirmed"),))))
        await asyncio.sleep(1)
        assert base.transactions == [20]
        assert len(base.windows) == 20
        assert base.states[HUB].behind == 3
        assert base.reports == [CommandReport("c1", "confirmed")]
        assert all(line.answers[inbox] == [Answer(True)] for inbox in inboxes)


@story
async def test_a_message_with_thousands_of_reports_is_put_off_unread() -> None:
    base = Database()
    async with running(base) as line:
        inbox = line.send(Reports((CommandReport("c", "held"),) * (MOST_REPORTS + 1)))
        await asyncio.sleep(1)
        assert line.answers[inbox] == [Answer(False, wait_s=UNREADABLE_S)]
        assert base.reports == []


@story
async def test_a_transaction_has_a_limit() -> None:
    base = Database()
    async with running(base) as line:
        for number in range(3 * BATCH):
            line.send(window(300 * number), HUBS[number])
        await asyncio.sleep(1)
    assert base.transactions == [BATCH] * 3


@story
async def test_a_hub_that_floods_is_read_little_and_then_dropped_and_others_are_stored() -> None:
    base = Database()
    async with running(base) as line:
        flood = [line.send(window(300 * number)) for number in range(1000)]
        inbox = line.send(window(300), OTHER)
        await asyncio.sleep(1)
        assert line.answers[inbox] == [Answer(True)]
        assert base.transactions == [MOST_WAITING_OF_HUB + 1]
        assert sum(one in line.answers for one in flood) == AT_ONCE
        assert line.ingester.counters.dropped == 1000 - AT_ONCE
        await asyncio.sleep(10)
        inbox = line.send(window(0, 2))
        await asyncio.sleep(1)
        assert line.answers[inbox] == [Answer(True)]


@story
async def test_a_hub_whose_content_takes_long_to_read_waits_and_others_do_not() -> None:
    base = Database()
    base.cost_s = {HUB: 1.5}
    async with running(base) as line:
        line.send(window(300))
        await asyncio.sleep(1)
        for hub, is_done in ((HUB, False), (OTHER, True)):
            inbox = line.send(window(600), hub)
            await asyncio.sleep(1)
            assert line.answers[inbox][0].done == is_done
            assert is_done or 28 <= line.answers[inbox][0].wait_s <= 30
        await asyncio.sleep(30)
        inbox = line.send(window(600))
        await asyncio.sleep(1)
        assert line.answers[inbox] == [Answer(True)]


@story
async def test_nothing_is_done_before_it_is_committed() -> None:
    base = Database()
    base.trouble = [5.0]
    async with running(base) as line:
        inbox = line.send(window(300))
        await asyncio.sleep(4)
        assert line.answers == {}
        await asyncio.sleep(4)
        assert line.answers[inbox] == [Answer(True)]


@story
async def test_without_the_database_hubs_are_asked_to_wait_and_nothing_is_tried_for_a_moment() -> None:
    base = Database()
    base.trouble = [BaseUnavailable("It restarts.")]
    async with running(base) as line:
        first = line.send(window(300))
        await asyncio.sleep(1)
        second = line.send(window(600))
        await asyncio.sleep(0.1)
        for inbox in (first, second):
            (answer,) = line.answers[inbox]
            assert not answer.done
            assert answer.wait_s >= 2
        assert base.transactions == []
        await asyncio.sleep(3)
        third = line.send(window(300))
        await asyncio.sleep(1)
        assert line.answers[third] == [Answer(True)]


@story
async def test_a_transaction_that_hangs_is_given_up() -> None:
    base = Database()
    base.trouble = [3600.0]
    async with running(base) as line:
        inbox = line.send(window(300))
        await asyncio.sleep(60)
        assert [answer.done for answer in line.answers[inbox]] == [False]


@story
async def test_a_state_that_is_not_stored_takes_no_windows_with_it() -> None:
    base = Database()
    async with running(base) as line:
        inbox, state = line.send(window(300)), line.send(HubState(1.0, "1.0"))
        base.trouble = [0.0, BaseUnavailable("It restarts.")]
        await asyncio.sleep(1)
        assert line.answers[inbox] == [Answer(True)]
        assert [answer.done for answer in line.answers[state]] == [False]


@story
async def test_what_the_database_refuses_does_not_stop_what_came_with_it() -> None:
    base = Database()
    base.poison = b"\x00poison"
    async with running(base) as line:
        good, bad = line.send(window(300)), line.send(window(600, data=b"\x00poison"), OTHER)
        mixed = line.send(Windows("raw", (SentWindow(900, 1, b"damaged"), SentWindow(1200, 1, b"content"))))
        await asyncio.sleep(1)
        assert line.answers[good] == [Answer(True)]
        assert line.answers[bad] == [Answer(True, (RefusedWindow(600, "invalid byte sequence"),))]
        assert line.answers[mixed] == [Answer(True, (RefusedWindow(900, "damaged"),))]
        assert line.ingester.counters.refused == 1


@story
async def test_a_message_that_crashes_the_program_is_refused_and_the_others_are_stored() -> None:
    base = Database()
    async with running(base) as line:
        inboxes: dict[str, str] = {}
        for _ in range(2):  # the hubs ask again, as without an answer
            inboxes = {hub: line.send(window(300, data=data), hub) for hub, data in ((HUB, b"crash"), (OTHER, b"good"))}
            await asyncio.sleep(5)
        assert line.answers[inboxes[OTHER]] == [Answer(True)]
        assert [one.start for one in line.answers[inboxes[HUB]][0].refused] == [300]


@story
async def test_more_than_can_wait_is_asked_to_come_later() -> None:
    base = Database()
    base.trouble = [1.0]
    async with running(base, most_waiting=10) as line:
        inboxes = [line.send(window(300 * number), HUBS[number]) for number in range(30)]
        await asyncio.sleep(10)
        done = [line.answers[inbox][0].done for inbox in inboxes]
        assert done == [True] * 10 + [False] * 20
        assert all(line.answers[inbox][0].wait_s > 1 for inbox in inboxes[10:])
        assert line.ingester.counters.busy == 20


@story
async def test_a_hub_that_the_database_does_not_know_gets_nothing_done() -> None:
    base = Database()
    base.unknown = HUB
    async with running(base) as line:
        inboxes = [line.send(window(300)), line.send(Reports(()))]
        await asyncio.sleep(1)
        assert [(line.answers[one][0].done, line.answers[one][0].wait_s) for one in inboxes] == [(False, 3600)] * 2


@story
async def test_an_answer_goes_only_to_the_hub_that_asked() -> None:
    """A hub could name any subject for it: the fleet may publish to all hubs."""
    base = Database()
    async with running(base) as line:
        for reply in (f"down.{OTHER}.command", f"_INBOX.{OTHER}.1", f"_INBOX.{HUB}.*", ""):
            line.ingester.receive(f"up.0.{HUB}", encode_message(window(300)), reply)
        line.ingester.receive("up.0.nonsense", encode_message(window(300)), "_INBOX.nonsense.1")
        await asyncio.sleep(1)
        assert line.answers == {}


LATER = bytes([VERSION + 7]) + msgspec.msgpack.encode(["windows", "raw", [[300, 1, b""]]])
UNREADABLE = bytes([VERSION]) + msgspec.msgpack.encode(["windows", "raw", [[300, 1, b""], [600, "one", b""]]])
THOUSANDS = bytes([VERSION]) + msgspec.msgpack.encode(["windows", "raw", [[start] for start in range(20_000)]])


@pytest.mark.parametrize(
    ("data", "starts"),
    [
        (b"", []),
        (LATER, []),
        (UNREADABLE, [300, 600]),
        (THOUSANDS, []),  # an answer that refuses each would be larger than a message of NATS
        (bytes([VERSION]) + msgspec.msgpack.encode(["windows", "raw", [[300, 1, b""], 600]]), []),
        (bytes([VERSION]) + msgspec.msgpack.encode(["telegrams", 1]), []),
        (encode_message(window(300, data=bytes(LARGEST))), [300]),
    ],
)
def test_windows_that_cannot_be_read_are_refused_and_what_cannot_be_taken_apart_waits(
    data: bytes, starts: list[int]
) -> None:
    async def run() -> None:
        async with running(Database()) as line:
            inbox = line.send(data)
            await asyncio.sleep(1)
            (answer,) = line.answers[inbox]
            assert answer.done == bool(starts)
            assert [one.start for one in answer.refused] == starts
            assert bool(answer.wait_s) != answer.done
            assert line.ingester.counters.unknown == 1

    virtual_run(run())


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_no_bytes_crash_it(data: bytes) -> None:
    async def run() -> None:
        async with running(Database()) as line:
            line.send(data)
            line.send(bytes([VERSION]) + data)
            after = line.send(window(300))
            await asyncio.sleep(1)
            assert line.answers[after] == [Answer(True)]

    virtual_run(run())


@story
async def test_what_waits_at_the_end_is_stored_and_answered() -> None:
    base = Database()
    line = Line(base)
    inboxes = [line.send(window(300 * number), HUBS[number]) for number in range(100)]
    task = asyncio.create_task(line.ingester.run())
    await asyncio.sleep(0.001)  # it has begun, and waits
    line.ingester.end()
    await task
    assert len(base.windows) == 100
    assert all(line.answers[inbox] == [Answer(True)] for inbox in inboxes)


@settings(max_examples=25)
@given(st.data())
def test_whatever_fails_what_was_answered_is_stored(data: st.DataObject) -> None:
    """Each hub asks until it is answered; then the database has that window, or a newer one."""

    async def run() -> None:
        base = Database()
        kinds: list[float | Exception] = [0.0, 0.5, 40.0]
        kinds += [BaseUnavailable("away"), BaseRefused("bad"), OSError("crash")]
        base.trouble = data.draw(st.lists(st.sampled_from(kinds), max_size=6))
        async with running(base, most_waiting=5) as line:

            async def ask(hub: str, start: int) -> None:
                for number in range(1, 50):
                    inbox = line.send(window(start, number), hub)
                    await asyncio.sleep(5)
                    match line.answers.get(inbox):
                        case [Answer(done=True, refused=()), *_]:
                            assert base.windows[hub, "raw", start].number >= number
                            return
                        case [Answer(done=True), *_]:
                            return  # refused
                raise AssertionError("never done")

            hubs = [chr(97 + number) * 20 for number in range(8)]
            await asyncio.gather(*(ask(hub, 300) for hub in hubs))

    virtual_run(run())
