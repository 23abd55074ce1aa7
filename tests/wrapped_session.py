"""A session around another one: the base of ends that differ from ours in one way."""

from collections.abc import Mapping, Sequence

from unclouded.core.sessions.session import (
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    Session,
    SessionCommand,
    Ticket,
)


class Wrapped:
    """Passes everything on."""

    def __init__(self, inner: Session) -> None:
        self.inner = inner

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        return self.inner.up(path, now)

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        return self.inner.down(path, reason, now)

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self.inner.receive(data, now, path, re)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return self.inner.failed(id, why, now)

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        return self.inner.submit(command, now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return self.inner.answer(id, value, now)

    def tick(self, now: float) -> Sequence[Event]:
        return self.inner.tick(now)

    def deadline(self) -> float | None:
        return self.inner.deadline()

    def outgoing(self, now: float) -> list[Out]:
        return self.inner.outgoing(now)

    def stats(self) -> Mapping[str, float]:
        return self.inner.stats()
