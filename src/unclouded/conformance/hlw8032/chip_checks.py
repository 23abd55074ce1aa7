"""Checks of a metering chip: a minute of its frames, and a load that a person switches.

Source: docs/protocols/hlw8032.md §1 to §3.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from unclouded.conformance.check import Check, Grade, PersonTask, Preparation
from unclouded.conformance.line import CheckLine, LineEntry, PassiveEnd, Script
from unclouded.conformance.rows import judged_anywhere, judged_live, row
from unclouded.families.hlw8032.frame import (
    ALL_REFRESHED,
    CALIBRATION_FAILED,
    CARRY,
    CHECK,
    COEFFICIENTS_ABNORMAL,
    CURRENT_AT,
    HEADER,
    LENGTH,
    POWER_AT,
    TOP,
    VOLTAGE_AT,
    VOLTAGE_OVERFLOW,
    Hlw8032Frame,
    Hlw8032Framer,
)
from unclouded.families.hlw8032.measurement import (
    CURRENT,
    HIGHEST_V,
    LOWEST_V,
    NOMINAL,
    OVERFLOWS,
    POWER,
    REFRESHED,
    VOLTAGE,
    measurement,
    refreshed,
)

Line = CheckLine["ChipListener"]
MINUTE, LOAD = "a minute", "a load"
MINUTE_S = 60.0
INTERVAL_S = 0.105  # docs/protocols/hlw8032.md §1.2
LONGEST_GAP_S = 0.5
REFRESH_S = 17.0  # until a register without pulses overflows: 16.7 s
USUAL: Mapping[str, int] = {VOLTAGE: 188_000, CURRENT: 15_900, POWER: 5_190_000}  # of the vectors, ± 10 %
PLACES = {VOLTAGE: VOLTAGE_AT, CURRENT: CURRENT_AT, POWER: POWER_AT}
SIBLING_KV = 1 / 1.88  # CSE7766: its coefficients include the divider
LOW_BITS = (1, 2)  # that were seen
FEWEST_PULSES = 50
LOAD_W = 20.0
LOAD_S = 120.0
SWITCH_ON = PersonTask("switch_on", "Switch on a load of 40 W or more behind the plug now.")
SWITCH_OFF = PersonTask("switch_off", "Switch it off again now.")
PERSON = PersonTask("announced", "You are asked to switch a load on and off.")
ROUND = 1 << 16


class ChipReader:
    """The FrameReader of this line."""

    def __init__(self) -> None:
        self._framer = Hlw8032Framer()

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: a Hlw8032Frame, or None
        pieces = self._framer.feed(data)
        return [
            (one.data, one, "") if isinstance(one, Hlw8032Frame) else (one.data, None, one.reason) for one in pieces
        ]

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: as above
        return ()

    def deadline(self) -> float | None:
        return None


class ChipListener(PassiveEnd):
    """``newest``: the newest frame. ``measured``: when, and the values of each frame of the minute, once computed."""

    def __init__(self, line: Line) -> None:
        self.newest: Hlw8032Frame | None = None
        self.measured: list[tuple[float, Mapping[str, float]]] | None = None

    def received(self, entry: LineEntry) -> None:
        self.newest = entry.frame or self.newest


def is_frame(entry: LineEntry) -> bool:
    """Whether an entry is a frame of the chip."""
    return entry.frame is not None


class LoadSteps(msgspec.Struct, frozen=True):
    """The power (W) before a load was switched on, the most with it, and the least after it; pulses meanwhile."""

    before: float
    on: float
    off: float
    pulses: int


# --- preparations ------------------------------------------------------------------------------------


def listen(line: Line) -> Script[None]:
    yield from line.pause(MINUTE_S)


def load(line: Line) -> Script[None]:
    _of(line, POWER)
    before, first, mark = _power(line), _pulses(line), line.log.mark()
    line.advise(SWITCH_ON)
    on = yield from _power_until(line, lambda power: power > before + LOAD_W)
    yield from line.pause(5.0)
    pulses = (_pulses(line) - first) % ROUND
    line.advise(SWITCH_OFF)
    off = yield from _power_until(line, lambda power: power < on / 2)
    line.facts["load"] = msgspec.to_builtins(LoadSteps(before, on, off, pulses))
    line.observed[LOAD] = tuple(line.log.since(mark))


def _pulses(line: Line) -> int:
    return line.end.newest.pulses if line.end.newest is not None else 0


def _power(line: Line) -> float:
    return _values(line.end.newest).get(POWER, 0.0) if line.end.newest is not None else 0.0


def _values(frame: Hlw8032Frame) -> Mapping[str, float]:
    return measurement(frame, refreshed(frame), NOMINAL).values


def _power_until(line: Line, is_so: Callable[[float], bool]) -> Script[float]:
    """Wait until the power is so; the newest one."""
    until = line.now + LOAD_S
    while line.now < until and not is_so(_power(line)):
        yield from line.pause(1.0)
    return _power(line)


PREPARATIONS = {
    MINUTE: Preparation(text="it was listened to", script=listen, once=True),
    LOAD: Preparation(text="a load was switched", script=load, once=True, timeout_s=3 * LOAD_S),
}


# --- frames ------------------------------------------------------------------------------------------


def _frames(line: Line) -> list[tuple[float, Hlw8032Frame]]:
    """When, and what."""
    return [(one.at, one.frame) for one in line.observed[MINUTE] if is_frame(one)] or line.skip("No frame came.")


def _noise(line: Line) -> list[bytes]:
    """What stands between two frames, each as a whole; a byte alone that may begin a frame is left out."""
    found: list[bytes] = []
    is_open = False
    for entry in line.observed[MINUTE]:
        if entry.frame is None and is_open:
            found[-1] += entry.data
        elif entry.frame is None:
            found.append(entry.data)
        is_open = entry.frame is None
    return [data for data in found if len(data) > 1 or not HEADER.match(data + bytes((CHECK,)))]


def _is_damaged(data: bytes) -> bool:
    return len(data) % LENGTH == 0 and HEADER.match(data) is not None


def right_sums(line: Line) -> None:
    bad = sum(len(data) // LENGTH for data in _noise(line) if _is_damaged(data))
    line.require(not bad, f"{bad} frames of {bad + len(_frames(line))} have a wrong sum.")


def no_cut_frames(line: Line) -> None:
    cut = [data for data in _noise(line) if HEADER.match(data) and not _is_damaged(data)]
    line.require(not cut, f"{len(cut)} frames are cut off by the next one.")


def no_stray_bytes(line: Line) -> None:
    size = sum(len(data) for data in _noise(line) if not HEADER.match(data))
    line.require(not size, f"{size} bytes are between frames.")


def interval(line: Line) -> None:
    """From one frame to the next, where nothing is between them."""
    pairs = pairwise(line.observed[MINUTE])
    gaps = [after.at - before.at for before, after in pairs if is_frame(before) and is_frame(after)]
    usual = median(gaps) if gaps else line.skip("No two frames follow each other.")
    line.facts["interval_ms"] = round(usual * 1000)
    line.require(abs(usual - INTERVAL_S) <= 0.2 * INTERVAL_S, f"Between frames {usual * 1000:.0f} ms pass.")


def no_gaps(line: Line) -> None:
    longest = max((after - before for (before, _), (after, _) in pairwise(_frames(line))), default=MINUTE_S)
    line.require(longest <= LONGEST_GAP_S, f"For {longest:.1f} s no frame came.")


# --- state and coefficients --------------------------------------------------------------------------


def calibrated(line: Line) -> None:
    count = sum(frame.state == CALIBRATION_FAILED for _, frame in _frames(line))
    line.require(not count, f"{count} frames have the state AA.")


def no_abnormal(line: Line) -> None:
    count = sum(bool(frame.flags & COEFFICIENTS_ABNORMAL) for _, frame in _frames(line))
    line.require(not count, f"{count} frames flag abnormal coefficients.")


def coefficients_stay(line: Line) -> None:
    count = len({frame.coefficients for _, frame in _frames(line)})
    line.require(count == 1, f"{count} different sets of coefficients came.")


def usual_coefficients(line: Line) -> None:
    for key, usual in USUAL.items():
        found = {frame.pair(PLACES[key])[0] for _, frame in _frames(line)}
        odd = [one for one in found if abs(one - usual) > usual / 10]
        line.require(not odd, f"The coefficient of {key} is {odd[0]}." if odd else "")


def registers_not_0(line: Line) -> None:
    for key, at in PLACES.items():
        count = sum(not frame.pair(at)[1] for _, frame in _frames(line))
        line.require(not count, f"In {count} frames the register of {key} is 0.")


def registers_stop(line: Line) -> None:
    most = max(frame.pair(at)[1] for _, frame in _frames(line) for at in PLACES.values())
    line.require(most <= TOP, f"A register is {most:06X}.")


def is_refreshed(key: str) -> Callable[[Line], None]:
    """At least every 17 s, unless its register overflows."""

    def judge(line: Line) -> None:
        since = _frames(line)[0][0]
        for at, frame in _frames(line):
            if frame.update & REFRESHED[key] or frame.flags & OVERFLOWS[key]:
                since = at
            line.require(at - since <= REFRESH_S, f"For {REFRESH_S:g} s {key} was not refreshed.")

    return judge


def low_bits(line: Line) -> None:
    odd = {frame.update & ~(CARRY | ALL_REFRESHED) for _, frame in _frames(line)} - set(LOW_BITS)
    line.require(not odd, f"The lower bits of byte 20 are {min(odd)}." if odd else "")


# --- values ------------------------------------------------------------------------------------------


def _measured(line: Line) -> list[tuple[float, Mapping[str, float]]]:
    if line.end.measured is None:
        line.end.measured = [(at, _values(frame)) for at, frame in _frames(line)]
    return line.end.measured


def _of(line: Line, key: str) -> list[float]:
    """The values of a quantity."""
    found = [values[key] for _, values in _measured(line) if key in values]
    return found or line.not_applicable(f"No frame has a value of {key}.")


def _volts(line: Line) -> list[float]:
    return [volt for volt in _of(line, VOLTAGE) if volt] or line.not_applicable("There is no voltage.")


def has_voltage(line: Line) -> None:
    """An overflown register of voltage: no mains."""
    count = sum(bool(frame.flags & VOLTAGE_OVERFLOW) for _, frame in _frames(line))
    line.require(not count, f"In {count} frames the register of voltage overflows: there is no mains.")


def mains_voltage(line: Line) -> None:
    volts = _volts(line)
    fits = any(all(LOWEST_V <= volt * kv <= HIGHEST_V for volt in volts) for kv in (1.0, SIBLING_KV))
    line.facts["voltage_V"] = round(median(volts), 1)
    line.require(fits, f"The voltage is {min(volts):.1f} to {max(volts):.1f} V, with Kv 1.88.")


def steady_voltage(line: Line) -> None:
    volts = _volts(line)
    usual = median(volts)
    odd = [volt for volt in volts if abs(volt - usual) > 0.2 * usual]
    line.require(not odd, f"{len(odd)} frames have another voltage, such as {odd[0]:.1f} V." if odd else "")


def power_fits(line: Line) -> None:
    """Of the medians: power is at most voltage × current."""
    volts, amperes, watts = (median(_of(line, key)) for key in (VOLTAGE, CURRENT, POWER))
    most = volts * amperes * 1.1 + 2
    line.require(watts <= most, f"{watts:.1f} W is more than {most:.1f} VA.")


# --- pulses ------------------------------------------------------------------------------------------


def counter_rises(line: Line) -> None:
    """It falls where it wraps only."""
    for (_, before), (_, after) in pairwise(_frames(line)):
        fell = before.pulses > after.pulses
        line.require(
            not fell or before.pulses - after.pulses > ROUND / 2, f"It fell from {before.pulses} to {after.pulses}."
        )


def carry_toggles(line: Line) -> None:
    for (_, before), (_, after) in pairwise(_frames(line)):
        wraps = before.pulses > after.pulses
        toggles = bool((before.update ^ after.update) & CARRY)
        line.require(wraps == toggles, "It wrapped, and the bit stayed." if wraps else "The bit changed without it.")


def pulses_agree(line: Line) -> None:
    """With the power: pulses per kWh = 3.6e12 / (coefficient × Kv × Ki)."""
    frames = _frames(line)
    powers = _of(line, POWER)
    coefficient, _ = frames[0][1].pair(POWER_AT)
    counted = sum((after.pulses - before.pulses) % ROUND for (_, before), (_, after) in pairwise(frames))
    seconds = frames[-1][0] - frames[0][0]
    expected = sum(powers) / len(powers) * seconds * 1000 / 3600 / float(NOMINAL.pulse_mWh(coefficient) or 1)
    if max(expected, counted) < FEWEST_PULSES:
        line.not_applicable("The load is too small: there were hardly any pulses.")
    line.require(
        abs(counted - expected) <= 0.1 * expected + 3,
        f"It counted {counted} pulses, where {expected:.0f} fit the power.",
    )


# --- a load ------------------------------------------------------------------------------------------


def _steps(line: Line) -> LoadSteps:
    return msgspec.convert(line.facts["load"], LoadSteps)


def load_is_seen(line: Line) -> None:
    steps = _steps(line)
    line.require(steps.on > steps.before + LOAD_W, f"The power went from {steps.before:.1f} to {steps.on:.1f} W.")


def load_is_counted(line: Line) -> None:
    if _steps(line).on <= _steps(line).before + LOAD_W:
        line.skip("No load was seen.")
    line.require(_steps(line).pulses > 2, f"With it the counter moved by {_steps(line).pulses}.")


def load_ends(line: Line) -> None:
    steps = _steps(line)
    if steps.on <= steps.before + LOAD_W:
        line.skip("No load was seen.")
    line.require(steps.off < steps.on / 2, f"The power stayed at {steps.off:.1f} W.")


# --- the table ---------------------------------------------------------------------------------------

WHOLE_MINUTES = ("frames.gaps", "pulses.agree")  # a recording may have gaps


def _row(
    name: str, title: str, clause: str, judge: Callable[[Line], None], grade: Grade = "must", load: bool = False
) -> Check:
    needs, person = ((MINUTE, LOAD), PERSON) if load else ((MINUTE,), None)
    script = judged_live(judge) if name in WHOLE_MINUTES else judged_anywhere(judge)
    return row(f"chip.{name}", title, clause, script, grade, needs=needs, person=person)


CHIP_CHECKS: tuple[Check, ...] = (
    _row("frames.sum", "Each frame has a right sum", "§1.2", right_sums),
    _row("frames.whole", "No frame is cut off by the next one", "§2", no_cut_frames, "deviation"),
    _row("frames.stray", "There are no bytes between frames", "§2", no_stray_bytes),
    _row("frames.interval", "A frame comes every 105 ms (20 %)", "§1.2", interval, "should"),
    _row("frames.gaps", "At most 0.5 s pass without one", "§1.2", no_gaps),
    _row("state.calibrated", "The state is not AA", "§1.3", calibrated),
    _row("state.coefficients", "No abnormal coefficients are flagged", "§1.3", no_abnormal),
    _row("coefficients.stay", "The coefficients stay the same", "§2", coefficients_stay),
    _row(
        "coefficients.usual",
        "The coefficients are about those of other chips (10 %)",
        "§1.2",
        usual_coefficients,
        "should",
    ),
    _row("registers.not-0", "No register is 0", "§3.1", registers_not_0, "deviation"),
    _row("registers.stop", "No register is above FEFF01", "§3.1", registers_stop, "should"),
    _row("refreshed.voltage", "The voltage is refreshed within 17 s", "§3.1", is_refreshed(VOLTAGE)),
    _row("refreshed.current", "The current is refreshed within 17 s", "§3.1", is_refreshed(CURRENT)),
    _row("refreshed.power", "The power is refreshed within 17 s", "§3.1", is_refreshed(POWER)),
    _row("update.low-bits", "The lower bits of byte 20 are 1 or 2", "§1.2", low_bits, "deviation"),
    _row("voltage.there", "There is a voltage", "§1.3", has_voltage, "deviation"),
    _row("voltage.mains", "The voltage is that of mains: 40 to 300 V", "§4", mains_voltage, "should"),
    _row("voltage.steady", "The voltage stays the same (20 %)", "§2", steady_voltage, "should"),
    _row("power.fits", "Power is at most voltage × current", "§3", power_fits, "should"),
    _row("pulses.rise", "The pulse counter rises, and wraps", "§3.2", counter_rises),
    _row("pulses.carry", "Bit 7 of byte 20 changes where it wraps, and only there", "§3.2", carry_toggles),
    _row("pulses.agree", "The pulses of a minute agree with the power (10 %)", "§3.2", pulses_agree),
    _row("load.seen", "A load that is switched on shows in the power", "§3", load_is_seen, load=True),
    _row("load.counted", "A load that is switched on is counted", "§3.2", load_is_counted, load=True),
    _row("load.off", "A load that is switched off shows in the power", "§3.1", load_ends, load=True),
)
