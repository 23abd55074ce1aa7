"""Do power, voltage and current of a device agree? A wrong scale in a profile is found by what no wire can do. Pure.

    P <= 1.02 · V · I + 3 W          each quantity one count of its own in its favour
    P ~ V · I · PF                   within a factor of two, where the device tells the power factor
    V < 1000 V

Three readings running must fail before anybody is accused, none of them within 5 s of a switch, each with all
three quantities from one report or within 2 s. Then the readings carry the flag ``scale`` and are ``suspect``,
until a reading that could not agree by chance agrees. Phases are checked one by one, by the names of their points:

    power_W voltage_V current_A power_factor · power_a_W voltage_a_V current_a_A power_factor_a

Real meters stay within the margins: a clamp sent 22.7 W at 252.5 V, 84 mA. Source: docs/protocols/tuya_wifi.md §2.8.5.
"""

import re
from collections.abc import MutableSequence, Sequence
from math import ceil, log10
from typing import Any

from msgspec.structs import replace

from unclouded.core.model import Reading
from unclouded.core.profile import WirePoint
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

SWITCHED_S = 5.0  # s after a switch in which quantities are of different moments
RUNNING = 3  # readings that must fail one after the other
HIGHEST_V = 1000.0
FACTOR = 2.0  # how far off P may be from V · I · PF: a wrong scale is off by ten
TELLING_W = 10.0  # less power agrees by chance
MISSET = 1.5  # less than that is a device out of tune, not a scale

FLAG = "scale"
THREE = 0b111


class Phase:
    """Three quantities that belong together, and what they have shown so far."""

    def __init__(self, steps: dict[int, float], keys: dict[int, str]) -> None:
        self.keys = keys
        self.values = [0.0, 0.0, 0.0, 0.0]
        self.times = [0.0, 0.0, 0.0, float("-inf")]
        self.fresh = 0
        self.failed = 0
        self.accused: frozenset[str] = frozenset()
        self.is_trusted = POWER_FACTOR not in keys  # nothing but plain P <= V · I has to be looked at
        self._steps = [steps.get(which, 0.0) for which in range(4)]

    def judge(self) -> tuple[str, frozenset[str]]:
        """What is wrong with the three, in words, and the keys that may be; "" = nothing."""
        power, voltage, current, factor = map(abs, self.values)
        step_W, step_V, step_A, step_factor = self._steps
        if voltage > HIGHEST_V:
            return f"voltage looks {_tenfold(voltage / MAINS_V[1])}× too high for this profile ({voltage:g} V)", (
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
                return self._said(power, expected, "high"), self._pair()
            if power + SLACK_W + step_W < low:
                return self._said(power, expected, "low"), self._pair()
        return "", frozenset()

    def is_telling(self) -> bool:
        """Enough power to agree on purpose."""
        return abs(self.values[POWER]) > TELLING_W

    def _knows_factor(self) -> bool:
        return POWER_FACTOR in self.keys and abs(self.times[POWER_FACTOR] - self.times[POWER]) <= TOGETHER_S

    def _pair(self) -> frozenset[str]:
        return frozenset({self.keys[POWER], self.keys[CURRENT]})

    def _too_high(self, power: float, voltage: float, current: float, most: float) -> tuple[str, frozenset[str]]:
        times = _tenfold(power / most)
        if voltage < MAINS_V[0] and MAINS_V[0] <= voltage * times <= MAINS_V[1]:
            words = f"voltage looks {times}× too low for this profile ({voltage:g} V)"
            return words, frozenset({self.keys[VOLTAGE]})
        if power < MISSET * most:
            words = f"power is more than voltage and current allow: {power:g} W of {voltage * current:.4g} VA"
            return words, self._pair()
        return (
            f"power looks {times}× too high for this profile: {power:g} W of {voltage * current:.4g} VA",
            self._pair(),
        )

    def _said(self, power: float, expected: float, side: str) -> str:
        ratio = power / expected if side == "high" else expected / max(power, self._steps[POWER], 1e-6)
        times = 10 ** max(round(log10(ratio)), 1)
        return f"power looks {times}× too {side} for this profile: {power:g} W where {expected:.4g} W is expected"


class Physics:
    """Watches the readings of one device. ``news``: (Unix seconds, words) that nobody has told yet."""

    def __init__(self, rows: Sequence[WirePoint], integrated: str = "") -> None:
        self.news: list[tuple[float, str]] = []
        self._told: set[str] = set()
        self._switched = float("-inf")
        self._switches: dict[str, Any] = {row.point.key: None for row in rows if row.point.kind == "switch"}
        self._phases = _phases(rows)
        self._slots = {key: (phase, which) for phase in self._phases for which, key in phase.keys.items()}
        self._integrated = integrated

    @property
    def watches(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self._phases)

    def look(self, readings: MutableSequence[Any], start: int) -> None:
        """Take the readings from ``start`` on, those of one report, and mark those that cannot be."""
        accused = False
        due: dict[Phase, None] = {}
        slots = self._slots
        for reading in readings[start:] if start else readings:
            slot = slots.get(reading.point)
            if slot is None:
                if reading.point in self._switches:
                    self._switch(reading)
                continue
            phase, which = slot
            value = reading.value
            if type(value) is float or type(value) is int:
                phase.values[which] = value
                phase.times[which] = reading.at
                phase.fresh = fresh = phase.fresh | 1 << which
                if fresh & THREE == THREE:
                    power, voltage, current, _ = phase.values
                    if phase.is_trusted and 0 <= power <= voltage * current and voltage <= HIGHEST_V:
                        phase.fresh = 0  # by far the commonest: nothing is wrong, and nothing was
                    else:
                        due[phase] = None
            if phase.accused:
                accused = True
        for phase in due:  # not before the whole report is known: the power factor may come last
            self._compare(phase)
            accused = accused or bool(phase.accused)
        if accused:
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
        phase.fresh = 0
        if 0 <= at - self._switched < SWITCHED_S:
            return
        words, keys = phase.judge()
        if words:
            phase.failed += 1
            phase.is_trusted = False
            if phase.failed >= RUNNING:
                phase.accused = keys
                self._tell(words, at)
            return
        phase.failed = 0
        if phase.is_telling():
            phase.accused = frozenset()
            phase.is_trusted = POWER_FACTOR not in phase.keys

    def _tell(self, words: str, at: float) -> None:
        """Once for each fault, whatever the numbers in it."""
        fault = re.split(r"[:(]", words)[0]
        if fault not in self._told:
            self._told.add(fault)
            self.news.append((at, words))

    def _mark(self, readings: MutableSequence[Any], start: int) -> None:
        accused = frozenset().union(*(phase.accused for phase in self._phases))
        if "power_W" in accused:
            accused |= {self._integrated}
        for index in range(start, len(readings)):
            reading = readings[index]
            if reading.point in accused:
                readings[index] = replace(reading, quality="suspect", flags=(*reading.flags, FLAG))


def _phases(rows: Sequence[WirePoint]) -> list[Phase]:
    """The phases that have all three quantities."""
    found: dict[str, dict[int, WirePoint]] = {}
    for row in rows:
        quantity = quantity_of(row.point.key)
        if quantity is not None and not row.decode and row.point.kind == "number":
            found.setdefault(quantity[1], {})[quantity[0]] = row
    return [
        Phase({n: row.mul / row.div for n, row in three.items()}, {n: row.point.key for n, row in three.items()})
        for three in found.values()
        if {POWER, VOLTAGE, CURRENT} <= set(three)
    ]


def _tenfold(ratio: float) -> int:
    """The power of ten that brings a ratio down to one."""
    return int(10 ** max(ceil(log10(ratio)), 1))
