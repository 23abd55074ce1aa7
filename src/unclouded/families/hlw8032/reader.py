"""The controller's end: it only receives.

    bytes ─► framer ─► frame with the coefficients of the one before ─► every report_s: the newest values, the energy
    silence_s without a value ─► why: no bytes, only noise, calibration failed, nothing refreshed

The sum of a frame is 8 bits, so one damaged frame of 256 passes. The coefficients are constants of the chip: a frame
counts where it has those of the frame before it.
Source: docs/protocols/hlw8032.md §2 to §4.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    Identified,
    LinkPath,
    Offline,
    Out,
    Refusal,
    Rejected,
    Remember,
    Reported,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import Timers, count_noise
from unclouded.families.hlw8032 import states
from unclouded.families.hlw8032.frame import ALL_REFRESHED, LENGTH, Hlw8032Frame, Hlw8032Framer, Hlw8032Noise
from unclouded.families.hlw8032.measurement import (
    ENERGY,
    NOT_REFRESHED,
    POWER,
    Measurement,
    calibration,
    measurement,
    power_bound_W,
    refreshed,
)
from unclouded.families.hlw8032.pulse_counter import PulseCounter, PulseLevel

PRODUCT = "hlw8032"
PULSES = "pulses"  # what it remembers: the last level of the counter
GAP_S = 0.5  # s without a byte: a started frame will not be finished, the chip may be restarted; bridges pause less
REPORT, SILENCE = "report", "silence"  # the timers

_Ratio = Annotated[float, msgspec.Meta(ge=1, le=100_000)]


class Hlw8032Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The [session] table of the chip's profiles.

    ``voltage_ratio``, ``current_ratio``: Kv and Ki in hundredths, as the plug's console shows them. ``report_s``:
    seconds between two reports. ``silence_s``: seconds without a value after which the reason is reported; two reports
    where that is longer.
    """

    voltage_ratio: _Ratio = 188
    current_ratio: _Ratio = 100
    report_s: Annotated[float, msgspec.Meta(ge=0.2, le=30)] = 1.0
    silence_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 3.0


class Hlw8032Reader:
    """One line from a chip; a ``session.Session``."""

    def __init__(self, settings: Hlw8032Settings, ambient: Ambient) -> None:
        self._report_s = settings.report_s
        self._silence_s = max(settings.silence_s, 2 * settings.report_s)
        self._wall = ambient.wall
        self._factors = calibration(settings.voltage_ratio, settings.current_ratio)
        self._energy = PulseCounter(self._factors, _remembered(ambient.memory.get(PULSES, b"")))
        self._counts = {"bytes_in": 0, "unconfirmed": 0, "noise_bytes": 0}
        self._frames = 0
        self._up = False
        self._received_at = 0.0
        self._timers = Timers()
        self._begin(0.0)
        self._timers.clear_all()

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._received(self._framer.close(), now) if self._up else []
        self._up = True
        self._begin(now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = self._received(self._framer.close(), now)
        self._up = False
        self._begin(now)
        self._timers.clear_all()
        return [*events, Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        self._was_silent |= now - self._received_at >= GAP_S
        self._received_at = now
        return self._received(self._framer.feed(data), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing is sent."""
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        raise CommandError("This metering chip only sends: it takes no commands.")

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The chip asks nothing."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for name in self._timers.due(now):
            events += self._report(now) if name == REPORT else self._silent(now)
        return events

    def deadline(self) -> float | None:
        return self._timers.earliest()

    def outgoing(self, now: float) -> list[Out]:
        return []

    def stats(self) -> Mapping[str, float]:
        frames = {"frames_in": self._frames, "frame_bytes": self._frames * LENGTH, "frames_out": 0}
        return {**self._counts, **frames, "held_bytes": self._framer.held}

    # --- frames --------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """A new connection; counts and energy go on."""
        self._framer = Hlw8032Framer()
        self._state = states.LineState(now)
        self._identified_by = Fraction(0)  # the energy of a pulse
        self._coefficients = b""  # of the last frame
        self._newest: Hlw8032Frame | None = None  # since the last report
        self._whole: Hlw8032Frame | None = None  # the newest that refreshes everything, since the last report
        self._sources: dict[str, Hlw8032Frame] = {}  # what was refreshed after it, and in which frame
        self._power_W: float | None = None  # that was reported last
        self._arrived, self._damaged = self._frames, 0  # frames in all at the last value, and noise since
        self._problem = ""  # why the newest frame has no value
        self._was_silent = True  # since the last report the line paused, or was not there
        self._is_reporting = False  # a report is due; else the next frame is reported at once
        self._measured_at = self._received_at = now
        self._timers = Timers()
        self._timers.set(SILENCE, now + self._silence_s)

    def _received(self, pieces: Sequence[Hlw8032Frame | Hlw8032Noise], now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, Hlw8032Noise):
                self._damaged += 1
                count_noise(self._counts, piece.reason, len(piece.data))
                events.append(Rejected(piece.reason, piece.data))
                continue
            self._frames += 1
            coefficients = piece.coefficients
            if coefficients != self._coefficients:
                self._coefficients = coefficients
                self._counts["unconfirmed"] += 1
                continue
            self._newest = piece
            if piece.data[20] & ALL_REFRESHED == ALL_REFRESHED:
                self._whole = piece
                if self._sources:
                    self._sources.clear()
            else:
                self._sources.update(refreshed(piece))
            if not self._is_reporting:
                events += self._report(now)
        return events

    # --- reports -------------------------------------------------------------------------------

    def _report(self, now: float) -> list[Event]:
        """The newest frame's values; nothing where no frame came since the last report."""
        frame, self._newest = self._newest, None
        self._is_reporting = frame is not None
        if frame is None:
            return []
        self._timers.set(REPORT, now + self._report_s)
        measured = self._bounded(measurement(frame, self._take_sources(), self._factors), frame)
        if not measured.values:
            self._problem = _why_none(measured)
            return []
        self._power_W = measured.values.get(POWER, self._power_W)
        self._measured_at = now
        self._arrived, self._damaged, self._problem = self._frames, 0, ""
        energy_mWh = self._energy.advance(frame, self._wall(now), self._was_silent)
        self._was_silent = False
        return [*self._state.online(now), *self._identified(), *self._measured(measured, energy_mWh)]

    def _take_sources(self) -> Mapping[str, Hlw8032Frame]:
        """The frames since the last report that have last refreshed each quantity."""
        sources = {**refreshed(self._whole), **self._sources} if self._whole is not None else dict(self._sources)
        self._whole = None
        self._sources.clear()
        return sources

    def _bounded(self, measured: Measurement, frame: Hlw8032Frame) -> Measurement:
        """With less power where that is certain: no pulse came for longer than the last power explains."""
        if measured.missing.get(POWER) != NOT_REFRESHED or self._power_W is None:
            return measured
        most_W = power_bound_W(frame, self._factors)
        if most_W is None or most_W >= self._power_W:
            return measured
        odd = {**measured.odd, POWER: f"at most {most_W:.2f} W: no pulse came for longer than that explains"}
        return Measurement({**measured.values, POWER: most_W}, measured.missing, odd)

    def _measured(self, measured: Measurement, energy_mWh: Fraction | None) -> list[Event]:
        if energy_mWh is None:
            return [Reported(measured.values, odd=measured.odd)]
        events: list[Event] = [Reported({**measured.values, ENERGY: energy_mWh}, odd=measured.odd)]
        if self._energy.last is not None:
            events.append(Remember(PULSES, msgspec.json.encode(self._energy.last)))
        return events

    def _identified(self) -> list[Event]:
        """What the chip is, once for each coefficient of power."""
        pulse_mWh = self._energy.pulse_mWh
        if pulse_mWh == self._identified_by:
            return []
        self._identified_by = pulse_mWh
        return [Identified({"product": PRODUCT, "pulses_per_kWh": str(round(1_000_000 / pulse_mWh))})]

    def _silent(self, now: float) -> list[Event]:
        """Look whether values still arrive, and why they do not."""
        due = self._measured_at + self._silence_s
        if due > now:
            self._timers.set(SILENCE, due)
            return []
        events = self._received(self._framer.close(), now) if now - self._received_at >= GAP_S else []
        reason = self._problem or self._why_silent()
        self._arrived, self._damaged, self._problem = self._frames, 0, ""
        self._timers.set(SILENCE, now + self._silence_s)
        return [*events, *self._state.without_values(reason)]

    def _why_silent(self) -> str:
        """Why no frame counted for so long."""
        if self._frames != self._arrived:
            return states.UNSTABLE
        return states.ONLY_NOISE if self._damaged else states.NO_FRAMES


def _why_none(measured: Measurement) -> str:
    """Why a frame has no value at all, as text."""
    reasons = dict.fromkeys(measured.missing.values())
    if list(reasons) == [NOT_REFRESHED]:
        return f"{states.NOTHING_MEASURED}: none is refreshed"
    return f"{states.NOTHING_MEASURED}: {', '.join(reasons)}"


def _remembered(memory: bytes) -> PulseLevel | None:
    try:
        return msgspec.json.decode(memory, type=PulseLevel) if memory else None
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
