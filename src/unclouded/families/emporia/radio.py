"""The device's end: a simulated MGM111 radio and the meter behind it.

It answers each request after 85 to 102 ms, as the real one does. What the meter measures comes by
``submit(WireCommand({"import": Wh, "export": Wh, "demand": W}))``; a request to reset (``$d``) wipes
the provisioning. ``radio_faults.py`` lists the faults it has on demand.
Source: docs/protocols/emporia.md §1.1 to §1.5 and §3.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import (
    DeferredEvents,
    FaultSwitches,
    Presence,
    SendQueue,
    Tickets,
    Timers,
    earliest,
)
from unclouded.families.emporia import commands, zcl
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaNoise, response
from unclouded.families.emporia.install_code import crc16_x25
from unclouded.families.emporia.listener import StreamListener, rejected
from unclouded.families.emporia.radio_faults import FAULTS, firmware_of, truncated
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
from unclouded.families.emporia.simulated_meter import SimulatedMeter

FASTEST, SLOWEST = 85, 102  # ms from request to answer, as logged; docs/protocols/emporia.md §1.3
SLOW = 500  # ms, with the fault "answers-slowly"
ALERT_EVERY_S = 7.0  # between e frames of firmware 8
REPEATED_AFTER_S = 0.005  # with the fault "sends-twice"
USUAL = WireFactors(1, 1000)
OTHER = WireFactors(3, 5000)  # a meter of this scale is known too
FIRST_ZCL = 7  # older radios send 152 bytes
PROMPT = b"SeIhd>"


class RadioSession:
    """One simulated radio; a ``session.Session``. Its faults can be switched by the action ``set_fault``."""

    def __init__(self, options: SimOptions, ambient: Ambient) -> None:
        self._faults = FaultSwitches(FAULTS, options.faults)
        self._seed = options.seed
        self._meter = SimulatedMeter()
        self._wiped = False
        self._listener = StreamListener("controller")
        self._tickets = Tickets()
        self._deferred = DeferredEvents()
        self._timers = Timers()
        self._sending = SendQueue()
        self._sent = 0
        self._host = Presence()
        self._started: float | None = None
        self._sequence = crc32(b"sequence %d" % options.seed) % 256
        self._readings = 0
        self._up = False

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._received(self._listener.close(), now) if self._up else []
        self._up = True
        self._host.reset()
        self._sending.drop()
        if self._started is None:
            self._started = now
        self._timers.set("alert", now + ALERT_EVERY_S)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = [rejected(piece) for piece in self._listener.close() if isinstance(piece, EmporiaNoise)]
        self._up = False
        self._sending.drop()
        self._timers.clear("alert")
        settled = self._tickets.settle_all("unreachable", reason)
        return [*events, *self._deferred.take(), *settled, *self._host.lost(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._received(self._listener.receive(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not self._faults.set(command):
            self._meter.measure(command)
        ticket = self._tickets.issue(now)
        self._deferred.add(self._tickets.settle(ticket), now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """A radio asks nothing of the hub."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._received(self._listener.tick(now), now)
        if "alert" in self._timers.due(now):
            self._timers.set("alert", now + ALERT_EVERY_S)
            if firmware_of(self._faults) == 8 and "answers-nothing" not in self._faults:
                self._send(response(commands.ALERT, bytes([self._seeded("alert") % 3])), now)
        self._sending.release(now)
        return events + self._deferred.take()

    def deadline(self) -> float | None:
        return earliest(
            self._deferred.deadline(), self._timers.earliest(), self._listener.deadline(), self._sending.deadline()
        )

    def outgoing(self, now: float) -> list[Out]:
        return self._sending.take(now)

    def stats(self) -> Mapping[str, float]:
        return {**self._listener.stats(), "frames_out": self._sent, "readings": self._readings}

    # --- requests ------------------------------------------------------------------------------

    def _received(self, pieces: Sequence[EmporiaFrame | EmporiaNoise], now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, EmporiaNoise):
                events.append(rejected(piece))
                continue
            events += self._host.found()
            if "answers-nothing" not in self._faults:
                self._answer(piece.type, now)
        return events

    def _answer(self, letter: str, now: float) -> None:
        at = now + self._latency_ms() / 1000
        if "sends-log-text" in self._faults:
            self._send(PROMPT + b"\r\n", now)
        match letter:
            case commands.READING if self._reads():
                self._read(at)
            case commands.JOIN:
                self._send(response(letter, bytes([self._is_provisioned()])), at)
            case commands.FIRMWARE:
                self._send(response(letter, bytes([firmware_of(self._faults)])), at)
            case commands.MAC:
                self._send(response(letter, bytes.fromhex(self.mac)[::-1]), at)
            case commands.INSTALL_CODE:
                self._send(response(letter, self._install_code()), at)
            case commands.RESET:
                self._wiped = True

    def _read(self, at: float) -> None:
        """Send the reading, with the faults that it has."""
        self._readings += 1
        payload = self._payload(at)
        frame = response(commands.READING, payload)
        if "sends-log-text" in self._faults:
            self._send(_log(payload), at)
        if "sends-false-headers" in self._faults:
            self._send(b"$\x01r\x05abc\r", at)
        if "cuts-frames" in self._faults:
            frame = frame[:-4]
        self._send(frame, at)
        if "sends-twice" in self._faults:
            self._send(frame, at + REPEATED_AFTER_S)

    def _payload(self, at: float) -> bytes:
        self._sequence = (self._sequence + 1) % 256
        if "refuses-readings" in self._faults:
            header = zcl.ZclHeader(self._sequence, zcl.DEFAULT_RESPONSE)
            return bytes(zcl.DefaultResponse(header, zcl.READ_ATTRIBUTES, zcl.NOT_AUTHORIZED))
        odd = self._readings % 2 == 1
        scale = OTHER if odd and "changes-scale" in self._faults else USUAL
        registers = Registers(
            delivered=self._meter.count(IMPORT, scale),
            received=self._meter.count(EXPORT, scale),
            multiplier=scale.multiplier,
            divisor=scale.divisor,
            demand=None if "reports-no-demand" in self._faults else self._meter.count(DEMAND, scale),
            sequence=self._sequence,
            uptime_ms=round((at - (self._started or 0.0)) * 1000),
        )
        payload = encode_v2(registers) if firmware_of(self._faults) < FIRST_ZCL else self._zcl(registers, odd)
        return truncated(payload, self._faults)

    def _zcl(self, registers: Registers, odd: bool) -> bytes:
        without = EXPORT not in self._meter or "has-no-export" in self._faults
        return encode_zcl(registers, (RECEIVED,) if without or (odd and "alternates-lengths" in self._faults) else ())

    # --- its state -----------------------------------------------------------------------------

    @property
    def mac(self) -> str:
        """Its EUI-64 as hex digits, as printed on the label."""
        return "70b3d5" + (b"%c%b" % (self._seed % 256, crc32(b"mac %d" % self._seed).to_bytes(4, "big"))).hex()

    def _install_code(self) -> bytes:
        code = b"\x5a%c%b" % (self._seed % 256, crc32(b"code %d" % self._seed).to_bytes(4, "big"))
        return code + crc16_x25(code).to_bytes(2, "little")

    def _is_provisioned(self) -> bool:
        return not self._wiped and "is-not-provisioned" not in self._faults

    def _reads(self) -> bool:
        return self._is_provisioned() and "receives-no-readings" not in self._faults

    # --- sending -------------------------------------------------------------------------------

    def _latency_ms(self) -> int:
        """From request to answer."""
        usual = FASTEST + self._seeded("latency") % (SLOWEST - FASTEST + 1)
        return SLOW if "answers-slowly" in self._faults else usual

    def _seeded(self, what: str) -> int:
        """A number that follows from the seed and from how much was sent."""
        return crc32(b"%d %d %b" % (self._seed, self._sent, what.encode()))

    def _send(self, data: bytes, at: float) -> None:
        self._sent += 1
        self._sending.put(Out(data), at)


def _log(payload: bytes) -> bytes:
    """The radio's log text about an answer of the meter."""
    sequence = payload[1] if len(payload) > 1 else 0
    return (
        b"T00000000:RX len %d, ep 01, clus 0x0702 (Simple Metering) FC 18 seq %02X cmd 01 payload[%b ]\r\n"
        b"-- Got Meter Rsp, len=%d, %d = %d?\r\nsMRB len %d\r\n"
    ) % (len(payload), sequence, payload[3:].hex(" ").upper().encode(), len(payload), sequence, sequence, len(payload))
