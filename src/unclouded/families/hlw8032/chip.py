"""The device's end: a simulated HLW8032, which sends a frame every 0.105 s and receives nothing.

What it measures comes by ``submit(WireCommand({"voltage": V, "current": A, "power": W, "energy": mWh}))``, energy since
the last one. Values below what its registers can hold overflow, as those of a plug without load do.
Source: docs/protocols/hlw8032.md §1 to §3.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from zlib import crc32

from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Offline,
    Out,
    Refusal,
    Rejected,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import DeferredEvents, FaultSwitches, Tickets, count_noise, earliest
from unclouded.families.hlw8032.chip_faults import FAULTS
from unclouded.families.hlw8032.frame import (
    CALIBRATION_FAILED,
    CARRY,
    COEFFICIENTS_ABNORMAL,
    CURRENT_REFRESHED,
    FLAGGED,
    LENGTH,
    NORMAL,
    POWER_OVERFLOW,
    POWER_REFRESHED,
    TOP,
    VOLTAGE_OVERFLOW,
    VOLTAGE_REFRESHED,
    Hlw8032Frame,
    encode,
)
from unclouded.families.hlw8032.measurement import (
    CURRENT,
    ENERGY,
    NOMINAL,
    OVERFLOWS,
    POWER,
    REFRESHED,
    VOLTAGE,
)

INTERVAL_S = 0.105  # from frame to frame: 55 ms for its 24 characters, and a pause; docs/protocols/hlw8032.md §1
COEFFICIENTS: Mapping[str, int] = {VOLTAGE: 188_000, CURRENT: 15_900, POWER: 5_190_000}  # about those of real chips
LOWER_UPDATE_BITS = 0x01  # not documented; real chips have 1 or 2 there
NOISE_BYTES = 7  # between two frames, at most


class Hlw8032Chip:
    """One simulated chip; a ``session.Session``. Its faults can be switched by the action ``set_fault``."""

    def __init__(self, options: SimOptions, ambient: Ambient) -> None:
        self._faults = FaultSwitches(FAULTS, options.faults)
        self._seed = options.seed
        self._coefficients = {
            key: usual + crc32(b"%d %b" % (options.seed, key.encode())) % (usual // 50)
            for key, usual in COEFFICIENTS.items()
        }
        self._values: dict[str, Fraction] = {}
        self._energy_mWh = Fraction(0)
        self._tickets = Tickets()
        self._deferred = DeferredEvents()
        self._counts = {"bytes_in": 0, "frame_bytes": 0, "frames_in": 0, "noise_bytes": 0}
        self._frames = 0
        self._next_at: float | None = None
        self._ready: list[Out] = []

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._ready.clear()
        self._next_at = now + INTERVAL_S
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._ready.clear()
        self._next_at = None
        return [*self._deferred.take(), *self._tickets.settle_all("unreachable", reason), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if not data:
            return ()
        self._counts["bytes_in"] += len(data)
        count_noise(self._counts, "the chip has no input", len(data))
        return [Rejected("the chip has no input", data)]

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not self._faults.set(command):
            self._measure(command)
        ticket = self._tickets.issue(now)
        self._deferred.add(self._tickets.settle(ticket), now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """A chip asks nothing."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        if self._next_at is not None and now >= self._next_at:
            late = self._next_at + INTERVAL_S
            self._next_at = late if late > now else now + INTERVAL_S  # missed frames are not made up for
            self._send()
        return self._deferred.take()

    def deadline(self) -> float | None:
        return earliest(self._deferred.deadline(), self._next_at)

    def outgoing(self, now: float) -> list[Out]:
        outs, self._ready = self._ready, []
        return outs

    def stats(self) -> Mapping[str, float]:
        return {**self._counts, "held_bytes": 0, "frames_out": self._frames}

    # --- what it measures ----------------------------------------------------------------------

    def _measure(self, command: SessionCommand) -> None:
        """Take new values. Raises CommandError where one is none of a chip's."""
        if isinstance(command, WireAction):
            raise CommandError(f"A metering chip does not know the action {command.name!r}.")
        values: dict[str, Fraction] = {}
        for key, value in command.values.items():
            if key not in (*COEFFICIENTS, ENERGY):
                raise CommandError(f"A metering chip measures {', '.join(COEFFICIENTS)} and {ENERGY}, not {key!r}.")
            if isinstance(value, (bool, str, bytes)) or not 0 <= value < 2**63:
                raise CommandError(f"A metering chip takes a number from 0 on as {key}, not {value!r}.")
            values[key] = Fraction(value)
        self._energy_mWh += values.pop(ENERGY, 0)
        self._values |= values

    @property
    def pulses(self) -> int:
        """Since it was switched on, not wrapped."""
        return int(self._energy_mWh / NOMINAL.pulse_mWh(self._coefficients[POWER]))

    def frame(self) -> Hlw8032Frame:
        """What it sends now, before faults of the line."""
        flags, pairs = 0, {}
        update = LOWER_UPDATE_BITS | (CARRY if self.pulses >> 16 & 1 else 0)
        for key, coefficient in self._coefficients.items():
            register = self._register(key)
            if register > TOP:
                flags |= OVERFLOWS[key]
            else:
                update |= REFRESHED[key]
            pairs[key] = (coefficient, min(register, TOP))
        return self._with_faults(flags, pairs, update)

    def _register(self, key: str) -> int:
        value = self._values.get(key, Fraction(0))
        if key == POWER and "reports-no-load" in self._faults:
            return TOP + 1
        if not value:
            return TOP + 1
        return max(round(self._coefficients[key] * Fraction(NOMINAL.factors[key]) / value), 1)

    def _with_faults(self, flags: int, pairs: dict[str, tuple[int, int]], update: int) -> Hlw8032Frame:
        if "reports-no-mains" in self._faults:
            flags |= VOLTAGE_OVERFLOW | POWER_OVERFLOW
        if "reports-abnormal-coefficients" in self._faults:
            flags |= COEFFICIENTS_ABNORMAL
        if "refreshes-nothing" in self._faults or "reports-no-mains" in self._faults:
            update &= ~(VOLTAGE_REFRESHED | CURRENT_REFRESHED | POWER_REFRESHED)
        if "reports-zero-current" in self._faults:
            pairs[CURRENT] = (pairs[CURRENT][0], 0)
        state = FLAGGED | flags if flags else NORMAL
        if "reports-failed-calibration" in self._faults:
            state = CALIBRATION_FAILED
        return encode(state, pairs[VOLTAGE], pairs[CURRENT], pairs[POWER], update, self.pulses)

    # --- sending -------------------------------------------------------------------------------

    def _send(self) -> None:
        if "sends-nothing" in self._faults:
            return
        self._frames += 1
        data = bytes(self.frame())
        if "sends-wrong-checksums" in self._faults and self._frames % 3 == 0:
            data = data[:-1] + bytes([data[-1] ^ 0x01])
        if "cuts-frames" in self._faults and self._frames % 4 == 0:
            data = data[: self._seeded("cut") % (LENGTH - 1) + 1]
        if "sends-noise" in self._faults:
            data = self._noise() + data
        self._ready.append(Out(data))

    def _noise(self) -> bytes:
        length = self._seeded("length") % (NOISE_BYTES + 1)
        return bytes(self._seeded(f"noise {number}") % 256 for number in range(length))

    def _seeded(self, what: str) -> int:
        """A number that follows from the seed and from how much was sent."""
        return crc32(b"%d %d %b" % (self._seed, self._frames, what.encode()))
