"""A home for rules: devices that carry out commands at once, or not, under a virtual clock."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from unclouded.app.configuration.edits.id_changes import renaming
from unclouded.core.model import Device, Fact, Outcome, Point, Reading, State, Status, Value
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.calendar.sun import HomePlace
from unclouded.rules.engine.outputs import RuleCommand, RuleEvent, RuleOutput
from unclouded.rules.engine.renamed_memory import renamed_memory
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.engine.rule_memory import EngineMemory
from unclouded.rules.rule import Rule
from unclouded.rules.text.renaming import with_ids
from unclouded.rules.text.rule_text import rule_of

MADRID = HomeCalendar(ZoneInfo("Europe/Madrid"), HomePlace(40.4, -3.7))
POINTS = (
    Point(key="on", kind="switch", access="rw"),
    Point(key="power_W", exponent=-1),
    Point(key="temperature_C", exponent=-1),
    Point(key="setpoint_C", access="rw", minimum=5, maximum=30),
    Point(key="mode", kind="enum", access="rw", options=("eco", "boost")),
)
DEVICES = ("meter", "boiler", "kettle", "freezer")


def device(id: str) -> Device:
    return Device(id=id, identity=id, family="toy", link="", profile="", points=POINTS, main="on", name=id.title())


def wall_of(text: str, zone: str = "Europe/Madrid") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def rules_from(*tables: Mapping[str, object]) -> list[Rule]:
    return [rule_of({"name": f"rule {number}", **table}, number) for number, table in enumerate(tables)]


class RuleHome:
    """``commands``: (wall time, device.point, value, rule) as they are given. ``answers``: the outcome of a device."""

    def __init__(
        self,
        rules: Sequence[Rule],
        at: str = "2026-11-30T03:00",
        calendar: HomeCalendar = MADRID,
        devices: Sequence[str] = DEVICES,
    ) -> None:
        self.now = 0.0
        self.calendar = calendar
        self.wall = wall_of(at, str(calendar.zone))
        self.rules = rules
        self.devices = [device(one) for one in devices]
        self.commands: list[tuple[float, str, Value, str]] = []
        self.because: list[str] = []
        self.events: list[RuleEvent] = []
        self.values: dict[tuple[str, str], Value] = {}
        self.answers: dict[str, Callable[[], Outcome]] = {}
        self.engine = self._engine()
        self.states(dict.fromkeys(devices, "online"))

    def _engine(self, memory: EngineMemory | None = None) -> RuleEngine:
        engine = RuleEngine(self.rules, self.calendar, self.now, self.wall)
        if memory is not None:
            engine.restore(memory, self.now, self.wall)
        self.engine = engine
        self.do(engine.describe(self.devices, self.now, self.wall))
        return engine

    # --- what happens --------------------------------------------------------------------------

    def restart(self, off_s: float = 0.0) -> None:
        """The hub ends and starts again: monotonic time begins again."""
        memory = self.engine.memory(self.now, self.wall)
        self.wall, self.now = self.wall + off_s, 1000.0
        self._engine(memory)
        self.states({one.id: "online" for one in self.devices})
        self.readings(**{f"{device}__{point}": value for (device, point), value in self.values.items()})

    def rename(self, ids: Mapping[str, str]) -> None:
        """Devices get other ids, in the rules too, while the hub runs."""
        rename = renaming(ids, [])
        memory = self.engine.memory(self.now, self.wall)
        rules = {name: one.rule for name, one in self.engine.rules.items()}
        self.rules = [rule_of(with_ids(one.keys, rename), one.rank) for one in self.rules]
        self.devices = [replace(one, id=rename(one.id)) for one in self.devices]
        self.values = {(rename(device), point): value for (device, point), value in self.values.items()}
        self._engine(renamed_memory(memory, rules, rename))
        self.states({one.id: "online" for one in self.devices})
        self.readings(**{f"{device}__{point}": value for (device, point), value in self.values.items()})

    def set_clock(self, seconds: float) -> None:
        """The clock of the computer is set."""
        self.wall += seconds
        self.do(self.engine.tick(self.now, self.wall))

    def states(self, states: Mapping[str, State]) -> None:
        self._facts([Status(one, state, self.wall) for one, state in states.items()])

    def readings(self, **values: Value) -> None:
        """``meter__power_W=…``"""
        facts: list[Fact] = []
        for name, value in values.items():
            device, point = name.split("__")
            self.values[device, point] = value
            facts.append(Reading(device, point, value, self.wall))
        self._facts(facts)

    def hand(self, name: str, value: Value, valid_s: float = 0.0) -> None:
        self.do(self.engine.value(name, value, self.now, self.wall, valid_s))

    def run(self, seconds: float, **values: Value) -> None:
        """Time goes on. Values that are given are reported each 10 s, as a device that is polled reports them."""
        end = self.now + seconds
        if values:
            self.readings(**values)
        while self.now < end:
            due = self.engine.deadline(self.now, self.wall)
            report = self.now + 10.0 if values else end
            self._to(min(max(due, self.now), report, end))
            self.do(self.engine.tick(self.now, self.wall))
            if values:
                self.readings(**values)

    def until(self, clock: str, **values: Value) -> None:
        """Time goes on until the clock shows that, the next time."""
        moment = datetime.fromtimestamp(self.wall, self.calendar.zone)
        hour, minute = map(int, clock.split(":"))
        aim = moment.replace(hour=hour, minute=minute, second=0, microsecond=0)
        wait = (aim - moment).total_seconds()
        self.run(wait if wait > 0 else wait + 86_400, **values)

    # --- what came of it -----------------------------------------------------------------------

    @property
    def done(self) -> list[tuple[str, str, Value]]:
        """(local time, device.point, value) of each command."""
        zone = self.calendar.zone
        return [(f"{datetime.fromtimestamp(at, zone):%H:%M:%S}", key, value) for at, key, value, _ in self.commands]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.events]

    def do(self, outputs: Sequence[RuleOutput]) -> None:
        """Carry out what the engine decides: a device reports the new value, then the command is settled."""
        for one in outputs:
            if isinstance(one, RuleCommand):
                self._command(one)
            else:
                self.events.append(one)

    def _command(self, one: RuleCommand) -> None:
        command = one.command
        key = (command.device, command.point)
        self.commands.append((self.wall, ".".join(key), command.value, command.origin))
        self.because.append(one.because)
        outcome = self.answers.get(command.device, lambda: Outcome("confirmed"))()
        if outcome.result == "confirmed":
            self.values[key] = command.value
            self._facts([Reading(*key, command.value, self.wall)])
        self.do(self.engine.settled(one.id, key, outcome, self.now, self.wall))

    def _facts(self, facts: Sequence[Fact]) -> None:
        self.do(self.engine.facts(facts, self.now, self.wall))

    def _to(self, now: float) -> None:
        self.wall += now - self.now
        self.now = now
