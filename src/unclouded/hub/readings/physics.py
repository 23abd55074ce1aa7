"""Do power, voltage and current agree? A wrong scale in a profile gives values that no meter can show. Pure.

    P <= 1.02 · V · I + 3 W          each quantity one count of its own in its favour
    P ~ V · I · PF                   within a factor of two, where the device reports the power factor
    V < 1000 V

A problem is reported after three comparisons in a row that fail, none of them within 5 s of a switch, each of three
quantities from one report or from within 2 s. From then on the readings carry the flag ``scale`` and are ``suspect``,
until a comparison passes that could not pass by chance. The problem names what would fit: a variant of the profile or a
similar product, else another scale. Each phase is compared by itself; ``core/quantities.py`` has
the names of the points that belong to a phase.

Real meters stay within the margins: a clamp sent 22.7 W at 252.5 V, 84 mA. Source: docs/protocols/tuya_wifi.md §2.8.5.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from fractions import Fraction
from math import ceil, log10
from typing import Any

from msgspec.structs import replace

from unclouded.core.model import Reading, Value
from unclouded.core.profile import Profile, ScaleVariant, WirePoint
from unclouded.core.quantities import (
    CURRENT,
    MAINS_V,
    POWER,
    POWER_FACTOR,
    SLACK_W,
    TOGETHER_S,
    TOLERANCE,
    VOLTAGE,
    quantity_of,
)

SWITCHED_S = 5.0  # s after a switch in which the quantities may be of different moments
FAILURES = 3  # comparisons in a row that must fail
HIGHEST_V = 1000.0
FACTOR = 2.0  # ratio of P to V · I · PF that passes: a wrong scale is wrong by ten
TELLING_W = 10.0  # with less power a comparison may pass by chance
MISCALIBRATED = 1.5  # ratio of P to V · I below which the meter is inaccurate, not the scale wrong

LEAST_FACTOR = 0.2  # ratio of P to V · I below which other scales are no better; of a wrong one it is a tenth or less
SCALE_STEPS = (Fraction(1, 10), Fraction(10), Fraction(1, 100), Fraction(100), Fraction(1, 1000), Fraction(1000))
MOST_NAMED = 3  # variants that a problem names

FLAG = "scale"
POWER_VOLTAGE_CURRENT = 0b111  # one bit for each quantity
OTHERS = tuple(~(1 << which) for which in range(4))


class Phase:
    """The quantities of one phase, and what their comparisons have shown so far.

    ``due``: where the phase adds itself once power, voltage and current are all new and have to be compared.
    """

    def __init__(self, steps: dict[int, float], keys: dict[int, str], due: "list[Phase]") -> None:
        self.keys = keys
        self.times = [0.0, 0.0, 0.0, float("-inf")]
        self.failed = 0
        self.suspect: frozenset[str] = frozenset()  # keys of the points that may have a wrong scale
        self.is_trusted = POWER_FACTOR not in keys  # P <= V · I is all that has to be compared
        self._values = [0.0, 0.0, 0.0, 0.0]
        self._missing = POWER_VOLTAGE_CURRENT  # bits of those that have not come since the last comparison
        self._steps = [steps.get(which, 0.0) for which in range(4)]
        self._due = due

    def put(self, which: int, value: float, at: float) -> None:
        """A new value of a quantity."""
        self._values[which] = value
        self.times[which] = at
        self._missing &= OTHERS[which]
        if not self._missing:
            power, voltage, current, _ = self._values
            if self.is_trusted and 0 <= power <= voltage * current and voltage <= HIGHEST_V:
                self._missing = POWER_VOLTAGE_CURRENT  # by far the most frequent case: they agree, and did before
            elif self not in self._due:
                self._due.append(self)

    def compared(self) -> None:
        """The next comparison needs new values of all three."""
        self._missing = POWER_VOLTAGE_CURRENT

    def with_scales(self, ratios: Mapping[str, float]) -> "Phase":
        """The phase as it would be with other scales: ``ratios`` to those of now, by the key of the point."""
        other = Phase({}, self.keys, [])
        other.times = self.times
        by_quantity = [ratios.get(self.keys.get(which, ""), 1.0) for which in range(4)]
        other._values = [value * ratio for value, ratio in zip(self._values, by_quantity, strict=True)]
        other._steps = [step * ratio for step, ratio in zip(self._steps, by_quantity, strict=True)]
        return other

    def is_plausible(self) -> bool:
        """Whether the values are those of something at the mains, and agree; not only that nothing is wrong."""
        power, voltage, current, _ = map(abs, self._values)
        return (
            MAINS_V[0] <= voltage <= MAINS_V[1] and power >= LEAST_FACTOR * voltage * current and not self.problem()[0]
        )

    def problem(self) -> tuple[str, frozenset[str]]:
        """What is wrong with the values, as text, and the keys of the points it may be; "" = nothing."""
        power, voltage, current, factor = map(abs, self._values)
        step_W, step_V, step_A, step_factor = self._steps
        if voltage > HIGHEST_V:
            return f"voltage looks {_power_of_ten(voltage / MAINS_V[1])}× too high for this profile ({voltage:g} V)", (
                frozenset({self.keys[VOLTAGE]})
            )
        most = TOLERANCE * (voltage + step_V) * (current + step_A)
        if power > most + SLACK_W + step_W:
            return self._too_high(power, voltage, current, most)
        if self._knows_factor() and 0 < factor <= 1:
            expected = voltage * current * factor
            low = (voltage - step_V) * (current - step_A) * (factor - step_factor) / FACTOR
            high = (voltage + step_V) * (current + step_A) * (factor + step_factor) * FACTOR
            if power > high + SLACK_W + step_W:
                return self._off(power, expected, "high"), self._power_and_current()
            if power + SLACK_W + step_W < low:
                return self._off(power, expected, "low"), self._power_and_current()
        return "", frozenset()

    def is_telling(self) -> bool:
        """Whether there is enough power that a comparison does not pass by chance."""
        return abs(self._values[POWER]) > TELLING_W

    def _knows_factor(self) -> bool:
        return POWER_FACTOR in self.keys and abs(self.times[POWER_FACTOR] - self.times[POWER]) <= TOGETHER_S

    def _power_and_current(self) -> frozenset[str]:
        return frozenset({self.keys[POWER], self.keys[CURRENT]})

    def _too_high(self, power: float, voltage: float, current: float, most: float) -> tuple[str, frozenset[str]]:
        times = _power_of_ten(power / most)
        if voltage < MAINS_V[0] and MAINS_V[0] <= voltage * times <= MAINS_V[1]:
            text = f"voltage looks {times}× too low for this profile ({voltage:g} V)"
            return text, frozenset({self.keys[VOLTAGE]})
        if power < MISCALIBRATED * most:
            text = f"power is more than voltage and current allow: {power:g} W of {voltage * current:.4g} VA"
            return text, self._power_and_current()
        text = f"power looks {times}× too high for this profile: {power:g} W of {voltage * current:.4g} VA"
        return text, self._power_and_current()

    def _off(self, power: float, expected: float, side: str) -> str:
        ratio = power / expected if side == "high" else expected / max(power, self._steps[POWER], 1e-6)
        times = 10 ** max(round(log10(ratio)), 1)
        return f"power looks {times}× too {side} for this profile: {power:g} W where {expected:.4g} W is expected"


class Alternatives:
    """Other scales that the points of a profile may have: those of its variants, and of similar products.

    ``similar``: called when it is needed.
    """

    def __init__(self, profile: Profile, similar: Callable[[], Sequence[ScaleVariant]] | None = None) -> None:
        self._profile = profile
        self._similar = similar

    def fitting(self, phase: Phase) -> str:
        """Which of them make the values of a phase agree, as text; "" = none does."""
        own = {row.point.key: row.scale for row in self._profile.points if row.point.key in phase.keys.values()}
        if names := list(dict.fromkeys(self._fitting_variants(phase, own)))[:MOST_NAMED]:
            return f"profile {' or '.join(names)} fits"
        for ratios in _other_scales(phase):
            if phase.with_scales({key: float(ratio) for key, ratio in ratios.items()}).is_plausible():
                return "try scale " + " and ".join(
                    f"{_decimal(own[key] * ratio)} instead of {_decimal(own[key])} for {key}"
                    for key, ratio in ratios.items()
                )
        return ""

    def _fitting_variants(self, phase: Phase, own: Mapping[str, Fraction]) -> Iterator[str]:
        for variant in (*self._profile.scale_variants, *(self._similar() if self._similar else ())):
            ratios = {key: float(variant.scales[key] / scale) for key, scale in own.items() if key in variant.scales}
            if phase.with_scales(ratios).is_plausible():
                yield variant.name


class Physics:
    """Compares the quantities of one device.

        take or Phase.put, each value of a report ──► check, where a phase is ``due`` or a point is ``suspect``

    ``slots``: by the key of a point, the phase that it belongs to, and as which quantity.
    ``problems``: (Unix seconds, text), each problem once; the caller takes them out.
    """

    def __init__(
        self, rows: Sequence[WirePoint], integrated: str = "", alternatives: Alternatives | None = None
    ) -> None:
        self.problems: list[tuple[float, str]] = []
        self.due: list[Phase] = []
        self.suspect: frozenset[str] = frozenset()
        self._phases = _phases(rows, self.due)
        self.slots = {key: (phase, which) for phase in self._phases for which, key in phase.keys.items()}
        self._reported: set[str] = set()
        self._switched = float("-inf")
        self._switches: dict[str, Value | None] = {row.point.key: None for row in rows if row.point.kind == "switch"}
        self._integrated = integrated
        self._alternatives = alternatives

    def take(self, reading: Reading) -> None:
        """A reading of any point."""
        slot, value = self.slots.get(reading.point), reading.value
        if slot is not None:
            if type(value) is float or type(value) is int:
                slot[0].put(slot[1], value, reading.at)
        elif reading.point in self._switches:
            self._switch(reading)

    def check(self, readings: MutableSequence[Any], start: int) -> None:
        """A report is complete (the power factor may come last): compare, and mark its readings, from ``start`` on."""
        due = self.due
        if due:
            for phase in due:
                self._compare(phase)
            due.clear()
            self.suspect = frozenset().union(*(phase.suspect for phase in self._phases))
            if "power_W" in self.suspect:
                self.suspect |= {self._integrated}
        if self.suspect:
            self._mark(readings, start)

    # --- inside --------------------------------------------------------------------------------

    def _switch(self, reading: Reading) -> None:
        before = self._switches[reading.point]
        if before == reading.value:
            return
        self._switches[reading.point] = reading.value
        if before is not None:
            self._switched = reading.at
            for phase in self._phases:
                phase.failed = 0

    def _compare(self, phase: Phase) -> None:
        times = phase.times[:3]
        at = max(times)
        if at - min(times) > TOGETHER_S:
            return
        phase.compared()
        if 0 <= at - self._switched < SWITCHED_S:
            return
        text, keys = phase.problem()
        if text:
            phase.failed += 1
            phase.is_trusted = False
            if phase.failed >= FAILURES:
                phase.suspect = keys
                self._report(text, at, phase)
            return
        phase.failed = 0
        if phase.is_telling():
            phase.suspect = frozenset()
            phase.is_trusted = POWER_FACTOR not in phase.keys

    def _report(self, text: str, at: float, phase: Phase) -> None:
        """Once for each problem, whatever the numbers in it, with what would fit."""
        problem = re.split(r"[:(]", text)[0]
        if problem not in self._reported:
            self._reported.add(problem)
            fitting = self._alternatives.fitting(phase) if self._alternatives is not None else ""
            self.problems.append((at, f"{text}; {fitting}" if fitting else text))

    def _mark(self, readings: MutableSequence[Any], start: int) -> None:
        for index in range(start, len(readings)):
            reading = readings[index]
            if reading.point in self.suspect:
                readings[index] = replace(reading, quality="suspect", flags=(*reading.flags, FLAG))


def _phases(rows: Sequence[WirePoint], due: list[Phase]) -> list[Phase]:
    """The phases that have power, voltage and current."""
    found: dict[str, dict[int, WirePoint]] = {}
    for row in rows:
        quantity = quantity_of(row.point.key)
        if quantity is not None and not row.decode and row.point.kind == "number":
            found.setdefault(quantity[1], {})[quantity[0]] = row
    return [
        Phase({n: row.mul / row.div for n, row in own.items()}, {n: row.point.key for n, row in own.items()}, due)
        for own in found.values()
        if {POWER, VOLTAGE, CURRENT} <= set(own)
    ]


def _other_scales(phase: Phase) -> Iterator[Mapping[str, Fraction]]:
    """Of one quantity, then of voltage and power together: the ratios to the scales of now, by the key of the point."""
    voltage, power, current = (phase.keys[which] for which in (VOLTAGE, POWER, CURRENT))
    yield from ({key: ratio} for key in (voltage, power, current) for ratio in SCALE_STEPS)
    yield from ({voltage: ratio, power: ratio} for ratio in SCALE_STEPS)


def _power_of_ten(ratio: float) -> int:
    """The power of ten that brings a ratio down to one."""
    return int(10 ** max(ceil(log10(ratio)), 1))


def _decimal(scale: Fraction) -> str:
    return f"{float(scale):.10f}".rstrip("0").rstrip(".")
