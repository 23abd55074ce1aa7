"""Commands of the fleet: 1,000 of them while the hub is killed at any step, and the single rules."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from unclouded.app.uplink.commands import CommandRules, FleetCommands
from unclouded.app.uplink.journal import KEPT_S, CommandJournal, JournalFile
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Command, Outcome
from unclouded.uplink.messages import CommandReport, FleetCommand
from virtual_loop import story

NOW = 1_800_000_000.0


class Killed(BaseException):
    """The process ends here."""


class Disk:
    """What survives kills: a list of lines. ``step`` is called before and after each write."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.step: Callable[[], None] = lambda: None

    def lines(self) -> list[bytes]:
        return list(self.kept)

    def append(self, line: bytes) -> None:
        self.step()
        self.kept.append(line[: len(line) // 2])  # half of it is written
        self.step()
        self.kept[-1] = line
        self.step()

    def replace(self, lines: Iterable[bytes]) -> None:
        found = list(lines)
        self.step()
        self.kept = found
        self.step()


class World:
    """Devices, the fleet and the disk, which outlive the hub."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.disk = Disk()
        self.disk.step = self.step
        self.now = NOW
        self.done: Counter[str] = Counter()  # what the devices did, by the value, which is the id
        self.known: dict[str, CommandReport] = {}  # what the fleet knows
        self.kills = 0
        self.until_kill = self.random.randrange(3, 60)

    def step(self) -> None:
        self.until_kill -= 1
        if self.until_kill == 0:
            self.kills += 1
            raise Killed

    def commits(self, report: CommandReport | None) -> None:
        """The fleet commits what comes; outcomes must never change."""
        if report is None or report.state == "accepted":
            return
        before = self.known.setdefault(report.id, report)
        assert (before.state, before.reason) == (report.state, report.reason)

    async def act(self, command: Command) -> Outcome:
        self.step()
        assert command.origin == "fleet:ana"
        self.done[str(command.value)] += 1
        self.step()
        if str(command.value).endswith("7"):
            raise CommandError("No.")
        return Outcome("confirmed")


async def at_once(work: Callable[[], Any]) -> Any:
    return work()


def hub(world: World, allowed: bool = True, reports: list[CommandReport] | None = None) -> FleetCommands:
    journal = CommandJournal(world.disk, lambda: world.now)
    journal.open()
    rules = CommandRules(allowed, {"7": "lamp"}.get, lambda device: "on", lambda device, point: "")
    sink = world.commits if reports is None else reports.append
    for one in journal.unknown():
        sink(one)
    return FleetCommands(journal, world.act, rules, lambda: world.now, sink, at_once)


def command(number: int, until: float = NOW + 3600, device: str = "7") -> FleetCommand:
    return FleetCommand(f"c{number}", device, "on", f"c{number}", int(until * 1000), "ana")


@pytest.mark.parametrize("seed", range(4))
def test_of_250_commands_with_kills_at_any_step_none_is_done_twice_and_no_outcome_changes(seed: int) -> None:
    world = World(seed)

    async def ask(chosen: list[int]) -> None:
        running = hub(world)
        for number in chosen:
            world.commits(await running.take(command(number)))
            if world.random.random() < 0.3:
                await running.reported(tuple(world.known.values()))

    open_ones = list(range(250))
    while open_ones:
        try:
            asyncio.run(ask(open_ones))
        except Killed:
            world.until_kill = world.random.randrange(3, 200)
        open_ones = [one for one in range(250) if f"c{one}" not in world.known]
    assert world.kills >= 5
    assert max(world.done.values()) == 1
    states = Counter(one.state for one in world.known.values())
    assert len(world.known) == 250
    assert states["confirmed"] + states["refused"] + states["timeout"] == 250
    for id, report in world.known.items():
        if report.state in ("confirmed", "refused"):
            assert world.done[id] == 1, id
    assert states["timeout"] <= world.kills


@story
async def test_a_repeated_command_gets_what_the_journal_says_also_after_a_restart() -> None:
    world = World(1)
    world.until_kill = -1
    first = await hub(world).take(command(1))
    assert first is not None
    assert first.state == "confirmed"
    reports: list[CommandReport] = []
    again = hub(world, reports=reports)
    assert await again.take(command(1)) == first
    assert world.done == {"c1": 1}
    assert reports == [first]  # until the fleet has it
    await again.reported((first,))
    reports = []
    hub(world, reports=reports)
    assert reports == []


@story
async def test_each_reason_why_it_is_not_carried_out_is_journalled() -> None:
    world = World(2)
    world.until_kill = -1
    assert state(await hub(world, allowed=False).take(command(1))) == "not_allowed"
    assert state(await hub(world).take(command(1))) == "not_allowed"  # the outcome does not change any more
    assert state(await hub(world).take(command(2, until=NOW - 1))) == "expired"
    assert state(await hub(world).take(command(3, device="8"))) == "refused"
    assert not world.done


@story
async def test_before_the_clock_is_trusted_nothing_is_judged() -> None:
    world = World(3)
    world.until_kill = -1
    clock: list[float | None] = [None]
    journal = CommandJournal(world.disk, lambda: world.now)
    journal.open()
    rules = CommandRules(True, lambda id: "lamp", lambda device: "", lambda device, point: "")
    running = FleetCommands(journal, world.act, rules, lambda: clock[0], world.commits, at_once)
    assert await running.take(command(1)) is None
    assert journal.find("c1") is None
    clock[0] = NOW
    assert state(await running.take(command(1))) == "confirmed"
    assert world.done == {"c1": 1}


@story
async def test_a_slow_device_answers_accepted_first_and_the_outcome_comes_as_a_report() -> None:
    world, reports = World(4), list[CommandReport]()
    world.until_kill = -1
    running = hub(world, reports=reports)

    async def slow(wanted: Command) -> Outcome:
        await asyncio.sleep(20)
        return Outcome("timeout", "It does not answer.")

    running._act = slow
    assert state(await running.take(command(1))) == "accepted"
    assert state(await running.take(command(1))) == "accepted"
    await asyncio.sleep(20)
    assert [one.state for one in reports] == ["timeout"]
    assert state(await running.take(command(1))) == "timeout"


@story
async def test_a_full_disk_keeps_the_outcome_until_it_can_be_noted() -> None:
    world, reports = World(5), list[CommandReport]()
    world.until_kill = -1
    running = hub(world, reports=reports)

    def full() -> None:
        raise OSError(28, "No space left on device")

    async def fill(wanted: Command) -> Outcome:
        world.disk.step = full
        return Outcome("confirmed")

    running._act = fill
    assert state(await running.take(command(1))) == "accepted"
    await asyncio.sleep(60)
    assert reports == []
    world.disk.step = lambda: None
    await asyncio.sleep(60)
    assert [one.state for one in reports] == ["confirmed"]
    world.disk.step = full
    assert await running.take(command(2)) is None  # never carried out without a journal


def test_ids_are_kept_for_30_days_and_the_file_stays_small(tmp_path: Path) -> None:
    now = [NOW]
    journal = CommandJournal(JournalFile(tmp_path / "fleet" / "commands.jsonl"), lambda: now[0])
    journal.open()
    for number in range(3):
        journal.accept(f"c{number}", "lamp on = true by ana")
        journal.end(f"c{number}", "confirmed", "")
    journal.reported([CommandReport("c0", "confirmed")])
    again = CommandJournal(JournalFile(tmp_path / "fleet" / "commands.jsonl"), lambda: now[0])
    again.open()
    assert [one.id for one in again.unknown()] == ["c1", "c2"]
    assert len((tmp_path / "fleet" / "commands.jsonl").read_bytes().splitlines()) == 3
    now[0] += KEPT_S
    again.open()
    assert again.find("c0") is None
    assert again.find("c1") is not None  # the fleet does not have it yet


def test_where_30_days_are_full_no_more_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.app.uplink.journal.MOST", 3)
    journal = CommandJournal(Disk(), lambda: NOW)
    journal.open()
    for number in range(3):
        journal.accept(f"c{number}", "")
    with pytest.raises(StoreError, match="takes no more"):
        journal.accept("c3", "")
    assert journal.find("c0") is not None


def state(report: CommandReport | None) -> str:
    assert report is not None
    return report.state
