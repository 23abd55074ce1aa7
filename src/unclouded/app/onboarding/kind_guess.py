"""What a device may be, from the power that it draws in a test: a guess, and worded as one. Pure.

power_W   1980 ____/^^^^\\______/^^^   bursts    ──► a kettle, an iron or a toaster
          85   ________________       steady    ──► a fridge or a TV
          410  _/\\__/\\/\\_/\\__/      changing  ──► a vacuum cleaner or a washing machine
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import msgspec

from unclouded.core.views.onboarding import PowerGuess, PowerPattern

Timed = tuple[float, float]

SETTLE_S = 3.0  # s around a switching in which the power belongs to neither state
SHORTEST_S = 4.0  # s of values, below which nothing is guessed
FEWEST = 4  # values with power
NOTHING_W = 2.0  # W: less is off, or the plug's own use
SPREAD = 0.15  # of the usual power, between its 10th and 90th hundredth, up to which it is steady

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {  # its name, and with its article
        "coffee_machine": ("Coffee machine", "a coffee machine"),
        "computer": ("Computer", "a computer"),
        "dishwasher": ("Dishwasher", "a dishwasher"),
        "fridge": ("Fridge", "a fridge"),
        "hair_dryer": ("Hair dryer", "a hair dryer"),
        "heater": ("Heater", "a heater"),
        "iron": ("Iron", "an iron"),
        "kettle": ("Kettle", "a kettle"),
        "lamp": ("Lamp", "a lamp"),
        "laptop": ("Laptop", "a laptop"),
        "microwave": ("Microwave", "a microwave"),
        "oven": ("Oven", "an oven"),
        "pump": ("Pump", "a pump"),
        "router": ("Router", "a router"),
        "solar_roof": ("Solar roof", "a solar inverter"),
        "toaster": ("Toaster", "a toaster"),
        "tv": ("TV", "a TV"),
        "vacuum_cleaner": ("Vacuum cleaner", "a vacuum cleaner"),
        "washing_machine": ("Washing machine", "a washing machine"),
        "water_heater": ("Water heater", "a water heater"),
    }
)


class UsualPower(msgspec.Struct, frozen=True):
    """What usually draws from ``least_W`` on, by the pattern; the likely one first."""

    least_W: float
    bursts: Sequence[str]
    steady: Sequence[str]
    changing: Sequence[str]


USUAL = (  # the highest first
    UsualPower(
        2600,
        bursts=("water_heater", "oven"),
        steady=("water_heater", "heater"),
        changing=("oven", "dishwasher"),
    ),
    UsualPower(
        1500,
        bursts=("kettle", "iron", "toaster"),
        steady=("kettle", "heater", "water_heater"),
        changing=("washing_machine", "hair_dryer"),
    ),
    UsualPower(
        800,
        bursts=("toaster", "coffee_machine", "iron"),
        steady=("heater", "toaster", "microwave"),
        changing=("vacuum_cleaner", "hair_dryer"),
    ),
    UsualPower(
        250,
        bursts=("pump", "microwave"),
        steady=("pump", "computer"),
        changing=("washing_machine", "vacuum_cleaner", "computer"),
    ),
    UsualPower(60, bursts=("fridge", "pump"), steady=("fridge", "tv"), changing=("tv", "computer")),
    UsualPower(15, bursts=("lamp",), steady=("lamp", "laptop"), changing=("laptop", "tv")),
    UsualPower(NOTHING_W, bursts=("lamp",), steady=("lamp", "router"), changing=("router", "laptop")),
)


def while_on(trace: Iterable[Timed], switched: Sequence[tuple[float, bool]]) -> list[Timed]:
    """The values at which a switch was on, without those near a change. ``switched``: when, and whether it is on since.

    The first of ``switched`` is not a change, but what was known first.
    """
    times = [at for at, _ in switched]
    kept = []
    for at, value in trace:
        place = bisect_right(times, at) - 1
        is_near = any(abs(at - times[one]) < SETTLE_S for one in (place, place + 1) if 0 < one < len(times))
        if not switched or (switched[max(place, 0)][1] and not is_near):
            kept.append((at, value))
    return kept


def guess_kind(trace: Sequence[Timed]) -> PowerGuess | None:
    """``trace``: pairs of seconds and W, in their order. None: too little is known, or nothing is drawn."""
    values = [value for _, value in trace if math.isfinite(value)]
    drawn = sorted(value for value in values if value > NOTHING_W)
    given = sorted(-value for value in values if value < -NOTHING_W)
    if max(len(drawn), len(given)) < FEWEST or trace[-1][0] - trace[0][0] < SHORTEST_S:
        return None
    if len(given) > len(drawn):
        return PowerGuess(power_W=_middle(given), pattern="delivers", kinds=("solar_roof",))
    power_W = _middle(drawn)
    pattern = _pattern(values, drawn, power_W)
    row = next(one for one in USUAL if power_W >= one.least_W)
    return PowerGuess(power_W=power_W, pattern=pattern, kinds=tuple(getattr(row, pattern)))


def guess_text(guess: PowerGuess) -> str:
    """``It draws 1.98 kW in short bursts. That could be a kettle, an iron or a toaster.``"""
    power = f"{guess.power_W / 1000:.2f} kW" if guess.power_W >= 1000 else f"{guess.power_W:.0f} W"
    what = _listed([KINDS[kind][1] for kind in guess.kinds])
    return f"It {_HOW[guess.pattern].format(power=power)}. That could be {what}."


def guessed_names(guess: PowerGuess | None) -> tuple[str, ...]:
    """The names of the kinds that a guess holds; none without a guess."""
    return tuple(KINDS[kind][0] for kind in guess.kinds) if guess is not None else ()


# --- inside -------------------------------------------------------------------------------------------

_HOW: Mapping[PowerPattern, str] = {
    "bursts": "draws {power} in short bursts",
    "steady": "draws {power} steadily",
    "changing": "draws about {power}, now more, now less",
    "delivers": "delivers {power}",
}


def _pattern(values: Sequence[float], drawn: Sequence[float], power_W: float) -> PowerPattern:
    low, high = drawn[len(drawn) // 10], drawn[-1 - len(drawn) // 10]
    if high - low > SPREAD * power_W:
        return "changing"
    is_on = [value > NOTHING_W for value in values]
    return "bursts" if any(one != other for one, other in pairwise(is_on)) else "steady"


def _middle(values: Sequence[float]) -> float:
    return values[len(values) // 2]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
