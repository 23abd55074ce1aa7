"""Both ends of the uplink for stories: a hub with a real store, and a fleet that is a dict. The clock is virtual."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec

from store.day_digest import digest_of
from store.test_rollup import NOON, Keeper, plug
from unclouded.store.outbox import StoreOutbox, mark_restored
from unclouded.store.reading.reader import StoreReader
from unclouded.store.samples import Samples
from unclouded.uplink.contents.energy import EnergyWindow, HourEnergy
from unclouded.uplink.let_out import LetOutFilter, LetOutRules
from unclouded.uplink.messages import (
    Answer,
    CommandReport,
    DaySum,
    Hello,
    HubState,
    HubToken,
    RefusedWindow,
    Renew,
    Reports,
    Welcome,
    Windows,
    decode_message,
    encode_message,
)
from unclouded.uplink.outputs import (
    Acknowledge,
    Again,
    AskDirty,
    AskSums,
    Output,
    RaiseNumbers,
    ReadWindow,
    Refuse,
    ReportsCommitted,
    Send,
    TryRefused,
)
from unclouded.uplink.session import UplinkSession
from unclouded.uplink.window_reader import WindowReader

ALL = LetOutRules(level="raw", names=True, events=True)
Place = tuple[str, int]


class FleetEnd:
    """Keeps of each window the content with the highest number. ``unreadable``: why it refuses a window."""

    def __init__(self) -> None:
        self.windows: dict[Place, tuple[int, bytes]] = {}
        self.committed: set[tuple[str, int, int]] = set()  # whatever was, at any time
        self.reports: dict[str, CommandReport] = {}
        self.states: list[HubState] = []
        self.hellos: list[Hello] = []
        self.unreadable: Callable[[str, int], str] = lambda level, start: ""
        self.spread_s = 0.0
        self.again: tuple[float, int] = (0.0, 0)
        self.messages = 0

    def answer(self, data: bytes) -> bytes | None:
        message = decode_message(data)
        self.messages += not isinstance(message, HubState)
        match message:
            case Hello():
                self.hellos.append(message)
                return encode_message(self._welcome(message))
            case Windows(level, windows):
                refused = []
                for one in windows:
                    if reason := self.unreadable(level, one.start):
                        refused.append(RefusedWindow(one.start, reason))
                        continue
                    self.committed.add((level, one.start, one.number))
                    if one.number > self.windows.get((level, one.start), (0,))[0]:
                        self.windows[level, one.start] = one.number, one.data
                return encode_message(Answer(True, tuple(refused)))
            case HubState():
                self.states.append(message)
                return None
            case Reports(reports):
                self.reports |= {one.id: one for one in reports}
                return encode_message(Answer(True))
            case Renew(key):
                return encode_message(HubToken(f"token of {key}", 1e9))
        raise AssertionError(message)

    def _welcome(self, hello: Hello) -> Welcome:
        differing = {
            level: tuple(one.day for one in sums if self.day(level, one.day) != (one.count, one.numbers))
            for level, sums in hello.sums.items()
        }
        since, number = self.again
        wanted = since if number > hello.again_done else None
        highest = max((number for number, _ in self.windows.values()), default=0)
        return Welcome(self.spread_s, 3, (), differing, wanted, number, highest)

    def day(self, level: str, day: int) -> tuple[int, int]:
        return digest_of(self.windows, level, day)


class HubEnd:
    """A store, and the session with its driver. ``sent``: messages that the test has to deliver."""

    def __init__(self, path: Path, rules: LetOutRules = ALL, levels: tuple[str, ...] | None = None) -> None:
        self.keeper = Keeper(path)
        self.keeper.wall = NOON + 10 * 3600.0
        self.rules = rules
        self.seeded = random.Random(1)
        self.now = 0.0
        self.levels = levels
        self.committed: set[tuple[str, int, int]] | None = None
        self.again_done = 0
        self.keeper.writer.write([msgspec.structs.replace(plug(), name="Lamp")])
        self.start()

    def start(self) -> None:
        """The hub starts, with what is in its store."""
        self.keeper.db.execute("PRAGMA synchronous = OFF")
        self.reader = StoreReader(self.keeper.path)
        self.windows = WindowReader(self.reader, self.rules, self.energy, "Europe/Berlin", "1.0")
        chosen = self.windows.filter()
        self.outbox.subscribe(self.levels or chosen.levels())
        self.session = UplinkSession("1.0", chosen.message(), self.seeded.random, self.again_done)
        self.sent: list[Send] = []
        self.outputs: list[Output] = []

    @property
    def outbox(self) -> StoreOutbox:
        return self.keeper.writer.outbox

    def energy(self, start: int, chosen: LetOutFilter) -> EnergyWindow:
        """The last values of counters in an hour, whatever is rolled up."""
        db, last = self.keeper.db, dict[int, int]()
        samples = Samples(lambda query, *values: db.execute(query, values).fetchall())
        counters = {number for (number,) in db.execute("SELECT id FROM series WHERE kind = 'counter'")}
        for (device,) in db.execute("SELECT number FROM device").fetchall():
            for _, entries in samples.read(device, start, start + 3600):
                last |= {one[1]: one[2] for one in entries if one[1] in counters}
        return EnergyWindow(tuple(HourEnergy(*one) for one in sorted(last.items())))

    def close(self) -> None:
        self.reader.close()
        self.keeper.close()

    def restart(self) -> None:
        wall = self.keeper.wall
        self.reader.close()
        self.keeper.restart()
        self.keeper.wall = wall
        self.start()

    def snapshot(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.keeper.db.execute(f"VACUUM INTO '{path}'")

    def restore(self, path: Path, wall: float) -> None:
        """Another copy takes the place of the store, with a clock that says something else."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.keeper.path}{suffix}").unlink(missing_ok=True)
        self.keeper.path.write_bytes(path.read_bytes())
        mark_restored(self.keeper.path, lambda: wall)
        self.keeper = Keeper(self.keeper.path)
        self.keeper.wall = wall
        self.start()

    # --- the driver

    def work(self) -> None:
        """Execute what the session outputs."""
        while outputs := self.session.outputs():
            for one in outputs:
                self.outputs.append(one)
                self._execute(one)

    def wait(self, seconds: float) -> None:
        """Time goes on; the session is ticked when it wants."""
        until = self.now + seconds
        self.work()
        while (due := self.session.deadline) is not None and due <= until:
            self._goes_to(max(due, self.now))
            self.session.tick(self.now)
            self.work()
        self._goes_to(until)

    def _goes_to(self, now: float) -> None:
        self.keeper.wall += now - self.now
        self.now = now

    def _execute(self, output: Output) -> None:
        match output:
            case Send():
                self.sent.append(output)
            case AskDirty(most):
                self.session.dirty(self.outbox.closed(most), self.now)
            case ReadWindow(window, as_of):
                *_, data = self.windows.read(window, as_of)
                self.session.content(window, data, self.now)
            case AskSums(days):
                sums = {
                    level: [DaySum(day, one.count, one.numbers) for day, one in found]
                    for level, found in self.outbox.sums(days).items()
                }
                self.session.sums(sums, self.outbox.behind(), self.now)
            case Acknowledge(level, start, number):
                assert self.committed is None or (level, start, number) in self.committed
                self.outbox.acknowledge(level, start, number)
            case Refuse(level, start, number):
                self.outbox.refuse(level, start, number)
            case TryRefused():
                self.outbox.try_refused()
            case Again(since, until, levels, number):
                self.outbox.again(since, until, levels)
                self.again_done = max(number, self.again_done)
            case RaiseNumbers(above):
                self.outbox.raise_numbers(above)
            case ReportsCommitted():
                pass


class Wire:
    """Brings messages to the fleet and answers back, at once and in order."""

    def __init__(self, hub: HubEnd, fleet: FleetEnd) -> None:
        self.hub, self.fleet = hub, fleet
        hub.committed = fleet.committed

    def connect(self) -> None:
        self.hub.session.connected(self.hub.now)
        self.hub.work()

    def run(self, seconds: float, step: float = 1.0) -> None:
        """Until the time is over; everything is delivered at once."""
        until = self.hub.now + seconds
        self.deliver()
        while self.hub.now < until:
            self.hub.wait(min(step, until - self.hub.now))
            self.deliver()

    def deliver(self) -> None:
        while self.hub.sent:
            message = self.hub.sent.pop(0)
            answer = self.fleet.answer(message.data)
            if answer is not None:
                self.hub.session.answered(message.serial, answer, self.hub.now)
                self.hub.work()
