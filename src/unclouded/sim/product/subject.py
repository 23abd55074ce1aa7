"""What a simulated product measures and does. Pure.

electric quantities ── the circuits of the home      temperatures of what heats ── its room
door, presence, battery ── the home                  position ── moves to where it was commanded
everything else ── ``plausible``
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from unclouded.core.model import Value
from unclouded.core.profile import WirePoint
from unclouded.core.quantities import CURRENT, POWER, POWER_FACTOR, VOLTAGE, quantity_of
from unclouded.core.sessions.session import Refusal
from unclouded.sim.measure import Quantities, Quantity
from unclouded.sim.product.circuits import TOTAL, CircuitPlan, Circuits, Flow, branch_of
from unclouded.sim.product.plausible import number, option, text
from unclouded.sim.product.simulated_product import SimulatedProduct, picked_values
from unclouded.sim.seeded_random import SeededRandom
from unclouded.sim.world import World

PASSES_S, STAYS_S = 300, 40  # a person passes now and then
SPEED = 5  # percent of a position in a second
TARIFFS = 4
PV_V = 36  # of the panels of a roof
NOT_MAINS = frozenset({"pv", "dc", "battery", "orp", "pilot", "cell", "leakage", "limit", "rating", "charge"})
EXPORTS = frozenset({"export", "reverse", "discharged", "produced", "pv"})
CONSTANT = frozenset({"balance", "remaining", "limit", "charge", "purchased"})

CHARGES = ("charger_charging", "charging", "charing", "controlpi_6v_pwm")  # options of a charger with a load

ELECTRIC: Mapping[int, Callable[[Flow], Fraction]] = {
    POWER: lambda flow: flow.power_W,
    VOLTAGE: lambda flow: flow.voltage_V,
    CURRENT: lambda flow: flow.current_A,
    POWER_FACTOR: lambda flow: flow.power_factor,
}
BY_UNIT: Mapping[str, Callable[[Flow], Fraction]] = {
    "W": lambda flow: flow.power_W,
    "V": lambda flow: flow.voltage_V,
    "A": lambda flow: flow.current_A,
    "VA": lambda flow: flow.apparent_VA,
    "var": lambda flow: flow.reactive_var,
    "varh": lambda flow: flow.import_Wh / 3,
    "kVAh": lambda flow: flow.import_Wh / 900,
}


class ProductSubject:
    """``relays``: the keys of the points that it moves in the world."""

    def __init__(self, world: World, product: SimulatedProduct, plan: CircuitPlan, seed: int) -> None:
        self.name = product.profile.name
        self.relays = frozenset(plan.relays)
        self._world = world
        self._product = product
        self._circuits = Circuits(world, plan, product.kind == "inverter")
        self._seed = seed
        self._began = world.unix
        self._rng = SeededRandom(seed, product.id)
        self._picks = picked_values(product.profile.points)
        self._read = [
            (row, frozenset(row.point.key.split("_")), branch_of(row.point.key), quantity_of(row.point.key))
            for row in product.profile.points
            if row.point.access == "r" and not row.decode
        ]
        self._room = plan.heater
        self._position = MovingPosition(product)

    def quantities(self) -> Quantities:
        flows = self._circuits.flows()
        known: dict[str, Quantity] = dict(self._circuits.relays())
        for row, words, branch, which in self._read:
            flow = flows.get(branch, flows[TOTAL])
            electric = None if which is None or words & NOT_MAINS else ELECTRIC[which[0]]
            known[row.point.key] = self._value(row, words, flow) if electric is None else electric(flow)
        return known

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        if self._circuits.switch(key, value is True):
            return True
        if key == "setpoint_C" and self._room:
            self._world.set_setpoint(self._room, Fraction(str(value)))
        self._position.command(key, value, self._second)
        return None

    def advance(self, settings: Mapping[str, Value]) -> None:
        """It only measures."""

    # --- inside --------------------------------------------------------------------------------

    @property
    def _second(self) -> int:
        """Whole seconds since the start."""
        return int(self._world.unix - self._began)

    def _value(self, row: WirePoint, words: frozenset[str], flow: Flow) -> Quantity:
        point = row.point
        if row.wire in self._picks:
            return Fraction(self._picks[row.wire])
        match point.kind:
            case "switch":
                return self._is_on(words)
            case "enum":
                return Fraction(self._option(row, words, flow))
            case "text":
                return text(point.key, self._seed)
            case "raw":
                return b""
            case "bitmap":
                return Fraction(0)
        return self._number(row, words, flow)

    def _number(self, row: WirePoint, words: frozenset[str], flow: Flow) -> Fraction:
        key = row.point.key
        if row.point.unit == "Wh" and not words & CONSTANT:
            return _energy_Wh(row, words, flow)
        if row.point.unit in BY_UNIT and not words & NOT_MAINS:
            return BY_UNIT[row.point.unit](flow)
        if "pv" in words and row.point.unit in ("W", "V", "A"):
            return self._panel(row.point.unit)
        if self._room and key == "temperature_C":
            return self._world.room(self._room).temperature_C
        if key == "position_percent" and self._position.is_there:
            return self._position.percent(self._second)
        if words >= {"battery", "percent"}:
            return Fraction(self._world.door().battery_percent)
        return number(key, self._second, self._rng)

    def _panel(self, unit: str) -> Fraction:
        return {"W": self._world.solar_W, "A": self._world.solar_W / PV_V}.get(unit, Fraction(PV_V))

    def _is_on(self, words: frozenset[str]) -> bool:
        if words & {"motion", "presence", "occupancy"}:
            return self._second % PASSES_S < STAYS_S
        if words & {"open", "door"}:
            return self._world.door().open
        return bool(self._room) and bool(words & {"heating", "heat"}) and self._world.room(self._room).heats

    def _option(self, row: WirePoint, words: frozenset[str], flow: Flow) -> int:
        options = row.point.options
        charges = next((options.index(one) for one in CHARGES if one in options), None)
        if charges is not None and flow.power_W:
            return charges
        if self._room and {"heat", "idle"} <= set(options):
            return options.index("heat" if self._world.room(self._room).heats else "idle")
        return option(options, words)


class MovingPosition:
    """A position that moves to the one that was commanded."""

    def __init__(self, product: SimulatedProduct) -> None:
        target = product.profile.by_key("position_target_percent")
        self.is_there = target is not None and "w" in target.point.access
        self._from = self._to = Fraction(0)
        self._since = 0

    def command(self, key: str, value: Value, second: int) -> None:
        """Begin to move, at a second of the simulated day."""
        targets = {"open": Fraction(100), "close": Fraction(0), "stop": self.percent(second)}
        if key == "position_target_percent":
            self._move(Fraction(str(value)), second)
        elif key == "action" and str(value) in targets:
            self._move(targets[str(value)], second)

    def percent(self, second: int) -> Fraction:
        """Where it is at that second: 0 = closed, 100 = open."""
        way = SPEED * (second - self._since)
        return min(self._from + way, self._to) if self._to >= self._from else max(self._from - way, self._to)

    def _move(self, to: Fraction, second: int) -> None:
        self._from, self._to, self._since = self.percent(second), to, second


def _energy_Wh(row: WirePoint, words: frozenset[str], flow: Flow) -> Fraction:
    """A total, or of a counter that is none the energy of the day."""
    if row.counter == "none":
        return flow.today_Wh
    total = flow.export_Wh if words & EXPORTS else flow.import_Wh
    return total / TARIFFS if any(word in words for word in ("t1", "t2", "t3", "t4")) else total
