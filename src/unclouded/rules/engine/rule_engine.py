"""The engine of all rules. Facts and the clock come in; commands and events go out.

    facts ─► readings by point ─► trackers ─► rules that they concern ─► claims ─► one command for each point
    tick  ─► rules whose time has come ─┘

Only rules that a reading concerns are looked at: the cost of a reading is that of its own rules. At one moment a point
gets one command at most, of the rule that stands first in the file.
"""

import heapq
import itertools
from collections.abc import Iterable, Sequence

import msgspec

from unclouded.core.calendar.local_time import clock_text, local_date
from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Fact, Outcome, Reading, Status, Value
from unclouded.rules.calendar.calendar import HomeCalendar, Occurrence
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.bound_rule import NEVER, BoundRule, PointKey, RuleRun
from unclouded.rules.engine.claims import earliest
from unclouded.rules.engine.outputs import RuleEvent, RuleOutput
from unclouded.rules.engine.point_table import PointTable
from unclouded.rules.engine.remembering import digest_of, recall_times, resume, rule_memory, waiting_memory
from unclouded.rules.engine.rule_memory import EngineMemory, RuleMemory, ValueMemory
from unclouded.rules.engine.timers import Timer
from unclouded.rules.engine.trackers import ValueTracker
from unclouded.rules.rule import Rule
from unclouded.rules.text.spans import span_text

LATE_S = 120.0  # s by which a reading may be older than its arrival; older ones are of a record, not of now
ASLEEP_FRESH_S = 86_400.0  # s for which the readings of a device that sleeps count
APPEAR_S = 120.0  # s after the start within which devices may still appear
CLOCK_STEP_S = 1.0  # s by which a clock was set; less is a correction
USABLE = frozenset({"online", "asleep"})
BY_HAND = "it was started by hand"

Dirty = dict[str, BoundRule]  # rules to be looked at, by name


class RuleEngine:
    """``rules``: in the order of the file. ``now``: monotonic seconds; ``wall``: Unix seconds."""

    def __init__(self, rules: Sequence[Rule], calendar: HomeCalendar, now: float, wall: float) -> None:
        self.calendar = calendar
        self.devices = RuleDevices()
        self.points = PointTable(self.devices)
        self.rules: dict[str, BoundRule] = {}
        self.values: dict[str, tuple[Value, float]] = {}  # handed to the hub: value, until when (monotonic, or NEVER)
        self.states: dict[str, str] = {}  # of devices
        self._described: dict[str, object] = {}
        self._latest: dict[PointKey, Reading] = {}
        self._watchers: dict[PointKey, list[tuple[BoundRule, ValueTracker]]] = {}
        self._of_device: dict[str, list[BoundRule]] = {}
        self._heaps: tuple[list[tuple[float, int, str]], list[tuple[float, int, str]]] = ([], [])
        self._order = itertools.count()
        self.now = now  # monotonic seconds of the last call
        self._lead = wall - now
        self._started = now
        self._restored: dict[str, RuleMemory] = {}  # what is to go on once its devices are known
        self._reported: dict[str, str] = {}  # rule -> the problem that was noted
        self._has_news = True  # a rule was bound since problems were noted; at the start devices may still appear
        self._replace(rules, now, wall)

    # --- what comes in -------------------------------------------------------------------------

    def facts(self, facts: Iterable[Fact], now: float, wall: float, is_snapshot: bool = False) -> list[RuleOutput]:
        """New facts of the hub; in a snapshot also older readings are those of now."""
        dirty = self._clock(now, wall)
        for fact in facts:
            if type(fact) is Reading:
                if is_snapshot or wall - fact.at <= LATE_S:
                    self._reading(fact, now, wall, dirty)
            elif type(fact) is Status:
                self._status(fact, now, dirty)
        return self._step(dirty, now, wall)

    def tick(self, now: float, wall: float) -> list[RuleOutput]:
        """Time has passed."""
        return self._step(self._clock(now, wall), now, wall)

    def describe(self, devices: Sequence[Device], now: float, wall: float) -> list[RuleOutput]:
        """All devices that the hub has now; rules that name changed ones are bound again."""
        described: dict[str, object] = {one.id: (one.points, one.main, one.name) for one in devices}
        changed = {id for id in (*described, *self._described) if described.get(id) != self._described.get(id)}
        if not changed:
            return []
        self._described = described
        self.devices = self.points.devices = RuleDevices(devices)
        dirty = {name: one for name, one in self.rules.items() if not changed.isdisjoint(one.rule.devices)}
        for rule in dirty.values():
            self._bind(rule, now)
        self._index()
        for rule in dirty.values():
            self._recall(rule, now)
        return self._step(dirty, now, wall)

    def settled(self, id: int, key: PointKey, outcome: Outcome, now: float, wall: float) -> list[RuleOutput]:
        """The outcome of a command."""
        self.points.settled(id, key, outcome, now)
        return self._step({}, now, wall)

    def value(self, name: str, value: Value, now: float, wall: float, valid_s: float = 0.0) -> list[RuleOutput]:
        """A value that is handed to the hub, as a price. ``valid_s``: how long it counts, 0 = until the next one."""
        self.values[name] = (value, now + valid_s if valid_s else NEVER)
        self.points.changed = True
        dirty: Dirty = {}
        for rule, tracker in self._watchers.get(("", name), ()):
            tracker.feed(value, now, valid_s)
            dirty[rule.rule.name] = rule
        return self._step(dirty, now, wall)

    def replace(self, rules: Sequence[Rule], calendar: HomeCalendar, now: float, wall: float) -> list[RuleOutput]:
        """Other rules: those that are the same go on; those that are changed or gone end what they keep."""
        self.calendar = calendar
        self._replace(rules, now, wall)
        return self._step(dict(self.rules), now, wall)

    # --- what people ask for -------------------------------------------------------------------

    def rule(self, name: str) -> BoundRule:
        """Raises CommandError where there is none of that name."""
        if name not in self.rules:
            raise CommandError(f"There is no rule {name[:80]!r}. There are: {', '.join(self.rules) or 'none'}.")
        return self.rules[name]

    def run(self, name: str, now: float, wall: float) -> list[RuleOutput]:
        """Carry out a rule now, whatever its times and conditions. Raises CommandError where that cannot be."""
        rule = self.rule(name)
        if rule.problem or not rule.rule.enabled:
            raise CommandError(f"{name} cannot run: {rule.problem or 'it is disabled in the configuration.'}")
        if rule.rule.trigger == "while":
            raise CommandError(f"{name} acts while its condition holds. Set its device by hand, or with a timer.")
        self._fire(rule, BY_HAND, now, wall)
        return self._step({name: rule}, now, wall)

    def pause(self, name: str, until: float, now: float, wall: float) -> list[RuleOutput]:
        """A rule does nothing until a time (Unix seconds, NEVER = until it is resumed); what it keeps ends."""
        rule = self.rule(name)
        rule.paused_until = until
        self._restored.pop(name, None)
        self._end(rule, "the rule was switched off", now, wall)
        return self._step({name: rule}, now, wall)

    def resume(self, name: str, now: float, wall: float) -> list[RuleOutput]:
        """A rule counts again. Raises CommandError where the configuration disables it."""
        rule = self.rule(name)
        if not rule.rule.enabled:
            raise CommandError(f"{name} is disabled in the configuration; write enabled = true there.")
        rule.paused_until, rule.known, self.points.changed = 0.0, None, True
        return self._step({name: rule}, now, wall)

    def start_timer(self, timer: Timer, now: float, wall: float) -> list[RuleOutput]:
        """Set a point until the timer ends; another timer of the same point is replaced."""
        self._watch_point((timer.device, timer.point))
        self.points.start_timer(timer, now)
        return self._step({}, now, wall)

    def stop_timer(self, key: PointKey, now: float, wall: float) -> list[RuleOutput]:
        """End a timer now. Raises CommandError where there is none."""
        if key not in self.points.timers:
            raise CommandError(f"There is no timer of {key[0]}.")
        self.points.end_timer(key, "its timer was ended")
        return self._step({}, now, wall)

    def deadline(self, now: float, wall: float) -> float:
        """Monotonic seconds at which ``tick`` is due at the latest; NEVER = only facts change something."""
        monotonic, by_wall = self._heaps
        appear = self._started + APPEAR_S
        due = [self.points.deadline(), monotonic[0][0] if monotonic else None]
        due += [now + by_wall[0][0] - wall if by_wall else None, appear if now < appear else None]
        found = earliest(due)
        return NEVER if found is None else found

    # --- memory --------------------------------------------------------------------------------

    def memory(self, now: float, wall: float) -> EngineMemory:
        """What is needed to go on after a restart."""
        lead = wall - now
        bases = [(*key, one.claims.base) for key, one in self.points.controls() if one.claims.base is not None]
        return EngineMemory(
            rules={name: self._remembered(one, lead) for name, one in self.rules.items()},
            timers=tuple(msgspec.structs.replace(one, ends=one.ends + lead) for one in self.points.timers.values()),
            values={
                name: ValueMemory(value, 0.0 if until == NEVER else until + lead)
                for name, (value, until) in self.values.items()
            },
            bases=tuple((device, point, base) for device, point, base in bases if base is not None),
        )

    def restore(self, memory: EngineMemory, now: float, wall: float) -> None:
        """Go on as before a restart: call it before ``describe``. What is kept goes on once its devices are known."""
        lead = wall - now
        self._restored = dict(memory.rules)
        self.values = {
            name: (one.value, one.until - lead if one.until else NEVER)
            for name, one in memory.values.items()
            if not one.until or one.until > wall
        }
        for name, one in memory.rules.items():
            if name in self.rules:
                recall_times(self.rules[name], one)
                self.rules[name].timetable.plan(self.calendar, wall)
                self._plan(self.rules[name], now)
        for device, point, base in memory.bases:
            self.points.control((device, point)).claims.base = base
        for timer in memory.timers:
            self._watch_point((timer.device, timer.point))
            ends = min(timer.ends - lead, now + timer.lasts_s)
            self.points.resume_timer(msgspec.structs.replace(timer, ends=ends))
        self._end_of_others(memory)

    # --- inside: memory ------------------------------------------------------------------------

    def _remembered(self, rule: BoundRule, lead: float) -> RuleMemory:
        memory, waiting = rule_memory(rule, self.points, lead), self._restored.get(rule.rule.name)
        return memory if waiting is None else waiting_memory(memory, waiting)

    def _end_of_others(self, memory: EngineMemory) -> None:
        """Rules that were changed or removed while the hub was off: what they kept ends, unless another keeps it."""
        runs = {name: one.run for name, one in memory.rules.items() if one.run is not None}
        same = {
            name
            for name in runs
            if name in self.rules and memory.rules[name].digest == digest_of(self.rules[name].rule)
        }
        kept = {(device, point) for name in same for device, point, _ in runs[name].kept}
        for name, run in runs.items():
            if name not in same:
                what = "changed" if name in self.rules else "removed"
                self.points.end_run(name, run, f"the rule was {what} while the hub was off", kept)

    # --- inside: facts -------------------------------------------------------------------------

    def _reading(self, reading: Reading, now: float, wall: float, dirty: Dirty) -> None:
        key = (reading.device, reading.point)
        watchers = self._watchers.get(key)
        if watchers is None or reading.quality == "suspect":
            return
        before = self._latest.get(key)
        if before is not None and reading.at < before.at <= wall:
            return
        self._latest[key] = reading
        self.points.reading(key, reading.value, now)
        state = self.states.get(reading.device)
        if state in USABLE:
            valid_s = ASLEEP_FRESH_S if state == "asleep" else 0.0
            for rule, tracker in watchers:
                if tracker.feed(reading.value, now, valid_s):
                    dirty[rule.rule.name] = rule

    def _status(self, status: Status, now: float, dirty: Dirty) -> None:
        before = self.states.get(status.device)
        self.states[status.device] = status.state
        is_usable = status.state in USABLE
        if before is not None and before != "asleep" != status.state and (before in USABLE) == is_usable:
            return
        self.points.state_changed(status.device, is_usable)
        if not is_usable:
            for key in [key for key in self._latest if key[0] == status.device]:
                del self._latest[key]
        for rule in self._of_device.get(status.device, ()):
            dirty[rule.rule.name] = rule
            self._recall(rule, now, status.device)

    def _recall(self, rule: BoundRule, now: float, device: str | None = None) -> None:
        """Give a rule's trackers what is known (of one device)."""
        for state in rule.states():
            if device in (None, state.leaf.device) and state.leaf.device in self.states:
                state.feed(self.states[state.leaf.device] in USABLE, now)
        for tracker in rule.values():
            if device in (None, tracker.source[0]):
                self._recall_value(tracker, now)

    def _recall_value(self, tracker: ValueTracker, now: float) -> None:
        device, point = tracker.source
        latest, state = self._latest.get(tracker.source), self.states.get(device)
        if not device:
            value, until = self.values.get(point, (None, NEVER))
            if value is not None and now < until:
                tracker.feed(value, now, 0.0 if until == NEVER else until - now)
        elif latest is not None and state in USABLE:
            tracker.feed(latest.value, now, ASLEEP_FRESH_S if state == "asleep" else 0.0)
        else:
            tracker.lose(now)

    # --- inside: rules come and go -------------------------------------------------------------

    def _replace(self, rules: Sequence[Rule], now: float, wall: float) -> None:
        before, self.rules = self.rules, {}
        for rule in rules:
            old = before.pop(rule.name, None)
            self.rules[rule.name] = self._taken_over(old, rule, now, wall)
        for gone in before.values():
            self._end(gone, "the rule was removed", now, wall)
            self._reported.pop(gone.rule.name, None)
            self._restored.pop(gone.rule.name, None)
        self._index()
        for one in self.rules.values():
            one.clock_was_set()
            one.timetable.plan(self.calendar, wall)
            self._recall(one, now)
            self._plan(one, now)
        self.points.changed = True

    def _taken_over(self, old: BoundRule | None, rule: Rule, now: float, wall: float) -> BoundRule:
        """A rule that goes on, or a new one in the place of one that is changed."""
        if old is not None and old.rule.keys == rule.keys:
            old.rule = msgspec.structs.replace(old.rule, rank=rule.rank)
            self.points.rank(old)
            return old
        new = BoundRule(rule, wall)
        if old is not None:
            self._end(old, "the rule was changed", now, wall)
            new.paused_until, new.last_at, new.last_text = old.paused_until, old.last_at, old.last_text
            if old.rule.at == rule.at:
                new.timetable.take_over(old.timetable)
        self._bind(new, now)
        return new

    def _bind(self, rule: BoundRule, now: float) -> None:
        running = rule_memory(rule, self.points, self._lead) if rule.run is not None else None
        rule.bind(self.devices)
        self._has_news = True
        if rule.problem and running is not None:
            self._drop(rule, running)
        if not rule.problem and (memory := self._restored.pop(rule.rule.name, None)) is not None:
            resume(rule, memory, self.points, now, self._lead)

    def _index(self) -> None:
        """Which rules a reading or a state of a device concerns."""
        self._watchers, self._of_device = {}, {}
        for rule in self.rules.values():
            for tracker in rule.values():
                self._watchers.setdefault(tracker.source, []).append((rule, tracker))
            for device in rule.rule.devices:
                self._of_device.setdefault(device, []).append(rule)
            for key, _ in (*rule.settings, *rule.end_settings):
                self._watch_point(key)
        for key in self.points.timers:
            self._watch_point(key)

    def _watch_point(self, key: PointKey) -> None:
        self._watchers.setdefault(key, [])
        control = self.points.control(key)
        if control.has is None and (latest := self._latest.get(key)) is not None:
            control.has = latest.value

    # --- inside: time --------------------------------------------------------------------------

    def _clock(self, now: float, wall: float) -> Dirty:
        """The rules whose time has come; all that look at the clock where it was set."""
        dirty: Dirty = {}
        self.now = now
        if abs(wall - now - self._lead) > CLOCK_STEP_S:
            for rule in self.rules.values():
                rule.clock_was_set()
                dirty[rule.rule.name] = rule
        self._lead = wall - now
        for heap, time, due in zip(self._heaps, (now, wall), ("due", "due_wall"), strict=True):
            while heap and heap[0][0] <= time:
                at, _, name = heapq.heappop(heap)
                if name in self.rules and getattr(self.rules[name], due) == at:
                    dirty[name] = self.rules[name]
        return dirty

    def _plan(self, rule: BoundRule, now: float) -> None:
        """Look at it again when time alone may change something."""
        before = (rule.due, rule.due_wall)
        rule.plan(now, now + self._lead, self.calendar)
        for heap, at, was in zip(self._heaps, (rule.due, rule.due_wall), before, strict=True):
            if at not in (was, NEVER):
                heapq.heappush(heap, (at, next(self._order), rule.rule.name))

    def _step(self, dirty: Dirty, now: float, wall: float) -> list[RuleOutput]:
        for rule in sorted(dirty.values(), key=lambda one: one.rule.rank):
            self._advance(rule, now, wall)
            self._plan(rule, now)
        if self._has_news and now >= self._started + APPEAR_S:
            self._note_problems()
        return self.points.step(now)

    # --- inside: one rule ----------------------------------------------------------------------

    def _advance(self, rule: BoundRule, now: float, wall: float) -> None:
        rule.tick(now, wall, self.calendar)
        if rule.paused_until and wall >= rule.paused_until:
            rule.paused_until, rule.known, self.points.changed = 0.0, None, True
        on_time, missed = rule.timetable.due(self.calendar, wall)
        if rule.problem or rule.paused_until or not rule.rule.enabled:
            self.points.changed = self.points.changed or bool(on_time or missed)
        elif on_time or missed:
            self._occurred(rule, on_time, missed, now, wall)
        elif rule.rule.trigger == "when":
            self._watch(rule, now, wall)
        elif rule.rule.trigger == "while":
            self._follow(rule, now, wall)
        if rule.run is not None and rule.rule.trigger != "while" and rule.run.ends is not None and now >= rule.run.ends:
            self._end(rule, f"{span_text(rule.rule.lasts_s)} were over", now, wall)

    def _occurred(
        self, rule: BoundRule, on_time: Sequence[Occurrence], missed: Sequence[Occurrence], now: float, wall: float
    ) -> None:
        """Times of a rule have come; of several at once the last one counts."""
        self.points.changed = True
        one = (on_time or missed)[-1]
        when = rule.moment(one.place)
        if not on_time and (rule.rule.missed == "skip" or 0 < rule.rule.lasts_s <= wall - one.at):
            self._note(
                rule, wall, f"missed at {self._clock_text(one.at)}: the hub was off, or its clock was set", "missed"
            )
        elif rule.guard() is not True:
            self._note(rule, wall, f"not run at {when}: {rule.missing(self.devices)}", "skipped")
        else:
            late = "" if on_time else f", missed at {self._clock_text(one.at)}"
            reasons = [f"it was {when}{late}", rule.because(self.devices)]
            self._fire(rule, " and ".join(filter(None, reasons)), now, wall, wall - one.at if not on_time else 0.0)

    def _watch(self, rule: BoundRule, now: float, wall: float) -> None:
        """A rule with ``when``: it acts where its condition becomes true."""
        result, before = rule.result(), rule.known
        if result is None or result == before:
            return
        rule.known, self.points.changed = result, True
        if result and rule.guard() is True:
            self._fire(rule, rule.because(self.devices), now, wall)
        elif result:
            self._note(rule, wall, f"not run: {rule.missing(self.devices)}", "skipped")

    def _follow(self, rule: BoundRule, now: float, wall: float) -> None:
        """A rule with ``while``: it acts as long as its condition holds."""
        holds, run = rule.result() is True, rule.run
        if run is not None and rule.rule.daily and rule.used_day != self._day(wall):
            rule.used_day, rule.used_s, run.ends = self._day(wall), 0.0, now + rule.rule.at_most_s
        if run is not None and run.ends is not None and now >= run.ends:
            rule.spent = True
            self._end(rule, f"its longest time of {span_text(rule.rule.at_most_s)} was over", now, wall)
        if run is not None and not holds and not rule.is_kept(now):
            self._end(rule, rule.over(self.devices) or "its condition does not hold", now, wall)
        if not holds or (rule.rule.daily and rule.used_day != self._day(wall)):
            rule.spent = False
        if holds and rule.run is None and not rule.spent:
            self._begin(rule, rule.because(self.devices), now, wall, self._most(rule, wall))

    def _fire(self, rule: BoundRule, because: str, now: float, wall: float, late_s: float = 0.0) -> None:
        """A rule with ``at`` or ``when`` acts."""
        if rule.rule.lasts_s:
            self._begin(rule, because, now, wall, rule.rule.lasts_s - late_s)
            return
        self._acted(rule, because, wall)
        self.points.set_once(rule, rule.settings, because)

    def _begin(self, rule: BoundRule, because: str, now: float, wall: float, most_s: float | None) -> None:
        """A rule begins to keep its values, or goes on for its whole time."""
        if most_s is not None and most_s <= 0:
            rule.spent = True
            return
        if rule.rule.daily and rule.used_day != self._day(wall):
            rule.used_day, rule.used_s = self._day(wall), 0.0
        ends = None if most_s is None else now + most_s
        rule.run = RuleRun(since=now, since_wall=wall, because=because, ends=ends)
        self._acted(rule, because, wall)
        self.points.claim(rule, because)

    def _end(self, rule: BoundRule, because: str, now: float, wall: float) -> None:
        """A rule keeps its values no longer."""
        run, rule.run = rule.run, None
        if run is None:
            return
        if rule.rule.daily:
            self._count_use(rule, run, now, wall)
        rule.last_at, rule.last_text = wall, f"ended because {because}"
        self.points.release(rule, because)

    def _drop(self, rule: BoundRule, running: RuleMemory) -> None:
        """A rule cannot go on: what it kept stays as it is until its devices are there again."""
        rule.run = None
        self._restored[rule.rule.name] = running
        self.points.drop(rule.rule.name)

    def _most(self, rule: BoundRule, wall: float) -> float | None:
        """For how long it may act now at the most, in seconds."""
        if not rule.rule.at_most_s:
            return None
        used = rule.used_s if rule.rule.daily and rule.used_day == self._day(wall) else 0.0
        return rule.rule.at_most_s - used

    def _count_use(self, rule: BoundRule, run: RuleRun, now: float, wall: float) -> None:
        if rule.used_day != self._day(wall):
            rule.used_day, rule.used_s = self._day(wall), 0.0
        rule.used_s += min(now - run.since, self.calendar.since_midnight(wall))

    # --- inside: notes -------------------------------------------------------------------------

    def _acted(self, rule: BoundRule, because: str, wall: float) -> None:
        rule.last_at, rule.last_text, self.points.changed = wall, because, True
        if rule.rule.notify:
            text = f"{rule.rule.notify} ({because})" if because else rule.rule.notify
            self.points.note(RuleEvent(kind="notify", text=text, rule=rule.rule.name, because=because))

    def _note(self, rule: BoundRule, wall: float, what: str, result: str) -> None:
        rule.last_at, rule.last_text, self.points.changed = wall, what, True
        self.points.note(RuleEvent(kind="rule", text=f"{rule.rule.name}: {what}.", rule=rule.rule.name, result=result))

    def _note_problems(self) -> None:
        """Name what is wrong with a rule once."""
        self._has_news = False
        for name, rule in self.rules.items():
            if rule.problem == self._reported.get(name, "") or not rule.rule.enabled:
                continue
            self._reported[name] = rule.problem
            text = f"{name}: cannot be carried out. {rule.problem}" if rule.problem else f"{name}: works again."
            self.points.note(RuleEvent(kind="rule_problem" if rule.problem else "rule", text=text, rule=name))

    def _clock_text(self, at: float) -> str:
        return clock_text(at, self.calendar.zone)

    def _day(self, wall: float) -> str:
        return local_date(wall, self.calendar.zone).isoformat()
