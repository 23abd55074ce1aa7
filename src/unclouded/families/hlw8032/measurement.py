"""The values of a frame: volts, amperes and watts, which of them are usable, and the energy of a pulse.

    U = coefficient / register x Kv      I = coefficient / register x Ki      P = coefficient / register x Kv x Ki

Kv and Ki are the plug's ``voltageRatio`` and ``electricityRatio`` over 100: 1.88 for a divider of 4 x 470 kohm over
1 kohm, 1.00 for a shunt of 1 mohm. A register that overflowed means no load: 0. A register of 0 is not a value, and one
that is not refreshed is none either: that of power then counts the microseconds since the last pulse, which bounds it.
Source: docs/protocols/hlw8032.md §3.
"""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from unclouded.families.hlw8032.frame import (
    CALIBRATION_FAILED,
    COEFFICIENTS_ABNORMAL,
    CURRENT_AT,
    CURRENT_OVERFLOW,
    CURRENT_REFRESHED,
    POWER_AT,
    POWER_OVERFLOW,
    POWER_REFRESHED,
    VOLTAGE_AT,
    VOLTAGE_OVERFLOW,
    VOLTAGE_REFRESHED,
    Hlw8032Frame,
)

VOLTAGE, CURRENT, POWER, ENERGY = "voltage", "current", "power", "energy"  # wire keys; V, A, W, mWh
OVERFLOWS: Mapping[str, int] = {VOLTAGE: VOLTAGE_OVERFLOW, CURRENT: CURRENT_OVERFLOW, POWER: POWER_OVERFLOW}
REFRESHED: Mapping[str, int] = {VOLTAGE: VOLTAGE_REFRESHED, CURRENT: CURRENT_REFRESHED, POWER: POWER_REFRESHED}

LOWEST_V, HIGHEST_V = 40.0, 300.0  # no mains of a plug has less or more
MWH_OF_COEFFICIENT = 3_600_000  # mWh of a pulse = power coefficient x Kv x Ki / this

UNUSABLE = {CALIBRATION_FAILED: "the chip's calibration failed"}
ABNORMAL = "the chip's coefficients are abnormal"
NOT_REFRESHED = "not refreshed"
ZERO_REGISTER, ZERO_COEFFICIENT = "the register is 0", "the coefficient is 0"


class Calibration(msgspec.Struct, frozen=True):
    """Kv and Ki, exact. ``factors``: of each quantity, by wire key."""

    kv: Fraction
    ki: Fraction
    factors: Mapping[str, float]

    def pulse_mWh(self, coefficient: int) -> Fraction:
        """The energy of one pulse, exact, from the coefficient of power; 0 where that is."""
        return coefficient * self.kv * self.ki / MWH_OF_COEFFICIENT


def calibration(voltage_ratio: float = 188, current_ratio: float = 100) -> Calibration:
    """From the plug's ratios, which are Kv and Ki in hundredths."""
    kv, ki = Fraction(repr(voltage_ratio)) / 100, Fraction(repr(current_ratio)) / 100
    return Calibration(kv, ki, {VOLTAGE: float(kv), CURRENT: float(ki), POWER: float(kv * ki)})


NOMINAL = calibration()


class Measurement(msgspec.Struct, frozen=True):
    """``values``: V, A, W by wire key. ``missing``: why there is no value. ``odd``: what is wrong with a value."""

    values: Mapping[str, float]
    missing: Mapping[str, str]
    odd: Mapping[str, str]


def refreshed(frame: Hlw8032Frame) -> Mapping[str, Hlw8032Frame]:
    """The quantities that this frame refreshes, each with the frame."""
    return {key: frame for key, bit in REFRESHED.items() if frame.update & bit}


def measurement(frame: Hlw8032Frame, sources: Mapping[str, Hlw8032Frame], factors: Calibration) -> Measurement:
    """The values by the chip's newest frame. ``sources``: the frames that have last refreshed each quantity."""
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    flags = frame.flags
    unusable = UNUSABLE.get(frame.state) or (ABNORMAL if flags & COEFFICIENTS_ABNORMAL else "")
    for key, overflow in OVERFLOWS.items():
        if unusable:
            missing[key] = unusable
        elif flags & overflow:
            values[key] = 0.0
        elif key not in sources:
            missing[key] = NOT_REFRESHED
        else:
            coefficient, register = sources[key].pair(_PLACES[key])
            if coefficient and register:
                values[key] = coefficient * factors.factors[key] / register
            else:
                missing[key] = ZERO_COEFFICIENT if register else ZERO_REGISTER
    return Measurement(values, missing, _odd(values))


def power_bound_W(frame: Hlw8032Frame, factors: Calibration) -> float | None:
    """The most that the power can be by a frame that does not refresh it: no pulse came for so long."""
    coefficient, register = frame.pair(POWER_AT)
    return coefficient * factors.factors[POWER] / register if register else None


_PLACES: Mapping[str, int] = {VOLTAGE: VOLTAGE_AT, CURRENT: CURRENT_AT, POWER: POWER_AT}


def _odd(values: Mapping[str, float]) -> Mapping[str, str]:
    volts = values.get(VOLTAGE, 0.0)
    if not volts or LOWEST_V <= volts <= HIGHEST_V:
        return {}
    return {VOLTAGE: f"{volts:.2f} V is not a mains voltage: is voltage_ratio right?"}
