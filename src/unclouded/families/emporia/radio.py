"""The device's end: a simulated MGM111 radio and the meter behind it.

It answers each request after 85 to 102 ms, as the real one does. What the meter measures is told by
``submit(WireCommand({"import": Wh, "export": Wh, "demand": W}))``; a request to reset (``$d``) wipes
the provisioning. ``faults.py`` lists what it does wrong on demand.
Source: docs/protocols/emporia.md §1.1 to §1.5 and §3.
"""

import heapq
from collections.abc import Mapping, Sequence
from fractions import Fraction
from zlib import crc32

from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    SessionCommand,
    Ticket,
    WireAction,
    WireValue,
)
from unclouded.core.session_parts import DeferredEvents, Tickets, Timers, earliest
from unclouded.families.emporia import zcl
from unclouded.families.emporia.faults import FAULTS, FIRMWARE, TRUNCATED
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaNoise, response
from unclouded.families.emporia.install_code import crc16_x25
from unclouded.families.emporia.listener import StreamListener
from unclouded.families.emporia.reading import (
    DEMAND,
    EXPORT,
    IMPORT,
    RECEIVED,
    Registers,
    WireFactors,
    encode_v2,
    encode_zcl,
)

FASTEST, SLOWEST = 85, 102  # ms from request to answer, as logged; docs/protocols/emporia.md §1.3
SLOW = 500  # ms, with the fault "slow"
ALERT_EVERY = 7.0  # s between e frames of firmware 8
SET_FAULT = "set_fault"
USUAL = WireFactors(1, 1000)
OTHER = WireFactors(3, 5000)  # a meter of this scale is known too
USUAL_FIRMWARE = 7
FIRST_ZCL = 7  # older radios send 152 bytes
PROMPT = b"SeIhd>"


class RadioSession:
    """One simulated radio; a ``session.Session``. Its faults can be switched by the action ``set_fault``."""

    def __init__(self, options: SimOptions, ambient: Ambient) -> None:
        if unknown := sorted(options.faults - set(FAULTS)):
            raise CommandError(f"A simulated radio has no fault {unknown[0]!r}; it has {', '.join(FAULTS)}.")
        self._faults = set(options.faults)
        self._seed = options.seed
        self._measured: dict[str, Fraction] = {}
        self._wiped = False
        self._ear = StreamListener("controller")
        self._tickets = Tickets()
        self._later = DeferredEvents()
        self._timers = Timers()
        self._sending: list[tuple[float, int, bytes]] = []  # when, number, what
        self._out: list[Out] = []
        self._sent = 0
        self._started: float | None = None
        self._sequence = crc32(b"sequence %d" % options.seed) % 256
        self._readings = 0
        self._up = self._online = False

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._heard(self._ear.close(), now) if self._up else []
        self._up, self._online = True, False
        self._hush()
        if self._started is None:
            self._started = now
        self._timers.set("alert", now + ALERT_EVERY)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = [event for event in self._heard(self._ear.close(), now) if isinstance(event, Rejected)]
        self._up = self._online = False
        self._hush()
        self._timers.clear("alert")
        return [*events, *self._later.take(), *self._tickets.settle_all("unreachable", reason), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._heard(self._ear.hear(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if isinstance(command, WireAction):
            self._set_fault(command)
        else:
            self._measured |= {key: _measured(key, value) for key, value in command.values.items()}
        ticket = self._tickets.issue(now)
        self._later.add(self._tickets.settle(ticket), now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._heard(self._ear.tick(now), now)
        if "alert" in self._timers.due(now):
            self._timers.set("alert", now + ALERT_EVERY)
            if self._firmware() == 8 and "mute" not in self._faults:
                self._say(response("e", bytes([self._dice("alert") % 3])), now)
        self._flush(now)
        return events + self._later.take()

    def deadline(self) -> float | None:
        sending = self._sending[0][0] if self._sending else None
        return earliest(self._later.deadline(), self._timers.earliest(), self._ear.deadline(), sending)

    def outgoing(self, now: float) -> list[Out]:
        self._flush(now)
        out, self._out = self._out, []
        return out

    def stats(self) -> Mapping[str, float]:
        return {**self._ear.stats(), "frames_out": self._sent, "readings": self._readings}

    # --- hearing -------------------------------------------------------------------------------

    def _heard(self, pieces: Sequence[EmporiaFrame | EmporiaNoise], now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, EmporiaNoise):
                events.append(Rejected(piece.reason, piece.data))
                continue
            if not self._online:
                self._online = True
                events.append(Online())
            if "mute" not in self._faults:
                self._answer(piece.type, now)
        return events

    def _answer(self, letter: str, now: float) -> None:
        at = now + self._latency() / 1000
        if "chatter" in self._faults:
            self._say(PROMPT + b"\r\n", now)
        match letter:
            case "r" if self._reads():
                self._read(at)
            case "j":
                self._say(response("j", bytes([self._is_provisioned()])), at)
            case "f":
                self._say(response("f", bytes([self._firmware()])), at)
            case "m":
                self._say(response("m", bytes.fromhex(self.mac)[::-1]), at)
            case "i":
                self._say(response("i", self._install_code()), at)
            case "d":
                self._wiped = True

    def _read(self, at: float) -> None:
        """Send the reading, with all that is wrong with it."""
        self._readings += 1
        payload = self._payload(at)
        frame = response("r", payload)
        if "chatter" in self._faults:
            self._say(_log(payload), at)
        if "false_header" in self._faults:
            self._say(b"$\x01r\x05abc\r", at)
        if "cut_frames" in self._faults:
            frame = frame[:-4]
        self._say(frame, at)
        if "duplicates" in self._faults:
            self._say(frame, at + 0.005)

    def _payload(self, at: float) -> bytes:
        self._sequence = (self._sequence + 1) % 256
        if "refused" in self._faults:
            header = zcl.ZclHeader(self._sequence, zcl.DEFAULT_RESPONSE)
            return bytes(zcl.DefaultResponse(header, zcl.READ_ATTRIBUTES, zcl.NOT_AUTHORIZED))
        odd = self._readings % 2 == 1
        scale = OTHER if odd and "scale_change" in self._faults else USUAL
        registers = Registers(
            delivered=self._count(IMPORT, scale),
            received=self._count(EXPORT, scale),
            multiplier=scale.multiplier,
            divisor=scale.divisor,
            demand=None if "invalid_demand" in self._faults else self._count(DEMAND, scale),
            sequence=self._sequence,
            uptime_ms=round((at - (self._started or 0.0)) * 1000),
        )
        payload = encode_v2(registers) if self._firmware() < FIRST_ZCL else self._zcl(registers, odd)
        kept = [length for name, length in TRUNCATED.items() if name in self._faults]
        return payload[: min(kept, default=len(payload))]

    def _zcl(self, registers: Registers, odd: bool) -> bytes:
        without = EXPORT not in self._measured or "no_export" in self._faults
        return encode_zcl(registers, (RECEIVED,) if without or (odd and "shift_37" in self._faults) else ())

    # --- what it is ----------------------------------------------------------------------------

    @property
    def mac(self) -> str:
        """Its EUI-64 as hex digits, as printed on the label."""
        return "70b3d5" + (b"%c%b" % (self._seed % 256, crc32(b"mac %d" % self._seed).to_bytes(4, "big"))).hex()

    def _install_code(self) -> bytes:
        code = b"\x5a%c%b" % (self._seed % 256, crc32(b"code %d" % self._seed).to_bytes(4, "big"))
        return code + crc16_x25(code).to_bytes(2, "little")

    def _firmware(self) -> int:
        return next((version for name, version in FIRMWARE.items() if name in self._faults), USUAL_FIRMWARE)

    def _is_provisioned(self) -> bool:
        return not self._wiped and "never_provisioned" not in self._faults

    def _reads(self) -> bool:
        return self._is_provisioned() and "silent" not in self._faults

    def _count(self, key: str, scale: WireFactors) -> int | None:
        value = self._measured.get(key)
        return None if value is None else scale.count(value)

    def _set_fault(self, command: WireAction) -> None:
        name, state = command.args.get("name", ""), command.args.get("state", "on")
        if command.name != SET_FAULT or name not in FAULTS or state not in ("on", "off"):
            raise CommandError(f"A simulated radio takes {SET_FAULT} with name= one of {', '.join(FAULTS)}.")
        if state == "on":
            self._faults.add(name)
        else:
            self._faults.discard(name)

    # --- saying --------------------------------------------------------------------------------

    def _latency(self) -> int:
        """ms to the answer."""
        usual = FASTEST + self._dice("latency") % (SLOWEST - FASTEST + 1)
        return SLOW if "slow" in self._faults else usual

    def _dice(self, what: str) -> int:
        return crc32(b"%d %d %b" % (self._seed, self._sent, what.encode()))

    def _say(self, data: bytes, at: float) -> None:
        self._sent += 1
        heapq.heappush(self._sending, (at, self._sent, data))

    def _flush(self, now: float) -> None:
        while self._sending and self._sending[0][0] <= now:
            self._out.append(Out(heapq.heappop(self._sending)[2]))

    def _hush(self) -> None:
        self._sending.clear()
        self._out.clear()


def _measured(key: str, value: WireValue) -> Fraction:
    if key not in (IMPORT, EXPORT, DEMAND):
        raise CommandError(f"A simulated meter measures {IMPORT}, {EXPORT} and {DEMAND}, not {key!r}.")
    if isinstance(value, (bool, str, bytes)):
        raise CommandError(f"A simulated meter takes a number as {key}, not {value!r}.")
    return Fraction(value)


def _log(payload: bytes) -> bytes:
    """What the radio's log says of an answer of the meter."""
    sequence = payload[1] if len(payload) > 1 else 0
    return (
        b"T00000000:RX len %d, ep 01, clus 0x0702 (Simple Metering) FC 18 seq %02X cmd 01 payload[%b ]\r\n"
        b"-- Got Meter Rsp, len=%d, %d = %d?\r\nsMRB len %d\r\n"
    ) % (len(payload), sequence, payload[3:].hex(" ").upper().encode(), len(payload), sequence, sequence, len(payload))
