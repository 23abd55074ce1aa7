"""What data points that no profile lists may be, by physics alone. Pure.

    number in mains at some scale, hardly moving              voltage_V
    two more, P = V · I · power factor, at all loads seen     current_A (mA: as nearly all), power_W
    number at 50 or 60 at some scale, but not a round one     frequency_Hz
    raw with the layout of a phase, whose voltage is mains    decode = "phase"
    the bool with number 1                                    on

Each guess states its reason and is for a person to check. Source: docs/protocols/tuya_wifi.md §2.8.1, §2.8.3, §2.8.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from statistics import median

from unclouded.core.errors import WireError
from unclouded.core.model import Point
from unclouded.core.profile import WirePoint
from unclouded.core.quantities import MAINS_V, TOLERANCE
from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.probe.observed import ObservedPoint, ProposedRow, Series, together

LIKELY = 0.11  # of V · I that a load draws at least: less is the next scale
CONSTANT_LIKELY = 0.3  # the same, where there is only one load, and so less evidence
ROUND = 50  # a constant multiple of so many counts is more likely a limit than a frequency
LEAST_VA = 20.0  # less is not evidence where all is unknown
ALIKE = 1.5  # ratio of the power factors of one load, at most
STEADY = 1.15  # ratio of the highest to the lowest voltage of one place, at most
MAINS_Hz = ((49.0, 51.0), (59.0, 61.0))
MILLI = Fraction(1, 1000)
VOLTAGE_SCALES = (Fraction(1, 10), Fraction(1), Fraction(1, 100))
POWER_SCALES = (Fraction(1, 10), Fraction(1), Fraction(1, 100))
FREQUENCY_SCALES = (Fraction(1, 100), Fraction(1, 10))

Decoders = Mapping[str, Callable[[bytes], Mapping[str, WireValue]]]
Guesses = dict[int, list[ProposedRow]]


def guesses(points: Sequence[ObservedPoint], taken: frozenset[str], decoders: Decoders) -> Guesses:
    """Rows by data point. ``taken``: keys that have their point already."""
    numbers = {point.id: _series(point) for point in points if point.type == "value"}
    found: Guesses = {}
    if not taken & {"voltage_V", "current_A", "power_W"}:
        found |= _load(numbers)
    if "frequency_Hz" not in taken:
        found |= _frequency({id: series for id, series in numbers.items() if id not in found})
    if not any("voltage" in key for key in (*taken, *(row.row.point.key for rows in found.values() for row in rows))):
        found |= _phases(points, decoders)
    first = next((point for point in points if point.id == 1 and point.type == "bool"), None)
    if first is not None and "on" not in taken:
        switch = WirePoint(point=Point(key="on", kind="switch", access="rw"), wire="1", type="bool")
        found[1] = [ProposedRow(switch, "1 is bool: nearly always the switch")]
    return found


def _series(point: ObservedPoint) -> Series:
    return [(at, value) for at, value in point.values if isinstance(value, int)]


# --- voltage, current, power --------------------------------------------------------------------------


def _load(numbers: Mapping[int, Series]) -> Guesses:
    """The three of one load: those that move together, with the highest possible power factor."""
    best: tuple[tuple[bool, float], Guesses] = ((False, 0.0), {})
    for volts, scale in _voltages(numbers):
        others = [id for id in numbers if id != volts and max(map(_count, numbers[id]), default=0) > 0]
        for amperes, watts in permutations(others, 2):
            samples = together(numbers[watts], numbers[volts], numbers[amperes])
            found = _power_scale([(p, float(v * scale), i / 1000) for p, v, i in samples])
            if found is None:
                continue
            factor, step = found
            constant = _is_constant(samples)
            if (not constant, factor) > best[0]:
                three = _three(volts, amperes, watts, scale, step, factor, constant=constant)
                best = (not constant, factor), three
    return best[1]


def _voltages(numbers: Mapping[int, Series]) -> Iterator[tuple[int, Fraction]]:
    for id, series in numbers.items():
        counts = [count for count in map(_count, series) if count]
        if not counts or max(counts) > STEADY * min(counts):
            continue
        for scale in VOLTAGE_SCALES:
            if MAINS_V[0] <= min(counts) * scale and max(counts) * scale <= MAINS_V[1]:
                yield id, scale
                break


def _power_scale(samples: Sequence[tuple[float, float, float]]) -> tuple[float, Fraction] | None:
    """The power factor and the scale of the power, where loads of different size agree on them."""
    loads = [(count / (volts * amperes), count) for count, volts, amperes in samples if volts * amperes >= LEAST_VA]
    if not loads:
        return None
    likely = CONSTANT_LIKELY if _is_constant(samples) else LIKELY
    ratios = [ratio for ratio, _ in loads]
    if min(ratios) <= 0 or max(ratios) > ALIKE * min(ratios):
        return None
    for scale in POWER_SCALES:
        if max(ratios) * scale <= TOLERANCE and median(ratios) * scale >= likely:
            return median(ratios) * float(scale), scale
    return None


def _is_constant(samples: Sequence[tuple[float, float, float]]) -> bool:
    return len({count for count, _, _ in samples}) < 2


def _three(
    volts: int, amperes: int, watts: int, scale: Fraction, step: Fraction, factor: float, *, constant: bool
) -> Guesses:
    at = "at one load only, so switch others to be sure" if constant else "at every load"
    reason = f"by physics: {watts} is {factor:.2f} of {volts} times {amperes} (in mA), {at}"
    return {
        volts: [
            ProposedRow(_row(volts, "voltage_V", scale), f"by physics: {volts} is as steady as mains, and as high")
        ],
        amperes: [ProposedRow(_row(amperes, "current_A", MILLI), reason)],
        watts: [ProposedRow(_row(watts, "power_W", step), reason)],
    }


# --- others -------------------------------------------------------------------------------------------


def _frequency(numbers: Mapping[int, Series]) -> Guesses:
    for id, series in numbers.items():
        counts = [_count(one) for one in series]
        for scale in FREQUENCY_SCALES:
            hertz = [float(count * scale) for count in counts]
            moves = len(set(counts)) > 1
            is_limit = not moves and bool(counts) and counts[0] % ROUND == 0
            if counts and not is_limit and any(all(low <= one <= high for one in hertz) for low, high in MAINS_Hz):
                reason = f"by physics: {id} {'moves a little,' if moves else 'stood'} at {hertz[-1]:g} Hz"
                return {id: [ProposedRow(_row(id, "frequency_Hz", scale), reason)]}
    return {}


def _phases(points: Sequence[ObservedPoint], decoders: Decoders) -> Guesses:
    """Records of up to three phases, by their layout."""
    records = [point for point in points if point.type == "raw" and _is_phase(point, decoders)]
    found: Guesses = {}
    for point, letter in zip(records, "abc", strict=False):
        suffix = f"_{letter}" if len(records) > 1 else ""
        packed = WirePoint(
            point=Point(key=f"phase{suffix}", kind="raw"), wire=str(point.id), type="raw", decode="phase"
        )
        rows = [ProposedRow(packed, f"by physics: {point.id} has the layout of a phase, and its voltage is mains")]
        for part, unit, scale in (("voltage", "V", 10), ("current", "A", 1000), ("power", "W", 10)):
            row = _row(f"{point.id}.{part}", f"{part}{suffix}_{unit}", Fraction(1, scale))
            rows.append(ProposedRow(row, f"{point.id} holds the {part}"))
        found[point.id] = rows
    return found


def _is_phase(point: ObservedPoint, decoders: Decoders) -> bool:
    try:
        decoded = [decoders["phase"](value) for _, value in point.values if isinstance(value, bytes)]
    except WireError:
        return False
    volts = [one.get("voltage", 0) for one in decoded]
    return bool(volts) and all(isinstance(one, int) and MAINS_V[0] <= one / 10 <= MAINS_V[1] for one in volts)


def _count(sample: tuple[float, float]) -> Fraction:
    return Fraction(sample[1])


def _row(wire: int | str, key: str, scale: Fraction) -> WirePoint:
    plain = isinstance(wire, int)
    point = Point(key=key, exponent=0)
    return WirePoint(
        point=point, wire=str(wire), type="value" if plain else "", mul=scale.numerator, div=scale.denominator
    )
