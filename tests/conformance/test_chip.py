"""A metering chip: ours passes every check, and each fault and each broken rule fails its own checks."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from conformance.broken_ends import BrokenEnd
from conformance.chip_ends import check_chip, chip
from conformance.conforming import by_kind, not_passed
from conformance.mutants import AlterBytes, ByteMutant
from unclouded.conformance import suite
from unclouded.families.hlw8032.chip_faults import FAULTS
from unclouded.families.hlw8032.frame import CARRY, CURRENT_AT, POWER_AT, TOP, VOLTAGE_AT, Hlw8032Frame, encode

SILENT = {"silent"}
MATRIX: Mapping[str, set[str]] = {
    "sends-nothing": SILENT,
    "sends-noise": {"chip.frames.stray"},
    "cuts-frames": {"chip.frames.whole"},
    "sends-wrong-checksums": {"chip.frames.sum"},
    "reports-no-load": {"chip.load.seen", "chip.pulses.agree"},
    "reports-failed-calibration": {"chip.state.calibrated"},
    "reports-abnormal-coefficients": {"chip.state.coefficients"},
    "refreshes-nothing": {f"chip.refreshed.{name}" for name in ("voltage", "current", "power")},
    "reports-zero-current": {"chip.registers.not-0"},
    "reports-no-mains": {*("chip.load.seen", "chip.pulses.agree", "chip.refreshed.current", "chip.voltage.there")},
}


# --- chips with one rule broken --------------------------------------------------------------------------


def _chip(*found: str, out: Callable[[], AlterBytes]) -> BrokenEnd:
    return BrokenEnd(frozenset(f"chip.{name}" for name in found), lambda: ByteMutant(chip(), out()))


def frames(change: Callable[[int, Hlw8032Frame], Hlw8032Frame | None]) -> Callable[[], AlterBytes]:
    """Each frame, by its number, becomes another one, or none."""

    def make() -> AlterBytes:
        count = [0]

        def alter(data: bytes) -> Sequence[bytes]:
            count[0] += 1
            frame = change(count[0], Hlw8032Frame(data))
            return () if frame is None else (bytes(frame),)

        return alter

    return make


def having(frame: Hlw8032Frame, **fields: int) -> Hlw8032Frame:
    """With other fields, and a right sum: ``voltage_coefficient``, ``power_register`` …"""
    (vc, vr), (cc, cr), (pc, pr) = frame.registers
    got = {"voltage_coefficient": vc, "voltage_register": vr, "current_coefficient": cc, "current_register": cr}
    got |= {"power_coefficient": pc, "power_register": pr, "state": frame.state, "update": frame.update}
    got |= {"pulses": frame.pulses, **fields}
    voltage, current, power = (
        (got[f"{name}_coefficient"], got[f"{name}_register"]) for name in ("voltage", "current", "power")
    )
    return encode(got["state"], voltage, current, power, got["update"], got["pulses"])


def each(at: int, change: Callable[[Hlw8032Frame], Hlw8032Frame | None]) -> Callable[[], AlterBytes]:
    """Each so many-th frame is changed."""
    return frames(lambda number, frame: change(frame) if number % at == 0 else frame)


def register(at: int, factor: float) -> Callable[[Hlw8032Frame], Hlw8032Frame]:
    """That of the quantity which stands there is so many times what it is."""
    name = {VOLTAGE_AT: "voltage", CURRENT_AT: "current"}[at]
    return lambda frame: having(frame, **{f"{name}_register": min(round(frame.pair(at)[1] * factor), TOP)})


def uncounted(frame: Hlw8032Frame) -> Hlw8032Frame:
    return having(frame, pulses=5, update=frame.update & ~CARRY)


def latched() -> AlterBytes:
    """The power never falls."""
    least = [1 << 24]

    def alter(data: bytes) -> Sequence[bytes]:
        frame = Hlw8032Frame(data)
        least[0] = min(least[0], frame.pair(POWER_AT)[1])
        return (bytes(having(frame, power_register=least[0])),)

    return alter


BROKEN: Mapping[str, BrokenEnd] = {
    "sends each second frame": _chip("frames.interval", out=each(2, lambda frame: None)),
    "pauses for a second": _chip("frames.gaps", out=frames(lambda number, frame: None if number % 100 < 10 else frame)),
    "changes its coefficients": _chip(
        "coefficients.stay", out=each(50, lambda frame: having(frame, power_coefficient=5_190_001))
    ),
    "has twice the coefficient": _chip(
        "coefficients.usual",
        out=each(1, lambda frame: having(frame, voltage_coefficient=2 * frame.pair(VOLTAGE_AT)[0])),
    ),
    "has registers up to FFFFFF": _chip(
        *("registers.stop", "power.fits"),
        out=each(1, lambda frame: having(frame, state=0xF4, current_register=0xFFFFFF)),
    ),
    "has other lower bits": _chip("update.low-bits", out=each(1, lambda frame: having(frame, update=frame.update | 8))),
    "measures 1,000 V": _chip(
        "voltage.mains",
        out=each(1, register(VOLTAGE_AT, 0.23)),
    ),
    "doubles its voltage at times": _chip("voltage.steady", out=each(20, register(VOLTAGE_AT, 0.5))),
    "measures half the current": _chip("power.fits", out=each(1, register(CURRENT_AT, 2.0))),
    "counts backwards at times": _chip(
        *("pulses.rise", "pulses.carry", "pulses.agree"),
        out=each(50, lambda frame: having(frame, pulses=frame.pulses - 100 if frame.pulses > 100 else 0)),
    ),
    "has no carry bit": _chip("pulses.carry", out=each(1, lambda frame: having(frame, update=frame.update & ~CARRY))),
    "counts nothing": _chip(
        *("pulses.agree", "load.counted"),
        out=each(1, uncounted),
    ),
    "keeps its power": _chip("load.off", out=latched),
}


# --- tests -----------------------------------------------------------------------------------------------


def test_the_matrix_has_every_fault() -> None:
    assert MATRIX.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", MATRIX)
def test_a_fault_of_the_chip_fails_its_checks_and_no_other(fault: str) -> None:
    report = check_chip(chip(fault))
    assert (SILENT if report.silence else not_passed(report)) == MATRIX[fault]


def test_our_own_chip_passes_every_check() -> None:
    report = check_chip(chip())
    assert report.passed and by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}


@pytest.mark.parametrize("name", BROKEN)
def test_a_chip_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_chip(BROKEN[name].make())) == BROKEN[name].found


def test_every_check_is_seen_to_fail() -> None:
    found = {id for ids in MATRIX.values() for id in ids} - SILENT
    found = found.union(*(one.found for one in BROKEN.values()))
    assert found == {check.id for check in suite("hlw8032").roles["controller"].checks}
