"""What is suspicious in hours and days of a device, as the utilities' rules of validation have it. Pure.

spike      more power than the fuse can carry          frozen    the same power for hours, other energy
mismatch   a day's energy is not what power adds up to  gap       no contact for an hour and more
parts      devices below use more than the one above    negative  power below zero of what feeds nothing in
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from unclouded.store.reading.condense import HistoryStep

CheckKind = Literal["spike", "frozen", "mismatch", "gap", "parts", "negative"]
HOUR, DAY = 3600, 86_400  # s
MAINS_V = 250.0  # at which the power of a fuse is reckoned
FROZEN_HOURS = 3
TOLERANCE = 0.1  # of energies that are compared
FROZEN_TOLERANCE = 0.2
SLACK_WH = 100.0  # an interval of the counter may lie over midnight
FROZEN_SLACK_WH = 100.0  # an interval of the counter at each end may be of other hours
PARTS_SLACK_WH = 50.0
NEGATIVE_W = -5.0  # noise of a clamp without load
GAP_S = HOUR
WHOLE_DAY_HOURS = 22  # with power, of a day that is compared with it


class SuspectRange(NamedTuple):
    """Unix seconds. ``text``: what is odd. ``Wh``: what the energy of the range probably was."""

    kind: CheckKind
    point: str
    start: float
    end: float
    text: str
    Wh: float | None = None


def spikes(point: str, hours: Iterable[HistoryStep], most_W: float, step_s: float) -> list[SuspectRange]:
    """Steps in which power was beyond what the fuse carries."""
    peaks = [(hour.at, max(hour.high or 0.0, -(hour.low or 0.0))) for hour in hours]
    return [
        SuspectRange("spike", point, start, end, f"up to {peak:,.0f} W; the fuse carries {most_W:,.0f} W")
        for start, end, peak in _runs([one for one in peaks if one[1] > most_W], step_s)
    ]


def negatives(point: str, hours: Iterable[HistoryStep], step_s: float) -> list[SuspectRange]:
    """Steps in which power was negative, of a device that feeds nothing in."""
    found = [(hour.at, -hour.low) for hour in hours if hour.low is not None and hour.low < NEGATIVE_W]
    return [
        SuspectRange("negative", point, start, end, f"down to -{lowest:,.0f} W, and the device feeds nothing in")
        for start, end, lowest in _runs(found, step_s)
    ]


def energy_spikes(point: str, at: Sequence[float], Wh: Sequence[float | None], most_W: float) -> list[SuspectRange]:
    """Hours in which a counter rose by more than the fuse carries."""
    return [
        SuspectRange("spike", point, begin, end, f"{rise / 1000:,.3f} kWh in an hour; the fuse carries {most_W:,.0f} W")
        for (begin, end), rise in zip(pairwise(at), Wh, strict=True)
        if rise is not None and rise * HOUR > most_W * (end - begin)
    ]


def frozen(
    point: str, hours: Sequence[HistoryStep], at: Sequence[float], Wh: Sequence[float | None]
) -> list[SuspectRange]:
    """Hours of one and the same power, in which the counter rose by something else."""
    rise = dict(zip(at, Wh, strict=False))
    found: list[SuspectRange] = []
    run: list[HistoryStep] = []

    def end_run() -> None:
        if len(run) >= FROZEN_HOURS:
            counted = [rise.get(one.at) for one in run]
            known = sum(Wh for Wh in counted if Wh is not None)
            power = (run[0].mean or 0.0) * len(run)
            if None not in counted and abs(known - power) > max(FROZEN_SLACK_WH, FROZEN_TOLERANCE * known):
                text = f"{run[0].mean:g} W for {len(run)} hours, and the counter rose by {known:,.0f} Wh"
                found.append(SuspectRange("frozen", point, run[0].at, run[-1].at + HOUR, text))
        run.clear()

    for hour in hours:
        is_flat = hour.low == hour.high and bool(hour.low)  # what is switched off uses 0 W for hours
        if run and (not is_flat or hour.low != run[0].low or hour.at != run[-1].at + HOUR):
            end_run()
        if is_flat:
            run.append(hour)
    end_run()
    return found


def mismatches(
    point: str, at: Sequence[float], Wh: Sequence[float | None], hours: Iterable[HistoryStep]
) -> list[SuspectRange]:
    """Days whose energy is not what power adds up to. ``at``: when the days begin."""
    days: dict[int, list[float]] = {}
    place = 0
    for hour in hours:
        while place + 1 < len(at) and hour.at >= at[place + 1]:
            place += 1
        if hour.mean is not None:
            days.setdefault(place, []).append(max(hour.mean, 0.0))
    found = []
    for number, (begin, end) in enumerate(pairwise(at)):
        means, counted = days.get(number, []), Wh[number]
        if counted is None or len(means) < WHOLE_DAY_HOURS:
            continue
        power = sum(means) / len(means) * (end - begin) / HOUR
        if abs(counted - power) > SLACK_WH + TOLERANCE * max(counted, power):
            text = f"{counted / 1000:,.3f} kWh counted, and power adds up to {power / 1000:,.3f} kWh"
            found.append(SuspectRange("mismatch", point, begin, end, text, power))
    return found


def gaps(point: str, silences: Iterable[tuple[float, float]], now: float) -> list[SuspectRange]:
    """Times without contact."""
    return [
        SuspectRange("gap", point, begin, min(end, now), f"no contact for {(min(end, now) - begin) / HOUR:,.1f} h")
        for begin, end in silences
        if min(end, now) - begin >= GAP_S
    ]


def parts(
    point: str,
    at: Sequence[float],
    whole: Sequence[float | None],
    below: Mapping[str, Sequence[float | None]],
    made: Sequence[Sequence[float | None]] = (),
    exported: Sequence[float | None] | None = None,
) -> list[SuspectRange]:
    """Days on which devices below one counted more than it let through.

    ``below``: by device. ``made``: of what produces behind the meter, which they used too, but for what is exported.
    """
    found = []
    for number, (begin, end) in enumerate(pairwise(at)):
        counted = _together(whole[number], made, exported, number)
        together = sum(Wh[number] or 0.0 for Wh in below.values())
        if counted is not None and together > counted * (1 + TOLERANCE / 2) + PARTS_SLACK_WH:
            here = "let through" if made else "counted"
            text = f"{counted / 1000:,.3f} kWh {here}, and {', '.join(below)} below it {together / 1000:,.3f} kWh"
            found.append(SuspectRange("parts", point, begin, end, text))
    return found


def _together(
    imported: float | None,
    made: Sequence[Sequence[float | None]],
    exported: Sequence[float | None] | None,
    number: int,
) -> float | None:
    """What there was to use in a period; None where some of it is not known."""
    known = [imported, *(Wh[number] for Wh in made)]
    out = 0.0 if exported is None else exported[number]
    values = [Wh for Wh in known if Wh is not None]
    return None if out is None or len(values) < len(known) else sum(values) - out


def _runs(found: Iterable[tuple[float, float]], step_s: float) -> list[tuple[float, float, float]]:
    """Begin, end and highest value of the steps that follow each other without a break."""
    runs: list[tuple[float, float, float]] = []
    for at, value in found:
        if runs and runs[-1][1] == at:
            runs[-1] = runs[-1][0], at + step_s, max(runs[-1][2], value)
        else:
            runs.append((at, at + step_s, value))
    return runs
