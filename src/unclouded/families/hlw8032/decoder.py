"""Frames as Pieces for people and tools: what ``unclouded decode`` prints, with the nominal Kv 1.88 and Ki 1.00."""

from collections.abc import Mapping, Sequence

from unclouded.core.family import MEANS, CommandRow, Piece, Sender, checked_sender, fed_bytes
from unclouded.families.hlw8032.frame import (
    CALIBRATION_FAILED,
    COEFFICIENTS_ABNORMAL,
    NORMAL,
    POWER_AT,
    Hlw8032Frame,
    Hlw8032Framer,
    Hlw8032Noise,
)
from unclouded.families.hlw8032.measurement import (
    CURRENT,
    NOMINAL,
    NOT_REFRESHED,
    OVERFLOWS,
    POWER,
    VOLTAGE,
    Measurement,
    measurement,
    power_bound_W,
    refreshed,
)

MEASUREMENT = "measurement"
COMMANDS = (
    CommandRow(
        code="5A",
        name=MEASUREMENT,
        initiator="device",
        request="24 bytes, about ten times a second",
        response="none: the chip only sends",
        section="docs/protocols/hlw8032.md §1.2",
    ),
)
UNITS: Mapping[str, str] = {VOLTAGE: "voltage_V", CURRENT: "current_A", POWER: "power_W"}
STATES: Mapping[int, str] = {NORMAL: "normal", CALIBRATION_FAILED: "calibration failed"}


class Hlw8032Decoder:
    """A ``family.Decoder``. Only the chip sends, so every frame is the device's."""

    def __init__(self, sender: Sender | None) -> None:
        checked_sender(sender)
        self._framer = Hlw8032Framer()
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.feed(fed_bytes(data))]

    def close(self) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.close()]

    def _piece(self, piece: Hlw8032Frame | Hlw8032Noise) -> Piece:
        data, offset = piece.data, self._offset
        self._offset += len(data)
        if isinstance(piece, Hlw8032Noise):
            return Piece(offset=offset, data=data, kind="noise", reason=piece.reason)
        measured = measurement(piece, refreshed(piece), NOMINAL)
        return Piece(
            offset=offset,
            data=data,
            kind="frame",
            reason="; ".join(measured.odd.values()),
            sender="device",
            command=COMMANDS[0].code,
            name=MEASUREMENT,
            message=_fields(piece, measured),
            values=tuple((key, round(value, 5)) for key, value in measured.values.items()),
        )


def redact(sender: Sender | None, data: bytes) -> bytes:
    """Measurements are not secrets."""
    return data


# --- inside ---------------------------------------------------------------------------------------


def _fields(frame: Hlw8032Frame, measured: Measurement) -> Mapping[str, object]:
    fields: dict[str, object] = {"state": f"{frame.state:02X}", MEANS: {"state": state_text(frame)}}
    fields |= {UNITS[key]: round(measured.values[key], 5) for key in UNITS if key in measured.values}
    fields["refreshed"] = list(refreshed(frame))
    if measured.missing.get(POWER) == NOT_REFRESHED and (most_W := power_bound_W(frame, NOMINAL)) is not None:
        fields["power_at_most_W"] = round(most_W, 5)
    if measured.missing:
        fields["missing"] = {UNITS[key]: why for key, why in measured.missing.items()}
    pulse_mWh = NOMINAL.pulse_mWh(frame.pair(POWER_AT)[0])
    fields |= {"pulses": frame.pulses, "pulses_per_kWh": round(1_000_000 / pulse_mWh) if pulse_mWh else None}
    fields["registers"] = dict(zip(UNITS, (f"{c:06X}/{r:06X}" for c, r in frame.registers), strict=True))
    return fields


def state_text(frame: Hlw8032Frame) -> str:
    """What the state byte means."""
    if frame.state in STATES:
        return STATES[frame.state]
    found = [f"{key} overflow" for key, bit in OVERFLOWS.items() if frame.flags & bit]
    if frame.flags & COEFFICIENTS_ABNORMAL:
        found.append("coefficients abnormal")
    return ", ".join(found) or "no flag is set"
