"""What the hub publishes: the newest of everything, who receives it, and the alerts that follow from it.

facts ─► clock set meanwhile? ─► colours ─► board ─► IdentityGate ─► subscribers with ``stamped``: the store
                                              │  └─────────────────► other subscribers: pages, JSON lines
                                              └─► ALERT_DELAY_S later: alerts that began and ended
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from unclouded.core.model import Alert, Deliver, Device, Fact, LogEntry, Notice, Status
from unclouded.core.sessions.session import Logged
from unclouded.core.times import duration_text
from unclouded.hub.alerts import AlertWatch, alert_notice
from unclouded.hub.clock import WallClock
from unclouded.hub.gate import IdentityGate
from unclouded.hub.readings.board import Board

log = logging.getLogger("unclouded.hub")

ALERT_DELAY_S = 1.0  # s after which what was published is looked through for alerts


class FactPublisher:
    """``devices``: those of now, for alerts. ``coloured``: facts with what follows for the colours of devices."""

    def __init__(
        self,
        clock: WallClock,
        devices: Callable[[], Iterable[Device]],
        coloured: Callable[[Sequence[Fact]], Sequence[Fact]],
    ) -> None:
        self._clock = clock
        self._devices = devices
        self._coloured = coloured
        self._board = Board(self.wall)
        self._gate = IdentityGate(clock)
        self._subscribers: list[tuple[Deliver, bool]] = []
        self._log_followers: list[Callable[[LogEntry], None]] = []
        self._alerts = AlertWatch()
        self._alert_timer: asyncio.TimerHandle | None = None
        self._descriptions = -1  # of the board, when the alerts were last described

    def wall(self) -> float:
        """Unix seconds now."""
        return self._clock.at(asyncio.get_running_loop().time())

    # --- who receives it -----------------------------------------------------------------------

    def subscribe(self, deliver: Deliver, stamped: bool) -> Callable[[], None]:
        """Calls ``deliver`` with facts; ``stamped``: once identity and time are right. The result ends it."""
        entry = (deliver, stamped)
        self._subscribers.append(entry)
        return lambda: self._subscribers.remove(entry)

    def follow_log(self, deliver: Callable[[LogEntry], None]) -> Callable[[], None]:
        """Calls ``deliver`` with each line of a device's own log. The result ends it."""
        self._log_followers.append(deliver)
        return lambda: self._log_followers.remove(deliver)

    # --- what is published ---------------------------------------------------------------------

    def publish(self, facts: Sequence[Fact]) -> None:
        """Put one batch of facts on the board and pass it to the subscribers."""
        if not facts:
            return
        self.check_clock()
        facts = self._coloured(facts)
        self._board.post(facts)
        self._pass_on(facts)
        self._look_for_alerts_soon()

    def logged(self, device: str, event: Logged, now: float) -> None:
        """A device printed a line by itself; ``now``: monotonic seconds."""
        if self._log_followers:
            entry = LogEntry(device, self._clock.at(now), event.text, event.level, event.source)
            for deliver in self._log_followers:
                deliver(entry)

    def check_clock(self) -> None:
        """Where the computer's clock was set: what is shown keeps its age, what is stored keeps its time."""
        if step := self._clock.step():
            self._clock_was_set(step)

    def report_own_alerts(self, alerts: Sequence[Alert]) -> None:
        """What needs attention of the hub itself, all of now: no device has it."""
        if self._alerts.set_own(alerts):
            self._look_for_alerts_soon()

    # --- what is known now ---------------------------------------------------------------------

    def newest(self) -> list[Fact]:
        """The statuses, then the newest reading of each point."""
        return self._board.facts()

    def status(self, device: str) -> Status | None:
        """The newest one of a device; None = it has none yet."""
        return self._board.status(device)

    def alerts(self) -> list[Alert]:
        """Those that are active now."""
        return self._alerts.active()

    # --- devices come and go -------------------------------------------------------------------

    def keep_points(self, device: str, points: Iterable[str]) -> None:
        """Forget the newest readings of points that a device no longer has."""
        self._board.keep(device, set(points))

    def remove(self, device: str) -> None:
        """Forget status and readings: the device is gone."""
        self._board.remove(device)

    def stop(self, device: str) -> None:
        """The device has stopped: one that gets its id waits until it is identified."""
        self._gate.forget(device)

    # --- inside --------------------------------------------------------------------------------

    def _pass_on(self, facts: Sequence[Fact]) -> None:
        stamped = self._gate.let_through(facts)
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(facts)
            elif stamped:
                deliver(stamped)

    def _show(self, facts: Sequence[Fact]) -> None:
        """Pass on what is not stored."""
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(facts)

    def _look_for_alerts_soon(self) -> None:
        if self._alert_timer is None:
            self._alert_timer = asyncio.get_running_loop().call_later(ALERT_DELAY_S, self._look_for_alerts)

    def _look_for_alerts(self) -> None:
        """Publish the alerts that began and ended, and note those that no state of a device shows.

        Those of a device that is gone, or has another id, ended with it: the log says so already.
        """
        self._alert_timer = None
        if self._descriptions != self._board.descriptions:
            self._descriptions = self._board.descriptions
            self._alerts.describe(self._devices())
        known = {(one.device, one.kind, one.point): one.since for one in self._alerts.active()}
        changed = self._alerts.update(self._board)
        if not changed:
            return
        self._show(changed)
        new = [one for one in changed if not one.active or known.get((one.device, one.kind, one.point)) != one.since]
        noted = [one for one in new if one.kind != "offline" and self._alerts.has(one.device)]
        self._pass_on([alert_notice(one, self.wall()) for one in noted])

    def _clock_was_set(self, seconds: float) -> None:
        """What is shown keeps its age; what is stored keeps its time, and the store puts away what is in the future."""
        direction = "back" if seconds < 0 else "forward"
        text = f"The clock of this computer was set {direction} by {duration_text(abs(seconds))}."
        log.warning("%s", text)
        moved = self._board.shift(seconds)
        self._alerts.shift(seconds)
        self._show(moved)
        self._pass_on([Notice("", self.wall(), "clock", text, {"seconds": round(seconds, 3)})])
