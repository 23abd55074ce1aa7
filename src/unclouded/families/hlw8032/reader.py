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
from unclouded.core.session import (
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
from unclouded.core.session_parts import Timers, count_noise
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
GAP_S = 0.5  # s without a byte after which a started frame is not finished; longer than bridges pause
REPORT, SILENCE = "report", "silence"  # the timers

_Ratio = Annotated[float, msgspec.Meta(ge=1, le=100_000)]


class Hlw8032Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The [session] table of the chip's profiles.

    ``voltage_ratio``, ``current_ratio``: Kv and Ki in hundredths, as the plug's console shows them. ``report_s``:
    seconds between two reports. ``silence_s``: seconds without a value after which the reason is reported.
    """

    voltage_ratio: _Ratio = 188
    current_ratio: _Ratio = 100
    report_s: Annotated[float, msgspec.Meta(ge=0.2, le=30)] = 1.0
    silence_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 3.0


class Hlw8032Reader:
    """One line from a chip; a ``session.Session``."""

    def __init__(self, settings: Hlw8032Settings, ambient: Ambient) -> None:
        self._settings = settings
        self._wall = ambient.wall
        self._factors = calibration(settings.voltage_ratio, settings.current_ratio)
        self._energy = PulseCounter(self._factors, _remembered(ambient.memory.get(PULSES, b"")))
        self._counts = {"bytes_in": 0, "frame_bytes": 0, "frames_in": 0, "unconfirmed": 0, "noise_bytes": 0}
        self._up = False
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
        return {**self._counts, "frames_out": 0, "held_bytes": self._framer.held}

    # --- frames --------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """A new connection; counts and energy go on."""
        self._framer = Hlw8032Framer()
        self._state = states.LineState(now)
        self._identity: Identified | None = None
        self._coefficients = b""  # of the last frame
        self._newest: Hlw8032Frame | None = None  # since the last report
        self._whole: Hlw8032Frame | None = None  # the newest that refreshes everything, since the last report
        self._sources: dict[str, Hlw8032Frame] = {}  # what was refreshed after it, and in which frame
        self._power_W: float | None = None  # that was reported last
        self._arrived = self._counted = self._damaged = 0  # frames, those that count, and noise, without a value since
        self._problem = ""  # of the last report without a value
        self._measured_at = self._received_at = now
        self._timers = Timers()
        self._timers.set(SILENCE, now + self._settings.silence_s)

    def _received(self, pieces: Sequence[Hlw8032Frame | Hlw8032Noise], now: float) -> list[Event]:
        events: list[Event] = []
        counts = self._counts
        for piece in pieces:
            if type(piece) is Hlw8032Noise:
                self._damaged += 1
                count_noise(counts, piece.reason, len(piece.data))
                events.append(Rejected(piece.reason, piece.data))
                continue
            counts["frames_in"] += 1
            counts["frame_bytes"] += LENGTH
            self._arrived += 1
            events += self._frame(piece, now)  # type: ignore[arg-type]  # it is a frame
        return events

    def _frame(self, frame: Hlw8032Frame, now: float) -> Sequence[Event]:
        coefficients = frame.coefficients
        if coefficients != self._coefficients:
            self._coefficients = coefficients
            self._counts["unconfirmed"] += 1
            return ()
        self._counted += 1
        self._newest = frame
        if frame.update & ALL_REFRESHED == ALL_REFRESHED:
            self._whole = frame
            self._sources.clear()
        else:
            self._sources.update(refreshed(frame))
        return self._report(now) if self._timers.at(REPORT) is None else ()

    # --- reports -------------------------------------------------------------------------------

    def _report(self, now: float) -> list[Event]:
        """The newest frame's values; nothing where no frame came since the last report."""
        frame, self._newest = self._newest, None
        if frame is None:
            return []
        self._timers.set(REPORT, now + self._settings.report_s)
        measured = self._bounded(measurement(frame, self._take_sources(), self._factors), frame)
        if not measured.values:
            self._problem = _why_none(measured)
            return []
        self._power_W = measured.values.get(POWER, self._power_W)
        self._measured_at = now
        self._arrived = self._counted = self._damaged = 0
        events = [*self._state.online(now), *self._identified(frame)]
        return events + self._measured(measured, self._energy.advance(frame, self._wall(now)))

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

    def _identified(self, frame: Hlw8032Frame) -> list[Event]:
        pulse_mWh = self._factors.pulse_mWh(frame)
        per_kWh = f"{round(1_000_000 / pulse_mWh)}" if pulse_mWh else "unknown"
        identity = Identified({"product": PRODUCT, "pulses_per_kWh": per_kWh})
        if identity == self._identity:
            return []
        self._identity = identity
        return [identity]

    def _silent(self, now: float) -> list[Event]:
        """Look whether values still arrive, and why they do not."""
        due = self._measured_at + self._settings.silence_s
        if due > now:
            self._timers.set(SILENCE, due)
            return []
        arrived, counted, damaged = self._arrived, self._counted, self._damaged
        events = self._received(self._framer.close(), now) if now - self._received_at >= GAP_S else []
        self._arrived = self._counted = self._damaged = 0
        self._timers.set(SILENCE, now + self._settings.silence_s)
        if counted:
            return [*events, *self._state.without_values(self._problem or states.NOTHING_MEASURED)]
        if arrived:
            return [*events, *self._state.without_values(states.UNSTABLE)]
        return [*events, *self._state.without_values(states.ONLY_NOISE if damaged else states.NO_FRAMES)]


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
