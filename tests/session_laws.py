"""The laws that every session keeps, as one test class.

    class TestHost(SessionLaws):
        held_limit = 600
        def make(self, ambient): return HostSession(HostSettings(), ambient)
        def traffic(self): return st.sampled_from([...]) | st.binary(max_size=40)   # what the other end may send
        def commands(self): return st.sampled_from([WireCommand({"1": True}), ...])

``stats()`` of a byte-stream session has ``bytes_in``, ``frame_bytes``, ``noise_bytes`` and ``held_bytes``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pair import ambient, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    Event,
    Failure,
    LinkPath,
    Out,
    Rejected,
    Remember,
    Session,
    SessionCommand,
    Settled,
)
from unclouded.core.sessions.session_parts import succeed

TIMEOUT_S = 3600.0  # s after which the slowest command must be settled

Step = tuple[str, object]


def law(examples: int) -> settings:
    """Each subclass is a runner of its own, on purpose. Few examples, as there are many subclasses, in every run."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


class Run:
    """One session under test, watched from outside."""

    def __init__(self, session: Session, path: LinkPath) -> None:
        self.session = session
        self.path = path
        self.now = 0.0
        self.up = False
        self.events: list[Event] = []
        self.outs: list[Out] = []
        self.asked: set[int] = set()
        self.tickets: list[int] = []
        self.waiting: set[int] = set()  # ids of datagrams that wait for an answer
        self.questions = 0

    def take(self, events: Sequence[Event]) -> None:
        self.session, events = succeed(self.session, events)
        for event in events:
            self.events.append(event)
            if isinstance(event, Asked):
                assert event.id not in self.asked, f"the question id {event.id} was used twice"
                self.asked.add(event.id)
                answer = usual_answers("", event.question)
                if answer is not None:
                    self.take(self.session.answer(event.id, answer, self.now))
        for out in self.session.outgoing(self.now):
            self.outs.append(out)
            if self.path.answers and out.id:
                assert out.id not in self.waiting, f"the id {out.id} was used twice"
                self.waiting.add(out.id)

    def step(self, kind: str, value: object) -> None:
        match kind, value:
            case "up", _:
                if self.up:
                    self._lose_datagrams()
                self.up = True
                self.take(self.session.up(self.path, self.now))
            case "down", _ if self.up:
                self.up = False
                self._lose_datagrams()
                self.take(self.session.down(self.path.name, "pulled out", self.now))
            case "receive", bytes(data) if self.up:
                self.take(self.session.receive(data, self.now, self.path.name, self._number()))
            case "fail", int(index) if self.waiting:
                id = sorted(self.waiting)[index % len(self.waiting)]
                self.waiting.discard(id)
                self.take(self.session.failed(id, list(Failure)[index % len(Failure)], self.now))
            case "wait", float(seconds):
                self.wait(self.now + seconds)
            case "submit", command:
                self._submit(command)  # type: ignore[arg-type]  # the strategy makes commands only

    def wait(self, until: float) -> None:
        for _ in range(200_000):
            at = self.session.deadline()
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self.take(self.session.tick(self.now))
            after = self.session.deadline()
            assert after is None or after > self.now, f"after tick({self.now}) the deadline is {after}"
        else:
            raise AssertionError("200,000 ticks were not enough: the timers run in circles")
        self.now = until

    def _submit(self, command: SessionCommand) -> None:
        try:
            ticket = self.session.submit(command, self.now)
        except CommandError:
            return
        assert ticket not in self.tickets, f"the ticket {ticket} was given twice"
        self.tickets.append(ticket)
        self.take(())

    def _number(self) -> int:
        if self.path.asks:
            self.questions += 1
            return self.questions
        if self.path.answers and self.waiting:
            return self.waiting.pop()
        return 0

    def _lose_datagrams(self) -> None:
        for id in sorted(self.waiting):
            self.take(self.session.failed(id, Failure.CLOSED, self.now))
        self.waiting.clear()


@dataclass(frozen=True)
class Strategies:
    """What the laws of a class draw, made once: to make a strategy takes longer than to draw from it."""

    received: st.SearchStrategy[list[bytes]]  # whole
    pieces: st.SearchStrategy[list[bytes]]  # some of them of anything
    questions: st.SearchStrategy[list[bytes]]
    command: st.SearchStrategy[SessionCommand]
    steps: st.SearchStrategy[list[Step]]
    few_steps: st.SearchStrategy[list[Step]]


MADE: dict[type, Strategies] = {}


class SessionLaws:
    """Subclass it for each session; see the module's words."""

    path = LinkPath()
    held_limit = 4096  # bytes that may wait for the rest of a frame

    def make(self, ambient: Ambient) -> Session:
        raise NotImplementedError

    def traffic(self) -> st.SearchStrategy[bytes]:
        raise NotImplementedError

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        raise NotImplementedError

    # --- the laws --------------------------------------------------------------------------------

    @given(st.data())
    @law(40)
    def test_any_chunking_gives_the_same_events(self, data: st.DataObject) -> None:
        if self.path.answers or self.path.asks:
            return  # datagrams have borders
        sent = b"".join(data.draw(self._strategies().received))
        borders = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=12)))
        whole, pieces = self._up(), self._up()
        whole.take(whole.session.receive(sent, 0.0))
        for start, end in zip([0, *borders], [*borders, len(sent)], strict=True):
            pieces.take(pieces.session.receive(sent[start:end], 0.0))
        for run in (whole, pieces):
            run.wait(10.0)
        assert merged(whole.events) == merged(pieces.events)
        assert self.spoken(whole.outs) == self.spoken(pieces.outs)

    def spoken(self, outs: Sequence[Out]) -> object:
        """What must not depend on the chunks; one that sends back what it receives overrides it."""
        return [out.data for out in outs]

    @given(st.data())
    @law(40)
    def test_no_byte_vanishes_and_what_is_held_back_is_bounded(self, data: st.DataObject) -> None:
        if self.path.answers or self.path.asks:
            return
        run = self._up()
        sent = 0
        for piece in data.draw(self._strategies().pieces):
            sent += len(piece)
            run.take(run.session.receive(piece, 0.0))
            stats = run.session.stats()
            assert stats["bytes_in"] == sent
            assert stats["frame_bytes"] + stats["noise_bytes"] + stats["held_bytes"] == sent
            assert stats["held_bytes"] <= self.held_limit

    @given(st.binary(max_size=600))
    @law(60)
    def test_receive_never_raises(self, sent: bytes) -> None:
        run = self._up()
        run.step("receive", sent)
        run.wait(5.0)

    @given(st.data())
    @law(40)
    def test_every_command_settles_exactly_once_whatever_happens(self, data: st.DataObject) -> None:
        run = Run(self.make(ambient()), self.path)
        for kind, value in data.draw(self._strategies().steps):
            run.step(kind, value)
        run.step("down", None)
        run.wait(run.now + TIMEOUT_S)
        settled = Counter(event.ticket for event in run.events if isinstance(event, Settled))
        assert settled == Counter(run.tickets)

    @given(st.data())
    @law(10)
    def test_a_command_without_a_path_settles_unreachable(self, data: st.DataObject) -> None:
        run = Run(self.make(ambient()), self.path)
        run.step("submit", data.draw(self._strategies().command))
        run.wait(run.now)
        settled = [event for event in run.events if isinstance(event, Settled)]
        assert [event.ticket for event in settled] == run.tickets
        assert all(event.result == "unreachable" for event in settled) or self.settles_without_a_way

    settles_without_a_way = False  # a device-role session may take what the world says at any time

    @given(st.data())
    @law(25)
    def test_every_question_on_a_way_that_asks_gets_one_answer(self, data: st.DataObject) -> None:
        if not self.path.asks:
            return
        run = self._up()
        for sent in data.draw(self._strategies().questions):
            run.step("receive", sent)
        run.wait(60.0)
        answered = Counter(out.re for out in run.outs if out.re)
        assert answered == Counter(range(1, run.questions + 1))

    @given(st.data())
    @law(25)
    def test_rebuilt_from_its_memory_it_behaves_as_after_a_reconnect(self, data: st.DataObject) -> None:
        run = self._up()
        for kind, value in data.draw(self._strategies().few_steps):
            run.step(kind, value)
        run.step("down", None)
        run.wait(run.now + TIMEOUT_S)
        memory = {event.key: event.value for event in run.events if isinstance(event, Remember)}
        again = Run(self.make(ambient(memory={key: value for key, value in memory.items() if value})), self.path)
        again.now = run.now
        run.outs.clear()
        for one in (run, again):
            one.step("up", None)
            one.wait(one.now)
        assert self.comparable(run.outs) == self.comparable(again.outs)

    def comparable(self, outs: Sequence[Out]) -> list[bytes]:
        """What of the first words must be equal; sessions with random message ids override it."""
        return [out.data for out in outs]

    # --- inside ----------------------------------------------------------------------------------

    def _up(self) -> Run:
        run = Run(self.make(ambient()), self.path)
        run.step("up", None)
        return run

    def _strategies(self) -> Strategies:
        if type(self) not in MADE:
            MADE[type(self)] = strategies(self.traffic(), self.commands())
        return MADE[type(self)]


def strategies(traffic: st.SearchStrategy[bytes], command: st.SearchStrategy[SessionCommand]) -> Strategies:
    step = st.one_of(
        st.tuples(st.just("receive"), traffic),
        st.tuples(st.just("submit"), command),
        st.tuples(st.just("wait"), st.floats(0.0, 40.0)),
        st.tuples(st.just("fail"), st.integers(0, 50)),
        st.tuples(st.sampled_from(["up", "down"]), st.none()),
    )
    return Strategies(
        received=st.lists(traffic, max_size=6),
        pieces=st.lists(traffic | st.binary(max_size=200), max_size=20),
        questions=st.lists(traffic | st.binary(max_size=50), max_size=8),
        command=command,
        steps=st.lists(step, max_size=30),
        few_steps=st.lists(step, max_size=15),
    )


def merged(events: Sequence[Event]) -> list[Event]:
    """Neighbouring stretches of the same noise are one: where a chunk ended does not matter."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, Rejected) and isinstance(last, Rejected) and event.reason == last.reason:
            result[-1] = Rejected(event.reason, last.data + event.data)
        else:
            result.append(event)
    return result
