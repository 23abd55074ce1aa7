"""Checks of the paths to one plug: is it our plug, does it answer, and what goes elsewhere when it does not.

    a request without an answer ──► FAILURES in a row, or another path is good ──► the path is bad: checked again later
    under way on a path that is bad or gone ──► sent on another one; a check belongs to its path

Source: docs/protocols/meross.md §1.2, §1.4.3.
"""

from collections.abc import Callable, Sequence

import msgspec

from unclouded.core.sessions.session import Failure
from unclouded.core.sessions.session_parts import Timers
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.commands.pending_commands import PlugCommands
from unclouded.families.meross.controller.paths.paths import FAILURES, Paths, PathState, Trust
from unclouded.families.meross.controller.paths.request_window import RequestWindow, SentRequest
from unclouded.families.meross.controller.paths.requests import check

CHECK_TIMER = "check:"  # the timer of a path that is not good


class PathChecks:
    """``uuid``: the configured one. ``requests``, ``timers``: those of the session. ``token``: random bytes."""

    def __init__(
        self,
        uuid: str,
        paths: Paths,
        requests: RequestWindow,
        commands: PlugCommands,
        timers: Timers,
        token: Callable[[int], bytes],
    ) -> None:
        self.uuid = uuid  # of the plug that answered last
        self._configured_uuid = uuid
        self._paths = paths
        self._requests = requests
        self._commands = commands
        self._timers = timers
        self._token = token

    def expected_uuid(self, state: PathState) -> str:
        """The UUID that must answer; without a configured one, that of the plug on the other good paths."""
        return self._configured_uuid or (self.uuid if state.is_good or self.has_another(state) else "")

    def has_another(self, state: PathState) -> bool:
        """Whether another path is good."""
        return any(good is not state for good in self._paths.good())

    def passed(self, state: PathState, uuid: str) -> None:
        """The right plug has answered."""
        self.uuid = uuid
        state.mark_good()
        self._timers.clear(CHECK_TIMER + state.name)

    def gone(self, path: str) -> None:
        """The path is down."""
        self._timers.clear(CHECK_TIMER + path)
        self.request_again(self._requests.lost(path))

    def request(self, path: str) -> None:
        """Ask which plug answers on a path."""
        self._requests.add(check(path), first=True)

    def request_all(self) -> None:
        """A command for a plug that cannot be reached: check every path at once."""
        for state in self._paths.every():
            if state.trust is not Trust.CHECKING:
                state.trust = Trust.CHECKING
                self._timers.clear(CHECK_TIMER + state.name)
                self.request(state.name)

    def request_again(self, lost: Sequence[SentRequest]) -> None:
        """Send elsewhere what was under way."""
        for one in reversed(lost):
            request = one.request
            if not request.path and (not request.ticket or self._commands.of(request.ticket)):
                self._requests.add(msgspec.structs.replace(request, avoid=one.path), first=True)

    def failed(self, state: PathState, why: str) -> tuple[Trust, str] | None:
        """A request that shows whether the plug answers had no answer: how bad the path is now, None = not yet."""
        state.failures += 1
        if state.signs_otherwise and not state.was_good:
            return Trust.REFUSED, problems.OTHER_SIGNATURE
        if why == problems.FAILURES[Failure.CLOSED] and not state.was_good:
            why = problems.NEVER_ANSWERED
        if not state.is_good or self.has_another(state) or state.failures >= FAILURES:
            return Trust.LOST, problems.no_answer(state.name, why)
        return None

    def mark_bad(self, state: PathState, trust: Trust, reason: str, now: float) -> None:
        """A path is not usable until it has been checked again, a while later (with jitter)."""
        pause_s = state.mark_bad(trust, reason)
        self._timers.set(CHECK_TIMER + state.name, now + pause_s * (0.8 + self._token(1)[0] / 640))
        self.request_again(self._requests.lost(state.name))
