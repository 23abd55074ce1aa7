"""The MCU's end of a Tuya Wi-Fi line: the simulated plug, and the other end in our tests.

    module 00 ─► 00 restarted, then 01      01 ─► product JSON, 37/00      02 ─► pins      03 ─► 03
    module 08 ─► a 07 for each data point   06 ─► the world is asked; a 07 says what became of it
    MCU 07, 22 what has changed             0c 1c 24 2b … its habits, or what somebody lets it ask

Like a real MCU it does one thing after the other: while the world has not answered a 06, what the module
says next waits. What the world measures comes by ``submit(WireCommand(values, types))``; what changed is
reported, one data point a frame as the vendor's SDK does. ``submit(WireAction("ask", {"what": "time"}))`` lets it
ask, and its Settled has the answer. Source: docs/protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.session import (
    Answer,
    AskCommand,
    Asked,
    Event,
    Failure,
    LinkPath,
    LocalTime,
    Network,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireAction,
    WireCommand,
)
from unclouded.core.session_parts import DeferredEvents, Timers, earliest, refuse_action
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import LineEndpoint, Pieces
from unclouded.families.tuya.line.framing import Frame, Noise
from unclouded.families.tuya.messages import Bare, NetworkStatus, Points, Product, frame_of
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS, PacketResult, UpdateTarget
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.mcu_fading import Fading
from unclouded.families.tuya.wifi.mcu_options import FAULTS as OWN_FAULTS
from unclouded.families.tuya.wifi.mcu_options import McuOptions, ScheduledQuestion
from unclouded.families.tuya.wifi.mcu_questions import ASKS, QuestionContext, QuestionQueue, ScheduledQuestions
from unclouded.families.tuya.wifi.mcu_state import McuState
from unclouded.families.tuya.wifi.mcu_sync_reports import Synced, added
from unclouded.families.tuya.wifi.mcu_uart_faults import ReceiveFilter, TransmitQueue, shortened
from unclouded.families.tuya.wifi.messages import Heartbeat, Mode, clock

__all__ = ("ASKS", "FAULTS", "McuOptions", "ScheduledQuestion", "WifiMcu")

INBOX = 256  # frames that may wait; more are lost, as in a UART buffer
WORLD_WAIT = 1.0  # s that the world may take to answer a wish
RESTARTS = 60.0  # s between the restarts of one that does not run well
REPORT = 0x07
ROUTER, CLOUD = Network.ROUTER.value, Network.CLOUD.value
START_COMMANDS = (0x00, 0x01, 0x02, 0x03)
KEYS_EVENT = b"\xff\x01\x01"  # an MCU of version 1 tells it by 02; docs/protocols/tuya_wifi.md §2.6 item 5
NO_MODULE = "there is no module"

FAULTS: Mapping[str, str] = {**OWN_FAULTS, **UPDATE_FAULTS}


class WifiMcu:
    """A session in the device role."""

    def __init__(self, options: McuOptions) -> None:
        self._options = options
        self._faults = options.faults
        self.target = UpdateTarget(options.firmware, options.faults)
        self._line = LineEndpoint(WIFI.shapes)
        self._later = DeferredEvents()
        self._timers = Timers()
        self._ear = ReceiveFilter(options.faults)
        self._mouth = TransmitQueue(options.faults)
        self._asks = QuestionQueue(self._say, self._situation)
        self._habits = ScheduledQuestions(options.habits, self._asks, self._timers)
        self._synced = Synced(self._say, options.increments)
        self.told = McuState("drifts" in options.faults)
        self._points: dict[str, DataPoint] = {}
        self._commands: dict[int, DataPoint] = {}
        self._fading = Fading("fades" in options.faults)
        self._inbox: deque[Frame | Rejected] = deque()
        self._number = 0
        self._uncounted: dict[str, DataPoint] = {}  # increments that no module has heard of yet
        self._last_state = -1  # of the network, since the start
        self._is_paired = False  # it saw the states of pairing in their order
        self._is_new = True  # no heartbeat was answered since the start
        self._now = 0.0

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = [*self._take(self._line.close(), now), *self._let_go(now), *self._restart(NO_MODULE)]
        self._line.path = path.name
        if "restarts" in self._faults:
            self._timers.set("restart", now + RESTARTS)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._line.path is None:
            return [Offline(reason)]  # why there is no connection yet
        if path != self._line.path:
            return ()
        events = self._take(self._line.close(), now)
        self._line.path = None
        self._timers.clear_all()
        return [*events, *self._let_go(now), *self._restart(NO_MODULE), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._now = now
        if "joined" in self._faults:
            self._mouth.say(data, now)
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now counts at once, with or without a module; a question waits for one."""
        if command.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        ticket = self._number + 1
        match command:
            case WireCommand():
                known = {key: point.type for key, point in self._points.items()}
                for point in points_of(command, known):
                    self._measure(point, now)
                self._later.add([Settled(ticket)], now)
            case WireAction(name="ask", args={"what": what, **others}) if not others:
                self._asks.want(what, now, ticket)
                if self._line.path is None:
                    self._later.add(self._asks.close(NO_MODULE), now)
            case _:
                raise refuse_action(command)
        self._number = ticket
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The world's answer to a wish: the point's new value is reported, or the old one again."""
        point = self._commands.pop(id, None)
        if point is None:
            return ()
        key = KEYS[point.id]
        if not isinstance(value, Refusal) and not self._fading.begin(self._points.get(key), point, now):
            self._points[key] = point
        if key in self._points and not self._fading.moves(point.id):
            self._report(self._points[key], now)
        events = self._work(now)
        self._release(now)
        return events

    def tick(self, now: float) -> Sequence[Event]:
        self._now = now
        events = [*self._later.take(), *self._take(self._line.tick(now), now), *self._asks.tick(now)]
        self._synced.tick(now)
        self._fade(now)
        for timer in self._timers.due(now):
            events += self._run(timer, now)
        self._release(now)
        return events

    def deadline(self) -> float | None:
        return earliest(
            self._later.deadline(),
            self._mouth.deadline(),
            self._line.deadline(),
            self._asks.deadline(),
            self._synced.deadline(),
            self._fading.deadline(),
            self._timers.earliest(),
        )

    def outgoing(self, now: float) -> list[Out]:
        self._now = now
        self._release(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        more = {"resends": self._synced.resends, "overruns": self._ear.overruns}
        return {**self._line.stats(), **self._asks.stats(), **self.told.stats(self._now), **more}

    # --- what the module says --------------------------------------------------------------------

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        for piece in pieces:
            if isinstance(piece, Noise):
                heard: Frame | Rejected = self._line.lost(piece)
            else:
                heard = piece
                self._line.heard(piece)
                if "joined" in self._faults or not self._ear.takes(piece, now):
                    continue
                if self._ear.is_overrun(piece):
                    self._inbox.clear()
                    continue
            if len(self._inbox) < INBOX:
                self._inbox.append(heard)
        return self._work(now)

    def _work(self, now: float) -> list[Event]:
        """Do what the module said, up to the next question to the world."""
        events: list[Event] = []
        while self._inbox and not self._commands:
            piece = self._inbox.popleft()
            if isinstance(piece, Frame):
                events += self._hear(piece, now)
            else:
                events.append(piece)
        if not self._commands:
            self._timers.clear("world")
        return events

    def _let_go(self, now: float) -> list[Event]:
        """Wait for the world no longer."""
        events: list[Event] = []
        while self._commands or self._inbox:
            self._commands.clear()
            events += [event for event in self._work(now) if not isinstance(event, Asked)]
        self._commands.clear()
        return events

    def _hear(self, frame: Frame, now: float) -> list[Event]:
        message = read_message("controller", frame)
        if not self._heeds(message):
            return []
        heard = self.target.hear(message)
        if heard is not None:
            return self._update(heard, now)
        self._synced.hear(message, now)
        return [*self._asks.hear(message, now), *self._obey(message, now)]

    def _heeds(self, message: Message) -> bool:
        """One that waits to be paired is deaf to all that is not the start. docs/protocols/tuya_wifi.md §2.6 item 6"""
        if isinstance(message, NetworkStatus) and message.command == 0x03:
            self._is_paired = self._is_paired or (self._last_state == ROUTER and message.status == CLOUD)
            self._last_state = message.status
        return not self._waits() or message.command in START_COMMANDS

    def _waits(self) -> bool:
        return "deaf-until-status-04" in self._faults and not self._is_paired

    def _obey(self, message: Message, now: float) -> list[Event]:
        match message:
            case Bare(command=0x00):
                return self._heartbeat(now)
            case Bare(command=0x01) if "deaf-to-product" not in self._faults:
                self._introduce(now)
            case Bare(command=0x02) if "deaf-to-mode" not in self._faults:
                self._answer(Mode(self._options.pins), now)
            case Points(points=points) if "stuck-switch" in self._faults:  # the world never hears of it
                for key in [KEYS[point.id] for point in points]:
                    if key in self._points:
                        self._report(self._points[key], now)
            case Points(points=points):
                self._timers.set("world", now + WORLD_WAIT)
                return [self._ask(point) for point in points]
            case Bare(command=0x08):
                self._asks.open(now)
                if "deaf-to-query" not in self._faults:
                    self._report_all(now)
            case _:
                self._note(message, now)
        return []

    def _update(self, heard: PacketResult, now: float) -> list[Event]:
        """A packet of an update; after the last one it starts again, as if it had been switched off and on."""
        if heard.answer is not None:
            self._answer(heard.answer, now)
        return self._restart("the MCU started again", is_hushed=False) if heard.restarts else []

    def _heartbeat(self, now: float) -> list[Event]:
        self._answer(Heartbeat(self._is_new), now)
        first, self._is_new = self._is_new, False
        if "asks" in self._faults:
            for command in (0x1C, 0x24, 0x2B):
                self._say(Bare(command), now)
        if "version-1-events" in self._faults:
            self._say(Mode(KEYS_EVENT), now)
        if first:
            return [Online()]
        self._habits.at("heartbeat", now)
        return []

    def _note(self, message: Message, now: float) -> None:
        """What the module tells. When the network gets to the cloud, much begins."""
        before = self.told.network
        thanks = self.told.hear(message, now)
        if thanks is not None and not ("deaf-to-notices" in self._faults and thanks.command != 0x03):
            self._answer(thanks, now)
        if self._waits():
            return
        if isinstance(message, NetworkStatus) and message.command == 0x03:
            self._asks.open(now)
        if before != CLOUD and self.told.network == CLOUD:
            if self._options.syncs:
                self._report_all(now)
            self._habits.at("cloud", now)

    def _ask(self, point: DataPoint) -> Event:
        """The module wants this point to be so: what does the world say?"""
        self._number += 1
        self._commands[self._number] = point
        return Asked(self._number, AskCommand(KEYS[point.id], point.value))

    # --- what the MCU does of its own accord -----------------------------------------------------

    def _run(self, timer: str, now: float) -> list[Event]:
        if timer == "restart":
            self._timers.set("restart", now + RESTARTS)
            return self._restart("the MCU started again", is_hushed=False)
        if timer == "world":  # it had its time to answer
            self._commands.clear()
            return self._work(now)
        self._habits.run(timer, now)
        return []

    def _restart(self, reason: str, is_hushed: bool = True) -> list[Event]:
        """It starts again. ``is_hushed``: what was on its way to the line is lost, too."""
        self._is_new = True
        self._last_state, self._is_paired = -1, False
        self.told.network = None
        self.target.restarted()
        for point in self._synced.forget():
            self._keep_count(point)
        self._points |= {KEYS[point.id]: point for point in self._fading.end()}
        self._habits.forget()
        if is_hushed:
            self._mouth.hush()
            self._line.drop()
        return self._asks.close(reason)

    def _situation(self, now: float) -> QuestionContext:
        seconds = self.told.time(now)
        time = b"" if seconds is None else clock(0x0C, LocalTime(seconds)).fields
        return QuestionContext(self._options, tuple(self._points.values()), time)

    # --- what the MCU says -----------------------------------------------------------------------

    def _introduce(self, now: float) -> None:
        self._answer(Product(self._options.product_info(self.target.version, self.target.sub_versions)), now)
        if self._options.features:
            self._say(ASKS["features"].message(self._situation(now)), now)

    def _measure(self, point: DataPoint, now: float) -> None:
        key = KEYS[point.id]
        if key in self._options.increments:
            self._keep_count(point)
            self._tell_counts(now)
            return
        if self._fading.moves(point.id):
            return
        changed = self._points.get(key) != point
        self._points[key] = point
        if changed and self._reports():
            self._report(point, now)

    def _reports(self) -> bool:
        """Does it tell changes by itself?"""
        return not (self._is_new or self._options.polled or self._waits())

    def _keep_count(self, point: DataPoint) -> None:
        before = self._uncounted.get(KEYS[point.id])
        self._uncounted[KEYS[point.id]] = point if before is None else added(point, before)

    def _tell_counts(self, now: float) -> None:
        """Report what was counted since the last report; without a module it waits."""
        if self._reports():
            counted, self._uncounted = self._uncounted, {}
            for point in counted.values():
                if point.value:
                    self._report(point, now)

    def _fade(self, now: float) -> None:
        for point in self._fading.due(now):
            self._points[KEYS[point.id]] = point
            self._report(point, now)

    def _report(self, point: DataPoint, now: float) -> None:
        if KEYS[point.id] in self._options.synced:
            self._synced.report(point, now)
        else:
            self._tell(point, now)

    def _report_all(self, now: float) -> None:
        for point in self._points.values():
            self._tell(point, now)
        if self._options.polled:
            counted, self._uncounted = self._uncounted, {}
            for point in counted.values():
                self._tell(point, now)

    def _tell(self, point: DataPoint, now: float) -> None:
        """As the firmware sends it, right or wrong."""
        self._say(Points(REPORT, (shortened(point) if "short-values" in self._faults else point,)), now)

    def _answer(self, message: Message, now: float) -> None:
        self._say(message, now, is_answer=True)

    def _say(self, message: Message, now: float, is_answer: bool = False) -> None:
        if self._line.path is None or self._faults & {"silent", "joined"}:
            return
        self._mouth.say(bytes(frame_of(message, self._options.version_said())), now, is_answer)

    def _release(self, now: float) -> None:
        for data in self._mouth.ready(now):
            self._line.put(data)
