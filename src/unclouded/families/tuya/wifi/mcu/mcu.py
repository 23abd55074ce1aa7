"""The MCU's end of a Tuya Wi-Fi line: the simulated plug, and the other end in our tests.

    module 00 ─► 00 restarted, then 01      01 ─► product JSON, 37/00      02 ─► pins      03 ─► 03
    module 08 ─► a 07 for each data point   06 ─► the world is asked; a 07 reports what became of it
    MCU 07, 22 what has changed             0c 1c 24 2b … scheduled questions, or those of ``ask``

Like a real MCU it does one thing after the other: while the world has not answered a 06, what the module sends
next waits. What the world measures comes by ``submit(WireCommand(values, types))``; what changed is reported, one
data point a frame as the vendor's SDK does. ``submit(WireAction("ask", {"what": "time"}))`` makes it ask, and its
Settled has the answer. Source: docs/protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskCommand,
    Asked,
    Event,
    LocalTime,
    Network,
    Online,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireAction,
    WireCommand,
)
from unclouded.core.sessions.session_parts import earliest, refuse_action
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import Endpoint, EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Bare, NetworkStatus, Points, Product, frame_of
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS, PacketResult, UpdateTarget
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.mcu.options import FAULTS as OWN_FAULTS
from unclouded.families.tuya.wifi.mcu.options import McuOptions, ScheduledQuestion
from unclouded.families.tuya.wifi.mcu.points import McuPoints
from unclouded.families.tuya.wifi.mcu.questions import QUESTIONS, QuestionContext, QuestionQueue, ScheduledQuestions
from unclouded.families.tuya.wifi.mcu.state import McuState
from unclouded.families.tuya.wifi.mcu.uart import ReceiveFilter, TransmitQueue
from unclouded.families.tuya.wifi.messages import Heartbeat, Mode, clock
from unclouded.families.tuya.wifi.update_kinds import WIFI_KINDS

__all__ = ("FAULTS", "QUESTIONS", "McuOptions", "ScheduledQuestion", "WifiMcu", "wifi_mcu")

INBOX = 256  # frames that may wait; more are lost, as in a UART buffer
POINTS = 256  # of one frame, which the world may be asked about
WORLD_TIMEOUT_S = 1.0  # for the world to answer a command
RESTART_PERIOD_S = 60.0  # between the restarts of a faulty one
ROUTER, CLOUD = Network.ROUTER.value, Network.CLOUD.value
START_COMMANDS = (codes.HEARTBEAT, codes.PRODUCT, codes.MODE, codes.NETWORK)
KEYS_EVENT = b"\xff\x01\x01"  # an MCU of version 1 sends it by 02; docs/protocols/tuya_wifi.md §2.6 item 5
NO_MODULE = "there is no module"
RESTARTED = "the MCU started again"
RESTART, WORLD = "restart", "world"  # timers

FAULTS: Mapping[str, str] = {**OWN_FAULTS, **UPDATE_FAULTS}


class WifiMcu:
    """A simulated appliance: the Role of the MCU."""

    def __init__(self, options: McuOptions, parts: EndpointParts) -> None:
        self.target = UpdateTarget(options.firmware, WIFI_KINDS.values(), options.faults)
        self.state = McuState("has-clock-drift" in options.faults)
        self._options = options
        self._faults = options.faults
        self._ids = parts.ids
        self._line = parts.line
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._world = parts.questions
        self._filter = ReceiveFilter(options.faults)
        self._transmit = TransmitQueue(options.faults)
        self._questions = QuestionQueue(self._send, self._context)
        self._schedule = ScheduledQuestions(options.habits, self._questions, parts.timers)
        self._points = McuPoints(options, self._send, self._reports)
        self._inbox: deque[Frame | Rejected] = deque()
        self._last_status = -1  # of the network, since the start
        self._is_paired = False  # it saw the states of pairing in their order
        self._is_new = True  # no heartbeat was answered since the start

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        events = [*self._let_go(now), *self._restart(NO_MODULE)]
        self._filter.restart()
        if "restarts" in self._faults:
            self._timers.set(RESTART, now + RESTART_PERIOD_S)
        return events

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        return [*self._let_go(now), *self._restart(NO_MODULE)]

    def refuses(self, data: bytes, now: float) -> str:
        """All bytes are received; where TX and RX are joined they are sent, too."""
        if "echoes-input" in self._faults:
            self._transmit.add(data, now)
            self._release(now)
        return ""

    # --- the world -------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now counts at once, with or without a module; a question waits for one."""
        if command.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        match command:
            case WireCommand():
                for point in points_of(command, self._points.types()):
                    self._points.measure(point, now)
                ticket = self._ids.next()
                self._deferred.add([Settled(ticket)], now)
                return ticket
            case WireAction(name="ask", args={"what": what, **others}) if not others:
                ticket = self._ids.next()
                self._questions.add(what, now, ticket)
                if self._line.path is None:
                    self._deferred.add(self._questions.close(NO_MODULE), now)
                return ticket
        raise refuse_action(command)

    def _ask_world(self, point: DataPoint, now: float) -> Sequence[Event]:
        """The module sets this point: does the world do it?"""
        question = AskCommand(KEYS[point.id], point.value)
        return self._world.ask(question, partial(self._world_answered, point), now)

    def _world_answered(self, point: DataPoint, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The point's new value is reported, or the old one again."""
        if isinstance(value, Refusal):
            self._points.report(point, now)
        else:
            self._points.set(point, now)
        return self._work(now)

    # --- time ------------------------------------------------------------------------------------

    def due(self, timer: str, now: float) -> Sequence[Event]:
        if timer == RESTART:
            self._timers.set(RESTART, now + RESTART_PERIOD_S)
            self._filter.restart()
            return self._restart(RESTARTED, is_hushed=False)
        if timer == WORLD:  # it had its time to answer
            self._world.clear()
            return self._work(now)
        self._schedule.run(timer, now)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._questions.tick(now)
        self._points.tick(now)
        self._release(now)
        return events

    def deadline(self) -> float | None:
        return earliest(self._transmit.deadline(), self._questions.deadline(), self._points.deadline())

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:  # it has no requests in the queue
        return ()

    def sending(self, request: Request, now: float) -> bool:
        return True

    def stats(self, now: float) -> Mapping[str, float]:
        more = {"resends": self._points.sync.resends, "overruns": self._filter.overruns}
        return {**self._questions.stats(), **self.state.stats(now), **more}

    # --- what the module sends -------------------------------------------------------------------

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        if "echoes-input" in self._faults or not self._filter.takes(frame, now):
            return ()
        if self._filter.is_overrun(frame):
            self._inbox.clear()
            return ()
        return self._put(frame, now)

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        return self._put(rejected, now)

    def _put(self, piece: Frame | Rejected, now: float) -> Sequence[Event]:
        if len(self._inbox) < INBOX:
            self._inbox.append(piece)
        return self._work(now)

    def _work(self, now: float) -> list[Event]:
        """Do what the module sent, up to the next question to the world."""
        events: list[Event] = []
        while self._inbox and not self._world:
            piece = self._inbox.popleft()
            if isinstance(piece, Frame):
                events += self._understand(piece, now)
            else:
                events.append(piece)
        if not self._world:
            self._timers.clear(WORLD)
        return events

    def _let_go(self, now: float) -> list[Event]:
        """Wait for the world no longer."""
        events: list[Event] = []
        while self._world or self._inbox:
            self._world.clear()
            events += [event for event in self._work(now) if not isinstance(event, Asked)]
        self._world.clear()
        return events

    def _understand(self, frame: Frame, now: float) -> Sequence[Event]:
        message = read_message("controller", frame)
        if not self._honours(message):
            return ()
        packet = self.target.received(message)
        if packet is not None:
            return self._update(packet, now)
        self._points.sync.received(message, now)
        return [*self._questions.received(message, now), *self._obey(message, now)]

    def _honours(self, message: Message) -> bool:
        """One that waits to be paired ignores all but the start. docs/protocols/tuya_wifi.md §2.6 item 6"""
        if isinstance(message, NetworkStatus) and message.command == codes.NETWORK:
            self._is_paired = self._is_paired or (self._last_status == ROUTER and message.status == CLOUD)
            self._last_status = message.status
        return not self._waits_for_pairing() or message.command in START_COMMANDS

    def _waits_for_pairing(self) -> bool:
        return "ignores-all-until-status-04" in self._faults and not self._is_paired

    def _obey(self, message: Message, now: float) -> Sequence[Event]:
        match message:
            case Bare(command=codes.HEARTBEAT):
                return self._heartbeat(now)
            case Bare(command=codes.PRODUCT) if "ignores-product-query" not in self._faults:
                self._introduce(now)
            case Bare(command=codes.MODE) if "ignores-mode-query" not in self._faults:
                self._answer(Mode(self._options.pins), now)
            case Points(points=points) if "has-stuck-relay" in self._faults:  # the world is not even asked
                for point in points:
                    self._points.report(point, now)
            case Points(points=points):
                self._timers.set(WORLD, now + WORLD_TIMEOUT_S)
                return [event for point in points for event in self._ask_world(point, now)]
            case Bare(command=codes.QUERY):
                self._questions.open(now)
                if "ignores-queries" not in self._faults:
                    self._points.report_all(now)
            case _:
                self._note(message, now)
        return ()

    def _update(self, packet: PacketResult, now: float) -> Sequence[Event]:
        """A packet of an update; after the last one it starts again, as if it had been switched off and on."""
        if packet.answer is not None:
            self._answer(packet.answer, now)
        return self._restart(RESTARTED, is_hushed=False) if packet.restarts else ()

    def _heartbeat(self, now: float) -> Sequence[Event]:
        if "ignores-heartbeats" not in self._faults:
            self._answer(Heartbeat(self._is_new), now)
        first, self._is_new = self._is_new, False
        if "asks-after-heartbeats" in self._faults:
            for command in (codes.LOCAL_TIME, codes.SIGNAL, codes.NETWORK_QUERY):
                self._send(Bare(command), now)
        if "sends-version-1-events" in self._faults:
            self._send(Mode(KEYS_EVENT), now)
        if first:
            return (Online(),)
        self._schedule.at("heartbeat", now)
        return ()

    def _note(self, message: Message, now: float) -> None:
        """What the module reports. When the network gets to the cloud, much begins."""
        before = self.state.network
        ack = self.state.received(message, now)
        if ack is not None and not ("acks-no-notices" in self._faults and ack.command != codes.NETWORK):
            self._answer(ack, now)
        if self._waits_for_pairing():
            return
        if isinstance(message, NetworkStatus) and message.command == codes.NETWORK:
            self._questions.open(now)
        if before != CLOUD and self.state.network == CLOUD:
            if self._options.syncs:
                self._points.report_all(now)
            self._schedule.at("cloud", now)

    def _introduce(self, now: float) -> None:
        self._answer(Product(self._options.product_info(self.target.version, self.target.sub_versions)), now)
        if self._options.features:
            self._send(QUESTIONS["features"].message(self._context(now)), now)

    def _restart(self, reason: str, is_hushed: bool = True) -> list[Event]:
        """It starts again. ``is_hushed``: what was on its way to the line is lost, too."""
        self._is_new = True
        self._last_status, self._is_paired = -1, False
        self.state.network = None
        self.target.restarted()
        self._points.restart()
        self._schedule.forget()
        if is_hushed:
            self._transmit.hush()
            self._line.drop()
        return self._questions.close(reason)

    # --- what the MCU sends ----------------------------------------------------------------------

    def _reports(self) -> bool:
        """Does it report changes by itself?"""
        return not (self._is_new or self._options.polled or self._waits_for_pairing())

    def _context(self, now: float) -> QuestionContext:
        seconds = self.state.time(now)
        time = b"" if seconds is None else clock(codes.GMT, LocalTime(seconds)).fields
        return QuestionContext(self._options, self._points.all(), time)

    def _answer(self, message: Message, now: float) -> None:
        self._send(message, now, is_answer=True)

    def _send(self, message: Message, now: float, is_answer: bool = False) -> None:
        if self._line.path is None or self._faults & {"sends-nothing", "echoes-input"}:
            return
        self._transmit.add(bytes(frame_of(message, self._options.frame_version())), now, is_answer)
        self._release(now)

    def _release(self, now: float) -> None:
        for data in self._transmit.ready(now):
            self._line.put(data)


def wifi_mcu(options: McuOptions) -> Endpoint[WifiMcu]:
    """A session in the device role."""
    parts = EndpointParts(WIFI.shapes, questions=POINTS)
    mcu = WifiMcu(options, parts)
    return Endpoint(parts, mcu, refuses=mcu.refuses)
