"""What a console is asked by itself: who it is, its commands, then its values, each at its own interval."""

from collections.abc import Sequence

from unclouded.core.sessions.session_parts import Timers
from unclouded.families.meross.console.controller.command_lists import LISTS
from unclouded.families.meross.console.controller.running_command import ConsoleRequest
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.wire.command_line import typed
from unclouded.families.meross.console.wire.config_keys import RELAY_KEY

POWER, STATUS, MEMORY, CLOCK = "power", "status", "memory", "clock"  # the timers
READ_RELAY = f"config read meross {RELAY_KEY}"
SHOW_RELAY = "config show meross"  # for a console whose config read gives no value
IDENTITY = ("meross hw", "meross fw")
VERSIONS = ("ver",)  # of the chip's software: part of the report of a start


class ConsolePolling:
    """Sets the timers; ``due`` names the commands whose time has come."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._intervals_s = {
            POWER: settings.power_poll_s,
            STATUS: settings.status_poll_s,
            MEMORY: settings.memory_poll_s,
            CLOCK: settings.clock_poll_s,
        }
        self._polls = settings.polls
        self.reads_by_show = False
        self._timers = Timers()

    def begin(self, now: float, has_started: bool) -> list[ConsoleRequest]:
        """The console answers: what it is asked first. ``has_started``: a start was received just before."""
        lines = [*IDENTITY[:1], *LISTS]
        if self._polls:
            lines = [*IDENTITY, *LISTS, *(VERSIONS if has_started else ())]
            for name in self._intervals_s:
                self._timers.set(name, now)
        return [own_request(line) for line in lines]

    def stop(self) -> None:
        """Nothing is due any more until ``begin``: the console does not answer."""
        self._timers.clear_all()

    def due(self, now: float) -> list[ConsoleRequest]:
        """The commands that are due; each timer is set again."""
        requests = []
        for name in self._timers.due(now):
            self._timers.set(name, now + self._intervals_s[name])
            requests += [own_request(line) for line in self._lines(name)]
        return requests

    def deadline(self) -> float | None:
        """When the next command is due, in monotonic seconds; None = nothing is polled."""
        return self._timers.earliest()

    @property
    def relay_line(self) -> str:
        """The command that shows the relay."""
        return SHOW_RELAY if self.reads_by_show else READ_RELAY

    def _lines(self, name: str) -> Sequence[str]:
        return {
            POWER: ("meross power", self.relay_line),
            STATUS: ("meross iot status",),
            MEMORY: ("meross mem", "meross task"),
            CLOCK: ("meross time",),
        }[name]


def own_request(line: str) -> ConsoleRequest:
    """A command that the session sends by itself."""
    return ConsoleRequest(row=typed(line).row, line=line)
