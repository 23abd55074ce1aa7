"""The controller's end: reads and switches one plug, over HTTP, over the broker, or over both at once.

    way up ──► GET System.All ──► is it our plug? ──► Identified, Online ──► polls: Electricity, ConsumptionX, All
    command ──► SET Toggle(X) ──► SETACK ──► GET Toggle(X) ──► it agrees: confirmed (or its PUSH does so before)
    plug ──► PUSH Clock, SET Bind, PUSH ConsumptionConfig: answered as the cloud does (attendant.py)

The best way is used; what was under way on one that dies moves to another. Every message names its plug in
``from``, so an address that has moved to another plug shows at once. Source: docs/protocols/meross.md §1.2 to §1.8.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import WireError
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
    Reported,
    SessionCommand,
    Ticket,
    Waiting,
    WireCommand,
)
from unclouded.core.session_parts import Timers, count_noise, earliest, refuse_action
from unclouded.families.meross import messages, text
from unclouded.families.meross.broker_services import BrokerServices
from unclouded.families.meross.consumption import TOLD
from unclouded.families.meross.envelope import ERROR, GET, PUSH, SET, Envelope, parse
from unclouded.families.meross.identity import publish_topic, uuid_in
from unclouded.families.meross.messages import (
    All,
    Failed,
    Message,
    Nothing,
    Query,
    Toggle,
    Toggles,
    UnknownPayload,
    payload_of,
    read_envelope,
)
from unclouded.families.meross.paths import FAILURES, Paths, PathState, Trust
from unclouded.families.meross.pending_commands import ONOFF, PendingToggles, wanted_state
from unclouded.families.meross.polls import (
    CONSUMPTION,
    ELECTRICITY,
    LOOK,
    POLLS,
    REST,
    SIGNAL,
    MerossSettings,
    look_at_relay,
    set_relay,
)
from unclouded.families.meross.reader import PayloadReader
from unclouded.families.meross.redact import redact
from unclouded.families.meross.request_window import RequestWindow, SentRequest, WindowRequest

LOOK_AGAIN = 0.5  # s until a plug is asked again whose relay is not yet where it shall be
SHOWN = 200  # bytes of a bad message that are handed on
CHECK = "check:"  # the timer of a way that is not good


class MerossController:
    """A session in the controller role."""

    def __init__(self, settings: MerossSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._ambient = ambient
        self._wanted_uuid = settings.uuid.lower()
        self._uuid = self._wanted_uuid
        self._lines = Paths()
        self._post = RequestWindow(settings.key, ambient.token(16), settings.patience_s)
        self._commands = PendingToggles(settings.confirm_s)
        self._attendant = BrokerServices(settings.key)
        self._reader = PayloadReader(ambient.memory.get(TOLD, b""))
        self._timers = Timers()
        self._counts: Counter[str] = Counter()
        self._online = False
        self._said = ""  # the cause that was told last

    # --- ways ----------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._again(self._post.lost(path.name))
        self._lines.add(path)
        self._check(path.name)
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if not self._lines.remove(path):
            return ()
        self._timers.clear(CHECK + path)
        self._again(self._post.lost(path))
        if not self._lines:
            self._post.forget_all()
            self._timers.clear_all()
            self._online, self._said = False, ""
            return [*self._commands.all_unreachable(reason), Offline(reason)]
        return self._fallen(reason, now)

    # --- what the plug says --------------------------------------------------------------------

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        line = self._lines.get(path)
        if line is None:
            return [self._rejected("said on a way that is not up", data)]
        try:
            envelope = parse(data)
            if line.path.answers and re and envelope.header.message_id != self._post.asked_in(re):
                raise WireError("an answer to another question")
            events = self._hear(envelope, line, now)
            self._counts["frames_in"] += 1
            return events
        except WireError as error:
            rejected = self._rejected(str(error), data)
            return [rejected, *(self.failed(re, Failure.GARBLED, now) if line.path.answers else ())]

    def _hear(self, envelope: Envelope, line: PathState, now: float) -> list[Event]:
        told = uuid_in(envelope.header.from_)
        if told and self._expected(line) not in ("", told):
            return self._foreign(line, told, envelope, now)
        if envelope.header.method in (PUSH, SET):
            return self._unasked(envelope, line, now)
        if envelope.header.method != ERROR and not envelope.header.method.endswith("ACK"):
            raise WireError(f"a plug does not say {envelope.header.method[:12]}")
        return self._answered(envelope, line, now)

    def _answered(self, envelope: Envelope, line: PathState, now: float) -> list[Event]:
        header = envelope.header
        signed = line.believes(header, self._settings.key)
        message = read_envelope(envelope)
        if not signed and not isinstance(message, Failed):
            message = Failed(messages.SIGN_ERROR, "signature")
        under_way = self._post.answered(header.message_id, now) or line.overheard(header, now)
        if under_way is None:
            raise WireError("an answer that comes late, or to another's question")
        if isinstance(message, Failed):
            return self._refused(message, signed, under_way, line, now)
        if header.namespace != under_way.question.namespace:
            failure = self._failure(under_way, text.FAILURES[Failure.GARBLED], now)
            return [*failure, self._rejected("another namespace")]
        line.failures = 0
        return self._came_in(message, envelope, line, under_way.question, now)

    def _came_in(
        self, message: Message, envelope: Envelope, line: PathState, asked: WindowRequest, now: float
    ) -> list[Event]:
        match message:
            case All():
                return self._checked(message, line, now)
            case Nothing() if asked.method == SET:
                return self._acknowledged(asked)
            case Nothing() | Query() | UnknownPayload():
                return [self._rejected(f"an empty answer for {envelope.header.namespace}")]
        events = self._read(message, envelope)
        wanted = self._commands.of(asked.ticket) if asked.ticket else None
        if asked.name == LOOK and wanted is not None:
            self._timers.set(LOOK, now + LOOK_AGAIN)
        return events

    def _unasked(self, envelope: Envelope, line: PathState, now: float) -> list[Event]:
        """What the plug says by itself; only a bound plug knows the key."""
        if not line.believes(envelope.header, self._settings.key):
            raise WireError("wrong signature")
        message = read_envelope(envelope)
        asked = self._attendant.hear(message, envelope, line.path.name)
        return asked if asked is not None else self._read(message, envelope)

    def _read(self, message: Message, envelope: Envelope) -> list[Event]:
        """The values that a message carries."""
        if isinstance(message, Toggles):
            return self._relay(message.channels)
        events = self._reader.read(message, envelope.header.timestamp)
        self._counts["digested"] += not events
        return events

    def _relay(self, channels: Sequence[Toggle]) -> list[Event]:
        toggle = next((one for one in channels if one.channel == 0), None)
        if toggle is None or toggle.onoff not in (0, 1):
            return []
        onoff = bool(toggle.onoff)
        first = self._commands.first
        settled = self._commands.reported(onoff)
        if settled and first is not None:
            self._done_with(first.ticket)
        return [Reported({ONOFF: onoff}), *settled]

    # --- who it is -----------------------------------------------------------------------------

    def _expected(self, line: PathState) -> str:
        """The UUID that must answer; without a configured one, that of the plug on the other good ways."""
        others = any(one is not line for one in self._lines.good())
        return self._wanted_uuid or (self._uuid if others or line.is_good else "")

    def _checked(self, all_: All, line: PathState, now: float) -> list[Event]:
        uuid = all_.system.hardware.uuid.lower()
        expected = self._expected(line)
        if not uuid or expected not in ("", uuid):
            return self._bad(line, Trust.FOREIGN, text.another_plug(uuid, expected, line.path.name), now)
        self._uuid, self._said = uuid, ""
        line.found_good()
        self._timers.clear(CHECK + line.path.name)
        events = self._reader.identified(all_)
        if not self._online:
            self._online = True
            events.append(Online())
            self._reader.new_connection()
            self._start_polls(now)
        self._go_on()
        return [*events, *self._relay(all_.toggles)]

    def _foreign(self, line: PathState, told: str, envelope: Envelope, now: float) -> list[Event]:
        """Another plug speaks; the question that it answered goes elsewhere."""
        under_way = self._post.answered(envelope.header.message_id, now)
        self._again([under_way] if under_way is not None else [])
        reason = text.another_plug(told, self._expected(line), line.path.name)
        return [self._rejected("another plug"), *self._bad(line, Trust.FOREIGN, reason, now)]

    # --- what goes wrong -----------------------------------------------------------------------

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        under_way = self._post.failed(id)
        if under_way is None:
            return ()
        self._counts[why.name.lower()] += 1
        return self._failure(under_way, text.FAILURES[why], now)

    def _failure(self, under_way: SentRequest, why: str, now: float) -> list[Event]:
        line = self._lines.get(under_way.path)
        if line is None:
            return []
        line.failures += 1
        another = any(good is not line for good in self._lines.good())
        if under_way.question.ticket or another:
            self._again([under_way])
        if not line.is_good or another or line.failures >= FAILURES:
            return self._bad(line, Trust.LOST, text.no_answer(under_way.path, why), now)
        return []

    def _refused(self, error: Failed, signed: bool, under_way: SentRequest, line: PathState, now: float) -> list[Event]:
        if error.code == messages.SIGN_ERROR:
            reason = text.WRONG_KEY if error.detail != "signature" else text.OTHER_SIGNATURE
            return self._bad(line, Trust.REFUSED, reason, now)
        question = under_way.question
        if question.ticket:
            events = self._commands.refused(question.ticket, text.refused(error))
            self._done_with(question.ticket)
            return events
        rejected = self._rejected(f"error {error.code} for {question.namespace}")
        return [rejected, *(self._failure(under_way, text.refused(error), now) if question.path else ())]

    def _bad(self, line: PathState, trust: Trust, reason: str, now: float) -> list[Event]:
        """A way is of no use until it has been checked again, a while later (with jitter)."""
        pause = line.found(trust, reason)
        self._timers.set(CHECK + line.path.name, now + pause * (0.8 + self._ambient.token(1)[0] / 640))
        self._again(self._post.lost(line.path.name))
        return self._fallen(reason, now)

    def _fallen(self, reason: str, now: float) -> list[Event]:
        """Is there still a good way? If not, nothing can be done, and people want to know why."""
        if self._lines.good() or self._lines.any_checking():
            return []
        reason = self._lines.reason() or reason
        refused = any(line.trust is Trust.REFUSED for line in self._lines.every())
        foreign = any(line.trust is Trust.FOREIGN for line in self._lines.every())
        events = self._commands.all_refused(reason) if refused else self._commands.all_unreachable(reason)
        self._post.forget_all()
        self._timers.clear(ELECTRICITY, CONSUMPTION, REST, LOOK)
        if reason != self._said:
            if self._online or foreign:
                events.append(Offline(reason))
            if refused or not (self._online or foreign):
                events.append(Waiting(reason, now))
        self._online, self._said = False, reason
        return events

    def _rejected(self, reason: str, data: bytes = b"") -> Rejected:
        self._counts["rejected"] += 1
        if data:
            count_noise(self._counts, reason, len(data))
        return Rejected(reason, redact("device", data[:SHOWN]))

    # --- questions -----------------------------------------------------------------------------

    def _check(self, path: str) -> None:
        self._post.want(WindowRequest("all", GET, messages.ALL, payload_of(all={}), path=path), first=True)

    def _again(self, lost: Sequence[SentRequest]) -> None:
        """Ask elsewhere what was under way; an identity check belongs to its way."""
        for one in reversed(lost):
            question = one.question
            if not question.path and (not question.ticket or self._commands.of(question.ticket)):
                self._post.want(msgspec.structs.replace(question, avoid=one.path), first=True)

    def _start_polls(self, now: float) -> None:
        for name in (ELECTRICITY, CONSUMPTION, SIGNAL):
            self._post.want(POLLS[name])
        self._timers.set(ELECTRICITY, now + self._settings.electricity_poll_s)
        self._timers.set(CONSUMPTION, now + self._settings.consumption_poll_s)
        self._timers.set(REST, now + self._settings.poll_s)

    # --- commands ------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not isinstance(command, WireCommand):
            raise refuse_action(command)
        onoff = wanted_state(command)
        if not self._lines:
            return self._commands.refuse_at_once(now)
        ticket = self._commands.begin(onoff, now)
        if self._lines.good():
            self._go_on()
        else:
            self._check_all()
        return ticket

    def _check_all(self) -> None:
        """Somebody wants something of a plug that cannot be reached: look at once."""
        for line in self._lines.every():
            if line.trust is not Trust.CHECKING:
                line.trust = Trust.CHECKING
                self._timers.clear(CHECK + line.path.name)
                self._check(line.path.name)

    def _go_on(self) -> None:
        """Carry out the next wish."""
        first = self._commands.first
        if first is not None and not first.told:
            first.told = True
            self._post.want(set_relay(first, self._reader.is_old), first=True)

    def _acknowledged(self, asked: WindowRequest) -> list[Event]:
        """An acknowledgement without a value: look for ourselves."""
        wanted = self._commands.of(asked.ticket)
        if wanted is not None:
            wanted.acknowledged = True
            self._post.want(look_at_relay(wanted, self._reader.is_old), first=True)
        return []

    def _done_with(self, ticket: Ticket) -> None:
        self._post.forget(ticket)
        self._timers.clear(LOOK)
        self._go_on()

    # --- time ----------------------------------------------------------------------------------

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        self._attendant.answer(id, value, self._unix(now), publish_topic(self._uuid))
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for under_way in self._post.overdue(now):
            self._counts["timeout"] += 1
            events += self._failure(under_way, text.FAILURES[Failure.TIMEOUT], now)
        for ticket, settled in self._commands.overdue(now, self._unreachable()):
            events += settled
            self._done_with(ticket)
        for name in self._timers.due(now):
            self._due(name, now)
        return events

    def _unreachable(self) -> str:
        return "" if self._lines.good() else self._lines.reason() or "There is no way to the plug yet."

    def _due(self, name: str, now: float) -> None:
        match name:
            case "electricity" | "consumption":
                seconds = (
                    self._settings.electricity_poll_s if name == ELECTRICITY else self._settings.consumption_poll_s
                )
                self._timers.set(name, now + max(seconds, 0.1))
                self._post.want(POLLS[name])
            case "rest":
                self._timers.set(name, now + max(self._settings.poll_s, 1.0))
                self._post.want(POLLS[REST])
                self._post.want(POLLS[SIGNAL])
            case "look":
                first = self._commands.first
                if first is not None and first.acknowledged:
                    self._post.want(look_at_relay(first, self._reader.is_old), first=True)
            case _:
                self._check(name.removeprefix(CHECK))

    def deadline(self) -> float | None:
        return earliest(self._timers.earliest(), self._commands.deadline(), self._post.deadline())

    def outgoing(self, now: float) -> list[Out]:
        sent = self._post.send(now, self._unix(now), publish_topic(self._uuid), self._lines.choose)
        outs = [*self._attendant.outgoing(), *sent]
        self._counts["frames_out"] += len(outs)
        return outs

    def stats(self) -> Mapping[str, float]:
        return {
            "frames_in": 0,
            "frames_out": 0,
            "noise_bytes": 0,
            **self._counts,
            "under_way": self._post.under_way,
            "round_trip_ms": round(self._post.round_trip_s * 1000, 3),
        }

    def _unix(self, now: float) -> int:
        return int(self._ambient.wall(now))
