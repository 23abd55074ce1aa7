"""Movements of a simulated plug's relay that wait until the world has decided whether the relay moves."""

from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from unclouded.core.sessions.session import AskCommand, Asked, Event
from unclouded.core.sessions.session_parts import Ids, Timers
from unclouded.families.meross.plug.plug_output import ReceivedRequest
from unclouded.families.meross.wire.envelope import Envelope
from unclouded.families.meross.wire.messages import Toggles

WORLD_TIMEOUT_S = 1.0  # for the world to answer


class SeveralRequests:
    """A Multiple: the requests in it that were not carried out yet, and the answers to the others, in their order."""

    def __init__(self, received: ReceivedRequest, items: Sequence[Envelope]) -> None:
        self.received = received
        self.items = deque(items)
        self.answers: list[Envelope] = []


class RelayRequest(msgspec.Struct, frozen=True):
    """One movement: the request, None = a timer or the button, and the state that it asks for.

    ``several``: the Multiple that it stands in.
    """

    received: ReceivedRequest | None
    onoff: bool
    several: SeveralRequests | None = None


class RelayRequests:
    """By the id of the question to the world. ``stuck``: the state in which the relay is stuck, None = it moves."""

    def __init__(self, ids: Ids, stuck: Callable[[], bool | None]) -> None:
        self._ids = ids
        self._stuck = stuck
        self._waiting: dict[int, RelayRequest] = {}
        self._timers = Timers()

    def ask(
        self, received: ReceivedRequest | None, onoff: bool, now: float, several: SeveralRequests | None = None
    ) -> Event:
        """The question to the world, overdue after WORLD_TIMEOUT_S; a stuck relay asks for the state that it has."""
        id = self._ids.next()
        self._waiting[id] = RelayRequest(received, onoff, several)
        self._timers.set(str(id), now + WORLD_TIMEOUT_S)
        stuck = self._stuck()
        return Asked(id, AskCommand("onoff", onoff if stuck is None else stuck))

    def answered(self, id: int) -> RelayRequest | None:
        """Takes out the movement of this question; None = it is not known, or was overdue."""
        self._timers.clear(str(id))
        return self._waiting.pop(id, None)

    def overdue(self, now: float) -> list[ReceivedRequest]:
        """The requests that the world has not answered in time."""
        late = [self._waiting.pop(int(name)) for name in self._timers.due(now)]
        return [one.received for one in late if one.received is not None]

    def drop(self, path: str) -> None:
        """No client waits on this path any more."""
        for id in [id for id, one in self._waiting.items() if one.received is not None and one.received.path == path]:
            self.answered(id)

    def deadline(self) -> float | None:
        """When the first question is overdue, in monotonic seconds; None = none is open."""
        return self._timers.earliest()


def state_in(toggles: Toggles) -> bool | None:
    """The state that a SET asks for; None where it asks for none that is valid."""
    state = next((one.onoff for one in toggles.channels if one.channel in (0, 0xFFFF, 0xFFFFFFFF)), None)
    return bool(state) if state in (0, 1) else None
