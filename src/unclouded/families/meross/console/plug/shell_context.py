"""What the commands of the shell work on: the plug, what is printed, what happens later, what a restart leaves."""

import heapq
from collections.abc import Callable, Sequence

from unclouded.core.sessions.session import Event
from unclouded.families.meross.console.plug.boot_log import SOFTWARE_RESET
from unclouded.families.meross.console.plug.shell_output import ShellOutput
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug

MOST_JOBS = 64  # of one console
Job = Callable[[float], None]


class ShellContext:
    """``events``: of the plug, until they are taken. ``reset_reason``: of the next start. ``has_prompt``: one follows.

    ``dumps_messages``: the messages of the plug are printed. ``lowest_free``: bytes of the heap.
    """

    def __init__(self, device: MerossDevice, output: ShellOutput) -> None:
        self.device = device
        self.output = output
        self.events: list[Event] = []
        self.reset_reason = SOFTWARE_RESET
        self.has_prompt = True
        self.dumps_messages = False
        self.lowest_free = 0
        self._jobs: list[tuple[float, int, Job, bool]] = []
        self._last_job = 0

    @property
    def plug(self) -> SimulatedPlug:
        return self.device.plug

    def take(self) -> list[Event]:
        """The events of the plug so far; drained by the call."""
        events, self.events = self.events, []
        return events

    def changed(self, now: float) -> None:
        """A command has changed the plug."""
        self.events += self.device.changed(now)

    def later(self, at: float, job: Job, can_stop: bool = True) -> bool:
        """False where too much waits already. ``can_stop``: Ctrl-C ends it."""
        if len(self._jobs) >= MOST_JOBS:
            return False
        self._last_job += 1
        heapq.heappush(self._jobs, (at, self._last_job, job, can_stop))
        return True

    def run_due(self, now: float) -> None:
        """Runs the jobs whose time has come, in the order of their times."""
        while self._jobs and self._jobs[0][0] <= now:
            heapq.heappop(self._jobs)[2](now)

    def stop(self) -> None:
        """What Ctrl-C ends."""
        self._jobs = [one for one in self._jobs if not one[3]]
        heapq.heapify(self._jobs)

    def cancel(self) -> None:
        """The board starts again."""
        self._jobs.clear()

    def deadline(self) -> float | None:
        """When the next job runs, in monotonic seconds; None = none waits."""
        return self._jobs[0][0] if self._jobs else None

    def restart(self, now: float, reason: str = SOFTWARE_RESET) -> None:
        """The board starts again now."""
        self.reset_reason = reason
        self.events += self.device.restart(now)

    def restart_at(self, at: float, reason: str = SOFTWARE_RESET) -> None:
        """The board starts again at that time, which Ctrl-C does not prevent; there is no prompt until then."""
        self.has_prompt = False
        self.later(at, lambda now: self.restart(now, reason), can_stop=False)


Handler = Callable[[ShellContext, Sequence[str], float], Sequence[str]]
INVALID: Sequence[str] = ("invalid parameter",)  # made up, as everything that a source does not show
