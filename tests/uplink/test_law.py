"""Whatever is lost, repeated, reordered, late, restarted or restored: in the end the fleet has what the store has."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from store.test_rollup import NOON, plug, watts
from unclouded.core.model import Notice, Reading
from unclouded.store.editing.edit import NewEdit
from unclouded.store.encoding.part import SeriesPart
from unclouded.store.outbox import LEVELS
from unclouded.store.samples import Samples
from unclouded.uplink.contents.catalogue import decode_catalogue
from unclouded.uplink.contents.energy import decode_energy
from unclouded.uplink.contents.events import decode_events
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import STEPS, RolledRow, decode_rows
from unclouded.uplink.messages import Answer, encode_message
from uplink.ends import ALL, FleetEnd, HubEnd, Wire

NAMES = ("plug", "two")
SECONDS = st.integers(0, 9 * 3600)


class UplinkLaw(RuleBasedStateMachine):
    """Two real ends, and everything that may happen between them."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.hub = HubEnd(Path(self.folder.name) / "store.sqlite")
        self.fleet = FleetEnd()
        self.wire = Wire(self.hub, self.fleet)
        self.answers = list[tuple[int, bytes]]()
        self.copy = dict(self.fleet.windows)
        self.older = Path(self.folder.name) / "older.sqlite"
        self.lost = False
        self.wire.connect()

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            try:
                self.compare()
            finally:
                self.hub.close()
                self.folder.cleanup()

    def compare(self) -> None:
        """A wire that works at last."""
        self.hub.restart()
        self.hub.committed = self.fleet.committed
        self.hub.keeper.wall += 40_000.0
        self.wire.connect()
        self.wire.run(7300.0, step=40.0)
        assert self.hub.outbox.behind() == 0
        self.compare_raw()
        found = dict(self.fleet.windows)
        for level, start, number in self.hub.keeper.db.execute("SELECT level, start, number FROM outbox"):
            sent_number, data = found[level, start]
            assert sent_number == number
            self.compare_window(level, start, data)

    def compare_raw(self) -> None:
        """Every reading of the store, by another reader."""
        db = self.hub.keeper.db
        samples = Samples(lambda query, *values: db.execute(query, values).fetchall())
        for (device,) in db.execute("SELECT number FROM device").fetchall():
            for second, entries in samples.read(device, 0, 2**40):
                start = second // 300 * 300
                sent = decode_raw(start, self.fleet.windows["raw", start][1]).get(device, [])
                assert dict(sent).get(second, []) == entries  # [] where an edit has made it void

    def compare_window(self, level: str, start: int, data: bytes) -> None:
        db, end = self.hub.keeper.db, start + LEVELS[level]
        match level:
            case "raw":
                decode_raw(start, data)
            case "minute" | "quarter":
                self.compare_rows(level, decode_rows(level, start, data), start, end)
            case "energy":
                assert decode_energy(data) == self.hub.energy(start, self.hub.windows.filter())
            case "events":
                query = "SELECT count(*) FROM event WHERE at >= ? AND at < ? AND kind <> 'value'"
                assert len(decode_events(data)) == db.execute(query, (start, end)).fetchone()[0]
            case "catalogue":
                assert len(decode_catalogue(data).series) == db.execute("SELECT count(*) FROM series").fetchone()[0]

    def compare_rows(self, level: str, sent: list[RolledRow], start: int, end: int) -> None:
        """Those that the store has; what it has not rolled up yet is compared as readings."""
        db, span = self.hub.keeper.db, STEPS[level]
        upto = dict(db.execute("SELECT id, upto FROM series JOIN rolled USING (device)").fetchall())
        query = "SELECT * FROM rollup WHERE span = ? AND start >= ? AND start < ? ORDER BY series, start"
        stored = [(row[0], row[2], SeriesPart(*row[3:])) for row in db.execute(query, (span, start, end))]
        assert [row for row in sent if row.start + span <= upto.get(row.series, 0)] == [
            row for row in stored if row[1] + span <= upto.get(row[0], 0)
        ]

    # --- the home

    @rule(name=st.sampled_from(NAMES), seconds=st.lists(SECONDS, min_size=1, max_size=4), value=st.integers(0, 9))
    def write(self, name: str, seconds: list[int], value: int) -> None:
        readings = [watts(value, second, name) for second in seconds]
        total = Reading(name, "energy_import_Wh", value, NOON + seconds[0], flags=("gap",) if value > 7 else ())
        self.hub.keeper.writer.write([*readings, total])

    @rule(second=SECONDS)
    def write_and_seal(self, second: int) -> None:
        writer = self.hub.keeper.writer
        writer.write([watts(3, second + one, "plug") for one in range(40)])
        writer.sealer._now = lambda: self.hub.keeper.wall + 1e6
        for _ in range(20):
            writer.sealer.step()

    @rule(second=SECONDS)
    def happen(self, second: int) -> None:
        self.hub.keeper.writer.write([Notice("plug", NOON + float(second), "warning", "It is hot.", {})])

    @rule(begin=SECONDS)
    def edit(self, begin: int) -> None:
        start = (NOON + begin) * 1000
        new = NewEdit(device=1, point="power_W", start=start, until=start + 700_000, action="void")
        self.hub.keeper.writer.edits.make(new, "tests")

    @rule(name=st.sampled_from(("Lamp", "Kettle")))
    def rename(self, name: str) -> None:
        self.hub.keeper.writer.write([msgspec.structs.replace(plug(), name=name)])

    @rule(is_kill=st.booleans())
    def restart(self, is_kill: bool) -> None:
        if not is_kill:
            self.hub.session.disconnected(self.hub.now)
        self.hub.restart()

    @rule()
    def copy_the_store(self) -> None:
        self.hub.snapshot(self.older)

    @rule(wrong=st.booleans())
    def restore_the_store(self, wrong: bool) -> None:
        """An older copy, perhaps with a clock that is a month behind."""
        if self.older.exists():
            wall = self.hub.keeper.wall
            self.hub.restore(self.older, NOON + 9.5 * 3600 if wrong else wall)

    # --- the wire

    @rule()
    def connect(self) -> None:
        self.wire.connect()

    @rule()
    def cut(self) -> None:
        self.hub.session.disconnected(self.hub.now)

    @rule(seconds=st.sampled_from((1.0, 6.0, 70.0, 4000.0)))
    def wait(self, seconds: float) -> None:
        self.hub.wait(seconds)

    @rule(place=st.integers(0, 9), repeat=st.booleans(), lost=st.booleans())
    def deliver(self, place: int, repeat: bool, lost: bool) -> None:
        if self.hub.sent:
            place %= len(self.hub.sent)
            message = self.hub.sent[place] if repeat else self.hub.sent.pop(place)
            answer = self.fleet.answer(message.data)
            if answer is not None and not lost:
                self.answers.append((message.serial, answer))

    @rule(place=st.integers(0, 9), repeat=st.booleans())
    def deliver_answer(self, place: int, repeat: bool) -> None:
        if self.answers:
            place %= len(self.answers)
            serial, answer = self.answers[place] if repeat else self.answers.pop(place)
            self.hub.session.answered(serial, answer, self.hub.now)
            self.hub.work()

    @rule()
    def work_well(self) -> None:
        self.wire.run(130.0, step=40.0)

    @rule(data=st.binary(max_size=8), busy=st.booleans())
    def answer_strangely(self, data: bytes, busy: bool) -> None:
        if self.hub.sent:
            answer = encode_message(Answer(False, wait_s=30.0)) if busy else data
            self.hub.session.answered(self.hub.sent[-1].serial, answer, self.hub.now)
            self.hub.work()

    @rule()
    def find_no_one(self) -> None:
        if self.hub.sent:
            self.hub.session.not_delivered(self.hub.sent.pop().serial, self.hub.now)
            self.hub.work()

    # --- the fleet

    @rule()
    def copy_the_base(self) -> None:
        self.copy = dict(self.fleet.windows)

    @rule()
    def restore_the_base(self) -> None:
        self.fleet.windows = dict(self.copy)


TestUplinkLaw = UplinkLaw.TestCase
TestUplinkLaw.settings = settings(max_examples=15, stateful_step_count=20, deadline=None, phases=[Phase.generate])


def test_nothing_is_sent_twice_where_nothing_is_lost(tmp_path: Path) -> None:
    hub, fleet = HubEnd(tmp_path / "store.sqlite", ALL), FleetEnd()
    fleet.spread_s = 30.0
    wire = Wire(hub, fleet)
    wire.connect()
    for hour in range(3):
        for second in range(0, 3600, 60):
            hub.keeper.writer.write([watts(5, 10 * 3600 + 3600 * hour + second)])
            wire.run(60.0, step=60.0)
    wire.run(700.0, step=60.0)
    assert hub.outbox.behind() == 0
    assert len(fleet.committed) <= 1.05 * len(fleet.windows) + 2  # two states of the catalogue
