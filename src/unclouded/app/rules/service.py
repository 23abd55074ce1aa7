"""Drives the rules of a running hub (web's RulesSource).

hub ─ facts ─► queue ─► RuleEngine ─► commands ─► hub          origin: the name of the rule
                 clock ─┘          └► events ─► log, notices of the hub
state ─► the hub's memory, so that a restart changes nothing
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from unclouded.app.configuration.checks.rules import drafted_rule
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.edits.id_changes import renaming
from unclouded.app.rules.testing import replayed
from unclouded.core.errors import CommandError
from unclouded.core.model import Command, Device, Fact, Memory, Notice, Outcome, PublicHub, Reading, Status, Value
from unclouded.core.times import iso
from unclouded.core.views.rules import RulesView, RuleTestView, RuleView, TimerView
from unclouded.rules.engine.bound_rule import NEVER
from unclouded.rules.engine.outputs import RuleCommand, RuleEvent, RuleOutput
from unclouded.rules.engine.renamed_memory import renamed_memory
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.engine.rule_memory import memory_of
from unclouded.rules.engine.rule_states import rule_view, rules_view
from unclouded.rules.engine.timers import Timer
from unclouded.rules.rule import Rule, Setting
from unclouded.rules.text.amounts import switch_of
from unclouded.rules.text.spans import LONGEST_S

log = logging.getLogger("unclouded.rules")

IDENTITY, MEMORY_KEY = "hub", "rules"  # where the state is remembered
LOOK_S = 30.0  # s between two looks at the clock, which may have been set
KEEP_S = 300.0  # s between two times at which what only has gone on is remembered
MOST_QUEUED = 50_000  # facts; when there are more, the board of the hub is read instead
MOST_VALUES = 200
MOST_TIMERS = 200
LONGEST_VALUE = 200  # characters
ENDS_S = 5.0  # s that commands have to end when the hub ends

Watched = (Reading, Status, Device, Notice)


class RuleHub(PublicHub, Protocol):
    """The hub as rules need it: they note what they do, and remember their state."""

    def notify(self, notice: Notice) -> None:
        """A notice for all consumers."""

    def remember(self, memory: Memory) -> Memory:
        """Store this, and give back what is in force: see ``Hub.remember``."""

    def publish(self, facts: Sequence[Fact]) -> None:
        """Facts for all consumers."""


class RulesService:
    """``now``: the loop's clock; ``wall``: Unix seconds, None while the clock cannot be trusted. ``memory``: stored."""

    def __init__(
        self,
        config: Config,
        hub: RuleHub,
        now: Callable[[], float],
        wall: Callable[[], float | None],
        memory: bytes = b"",
    ) -> None:
        self._config = config
        self._hub = hub
        self._now = now
        self._wall = wall
        self._memory = memory
        self._engine: RuleEngine | None = None
        self._queue: list[Fact] = []
        self._overflow = False
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._kept_at = 0.0

    async def run(self) -> None:
        """Carry out the rules until cancelled."""
        unsubscribe = self._hub.subscribe(self._take)
        try:
            await self._started()
            while True:
                await self._wait(self._ready())
                self._advance(self._ready())  # another one where devices were renamed meanwhile
                self._keep(self._ready())
        finally:
            unsubscribe()
            if self._engine is not None:
                self._keep(self._engine, at_end=True)
            await self._end_commands()

    def use(self, config: Config, renamed: Mapping[str, str] | None = None) -> None:
        """The configuration has changed: its rules, its calendar or its zone.

        ``renamed``: the ids that devices had -> those that they have.
        """
        before, self._config = self._config, config
        if self._engine is not None and renamed:
            self._rename(self._engine, renamed)
        same = (before.rules, before.calendar.zone, before.place, before.tables.calendar) == (
            config.rules,
            config.calendar.zone,
            config.place,
            config.tables.calendar,
        )
        if self._engine is not None and not same:
            now, wall = self._times()
            self._take_over(self._engine.replace(config.rules, config.calendar, now, wall))
            self._catch_up(self._engine)
        self._awake.set()

    def _rename(self, engine: RuleEngine, renamed: Mapping[str, str]) -> None:
        """Devices have other ids: go on as after a restart, with what was remembered under the new ids."""
        now, wall = self._times()
        rename = renaming(renamed, [one.id for one in self._config.devices])
        rules = {name: one.rule for name, one in engine.rules.items()}
        memory = renamed_memory(engine.memory(now, wall), rules, rename)
        self._engine = RuleEngine(self._config.rules, self._config.calendar, now, wall)
        self._engine.restore(memory, now, wall)
        self._catch_up(self._engine)

    # --- RulesSource ---------------------------------------------------------------------------

    def view(self) -> RulesView:
        """All rules, timers and handed values."""
        return rules_view(self._ready(), *self._times())

    def run_rule(self, name: str) -> RuleView:
        """Carry out a rule now."""
        return self._asked(name, self._ready().run(name, *self._times()))

    def pause(self, name: str, for_s: float | None) -> RuleView:
        """Switch a rule off, for some seconds or until it is resumed."""
        now, wall = self._times()
        return self._asked(name, self._ready().pause(name, NEVER if for_s is None else wall + for_s, now, wall))

    def resume(self, name: str) -> RuleView:
        """Switch a rule on again."""
        return self._asked(name, self._ready().resume(name, *self._times()))

    def start_timer(
        self, device: str, point: str, value: Value, for_s: float, end_value: Value | None, origin: str
    ) -> TimerView:
        """Set a point for some time. A switch is set to the other state then, unless ``end_value`` says what."""
        engine = self._ready()
        self._catch_up(engine)
        now, wall = self._times()
        if not 0 < for_s <= LONGEST_S:
            raise CommandError(f"A timer lasts more than 0 s and up to {LONGEST_S / 86_400:.0f} days.")
        key, typed = engine.devices.settable(Setting(device, point, _text(value)))
        if end_value is not None:
            _, end_value = engine.devices.settable(Setting(device, point, _text(end_value)))
        elif isinstance(typed, bool):
            end_value = not typed
        if (device, key) not in engine.points.timers and len(engine.points.timers) >= MOST_TIMERS:
            raise CommandError(f"There are {MOST_TIMERS} timers already.")
        timer = Timer(
            device=device, point=key, value=typed, ends=now + for_s, lasts_s=for_s, end_value=end_value, origin=origin
        )
        self._take_over(engine.start_timer(timer, now, wall))
        return TimerView(
            device=device, point=key, value=typed, until=iso(wall + for_s), end_value=end_value, origin=origin
        )

    def stop_timer(self, device: str, point: str) -> None:
        """End a timer now, as at its end; without a point all of the device."""
        engine = self._ready()
        keys = [key for key in engine.points.timers if key[0] == device and point in ("", key[1])]
        if not keys:
            raise CommandError(f"There is no timer of {device}.")
        for key in keys:
            self._take_over(engine.stop_timer(key, *self._times()))

    def set_value(self, name: str, value: Value, valid_s: float) -> None:
        """Take a value that rules may compare, as a price."""
        engine = self._ready()
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise CommandError(f"A value has at most {LONGEST_VALUE} characters.")
        if name not in engine.values and len(engine.values) >= MOST_VALUES:
            raise CommandError(f"There are {MOST_VALUES} values already.")
        typed = switch_of(value) if isinstance(value, str) else None
        self._take_over(engine.value(name, value if typed is None else typed, *self._times(), valid_s))

    async def test(self, name: str, keys: Mapping[str, Any] | None, start: float, end: float) -> RuleTestView:
        """What rules would have done: one, one that is not in the configuration yet, or all. Any: TOML as JSON."""
        config = self._config
        if keys is not None:
            rules: Sequence[Rule] = [drafted_rule(keys, config.place is not None)]
        else:
            rules = [one for one in config.rules if name in ("", one.name)]
        if name and not rules:
            self._ready().rule(name)
        devices = list(self._hub.devices())
        return await asyncio.to_thread(replayed, config.store, rules, config.calendar, start, end, devices)

    # --- inside --------------------------------------------------------------------------------

    def _take(self, facts: Sequence[Fact]) -> None:
        """What the hub delivers; it must not block."""
        if not self._is_needed():
            return
        if len(self._queue) > MOST_QUEUED:
            self._queue, self._overflow = [], True
        self._queue += [fact for fact in facts if isinstance(fact, Watched)]
        self._awake.set()

    def _is_needed(self) -> bool:
        """Whether facts matter to a rule or a timer."""
        return bool(self._config.rules) or (self._engine is not None and bool(self._engine.points.timers))

    def _catch_up(self, engine: RuleEngine) -> None:
        """Take what the hub knows now."""
        now, wall = self._times()
        self._carry_out(engine.describe(self._hub.devices(), now, wall))
        self._carry_out(engine.facts(self._hub.snapshot(), now, wall, is_snapshot=True))

    async def _started(self) -> None:
        """Make the engine, once the clock can be trusted. After a crash of this task it goes on."""
        while self._wall() is None:  # noqa: ASYNC110  (nothing says when it is set)
            await asyncio.sleep(1.0)
        now, wall = self._times()
        if self._engine is None:
            self._engine = RuleEngine(self._config.rules, self._config.calendar, now, wall)
            self._engine.restore(memory_of(self._memory), now, wall)
            self._kept_at = now
        self._queue.clear()
        self._catch_up(self._engine)

    async def _wait(self, engine: RuleEngine) -> None:
        """Until facts come, or something is due."""
        now, wall = self._times()
        pause = min(max(engine.deadline(now, wall) - now, 0.0), LOOK_S)
        if not self._queue and pause > 0:
            try:
                async with asyncio.timeout(pause):
                    await self._awake.wait()
            except TimeoutError:
                pass
        self._awake.clear()

    def _advance(self, engine: RuleEngine) -> None:
        facts, self._queue = self._queue, []
        now, wall = self._times()
        if self._overflow:
            self._overflow = False
            log.warning("Readings came faster than rules were evaluated; %d of them were left out.", MOST_QUEUED)
            self._catch_up(engine)
        if any(isinstance(fact, Device | Notice) for fact in facts):
            self._carry_out(engine.describe(self._hub.devices(), now, wall))
        self._carry_out(engine.facts(facts, now, wall))

    def _carry_out(self, outputs: Sequence[RuleOutput]) -> None:
        for one in outputs:
            if isinstance(one, RuleEvent):
                self._note(one)
            else:
                task = asyncio.create_task(self._command(one), name=f"rule {one.rule}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if outputs:
            self._awake.set()

    def _take_over(self, outputs: Sequence[RuleOutput]) -> None:
        """What follows from a call beside the loop, which then looks again when something is due."""
        self._carry_out(outputs)
        self._awake.set()

    async def _command(self, one: RuleCommand) -> None:
        command: Command = one.command
        try:
            outcome = await self._hub.command(command)
        except CommandError as error:
            outcome = Outcome("refused", str(error))
        if self._engine is not None:
            key = (command.device, command.point)
            self._take_over(self._engine.settled(one.id, key, outcome, *self._times()))

    def _note(self, event: RuleEvent) -> None:
        level = logging.WARNING if event.kind == "rule_problem" else logging.INFO
        log.log(level, "%s", event.text)
        fields = {"rule": event.rule, "point": event.point, "because": event.because, "result": event.result}
        data = {key: value for key, value in fields.items() if value}
        self._hub.notify(Notice(event.device, self._times()[1], event.kind, event.text, data))

    def _keep(self, engine: RuleEngine, at_end: bool = False) -> None:
        """Remember the state where it has changed, and now and then what has only gone on."""
        now, wall = self._times()
        if not engine.points.changed and not at_end and now - self._kept_at < KEEP_S:
            return
        engine.points.changed, self._kept_at = False, now
        memory = engine.memory(now, wall)
        is_empty = not (memory.rules or memory.timers or memory.values)
        data = b"" if is_empty else msgspec.json.encode(memory)
        if data != self._memory:
            self._memory = data
            self._hub.publish([self._hub.remember(Memory(IDENTITY, MEMORY_KEY, data))])

    async def _end_commands(self) -> None:
        """Commands that are under way end with the hub."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=ENDS_S)
            for task in late:
                task.cancel()

    def _asked(self, name: str, outputs: Sequence[RuleOutput]) -> RuleView:
        self._take_over(outputs)
        engine = self._ready()
        return rule_view(engine, engine.rule(name), *self._times())

    def _ready(self) -> RuleEngine:
        """Raises CommandError where the hub does not know the time yet."""
        if self._engine is None:
            raise CommandError("The rules have not begun: this computer does not know the time yet.")
        return self._engine

    def _times(self) -> tuple[float, float]:
        return self._now(), self._wall() or 0.0


def restored_memory(memory: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """The state of rules in what the store remembers."""
    return memory.get(IDENTITY, {}).get(MEMORY_KEY, b"")


def _text(value: Value) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
