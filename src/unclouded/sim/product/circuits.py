"""The circuits of a simulated product: what flows through each, by the names of its points. Pure.

    power_W voltage_V              one load              on_1 on_2 power_W    a load behind each relay, and their sum
    power_a_W … power_c_W power_W  three, and their sum  a power with a sign  the whole home with its solar roof
                                                         the same with a relay, inverters: the roof alone

P = V x I x power factor, in every circuit and every sum.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import msgspec

from unclouded.core.quantities import POWER, quantity_of
from unclouded.sim.loads import LoadKind
from unclouded.sim.product.simulated_product import SimulatedProduct
from unclouded.sim.world import ROOF, Scenario, World

TOTAL = ""  # the name of the circuit of all
NOON = 12.0  # when the home of a product begins whose power has a sign: the sun shines
OTHERS: tuple[LoadKind, ...] = ("fridge", "lamp", "tv", "pump")
CONSUMERS = frozenset({"charger_ev", "plug", "strip", "light", "heater", "thermostat"})
NET_FACTOR = Fraction(19, 20)  # power factor of a whole home
OFF_BALANCE_V = {"b": Fraction(13, 10), "c": Fraction(-9, 10)}  # offsets of the phases from the first

_RELAY = re.compile(r"on_((?:usb)?\d+)")
_BRANCH = re.compile(r"_(?:phase_)?([abc]|\d{1,2})(?=_|$)")


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What flows in one circuit. ``power_W`` is negative while it feeds in; ``apparent_VA`` is not."""

    power_W: Fraction
    apparent_VA: Fraction
    voltage_V: Fraction
    import_Wh: Fraction
    export_Wh: Fraction
    today_Wh: Fraction

    @property
    def current_A(self) -> Fraction:
        return self.apparent_VA / self.voltage_V

    @property
    def power_factor(self) -> Fraction:
        return abs(self.power_W) / self.apparent_VA if self.apparent_VA else Fraction(1)

    @property
    def reactive_var(self) -> Fraction:
        """Reactive power in var, from apparent and active power."""
        squares = float(self.apparent_VA) ** 2 - float(self.power_W) ** 2
        return Fraction(round(1000 * math.sqrt(max(squares, 0.0))), 1000)


def branch_of(key: str) -> str:
    """The circuit that a key names: ``power_a_W`` -> ``a``, ``energy_import_2_Wh`` -> ``2``; "" = all of them."""
    found = _BRANCH.search(key)
    return found[1] if found else TOTAL


class CircuitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which circuits a product has. ``plugs``: circuit -> plug of the world, "" = the whole home.

    ``relays``: point key -> the plugs that it switches. ``heater``: the plug of the heater of its room, "" = none.
    """

    plugs: Mapping[str, str]
    relays: Mapping[str, Sequence[str]]
    loads: Mapping[str, LoadKind]
    heater: str = ""

    @property
    def has_sun(self) -> bool:
        return any(plug in (ROOF, "") for plug in self.plugs.values())


def plan_of(product: SimulatedProduct, load: LoadKind, name: str) -> CircuitPlan:
    """The circuits of a product. ``name``: what its plugs in the world are called."""
    rows = product.profile.points
    relays = [row.point.key for row in rows if _is_relay(row.point.key) and row.type in ("", "bool")]
    branches = _branches(row.point.key for row in rows)
    numbered = [match[1] for key in relays if (match := _RELAY.fullmatch(key))]
    names = list(dict.fromkeys([*branches, *numbered])) or [TOTAL]
    loads: dict[str, LoadKind] = {}
    plugs: dict[str, str] = {}
    for number, circuit in enumerate(names):
        plugs[circuit] = f"{name} {number + 1}"
        loads[plugs[circuit]] = OTHERS[number % len(OTHERS)] if number else "heater" if is_heated(product) else load
    heater = plugs[names[0]] if is_heated(product) else ""
    if _feeds_in(product):
        loads.pop(plugs[names[0]])
        plugs[names[0]] = ROOF if relays or product.kind == "inverter" else ""
    switched = {key: _switched(key, plugs) for key in relays}
    return CircuitPlan(plugs=plugs, relays=switched, loads=loads, heater=heater)


def scenario_of(plan: CircuitPlan) -> Scenario:
    """A home with these circuits; its first load is used soon."""
    used = {next(iter(plan.loads)): 4} if plan.loads else {}
    return Scenario(plugs=plan.loads, used=used, hour=NOON if plan.has_sun else None)


class Circuits:
    """The circuits of one product in a world. ``is_producer``: what the roof makes has no sign."""

    def __init__(self, world: World, plan: CircuitPlan, is_producer: bool) -> None:
        self._world = world
        self._plan = plan
        self._is_producer = is_producer

    def flows(self) -> Mapping[str, Flow]:
        """Each circuit, and all of them."""
        flows = {circuit: self._flow(circuit, plug) for circuit, plug in self._plan.plugs.items()}
        return flows if TOTAL in flows else {TOTAL: _sum(list(flows.values())), **flows}

    def relays(self) -> Mapping[str, bool]:
        """The state of each relay, by point key."""
        return {key: any(self._world.plug(plug).on for plug in plugs) for key, plugs in self._plan.relays.items()}

    def switch(self, key: str, is_on: bool) -> bool:
        """Move a relay; False = there is none of that key."""
        if key not in self._plan.relays:
            return False
        for plug in self._plan.relays[key]:
            self._world.switch(plug, is_on)
        return True

    def _flow(self, circuit: str, plug: str) -> Flow:
        if plug == "":
            return self._home()
        state = self._world.plug(plug)
        makes = plug == ROOF and not self._is_producer
        return Flow(
            power_W=-state.power_W if makes else state.power_W,
            apparent_VA=state.apparent_power_VA,
            voltage_V=state.voltage_V + OFF_BALANCE_V.get(circuit, 0),
            import_Wh=Fraction(0) if makes else state.energy_Wh,
            export_Wh=state.energy_Wh if plug == ROOF else Fraction(0),
            today_Wh=state.energy_today_Wh,
        )

    def _home(self) -> Flow:
        meter = self._world.meter()
        return Flow(
            power_W=meter.power_W,
            apparent_VA=abs(meter.power_W) / NET_FACTOR,
            voltage_V=meter.voltage_V,
            import_Wh=meter.import_Wh,
            export_Wh=meter.export_Wh,
            today_Wh=meter.import_today_Wh,
        )


def _sum(flows: Sequence[Flow]) -> Flow:
    return Flow(
        power_W=sum((one.power_W for one in flows), Fraction(0)),
        apparent_VA=sum((one.apparent_VA for one in flows), Fraction(0)),
        voltage_V=flows[0].voltage_V,
        import_Wh=sum((one.import_Wh for one in flows), Fraction(0)),
        export_Wh=sum((one.export_Wh for one in flows), Fraction(0)),
        today_Wh=sum((one.today_Wh for one in flows), Fraction(0)),
    )


def _is_relay(key: str) -> bool:
    return key in ("on", "on_all") or _RELAY.fullmatch(key) is not None


def _branches(keys: Iterable[str]) -> list[str]:
    """The phases and channels of which something electric is measured."""
    found = {branch_of(key) for key in keys if quantity_of(key) is not None}
    return sorted(found - {TOTAL})


def _switched(key: str, plugs: Mapping[str, str]) -> list[str]:
    match = _RELAY.fullmatch(key)
    circuits = [match[1]] if match else list(plugs)
    return [plugs[circuit] for circuit in circuits if plugs[circuit]]


def _feeds_in(product: SimulatedProduct) -> bool:
    """Whether its power has a sign."""
    powers = [row for row in product.profile.points if (quantity_of(row.point.key) or (None,))[0] == POWER]
    if is_heated(product):
        return False
    if product.kind == "inverter" or any(row.negative_when is not None for row in powers):
        return True
    is_signed = any(row.tenth or (product.spans.get(row.wire, (0, 0))[0] or 0) < 0 for row in powers)
    return is_signed and product.kind not in CONSUMERS


def is_heated(product: SimulatedProduct) -> bool:
    """Whether it keeps a room at a temperature that can be set, with a heater of its own."""
    setpoint = product.profile.by_key("setpoint_C")
    return (
        product.kind != "inverter"
        and setpoint is not None
        and setpoint.point.kind == "number"
        and "w" in setpoint.point.access
    )
