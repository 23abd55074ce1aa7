"""The controller's end: reads and switches one plug, over HTTP, over the broker, or over both at once.

    path up ──► GET System.All ──► is it our plug? ──► Identified, Online ──► GET System.Ability: what has it?
            ──► polls of what it has: Electricity, ConsumptionX, Runtime, All
    no answer to a poll ──► GET System.All: the plug or only that namespace? (support.py)
    command ──► SET Toggle(X) ──► SETACK ──► GET Toggle(X) ──► it agrees: confirmed (or its PUSH does so before)
    several small polls ──► SET Multiple, where it has that ──► each answer as if it were one of its own
    plug ──► PUSH Clock, SET Bind, PUSH ConsumptionConfig: answered as the cloud does (broker_services.py)

The best path is used; what was under way on one that fails moves to another. Every message names its plug in
``from``, so an address that has moved to another plug shows at once. Source: docs/protocols/meross.md §1.2 to §1.8.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Noticed,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import DeferredEvents, Ids, Timers, earliest
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.broker_services import BrokerServices
from unclouded.families.meross.controller.commands.clock_setting import SET_TIME
from unclouded.families.meross.controller.commands.command_runner import RELAYS, CommandRunner
from unclouded.families.meross.controller.commands.plug_actions import NAMES as ACTION_REQUESTS
from unclouded.families.meross.controller.commands.plug_actions import check_known
from unclouded.families.meross.controller.energy.consumption import MEMORY_KEY
from unclouded.families.meross.controller.paths.encryption_check import ENCRYPTS_MEMORY, EncryptionCheck
from unclouded.families.meross.controller.paths.path_checks import CHECK_TIMER, PathChecks
from unclouded.families.meross.controller.paths.paths import Paths, PathState, Trust
from unclouded.families.meross.controller.paths.reachability import Reachability
from unclouded.families.meross.controller.paths.request_window import RequestWindow, SentRequest, WindowRequest
from unclouded.families.meross.controller.paths.requests import (
    ABILITIES,
    CHECK_ENCRYPTION,
    READ_BACK,
    check_encryption,
)
from unclouded.families.meross.controller.polling import Polling
from unclouded.families.meross.controller.reports import PlugReports
from unclouded.families.meross.controller.support import Support
from unclouded.families.meross.controller.values import ValueReader, http_of
from unclouded.families.meross.settings import MerossSettings
from unclouded.families.meross.wire import messages, namespaces
from unclouded.families.meross.wire.envelope import ERROR, PUSH, SET, Envelope
from unclouded.families.meross.wire.identity import publish_topic, uuid_in
from unclouded.families.meross.wire.messages import (
    Abilities,
    All,
    Failed,
    Message,
    Multiple,
    Nothing,
    Query,
    UnknownPayload,
)
from unclouded.families.meross.wire.namespaces import read_envelope
from unclouded.families.meross.wire.wire_counts import WireCounts


class MerossController:
    """A session in the controller role."""

    def __init__(self, settings: MerossSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._ambient = ambient
        ids = Ids()
        self._timers = Timers()
        self._paths = Paths()
        self._requests = RequestWindow(settings.key, ambient.token(16), settings.answer_timeout_s)
        self._support = Support()
        self._values = ValueReader(ambient.memory.get(MEMORY_KEY, b""))
        self._commands = CommandRunner(
            settings.confirm_s, ids, self._requests, self._timers, self._support, self._values
        )
        self._checks = PathChecks(
            settings.uuid.lower(), self._paths, self._requests, self._commands.open, self._timers, ambient.token
        )
        self._encryption = EncryptionCheck(settings.key, ENCRYPTS_MEMORY in ambient.memory)
        self._polling = Polling(settings, self._requests, self._timers, self._support)
        self._services = BrokerServices(settings.key, ids)
        self._reachability = Reachability()
        self._reports = PlugReports(
            ambient.wall,
            ids,
            self._paths,
            self._requests,
            self._support,
            self._values,
            self._commands,
            self._polling,
            self._reachability,
            ambient.token,
        )
        self._actions = self._reports.actions
        self._deferred = DeferredEvents()
        self._counts = WireCounts("device")

    # --- paths ---------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._checks.request_again(self._requests.lost(path.name))
        self._requests.add(self._encryption.first_request(self._paths.add(path)), first=True)
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if not self._paths.remove(path):
            return ()
        self._checks.gone(path)
        if not self._paths:
            self._requests.clear()
            self._timers.clear_all()
            lost = [*self._commands.open.all_unreachable(reason), *self._actions.lost(reason)]
            return [*lost, *self._reachability.down(reason)]
        return self._lose_plug(reason, now)

    # --- messages of the plug ------------------------------------------------------------------

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts.add("bytes_in", len(data))
        state = self._paths.get(path)
        if state is None:
            return [self._counts.rejected("received on a path that is not up", data)]
        try:
            envelope = state.opened(data)
            if state.path.answers and re and envelope.header.message_id != self._requests.message_id_of(re):
                raise WireError("an answer to another request")
            events = self._received(envelope, state, now)
            self._counts.add("frames_in")
            return events
        except WireError as error:
            rejected = self._counts.rejected(str(error), data)
            return [rejected, *(self.failed(re, Failure.GARBLED, now) if state.path.answers else ())]

    def _received(self, envelope: Envelope, state: PathState, now: float) -> list[Event]:
        uuid = uuid_in(envelope.header.from_)
        if uuid and self._checks.expected_uuid(state) not in ("", uuid):
            return self._foreign(state, uuid, envelope, now)
        if envelope.header.method in (PUSH, SET):
            return self._unasked(envelope, state, now)
        if envelope.header.method != ERROR and not envelope.header.method.endswith("ACK"):
            raise WireError(f"a plug does not send {envelope.header.method[:12]}")
        return self._answered(envelope, state, now)

    def _answered(self, envelope: Envelope, state: PathState, now: float) -> list[Event]:
        header = envelope.header
        signed = state.is_signed(header, self._settings.key)
        message = read_envelope(envelope)
        if not signed and not isinstance(message, Failed):
            message = Failed(messages.SIGN_ERROR, "signature")
        sent = self._requests.answered(header.message_id, now) or state.recorded_request(header, message, now)
        if sent is None:
            raise WireError("an answer that comes late, or to another's request")
        if isinstance(message, Failed):
            return self._refused(message, sent, state, now)
        if header.namespace != sent.request.namespace:
            failure = self._failure(sent, problems.FAILURES[Failure.GARBLED], now)
            return [*failure, self._counts.rejected("another namespace")]
        state.failures = 0
        if sent.request.name in ACTION_REQUESTS:
            return self._actions.answered(sent.request, bytes(envelope.payload), now)
        if sent.request.parts:
            return self._several_answered(message, envelope, sent, state, now)
        self._support.answered(header.namespace)
        return self._accepted(message, envelope, state, sent.request, now)

    def _several_answered(
        self, message: Message, envelope: Envelope, sent: SentRequest, state: PathState, now: float
    ) -> list[Event]:
        """The answers to a Multiple, in the order of its parts; what is missing is requested by itself."""
        items = message.items if isinstance(message, Multiple) else ()
        events: list[Event] = []
        for part, item in zip_longest(sent.request.parts, items[: len(sent.request.parts)]):
            if item is None or item.header.namespace != part.namespace:
                self._singly([part])
            else:
                events += self._part_answered(item, envelope, msgspec.structs.replace(sent, request=part), state, now)
        return events

    def _part_answered(
        self, item: Envelope, envelope: Envelope, sent: SentRequest, state: PathState, now: float
    ) -> list[Event]:
        header = msgspec.structs.replace(envelope.header, method=item.header.method, namespace=item.header.namespace)
        whole = Envelope(header, item.payload)
        try:
            message = read_envelope(whole)
        except WireError as error:
            self._support.unanswered(header.namespace)
            return [self._counts.rejected(str(error))]
        if isinstance(message, Failed):
            return self._refused(message, sent, state, now)
        self._support.answered(header.namespace)
        return self._accepted(message, whole, state, sent.request, now)

    def _accepted(
        self, message: Message, envelope: Envelope, state: PathState, request: WindowRequest, now: float
    ) -> list[Event]:
        match message:
            case All():
                return self._checked(message, envelope.header.timestamp, state, now)
            case Abilities() if request.name == CHECK_ENCRYPTION:
                return self._encryption_checked(message, envelope, state, now)
            case Abilities():
                return self._reports.listed(message, now)
        if request.method == SET:
            self._reports.acknowledged(request)
        match message:
            case Nothing() if request.method == SET:
                return []
            case Nothing() | Query() | UnknownPayload():
                self._support.unanswered(envelope.header.namespace)
                return [self._counts.rejected(f"an empty answer for {envelope.header.namespace}")]
        events = self._read(message, envelope, state, now)
        if request.name == READ_BACK:
            events += self._commands.was_read_back(request.ticket, now)
        return events

    def _unasked(self, envelope: Envelope, state: PathState, now: float) -> list[Event]:
        """What the plug sends by itself; only a bound plug knows the key."""
        if not state.is_signed(envelope.header, self._settings.key):
            state.signs_otherwise = True
            raise WireError("wrong signature")
        message = read_envelope(envelope)
        events = self._services.receive(message, envelope, state.name)
        if events is not None:
            return events
        if envelope.header.method == SET:
            self._services.acknowledge(envelope, state.name, self._unix(now), publish_topic(self._checks.uuid))
        return self._read(message, envelope, state, now)

    def _read(self, message: Message, envelope: Envelope, state: PathState, now: float) -> list[Event]:
        events = self._reports.read(message, envelope, state.path.recorded, now)
        self._counts.add("digested", not events)
        return events

    # --- which plug it is ----------------------------------------------------------------------

    def _checked(self, all_: All, unix: float, state: PathState, now: float) -> list[Event]:
        uuid = all_.system.hardware.uuid.lower()
        expected = self._checks.expected_uuid(state)
        if not uuid or expected not in ("", uuid):
            return self._bad(state, Trust.FOREIGN, problems.another_plug(uuid, expected, state.name), now)
        self._checks.passed(state, uuid)
        return self._reports.checked(all_, unix, state, now)

    def _foreign(self, state: PathState, uuid: str, envelope: Envelope, now: float) -> list[Event]:
        """Another plug sends; the request that it answered goes elsewhere."""
        sent = self._requests.answered(envelope.header.message_id, now)
        self._checks.request_again([sent] if sent is not None else [])
        reason = problems.another_plug(uuid, self._checks.expected_uuid(state), state.name)
        return [self._counts.rejected("another plug"), *self._bad(state, Trust.FOREIGN, reason, now)]

    def _encryption_checked(
        self, abilities: Abilities, envelope: Envelope, state: PathState, now: float
    ) -> list[Event]:
        """It answers its ability list, but not System.All: because it encrypts, or no longer, or for another reason."""
        uuid = uuid_in(envelope.header.from_) or self._checks.expected_uuid(state)
        why = self._encryption.checked(abilities, uuid, state)
        if why:
            return self._path_failed(state, why, now)
        encrypts = state.cipher is not None
        self._checks.request(state.name)
        return [*self._encryption.remember(encrypts), *self._values.connected_to(http_of(encrypts))]

    # --- failures ------------------------------------------------------------------------------

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        sent = self._requests.failed(id)
        if sent is None:
            return ()
        self._counts.add(why.name.lower())
        state = self._paths.get(sent.path)
        if state is not None and self._encryption.is_wanted(sent.request, state, why):
            self._requests.add(check_encryption(sent.path), first=True)
            return ()
        return self._failure(sent, problems.FAILURES[why], now)

    def _failure(self, sent: SentRequest, why: str, now: float) -> list[Event]:
        state = self._paths.get(sent.path)
        if state is None:
            return []
        request = sent.request
        if request.name in ACTION_REQUESTS and state.is_good:
            self._checks.request(sent.path)
            return self._actions.failed(request, problems.no_answer(sent.path, why))
        if request.parts:
            self._checks.request(sent.path)
            self._singly(request.parts)
            return []
        if state.is_good and request.ticket and request.namespace not in RELAYS:
            return self._setting_unanswered(sent, why)
        another = self._checks.has_another(state)
        if state.is_good and not request.ticket and request.namespace != namespaces.ALL and not request.path:
            return self._unanswered(sent, another, why, now)
        if request.ticket or another:
            self._checks.request_again([sent])
        return self._path_failed(state, why, now)

    def _path_failed(self, state: PathState, why: str, now: float) -> list[Event]:
        """A request that shows whether the plug answers on this path had no answer."""
        failed = self._checks.failed(state, why)
        return self._bad(state, *failed, now) if failed is not None else []

    def _singly(self, parts: Sequence[WindowRequest]) -> None:
        """A Multiple, or a part of it, was not answered: no more of them in this connection."""
        self._requests.most_in_one = 0
        for part in reversed(parts):
            self._requests.add(part, first=True)

    def _setting_unanswered(self, sent: SentRequest, why: str) -> list[Event]:
        """No answer to a request of a command for a setting; System.All shows whether it is the plug."""
        self._checks.request(sent.path)
        events = self._commands.unanswered(sent.request.ticket, why)
        if events is None:
            self._checks.request_again([sent])
        return events or []

    def _unanswered(self, sent: SentRequest, another: bool, why: str, now: float) -> list[Event]:
        """No answer to one namespace; System.All shows whether it is the plug that does not answer."""
        request = sent.request
        self._support.unanswered(request.namespace)
        self._checks.request(sent.path)
        if another and not request.avoid:
            self._checks.request_again([sent])
        elif request.name == ABILITIES:
            self._reports.start_polls(now)
        elif request.name == SET_TIME:
            return self._reports.clock_failed(why, now)
        return []

    def _refused(self, error: Failed, sent: SentRequest, state: PathState, now: float) -> list[Event]:
        if error.code == messages.SIGN_ERROR:
            reason = problems.WRONG_KEY if error.detail != "signature" else problems.OTHER_SIGNATURE
            return self._bad(state, Trust.REFUSED, reason, now)
        request = sent.request
        if request.name in ACTION_REQUESTS:
            return self._actions.failed(request, problems.refused(error, request.namespace))
        if request.parts:
            self._singly(request.parts)
            return []
        if request.ticket:
            return self._commands.refused(request.ticket, problems.refused(error))
        if request.namespace == namespaces.ALL:
            return self._failure(sent, problems.refused(error), now)
        if request.name == SET_TIME:
            return self._reports.clock_failed(problems.refused(error), now)
        if state.path.recorded:
            return [Noticed("refused", problems.refused(error, request.namespace))]
        self._support.refused(request.namespace)
        if request.name == ABILITIES:
            self._reports.start_polls(now)
        return self._reports.supports()

    def _bad(self, state: PathState, trust: Trust, reason: str, now: float) -> list[Event]:
        """A path is not usable until it has been checked again."""
        self._checks.mark_bad(state, trust, reason, now)
        return self._lose_plug(reason, now)

    def _lose_plug(self, reason: str, now: float) -> list[Event]:
        """If no good path is left, every command settles and the cause is reported."""
        if self._paths.good() or self._paths.any_is(Trust.CHECKING):
            return []
        reason = self._paths.reason() or reason
        refused, foreign = self._paths.any_is(Trust.REFUSED), self._paths.any_is(Trust.FOREIGN)
        commands = self._commands.open
        events = commands.all_refused(reason) if refused else commands.all_unreachable(reason)
        events += self._actions.lost(reason)
        self._requests.clear()
        self._polling.stop()
        self._timers.clear(READ_BACK)
        return events + self._reachability.lost(reason, now, refused, foreign)

    # --- commands ------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if isinstance(command, WireAction):
            return self._act(command, now)
        self._actions.check_free()
        key, value = self._commands.check(command)
        if not self._paths:
            return self._commands.open.refuse_at_once(now)
        ticket = self._commands.open.begin(key, value, now)
        if self._paths.good():
            self._commands.send_next()
        else:
            self._checks.request_all()
        return ticket

    def _act(self, command: WireAction, now: float) -> Ticket:
        check_known(command)
        if not self._paths.good():
            return self._commands.open.refuse_at_once(now)
        ticket, events = self._actions.submit(command, now, self._unix(now))
        self._deferred.add(events, now)
        return ticket

    # --- time ----------------------------------------------------------------------------------

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        self._services.answer(id, value, self._unix(now), publish_topic(self._checks.uuid))
        return self._reports.answer(id, value, now)

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for sent in self._requests.overdue(now):
            self._counts.add("timeout")
            events += self._failure(sent, problems.FAILURES[Failure.TIMEOUT], now)
        events += self._commands.overdue(now, self._unreachable())
        for name in self._timers.due(now):
            self._due(name, now)
        return [*self._deferred.take(), *events, *self._actions.tick(now)]

    def _unreachable(self) -> str:
        return "" if self._paths.good() else self._paths.reason() or "There is no path to the plug yet."

    def _due(self, name: str, now: float) -> None:
        if name.startswith(CHECK_TIMER):
            self._checks.request(name.removeprefix(CHECK_TIMER))
        elif name == READ_BACK:
            self._commands.read_again()
        else:
            self._reports.poll(name, now)

    def deadline(self) -> float | None:
        commands = earliest(self._commands.open.deadline(), self._actions.deadline(), self._deferred.deadline())
        return earliest(self._timers.earliest(), commands, self._requests.deadline())

    def outgoing(self, now: float) -> list[Out]:
        sent = self._requests.send(now, self._unix(now), publish_topic(self._checks.uuid), self._paths.choose)
        outs = [*self._services.outgoing(), *sent]
        self._counts.add("frames_out", len(outs))
        return outs

    def stats(self) -> Mapping[str, float]:
        return {
            **self._counts.stats(),
            "under_way": self._requests.under_way,
            "round_trip_ms": round(self._requests.round_trip_s * 1000, 3),
        }

    def _unix(self, now: float) -> int:
        return int(self._ambient.wall(now))
