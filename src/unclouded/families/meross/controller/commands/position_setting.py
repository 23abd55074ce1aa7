"""Sets the position of a plug, from which it has sunrise and sunset for its timers, where it is wrong.

    GET Position ──► 0/0, or far from the home ──► the hub is asked for its place ──► SET Position ──► GET Position

Source: docs/protocols/meross.md §1.8.5.
"""

from unclouded.core.sessions.session import Answer, Asked, AskPlace, Event, Noticed, Refusal
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET
from unclouded.families.meross.wire.messages import Position, payload_of

SCALE = 1_000_000  # counts of a degree
OFF = SCALE // 2  # from which it is set: about two minutes of the sun's time
TRIES = 2  # in a connection
SET_POSITION = "set position"


class PositionSetting:
    """The position of one plug. ``ids``: number the questions to the hub."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._question = 0
        self._position = Position()
        self._tries = 0

    def new_connection(self) -> None:
        """Ask for the position again."""
        self._question = self._tries = 0

    @property
    def position(self) -> Position:
        """As the plug reported it last; 0/0 = not known."""
        return self._position

    def compare(self, position: Position) -> list[Event]:
        """The plug has reported its position."""
        self._position = position
        if self._question or self._tries >= TRIES:
            return []
        self._question = self._ids.next()
        return [Asked(self._question, AskPlace())]

    def answer(self, id: int, value: Answer | Refusal) -> tuple[WindowRequest | None, list[Event]]:
        """The hub's answer: the request that sets the position, where it is wrong."""
        if not id or id != self._question:
            return None, []
        self._question = 0
        place = _position(value)
        if place is None:
            return None, []
        if _is_near(place, self._position):
            return None, [Noticed("position", problems.POSITION_SET)] if self._tries else []
        self._tries += 1
        return WindowRequest(SET_POSITION, SET, namespaces.POSITION, payload_of(position=_whole(place))), []


def _position(value: Answer | Refusal) -> Position | None:
    """The hub's place; None where it has none."""
    match value:
        case {"latitude": int() | float() as latitude, "longitude": int() | float() as longitude}:
            return Position(longitude=round(longitude * SCALE), latitude=round(latitude * SCALE))
    return None


def _is_near(one: Position, other: Position) -> bool:
    if (other.latitude, other.longitude) == (0, 0):
        return (one.latitude, one.longitude) == (0, 0)
    around = 360 * SCALE
    apart = abs(one.longitude - other.longitude) % around
    return abs(one.latitude - other.latitude) <= OFF and min(apart, around - apart) <= OFF


def _whole(place: Position) -> dict[str, int]:
    return {"longitude": place.longitude, "latitude": place.latitude}
