"""Load duration and anomalies as lines of text."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from unclouded.core.views.consumption import Anomalies, Anomaly, LoadCurve, LoadDuration

HOME = "home"
REST = "what no plug measures"
NAME_WIDTH = 34
SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # of the time


def load_lines(found: LoadDuration, zone: tzinfo) -> Iterator[str]:
    """For each curve: the base load and what it is made of, then the power that is reached in parts of the time."""
    step = "hours" if found.step >= 3600 else f"{found.step // 60} min"
    for curve in found.curves:
        if curve.highest_W is None:
            yield f"{curve.device or HOME}: no power is known between these times."
            continue
        yield f"{curve.device or HOME}, means of {step}; {curve.known:.0%} of the time is known"
        yield from _base_lines(curve)
        yield f"  {'highest':<{NAME_WIDTH}} {curve.highest_W:>9.1f} W  {_time(curve.highest_at, zone)}"
        for share in SHARES:
            name = "always" if share == 1 else f"in {share:.0%} of the time"
            yield f"  {name + ' at least':<{NAME_WIDTH}} {_reached(curve, share):>9.1f} W"


def anomaly_lines(found: Anomalies, zone: tzinfo) -> Iterator[str]:
    """A line for each anomaly, the newest first."""
    for one in found.items:
        yield f"{_days(one, zone):<24} {_sentence(one)}"
    if not found.items:
        yield f"Nothing stood out; {found.known_days} days were compared."


def _base_lines(curve: LoadCurve) -> Iterator[str]:
    if curve.base is None:
        yield "  base load unknown: less than two hours of the nights are known"
        return
    yield f"  {'base load':<{NAME_WIDTH}} {curve.base.W:>9.1f} W  {curve.base.kWh_year:.1f} kWh a year"
    for part in curve.base.parts:
        yield f"    {part.device or REST:<{NAME_WIDTH - 2}} {part.W:>9.1f} W"


def _reached(curve: LoadCurve, share: float) -> float:
    return next((W for part, W in zip(curve.share, curve.W, strict=True) if part >= share), curve.W[-1])


def _sentence(one: Anomaly) -> str:
    name, amount, usual = one.device or HOME, one.amount or 0.0, one.usual or 0.0
    match one.kind:
        case "suspect":
            return f"{name}: suspect readings of {', '.join(one.points)} ({', '.join(one.flags) or 'no flag'})"
        case "base":
            cause = f"; most of it is {one.cause}" if one.cause else ""
            return f"{name}: the base load rose from {usual:.0f} W to {amount:.0f} W{cause}"
        case "night":
            return f"{name}: {amount / 1000:.2f} kWh between 0 and 6 h, usually {usual / 1000:.2f} kWh"
        case _:
            most = "" if one.days == 1 else "up to " if amount > usual else "down to "
            return f"{name}: {most}{amount / 1000:.2f} kWh a day, usually {usual / 1000:.2f} kWh"


def _days(one: Anomaly, zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d") for at in (one.start, one.end - 1))
    return first if first == last else f"{first} to {last}"


def _time(at: float | None, zone: tzinfo) -> str:
    return "" if at is None else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")
