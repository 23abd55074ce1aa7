"""Commands reach their hub once or provably never; only the hub says what became of what may have reached it."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import LinkError
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import CommandFate, DueCommand
from unclouded.fleet.calls.dispatcher import CommandDispatcher
from unclouded.fleet.calls.hub_link import HubAway, HubSilent
from unclouded.uplink.messages import CommandReport, FleetCommand, decode_message, encode_message
from virtual_loop import story, virtual_run

HUB = "a" * 20
OPEN = ("waiting", "sent", "accepted")


class Row:
    """A command in the database. ``uncertain``: a try has begun whose end is not known."""

    def __init__(self, id: str, hub: str, until: float) -> None:
        self.id, self.hub, self.until = id, hub, until
        self.fate: CommandFate = "waiting"
        self.tried: float | None = None
        self.tries = 0
        self.uncertain = False
        self.value: bool | int = True

    def due(self) -> DueCommand:
        return DueCommand(
            id=self.id, hub=self.hub, device="pump", point="on", value=self.value, who="anna", until=self.until,
            fate=self.fate, tries=self.tries, tried=self.tried,
        )  # fmt: skip


class Commands:
    """What the database keeps of commands, by the rules of its own tests."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.is_away = False

    def add(self, id: str, until: float, hub: str = HUB) -> Row:
        return self.rows.setdefault(id, Row(id, hub, until))

    async def due(self, now: float, again_s: float = 60.0, most: int = 200) -> list[DueCommand]:
        self._look()
        return self._try([row for row in self.rows.values() if row.tried is None or row.tried + again_s <= now], now)

    async def due_of(self, hub: str, now: float) -> list[DueCommand]:
        self._look()
        return self._try([row for row in self.rows.values() if row.hub == hub], now)

    async def absent(self, id: str, now: float) -> None:
        self._look()
        self.rows[id].uncertain = False

    async def sent(self, id: str, now: float) -> None:
        self._look()
        row = self.rows[id]
        row.fate = "sent" if row.fate == "waiting" else row.fate

    async def reported(self, report: CommandReport, hub: str, now: float) -> None:
        self._look()
        self.rows[report.id].fate = report.state

    async def end_undelivered(self, now: float) -> list[str]:
        self._look()
        ended = [row for row in self.rows.values() if row.fate == "waiting" and not row.uncertain and row.until < now]
        for row in ended:
            row.fate = "undelivered"
        return [row.id for row in ended]

    def _try(self, rows: list[Row], now: float) -> list[DueCommand]:
        chosen = [row for row in rows if row.fate in OPEN]
        for row in chosen:
            row.tried, row.tries = now, row.tries + 1
            if row.uncertain:
                row.fate = "sent" if row.fate == "waiting" else row.fate
            row.uncertain = True
        return [row.due() for row in chosen]

    def _look(self) -> None:
        if self.is_away:
            raise BaseUnavailable("It restarts.")


class Hub:
    """The hub's end: a journal of ids, and what it did. ``is_away``: not connected; ``is_silent``: answers get lost."""

    def __init__(self) -> None:
        self.is_away = self.is_silent = False
        self.journal: dict[str, CommandReport] = {}
        self.done: list[str] = []
        self.most = self.now = 0

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        if self.is_away:
            raise HubAway("away")
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        command = decode_message(data)
        assert isinstance(command, FleetCommand)
        if command.id not in self.journal:
            loop = asyncio.get_running_loop()
            is_late = command.until < loop.time() * 1000
            self.journal[command.id] = CommandReport(command.id, "expired" if is_late else "confirmed")
            self.done += [] if is_late else [command.id]
        if self.is_silent:
            await asyncio.sleep(timeout_s)
            raise HubSilent("no answer")
        return encode_message(self.journal[command.id])


def dispatcher(commands: Commands, hub: Hub) -> CommandDispatcher:
    return CommandDispatcher(commands, hub, asyncio.get_running_loop().time, timeout_s=2.0)


@story
async def test_a_command_is_delivered_and_its_outcome_is_kept() -> None:
    commands, hub = Commands(), Hub()
    task = asyncio.create_task(dispatcher(commands, hub).run())
    row = commands.add("c1", until=100)
    await asyncio.sleep(2)
    assert (row.fate, hub.done) == ("confirmed", ["c1"])
    task.cancel()


@story
async def test_a_command_that_cannot_be_sent_is_refused_and_holds_up_no_others() -> None:
    commands, hub = Commands(), Hub()
    task = asyncio.create_task(dispatcher(commands, hub).run())
    huge = commands.add("c1", until=100)
    huge.value = 2**64
    other = commands.add("c2", until=100)
    await asyncio.sleep(2)
    assert (huge.fate, other.fate, hub.done) == ("refused", "confirmed", ["c2"])
    task.cancel()


@story
async def test_a_hub_that_is_away_gets_it_as_soon_as_it_says_hello() -> None:
    commands, hub = Commands(), Hub()
    one = dispatcher(commands, hub)
    task = asyncio.create_task(one.run())
    row = commands.add("c1", until=100)
    hub.is_away = True
    await asyncio.sleep(5)
    assert [row.fate] == ["waiting"]
    hub.is_away = False
    one.connected(HUB)
    await asyncio.sleep(0.5)
    assert row.fate == "confirmed"
    task.cancel()


@story
async def test_what_provably_reached_no_one_until_its_end_is_undelivered() -> None:
    commands, hub = Commands(), Hub()
    hub.is_away = True
    task = asyncio.create_task(dispatcher(commands, hub).run())
    row = commands.add("c1", until=60)
    await asyncio.sleep(59)
    assert [row.fate] == ["waiting"]
    await asyncio.sleep(5)
    assert row.fate == "undelivered"
    hub.is_away = False
    await asyncio.sleep(100)
    assert hub.done == []
    task.cancel()


@story
async def test_of_what_may_have_been_delivered_only_the_hub_says_what_became_of_it() -> None:
    commands, hub = Commands(), Hub()
    hub.is_silent = True
    task = asyncio.create_task(dispatcher(commands, hub).run())
    row = commands.add("c1", until=30)
    await asyncio.sleep(10)
    hub.is_away = True  # from now on no one is there
    await asyncio.sleep(100)
    assert row.fate == "sent"
    hub.is_away = hub.is_silent = False
    await asyncio.sleep(60)
    assert (row.fate, hub.done) == ("confirmed", ["c1"])
    task.cancel()


@story
async def test_the_database_may_be_away_for_a_while() -> None:
    commands, hub = Commands(), Hub()
    task = asyncio.create_task(dispatcher(commands, hub).run())
    row = commands.add("c1", until=100)
    commands.is_away = True
    await asyncio.sleep(20)
    commands.is_away = False
    await asyncio.sleep(20)
    assert row.fate == "confirmed"
    task.cancel()


@story
async def test_commands_to_many_homes_are_sent_a_number_at_a_time() -> None:
    commands, hub = Commands(), Hub()
    for number in range(500):
        commands.add(f"c{number}", until=1000, hub=f"{number:020}")
    one = CommandDispatcher(_Slices(commands), hub, asyncio.get_running_loop().time)
    task = asyncio.create_task(one.run())
    await asyncio.sleep(5)
    assert {row.fate for row in commands.rows.values()} == {"confirmed"}
    assert hub.most <= 256
    task.cancel()


@story
async def test_a_hub_that_is_silent_holds_up_no_other_home() -> None:
    class OneIsSilent(Hub):
        async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
            if HUB in subject:
                await asyncio.sleep(timeout_s)
                raise HubSilent("no answer")
            return await super().request(subject, data, timeout_s)

    commands, hub = Commands(), OneIsSilent()
    one = dispatcher(commands, hub)
    commands.add("c1", until=100)
    task = asyncio.create_task(one.run())
    await asyncio.sleep(0.5)
    row = commands.add("c2", until=100, hub="b" * 20)
    one.wake()
    await asyncio.sleep(0.5)  # the first one still waits for its answer
    assert (row.fate, commands.rows["c1"].fate) == ("confirmed", "waiting")
    task.cancel()


class _Slices(Commands):
    """Gives no more than it is asked for."""

    def __init__(self, whole: Commands) -> None:
        super().__init__()
        self.rows = whole.rows

    async def due(self, now: float, again_s: float = 60.0, most: int = 200) -> list[DueCommand]:
        due = [row for row in self.rows.values() if row.tried is None or row.tried + again_s <= now]
        return self._try([row for row in due if row.fate in OPEN][:most], now)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_whatever_ends_and_fails_nothing_is_done_twice_and_no_one_disagrees(seed: int) -> None:
    """Two servers that end at any moment, a hub that comes and goes, a database that restarts."""
    chance = random.Random(seed)

    async def run() -> None:
        commands, hub = Commands(), Hub()
        loop = asyncio.get_running_loop()
        servers = [asyncio.create_task(dispatcher(commands, hub).run()) for _ in range(2)]
        for step in range(40):
            commands.add(f"c{step}", until=loop.time() + chance.choice((1, 5, 30)))
            hub.is_away, hub.is_silent = chance.random() < 0.4, chance.random() < 0.3
            commands.is_away = chance.random() < 0.2
            if chance.random() < 0.3:
                place = chance.randrange(2)
                servers[place].cancel()
                servers[place] = asyncio.create_task(dispatcher(commands, hub).run())
            await asyncio.sleep(chance.random() * 3)
        hub.is_away = hub.is_silent = commands.is_away = False
        await asyncio.sleep(200)
        for task in servers:
            task.cancel()
        assert len(hub.done) == len(set(hub.done))
        for row in commands.rows.values():
            said = hub.journal.get(row.id)
            assert row.fate == (said.state if said else "undelivered")

    virtual_run(run())


@pytest.mark.parametrize("answer", [b"", encode_message(CommandReport("another", "confirmed"))])
def test_an_answer_that_says_nothing_about_it_is_no_outcome(answer: bytes) -> None:
    class Odd(Hub):
        async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
            return answer

    async def run() -> None:
        commands = Commands()
        row = commands.add("c1", until=100)
        task = asyncio.create_task(dispatcher(commands, Odd()).run())
        await asyncio.sleep(0.5)
        assert row.fate == "sent"
        task.cancel()

    virtual_run(run())


@story
async def test_a_connection_that_is_down_proves_nothing() -> None:
    class Down(Hub):
        async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
            raise LinkError("not connected")

    commands = Commands()
    row = commands.add("c1", until=100)
    task = asyncio.create_task(dispatcher(commands, Down()).run())
    await asyncio.sleep(0.5)
    assert row.fate == "sent"
    task.cancel()
