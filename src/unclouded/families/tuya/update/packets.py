"""The packets of an update on the line: one at a time, each until it is answered, or given up in the end.

    say ─► answered ─► the next
     └─ 5 s ─► does the MCU live (00)? ─► 1 s ─► once more … 4 times in all ─► given up
                                                  └─ answered: late answers are let pass for 0.5 s, then the next

Answers carry no offset, so one that comes too late could be taken for the next packet's.
Source: docs/protocols/tuya_wifi.md §2.4.12 (5 s, three resends); the question and the pause are ours.
"""

from collections import Counter

from unclouded.core.session_parts import Timers
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.messages import Bare, frame_of

PATIENCE = 5.0  # s for the answer to a packet; docs/protocols/tuya_wifi.md §2.4.12
TRIES = 4  # one, and three resends; same place
DOUBT = 1.0  # s that the MCU has to say that it lives, before a packet is sent again; ours
PAUSE = 0.5  # s in which late answers to a packet that was sent again are let pass; ours

PACKET, ALIVE = "update packet", "update heartbeat"  # requests
DOUBTED, PAUSED = "doubted", "paused"  # timers


class Packets:
    """The packet under way. ``doubts``: whether the MCU can be asked by a heartbeat if it lives."""

    def __init__(self, pace: RequestQueue, counts: Counter[str], doubts: bool) -> None:
        self._pace = pace
        self._counts = counts
        self._doubts = doubts
        self._timers = Timers()
        self._data: bytes | None = None  # the packet under way
        self._answer = self._tries = 0

    @property
    def is_free(self) -> bool:
        """May the next one go?"""
        return self._data is None and self._timers.at(PAUSED) is None

    def say(self, data: bytes, answer: int) -> None:
        self._data, self._answer = data, answer
        self._tries = 0
        self._say_again()

    def hear(self, command: int, request: Request | None, now: float) -> bool:
        """An answer: is it that of the packet under way? While the MCU is doubted it may come unawaited."""
        awaited = request is not None and request.name == PACKET
        doubted = self._timers.at(DOUBTED) is not None
        if self._data is None or command != self._answer or not (awaited or doubted):
            self._counts["late_answers"] += 1
            return False
        if self._tries > 1:
            self._timers.set(PAUSED, now + PAUSE)
        self.done()
        return True

    def done(self) -> None:
        """Nothing is under way any more."""
        self._data = None
        self._timers.clear(DOUBTED)
        self._pace.forget(PACKET)

    def unanswered(self, request: Request, now: float) -> bool:
        """This request was given up; True where it was the packet's last try."""
        if request.name != PACKET:
            return False
        if self._tries >= TRIES:
            return True
        if self._doubts:
            self._timers.set(DOUBTED, now + DOUBT)
            self._pace.ask(Request(bytes(frame_of(Bare(0x00))), 0x00, DOUBT, name=ALIVE, must=True))
        else:
            self._say_again()
        return False

    def tick(self, now: float) -> bool:
        """What is due; True where the next packet may go since now."""
        due = self._timers.due(now)
        if DOUBTED in due:
            self._say_again()
        return PAUSED in due

    def deadline(self) -> float | None:
        return self._timers.earliest()

    def forget(self) -> None:
        """The update is over."""
        self._data = None
        self._timers.clear_all()
        self._pace.forget(PACKET, ALIVE)

    def _say_again(self) -> None:
        if self._data is not None:
            self._tries += 1
            self._pace.ask(Request(self._data, self._answer, PATIENCE, name=PACKET, prompt=True, must=True))
