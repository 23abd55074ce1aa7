"""The packets of an update on the line: one at a time, each until it is answered, or given up in the end.

    send ─► answered ─► the next
     └─ 5 s ─► is the MCU alive? ─► 1 s ─► once more … 4 times in all ─► given up
                                            └─ answered: late answers are let pass for 0.5 s, then the next

Answers carry no offset, so one that comes too late could be taken for the next packet's.
Source: docs/protocols/tuya_wifi.md §2.4.12 (5 s, three resends); the question and the pause are ours.
"""

from collections import Counter

from unclouded.core.sessions.session_parts import Timers
from unclouded.families.tuya.line.command import BLOCK_TIMEOUT_S, BLOCK_TRIES
from unclouded.families.tuya.line.request_queue import AnsweredBy, Request, RequestQueue
from unclouded.families.tuya.update.transfer_kind import UpdateQuestion

LIVENESS_TIMEOUT_S = 1.0  # for the MCU to show that it is alive, before a packet is sent again; ours
PAUSE_S = 0.5  # in which late answers to a packet that was sent again are let pass; ours

PACKET, LIVENESS = "update packet", "update liveness"  # requests
DOUBTED, PAUSED = "doubted", "paused"  # timers


class Packets:
    """The packet under way."""

    def __init__(self, queue: RequestQueue, counts: Counter[str]) -> None:
        self._queue = queue
        self._counts = counts
        self._timers = Timers()
        self._data: bytes | None = None  # the packet under way
        self._liveness: UpdateQuestion | None = None
        self._answer = self._tries = 0

    @property
    def is_free(self) -> bool:
        """May the next one be sent?"""
        return self._data is None and self._timers.at(PAUSED) is None

    def send(self, data: bytes, answer: int, liveness: UpdateQuestion | None) -> None:
        """``liveness``: what to ask the MCU where it does not answer."""
        self._data, self._answer, self._liveness = data, answer, liveness
        self._tries = 0
        self._send_again()

    def received(self, command: int, request: Request | None, now: float) -> bool:
        """An answer: is it that of the packet under way? While the MCU is doubted it may come unawaited."""
        awaited = request is not None and request.name == PACKET
        doubted = self._timers.at(DOUBTED) is not None
        if self._data is None or command != self._answer or not (awaited or doubted):
            self._counts["late_answers"] += 1
            return False
        if self._tries > 1:
            self._timers.set(PAUSED, now + PAUSE_S)
        self.done()
        return True

    def done(self) -> None:
        """Nothing is under way any more."""
        self._data = None
        self._timers.clear(DOUBTED)
        self._queue.cancel(PACKET)

    def unanswered(self, request: Request, now: float) -> bool:
        """This request has timed out; True where it was the packet's last try."""
        if request.name != PACKET:
            return False
        if self._tries >= BLOCK_TRIES:
            return True
        if self._liveness is not None:
            self._timers.set(DOUBTED, now + LIVENESS_TIMEOUT_S)
            data = bytes(self._liveness.frame)
            self._queue.add(Request(data, self._liveness.rule, LIVENESS_TIMEOUT_S, name=LIVENESS, must=True))
        else:
            self._send_again()
        return False

    def tick(self, now: float) -> bool:
        """What is due; True where the next packet may be sent since now."""
        due = self._timers.due(now)
        if DOUBTED in due:
            self._send_again()
        return PAUSED in due

    def deadline(self) -> float | None:
        """When a packet in doubt is sent again or a pause ends, in monotonic seconds; None = neither is to come."""
        return self._timers.earliest()

    def forget(self) -> None:
        """The update is over."""
        self._data = None
        self._timers.clear_all()
        self._queue.cancel(PACKET, LIVENESS)

    def _send_again(self) -> None:
        if self._data is not None:
            self._tries += 1
            rule = AnsweredBy(self._answer)
            self._queue.add(Request(self._data, rule, BLOCK_TIMEOUT_S, name=PACKET, prompt=True, must=True))
