"""A controller and a plug with two paths between them."""

from collections.abc import Sequence

from families.meross.meross_pair import BROKER, HTTP, SERVED, controller, plug
from pair import START_UNIX
from unclouded.core.sessions.session import (
    AskClock,
    Asked,
    Event,
    Failure,
    Identified,
    LocalTime,
    Out,
    Session,
    Settled,
)
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.meross.wire.envelope import parse
from unclouded.families.meross.wire.lan_encryption import is_clear


class BothPaths:
    """One controller with a plug behind HTTP and the broker; each path can fail on its own."""

    def __init__(self, device: Session | None = None) -> None:
        self.one: Session = controller()
        self.two: Session = device or plug()
        self.now, self.alive = 0.0, {"http", "broker"}
        self.events: list[Event] = []
        self.sent: list[tuple[str, str]] = []
        self.two.up(SERVED, 0.0)
        self.two.up(BROKER, 0.0)
        self.take(self.one.up(HTTP, 0.0))
        self.take(self.one.up(BROKER, 0.0))

    def take(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events.append(event)
            if isinstance(event, Asked):
                question = LocalTime(START_UNIX + self.now) if isinstance(event.question, AskClock) else True
                self.take(self.one.answer(event.id, question, self.now))

    def to_device(self, out: Out) -> None:
        text = str(parse(out.data)).replace("Appliance.", "") if is_clear(out.data) else "encrypted"
        self.sent.append((out.path, text))
        if out.path not in self.alive:
            if out.path == "http":
                self.take(self.one.failed(out.id, Failure.TIMEOUT, self.now))
            return
        for event in self.two.receive(out.data, self.now, out.path, out.id):
            if isinstance(event, Asked):
                self.two.answer(event.id, True, self.now)

    def pump(self) -> None:
        for _ in range(50):
            ours, theirs = self.one.outgoing(self.now), self.two.outgoing(self.now)
            if not ours and not theirs:
                return
            for out in ours:
                self.to_device(out)
            for out in theirs:
                if out.re and not out.data:
                    self.take(self.one.failed(out.re, Failure.CLOSED, self.now))
                elif out.path in self.alive:
                    self.take(self.one.receive(out.data, self.now, out.path, out.re))

    def run(self, until: float) -> None:
        self.pump()
        while True:
            at = earliest(self.one.deadline(), self.two.deadline())
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self.take(self.one.tick(self.now))
            self.two.tick(self.now)
            self.pump()
        self.now = until

    def settled(self) -> list[Settled]:
        return [event for event in self.events if isinstance(event, Settled)]

    @property
    def info(self) -> dict[str, str]:
        """The newest description of the plug."""
        return dict([event for event in self.events if isinstance(event, Identified)][-1].info)
