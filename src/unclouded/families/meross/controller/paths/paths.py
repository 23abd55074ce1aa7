"""The paths to one plug, and how far each can be trusted.

    up ──► CHECKING ── System.All shows that it is our plug ──► GOOD ── FAILURES in a row ──► LOST
               ├── another UUID ──► FOREIGN                                    (each is checked again,
               └── error 5001, another key ─────► REFUSED                       5 to 60 s later)

Only good paths carry requests. A path on which the plug may send unasked is preferred to one on which it may not.
A recorded one carries none: the answers there are to requests of another, and their signatures are blanked.
On a path with a cipher everything is encrypted but the request for the ability list: docs/protocols/meross.md §1.5.2.
"""

from enum import Enum

import msgspec

from unclouded.core.sessions.session import LinkPath
from unclouded.families.meross.controller.paths.request_window import SentRequest, WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.cut_off import parse_answer
from unclouded.families.meross.wire.envelope import Envelope, EnvelopeHeader, verify
from unclouded.families.meross.wire.lan_encryption import LanCipher, is_clear
from unclouded.families.meross.wire.messages import Message, Multiple

FAILURES = 3  # in a row after which the only good path is lost; one of several is left at the first
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0  # between two checks of a path that is not good


class Trust(Enum):
    """How far a path can be trusted; only GOOD ones carry requests."""

    CHECKING = "checking"
    GOOD = "good"
    LOST = "lost"
    FOREIGN = "foreign"
    REFUSED = "refused"


class PathState:
    """One path that is up. ``reason``: why it is not good. ``cipher``: None = clear text."""

    def __init__(self, path: LinkPath) -> None:
        self.path = path
        self.name = path.name
        self.trust = Trust.CHECKING
        self.reason = ""
        self.failures = 0
        self.cipher: LanCipher | None = None
        self.was_good = False
        self.is_first_look = False  # it is asked whether it encrypts before anything else
        self.signs_otherwise = False  # it sends unasked what is signed with another key
        self._pause_s = FIRST_PAUSE_S

    @property
    def is_good(self) -> bool:
        return self.trust is Trust.GOOD

    def sealed(self, message: bytes, namespace: str) -> bytes:
        """A message as the body for this path."""
        return message if self.cipher is None or namespace == namespaces.ABILITY else self.cipher.encrypt(message)

    def opened(self, body: bytes) -> Envelope:
        """The message in a body. Raises WireError."""
        return parse_answer(body if self.cipher is None or is_clear(body) else self.cipher.decrypt(body))

    def is_signed(self, header: EnvelopeHeader, key: str) -> bool:
        """Was the message signed with this key? In a recording this cannot be checked."""
        return self.path.recorded or verify(header, key)

    def recorded_request(self, header: EnvelopeHeader, message: Message, now: float) -> SentRequest | None:
        """The request that an answer in a recording is for; None on every other path, where the request is ours."""
        if not self.path.recorded:
            return None
        parts = tuple(_request_of(item.header) for item in message.items) if isinstance(message, Multiple) else ()
        request = msgspec.structs.replace(_request_of(header), parts=parts)
        return SentRequest(request, 0, header.message_id, self.name, now, None)

    def mark_good(self) -> None:
        """An answer of our plug came on this path."""
        self.trust, self.reason, self.was_good = Trust.GOOD, "", True
        self.failures, self._pause_s = 0, FIRST_PAUSE_S

    def mark_bad(self, trust: Trust, reason: str) -> float:
        """It is not usable now; seconds until it should be checked again."""
        self.trust, self.reason = trust, reason
        self.failures = 0
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


def _request_of(header: EnvelopeHeader) -> WindowRequest:
    return WindowRequest("", header.method.removesuffix("ACK"), header.namespace)


class Paths:
    """All paths that are up."""

    def __init__(self) -> None:
        self._states: dict[str, PathState] = {}

    def __bool__(self) -> bool:
        return bool(self._states)

    def get(self, path: str) -> PathState | None:
        """A path by name; None where there is none."""
        return self._states.get(path)

    def add(self, path: LinkPath) -> PathState:
        """A new connection: it must be checked."""
        self._states.pop(path.name, None)
        state = self._states[path.name] = PathState(path)
        return state

    def remove(self, path: str) -> bool:
        """Whether there was such a path."""
        return self._states.pop(path, None) is not None

    def good(self) -> list[PathState]:
        """Those that can be used, the best first."""
        return sorted(
            (state for state in self._states.values() if state.is_good), key=lambda state: not state.path.push
        )

    def choose(self, request: WindowRequest) -> PathState | None:
        """The path for a request; None = none is good now."""
        if request.path:
            state = self._states.get(request.path)
            return state if state is not None and not state.path.recorded else None
        good = [state for state in self.good() if not state.path.recorded]
        others = [state for state in good if state.name != request.avoid]
        return (others or good)[0] if good else None

    def every(self) -> list[PathState]:
        """All paths, in the order in which they came."""
        return list(self._states.values())

    def any_is(self, trust: Trust) -> bool:
        """Is any path trusted so far?"""
        return any(state.trust is trust for state in self._states.values())

    def reason(self) -> str:
        """Why none is good."""
        return "; ".join(state.reason for state in self._states.values() if state.reason)
