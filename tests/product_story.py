"""A product on a line: the simulated home and its device, the wire, our session, and what the hub reads of it.

    World ── MeasuredPart ── session of the MCU ══ wire ══ session of the module ── Interpreter ── readings

For any profile of both Tuya families; a sub-device is behind a gateway, and joins first. Everything is on a virtual
clock, and the world moves once a second, as in ``sim/serve.py``.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pair import START_UNIX, Pair, ambient, usual_answers
from unclouded.app.protocols import actions_of, settings_of
from unclouded.app.simulation.played_product import SIM_KINDS, played
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.model import Reading, Value, value_text
from unclouded.core.profile import WirePoint
from unclouded.core.sessions.session import (
    Answer,
    AskCommand,
    Identified,
    Joined,
    Question,
    Refusal,
    Reported,
    Settled,
    WireAction,
)
from unclouded.families import family as family_of
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.profiles import ProfileLibrary
from unclouded.sim.loads import LoadKind
from unclouded.sim.measured_part import MeasuredPart
from unclouded.sim.product.circuits import plan_of, scenario_of
from unclouded.sim.product.simulated_product import SimulatedProduct
from unclouded.sim.product.subject import ProductSubject
from unclouded.sim.world import World

LIBRARY = ProfileLibrary(settings_of, actions_of=actions_of)
START_S, JOIN_S = 3, 5
ANSWER_S = 0.5
TOGETHER = 6  # commands that are sent at once


class ProductStory:
    """One product, started and reporting."""

    def __init__(self, product: SimulatedProduct, *, load: LoadKind = "lamp", seed: int = 1) -> None:
        profile = product.profile
        family = family_of(profile.family)
        is_part = profile.family == "tuya_gateway"
        plan = plan_of(product, load, "product")
        plays = family.sim_kinds[SIM_KINDS[profile.family]].plays
        assert plays is not None and family.controller is not None
        kind = plays([played(product)])
        self.profile = profile
        self.world = World(seed, START_UNIX, scenario_of(plan))
        subject = ProductSubject(self.world, product, plan, seed)
        self.part = kind.parts[0].id if is_part else ""
        settings = product.settings()
        self.device = MeasuredPart(
            self.part, profile, self.world, subject, settings, kind.encoders, kind.decoders, product.spans
        )
        own = LIBRARY.get(family.generic).session if is_part else profile.session
        self.pair = Pair(
            family.controller(own, ambient()),
            kind.make(SimOptions(seed=seed), ambient(seed)),
            answers=self._answer,
        )
        self.reader = Interpreter("x", profile, DeviceEnergy("x", {}), family.decoders)
        self.values: dict[str, Value] = {}
        self.history: list[Reading] = []
        self._read = 0
        self.step(START_S)
        if is_part:
            self.pair.submit(WireAction("permit"))
            self.step(JOIN_S)

    def step(self, seconds: int) -> None:
        """Let so many seconds pass."""
        for _ in range(seconds):
            self._measure()
            self.world.step(1)
            self.pair.run(self.pair.now + 1.0)
            self._take_readings()

    def settle(self) -> None:
        """Report what is measured now, twice: a direction may be one group late."""
        for _ in range(2):
            self._measure()
            self.pair.run(self.pair.now + ANSWER_S)
            self._take_readings()

    def set(self, key: str, value: Value) -> Settled:
        """What becomes of a command."""
        return self.set_all([(key, value)])[0]

    def set_all(self, commands: Sequence[tuple[str, Value]]) -> list[Settled]:
        """What becomes of several commands at once."""
        tickets = [self.pair.submit(self.reader.command(key, value, self.part)) for key, value in commands]
        self.pair.run(self.pair.now + ANSWER_S * len(commands))
        self._measure()
        self.pair.run(self.pair.now + ANSWER_S)
        self._take_readings()
        settled = {one.ticket: one for one in self.pair.of("controller", Settled)}
        return [settled[ticket] for ticket in tickets]

    @property
    def product(self) -> str:
        """What the hub learned of which product it is."""
        if self.part:
            return str(next(one.info["product"] for one in self.pair.of("controller", Joined) if one.part == self.part))
        return str(next(one.info["product"] for one in self.pair.of("controller", Identified) if "product" in one.info))

    def settable(self) -> Iterator[WirePoint]:
        """The points that can be set now."""
        for row in self.profile.points:
            if "w" in row.point.access and self.reader._conditions.is_used(row):
                yield row

    # --- inside --------------------------------------------------------------------------------

    def _measure(self) -> None:
        measured = self.device.measure()
        if measured is not None:
            self.pair.submit(measured, "device")

    def _answer(self, side: str, question: Question) -> Answer | Refusal | None:
        if side == "device" and isinstance(question, AskCommand):
            return self.device.execute(question.key, question.value, lambda: None)
        return usual_answers(side, question)

    def _take_readings(self) -> None:
        now = START_UNIX + self.pair.now
        events, self._read = self.pair.events[self._read :], len(self.pair.events)
        for at in events:
            if at.side == "controller" and isinstance(at.event, Reported) and at.event.part == self.part:
                self._take(self.reader.readings(at.event, START_UNIX + at.t))
        self._take(self.reader.tick(now))

    def _take(self, readings: list[Reading]) -> None:
        self.history += readings
        self.values |= {one.point: one.value for one in readings}


def another(row: WirePoint, current: Value | None) -> Value:
    """A value within the limits of a point that it has not now, as a person would give it."""
    point = row.point
    match point.kind:
        case "switch":
            return current is not True
        case "enum":
            names = point.options or tuple(map(str, range(3)))
            return next((name for name in names if name != str(current)), names[0])
        case "text":
            return "another"
        case "raw":
            return "01010003" if row.decode else "0102"
    return next((one for one in _numbers(row) if one != current), _numbers(row)[0])


def _numbers(row: WirePoint) -> list[Value]:
    """Counts of the wire within the limits, as values."""
    point, step = row.point, row.scale
    low = Fraction(0) if point.minimum is None else Fraction(str(point.minimum))
    high = low + 100 * step if point.maximum is None else Fraction(str(point.maximum))
    first, last = -(-low // step), high // step
    counts = [first, (first + last) // 2, last]
    return [row.from_wire(int(one)) for one in counts]


def is_same(asked: Value, read: Value | None) -> bool:
    """Whether what was read is what was asked for."""
    if isinstance(asked, int | float) and not isinstance(asked, bool):
        return isinstance(read, int | float) and abs(float(read) - float(asked)) < 1e-9 * max(1.0, abs(float(asked)))
    return read is not None and value_text(read) == value_text(asked)


def problems_of(product: SimulatedProduct) -> list[str]:
    """What is wrong with a product, from its simulator to the readings and back; [] = nothing."""
    story = ProductStory(product)
    found = [*_unreported(story), *_misread(story, product)]
    found += [text for _, text in story.reader.scale_problems()]
    found += [text for _, text in story.reader.decode_problems()]
    found += [f"{one.point} is {one.value}, flagged {one.flags}" for one in story.history if one.quality == "suspect"]
    rows = list(story.settable())
    for start in range(0, len(rows), TOGETHER):
        found += _set(story, rows[start : start + TOGETHER])
    return found


def _unreported(story: ProductStory) -> Iterator[str]:
    for row in story.profile.points:
        key, point = row.point.key, row.point
        is_expected = "r" in point.access and not row.decode and row.reported_as == row.wire
        if is_expected and row.counter != "increment" and story.reader._conditions.is_used(row):
            if key not in story.values:
                yield f"{key} was not reported"
            elif row.point.kind == "enum" and point.options and story.values[key] not in point.options:
                yield f"{key} is {story.values[key]}, which is none of its options"


def _misread(story: ProductStory, product: SimulatedProduct) -> Iterator[str]:
    """What is measured and what the hub reads of it, at one moment. Not of packed values, and of what is cut off."""
    story.settle()
    measured = story.device.subject.quantities()
    for row in story.profile.points:
        key, read = row.point.key, story.values.get(row.point.key)
        value = measured.get(key)
        is_cut = "." in row.wire or row.wire in product.spans or row.used_when is not None
        if row.point.access != "r" or is_cut or row.counter == "increment" or value is None or read is None:
            continue
        if isinstance(value, bool) and read is not value:
            yield f"{key} is {value}, read as {read}"
        elif row.point.kind in ("number", "counter") and isinstance(value, Fraction) and _is_far(row, value, read):
            yield f"{key} is {float(value)}, read as {read}"


def _is_far(row: WirePoint, value: Fraction, read: Value) -> bool:
    return not isinstance(read, int | float) or abs(float(value) - read) > float(row.scale) + 1e-6 * abs(float(value))


def _set(story: ProductStory, rows: Sequence[WirePoint]) -> Iterator[str]:
    values = [another(row, story.values.get(row.point.key)) for row in rows]
    try:
        settled = story.set_all([(row.point.key, value) for row, value in zip(rows, values, strict=True)])
    except (CommandError, ValueError) as error:
        yield f"{', '.join(row.point.key for row in rows)}: {error}"
        return
    for row, value, result in zip(rows, values, settled, strict=True):
        key = row.point.key
        if result.result != "confirmed":
            yield f"{key} = {value}: {result.result}, {result.reason}"
        elif not row.decode and not is_same(value, story.values.get(key)):
            yield f"{key} = {value} is read as {story.values.get(key)}"
