"""Load duration and base load from the mean powers of equal steps. Pure.

    W │▖                      highest step
      │▝▖                     reached in 1 % of the time
      │ ▝▀▀▄▄▖                half of the time
      │      ▝▀▀▀▀▀▀▀▀▄▄▄     base load: drawn all the time
      └──────────────────
      0 %   of the time  100 %

The base load is the mean of the lowest tenth of the steps at night, without the lowest hundredth, so that a few wrong
readings do not count. What the devices draw in the same steps makes it up, and adds up to it.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.views.consumption import BaseLoad, BasePart, LoadCurve
from unclouded.web.history.consumption.home import Column

NIGHT_HOURS = range(6)  # of the local clock
LEAST_STEPS = 8  # at night that must be known
LOWEST, WRONG = 0.1, 0.01  # parts of the steps at night: those that count, and of these the ones that do not
MOST_ROWS = 240  # of a curve
DENSE = 0.05  # of the time: where a curve falls steeply, half of its rows
HOURS_A_YEAR = 8760
LEAST_W = 0.05  # less is not shown as a part


def curve(device: str, starts: Sequence[float], column: Column, base: BaseLoad | None) -> LoadCurve:
    """The known steps of a column, sorted."""
    known = sorted((value for value in column if value is not None), reverse=True)
    part = len(known) / len(column) if column else 0.0
    if not known:
        return LoadCurve(device=device, share=[], W=[], known=0.0)
    highest = max(range(len(column)), key=lambda step: _or_least(column[step]))
    rows = _rows(len(known))
    return LoadCurve(
        device=device,
        share=[round((row + 1) / len(known), 5) for row in rows],
        W=[round(known[row], 1) for row in rows],
        known=round(part, 4),
        highest_W=round(known[0], 1),
        highest_at=starts[highest],
        top_W=round(known[int((len(known) - 1) * 0.01)], 1),
        median_W=round(known[(len(known) - 1) // 2], 1),
        mean_W=round(sum(known) / len(known), 1),
        base=base,
    )


def base_load(column: Column, is_night: Sequence[bool], parts: Mapping[str, Column]) -> BaseLoad | None:
    """The base load of a column; ``parts``: of devices whose use is in it. None where too little is known."""
    night = [step for step, value in enumerate(column) if value is not None and is_night[step]]
    if len(night) < LEAST_STEPS:
        return None
    night.sort(key=lambda step: column[step] or 0.0)
    lowest = night[int(len(night) * WRONG) : max(int(len(night) * LOWEST), 1)]
    W = _mean(column, lowest) or 0.0
    shown = {device: _mean(values, lowest) or 0.0 for device, values in parts.items()}
    rest = W - sum(shown.values())
    found = [BasePart(device=device, W=round(value, 1)) for device, value in (*shown.items(), ("", rest))]
    found = sorted((one for one in found if one.W > LEAST_W), key=lambda one: -one.W) if parts else []
    return BaseLoad(W=round(W, 1), kWh_year=round(W * HOURS_A_YEAR / 1000, 1), steps=len(lowest), parts=found)


def _mean(column: Column, steps: Sequence[int]) -> float | None:
    """The mean of the known ones of these steps."""
    known = [value for step in steps if (value := column[step]) is not None]
    return sum(known) / len(known) if known else None


def _or_least(value: float | None) -> float:
    return float("-inf") if value is None else value


def _rows(count: int) -> list[int]:
    """The rows of a sorted column that a curve needs, the first and the last among them."""
    if count <= MOST_ROWS:
        return list(range(count))
    half = MOST_ROWS // 2
    steep = [round(n / half * DENSE * (count - 1)) for n in range(half)]
    flat = [round((DENSE + (1 - DENSE) * n / (half - 1)) * (count - 1)) for n in range(half)]
    return list(dict.fromkeys([*steep, *flat]))
