"""When a plug is polled, and for what: only for what it has, as far as is known.

at first      meter, signal, settings, position, energy, connections
then          meter, energy, and state with settings, each in its own interval
every hour    its ability list, and everything once, also what it refused: an HTTP path may be up for months
"""

from collections.abc import Callable

from unclouded.core.sessions.session_parts import Timers
from unclouded.families.meross.controller.paths.request_window import RequestWindow
from unclouded.families.meross.controller.paths.requests import (
    CONSUMPTION,
    ELECTRICITY,
    FIRST,
    GET_ABILITIES,
    GROUPS,
    OLD_CONSUMPTION,
    POLLS,
    STATE,
)
from unclouded.families.meross.controller.support import Support
from unclouded.families.meross.settings import MerossSettings
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Abilities

LIST_AGAIN = "list again"  # a timer
LIST_AGAIN_S = 3600.0


class Polling:
    """``requests``, ``timers``: those of the session."""

    def __init__(self, settings: MerossSettings, requests: RequestWindow, timers: Timers, support: Support) -> None:
        self._every_s = {
            ELECTRICITY: max(settings.electricity_poll_s, 0.1),
            CONSUMPTION: max(settings.consumption_poll_s, 0.1),
            STATE: max(settings.poll_s, 1.0),
        }
        self._requests = requests
        self._timers = timers
        self._support = support

    def connected(self, now: float) -> None:
        """A new connection: only its state is polled, until it is known what it has."""
        self.list_again()
        self._timers.set(STATE, now + self._every_s[STATE])
        self._timers.set(LIST_AGAIN, now + LIST_AGAIN_S)

    def list_again(self) -> None:
        """What it has must be found out: a new connection, or new firmware."""
        self._support.restart()
        self._requests.most_in_one = 0
        self._requests.add(GET_ABILITIES)

    def listed(self, abilities: Abilities, now: float) -> None:
        """Its ability list: only what is listed is polled."""
        self._support.list(abilities.names)
        self._requests.most_in_one = abilities.number(namespaces.MULTIPLE, "maxCmdNum")
        self.start(now)

    def start(self, now: float) -> None:
        """Read everything once, and go on."""
        self._support.is_polled = True
        for name in FIRST:
            self._request(name, self._support.may_have)
        for name in (ELECTRICITY, CONSUMPTION):
            self._timers.set(name, now + self._every_s[name])

    def stop(self) -> None:
        """Poll nothing until the plug can be reached again."""
        self._timers.clear(LIST_AGAIN, *self._every_s)

    def look_again(self, at: float) -> None:
        """Request System.All at that time, if not before."""
        planned = self._timers.at(STATE)
        if planned is not None:
            self._timers.set(STATE, min(planned, at))

    def due(self, name: str, now: float) -> None:
        """The time of a group has come, or of the ability list."""
        if name == LIST_AGAIN:
            self._timers.set(LIST_AGAIN, now + LIST_AGAIN_S)
            self._requests.add(GET_ABILITIES)
            return
        self._timers.set(name, now + self._every_s[name])
        for one in GROUPS[name]:
            self._request(one, self._support.has)

    def _request(self, name: str, has: Callable[[str], bool]) -> None:
        if name == OLD_CONSUMPTION and self._support.has(namespaces.CONSUMPTIONX):
            return
        if name == STATE or has(POLLS[name].namespace):
            self._requests.add(POLLS[name])
