"""The controller's end of set-up, over HTTP: runs one script after the other (``scripts.py``).

    submit ──► script ─► request ──► link        Advanced for each request, Identified, Asked for the time
               script ◄─ answer  ◄── link        Settled with the outcome; then plug, networks and trace are there

One request is under way at a time. A plug that closes clear text is asked for its abilities, and encrypted from then
on: with the key of a session in set-up mode, with its own where it is bound. Every answer names its plug, so that
another one at the address shows at once. Source: docs/protocols/meross.md §1.1, §1.5, §1.7.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Answer,
    AskClock,
    Asked,
    Event,
    Failure,
    Identified,
    LinkPath,
    Noticed,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import DeferredEvents, Ids, Tickets, Timers, earliest, refuse_action
from unclouded.families.meross.setup import problems, scripts
from unclouded.families.meross.setup.requests import SetupRequest
from unclouded.families.meross.setup.scripts import (
    Got,
    Pause,
    Script,
    ScriptEnd,
    ScriptNotice,
    SetupPlug,
    SetupSettings,
    SetupState,
)
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.cut_off import parse_answer
from unclouded.families.meross.wire.envelope import ERROR, PADDING, Envelope, EnvelopeHeader, request
from unclouded.families.meross.wire.identity import uuid_in
from unclouded.families.meross.wire.messages import Trace, WifiNetwork
from unclouded.families.meross.wire.namespaces import read_envelope
from unclouded.families.meross.wire.wire_counts import WireCounts

FROM = "http://10.10.10.1/config"  # some firmware does not answer a request without a ``from``
ANSWER_TIMEOUT_S = 45.0  # where the link does not wait by itself; a scan takes up to 40 s
ACTION_TIMEOUT_S = 300.0  # for a whole action
ANSWER, PAUSE = "answer", "pause"  # timers


class SetupJob(msgspec.Struct):
    """An action: its script, how many requests it has made, the question that it waits for."""

    ticket: Ticket
    script: Script
    requests: int = 0
    question: int | None = None


class SentSetupRequest(msgspec.Struct, frozen=True):
    """The request under way."""

    id: int
    message_id: str
    request: SetupRequest


class PlugSetup:
    """A session in the controller role, for the time of a set-up. Its actions: scripts.SCRIPTS."""

    def __init__(self, settings: SetupSettings, ambient: Ambient) -> None:
        self._state = SetupState(settings, ambient)
        self._path: LinkPath | None = None
        self._ids = Ids()
        self._tickets = Tickets(self._ids)
        self._jobs: list[SetupJob] = []
        self._outs: list[Out] = []
        self._sent: SentSetupRequest | None = None
        self._sent_count = 0
        self._message = int.from_bytes(ambient.token(16), "big")
        self._timers = Timers()
        self._deferred = DeferredEvents()
        self._counts = WireCounts("device")

    @property
    def plug(self) -> SetupPlug | None:
        """The plug that answers, once ``look`` has settled."""
        return self._state.plug

    @property
    def networks(self) -> tuple[WifiNetwork, ...]:
        """What it has found by ``scan``."""
        return self._state.networks

    @property
    def trace(self) -> Trace | None:
        """Its record of the last attempt to join, once ``trace`` has settled."""
        return self._state.trace

    @property
    def is_encrypted(self) -> bool:
        return self._state.is_encrypted

    # --- paths ---------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._all_lost(problems.LOST_PATH)
        self._path, self._state.cipher = path, None
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._path is None or path != self._path.name:
            return ()
        self._path = None
        return self._all_lost(reason)

    def _all_lost(self, reason: str) -> list[Event]:
        self._jobs.clear()
        self._outs.clear()
        self._sent = None
        self._timers.clear_all()
        return self._tickets.settle_all("unreachable", reason)

    # --- actions -------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """Begin an action. Raises CommandError."""
        if not isinstance(command, WireAction):
            raise refuse_action(command)
        scripts.check(command.name, command.args, self.networks)
        ticket = self._tickets.issue(now + ACTION_TIMEOUT_S)
        if self._path is None:
            self._deferred.add(self._tickets.settle(ticket, "unreachable", problems.LOST_PATH), now)
            return ticket
        self._jobs.append(SetupJob(ticket, scripts.SCRIPTS[command.name](self._state, command.args)))
        if len(self._jobs) == 1:
            self._deferred.add(self._run(None, now), now)
        return ticket

    def _run(self, got: Got, now: float) -> list[Event]:
        """Send the script what came of its last need, until it needs something that takes time."""
        events: list[Event] = []
        while self._jobs:
            job = self._jobs[0]
            try:
                need = job.script.send(got)
            except StopIteration as end:
                events += self._ended(job, end.value)
                got = None
                continue
            got = None
            match need:
                case SetupRequest():
                    return [*events, *self._begin(job, need, now)]
                case AskClock():
                    job.question = self._ids.next()
                    return [*events, Asked(job.question, need)]
                case Pause(seconds=seconds):
                    self._timers.set(PAUSE, now + seconds)
                    return events
                case ScriptNotice(text=text):
                    events.append(Noticed("setup", text))
        return events

    def _ended(self, job: SetupJob, end: ScriptEnd) -> list[Event]:
        self._jobs.remove(job)
        found: list[Event] = [Identified(self.plug.info)] if self.plug is not None else []
        return [*found, *self._tickets.settle(job.ticket, end.result, end.reason)]

    def _stop(self, end: ScriptEnd, now: float) -> list[Event]:
        """The action under way cannot go on; the next one begins."""
        self._timers.clear(ANSWER, PAUSE)
        self._sent = None
        self._outs.clear()
        return [*self._ended(self._jobs[0], end), *self._run(None, now)]

    # --- requests and answers ------------------------------------------------------------------

    def _begin(self, job: SetupJob, wanted: SetupRequest, now: float) -> list[Event]:
        assert self._path is not None, "a script runs while there is a path"
        self._message = (self._message + 1) & (2**128 - 1)
        self._sent_count += 1
        sent = self._sent = SentSetupRequest(self._sent_count, f"{self._message:032x}", wanted)
        data = request(
            wanted.method,
            wanted.namespace,
            wanted.payload,
            message_id=sent.message_id,
            key=self._state.settings.key,
            timestamp=int(self._state.ambient.wall(now)),
            from_=FROM,
        )
        cipher = self._state.cipher
        if cipher is not None and wanted.namespace != namespaces.ABILITY:  # the only one that is answered in clear
            data = cipher.encrypt(data)
        self._outs.append(Out(data, sent.id, self._path.name))
        self._counts.add("frames_out")
        if not self._path.answers:
            self._timers.set(ANSWER, now + ANSWER_TIMEOUT_S)
        job.requests += 1
        return [Advanced(job.ticket, job.requests, 0, wanted.words)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts.add("bytes_in", len(data))
        sent = self._sent
        if self._path is None or path != self._path.name:
            return [self._counts.rejected("received on a path that is not up", data)]
        if sent is None or (self._path.answers and re != sent.id):
            return [self._counts.rejected("an answer that nothing waits for", data)]
        try:
            envelope = self._parse(data)
            if not _answers(envelope.header, sent):
                raise WireError("an answer to another request")
            message = read_envelope(envelope)
        except WireError as error:
            rejected = self._counts.rejected(str(error), data)
            return [rejected, *(self.failed(sent.id, Failure.GARBLED, now) if self._path.answers else ())]
        self._counts.add("frames_in")
        return self._answered(envelope, message, now)

    def _parse(self, data: bytes) -> Envelope:
        """Read a message, encrypted or not: a plug answers errors in clear."""
        cipher = self._state.cipher
        if cipher is None or data.lstrip(PADDING).startswith(b"{"):
            return parse_answer(data)
        return parse_answer(cipher.decrypt(data))

    def _answered(self, envelope: Envelope, message: Got, now: float) -> list[Event]:
        self._sent = None
        self._timers.clear(ANSWER)
        uuid, expected = uuid_in(envelope.header.from_), self._state.uuid
        if uuid and expected and uuid != expected:
            reason = problems.foreign(uuid, expected, self._state.settings.place)
            return self._stop(ScriptEnd("refused", reason), now)
        self._state.uuid = expected or uuid
        return self._run(message, now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        if self._sent is None or self._sent.id != id:
            return ()
        self._sent = None
        self._timers.clear(ANSWER)
        self._counts.add(why.name.lower())
        return self._run(why, now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        if not self._jobs or self._jobs[0].question != id:
            return ()
        self._jobs[0].question = None
        return self._run(value, now)

    # --- time ----------------------------------------------------------------------------------

    def tick(self, now: float) -> Sequence[Event]:
        events = self._deferred.take()
        for ticket in self._tickets.overdue(now):
            events += self._overdue(ticket, now)
        for name in self._timers.due(now):
            if name == PAUSE:
                events += self._run(None, now)
            elif self._sent is not None:
                events += self.failed(self._sent.id, Failure.TIMEOUT, now)
        return [*events, *self._deferred.take()]

    def _overdue(self, ticket: Ticket, now: float) -> list[Event]:
        assert self._jobs[0].ticket == ticket, "actions are overdue in the order in which they were submitted"
        return self._stop(ScriptEnd("timeout", problems.TOO_LONG), now)

    def deadline(self) -> float | None:
        return earliest(self._timers.earliest(), self._tickets.earliest(), self._deferred.deadline())

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> Mapping[str, float]:
        return {**self._counts.stats(), "under_way": int(self._sent is not None)}


def _answers(header: EnvelopeHeader, sent: SentSetupRequest) -> bool:
    is_right = header.namespace == sent.request.namespace or header.method == ERROR
    return is_right and header.message_id == sent.message_id
