"""Which messages are sent, and when: delays, quiet hours, repetitions, ends, a limit per hour. Pure.

    alert began ─ offline: after a delay ─► due ─┬─ quiet hours: waits for their end, dropped if it is over then
                                                 ├─ more than the limit per hour: counted, named in the next message
                                                 └─ sent ─► repeated while it lasts; ended ─► a message, too

All that is due at one time is one message. ``now`` is monotonic, ``minute`` is the minute of the local day.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from unclouded.core.model import Alert

HOUR_S = 3600.0
MOST_PENDING = 200  # alerts and lines that are kept
MOST_LINES = 20  # of one message

AlertKey = tuple[str, str, str]  # device, kind, point


class NotificationRules(msgspec.Struct, frozen=True, kw_only=True):
    """``events``: by the names of the configuration; ``devices``: ids, none = all. ``quiet``: minutes of the day."""

    events: Collection[str]
    devices: Collection[str] = ()
    quiet: tuple[int, int] | None = None
    even_quiet: Collection[str] = ()
    offline_after_s: float = 0.0
    clear: bool = True
    repeat_s: float = 0.0
    most_per_hour: int = 20
    event_of: Mapping[str, str] = {}  # the kind of an alert -> the event


class PendingAlert(msgspec.Struct):
    """An alert that lasts. ``due``: when its next message may be sent; None: no more."""

    alert: Alert
    event: str
    due: float | None
    sent: int = 0


class NotificationPlan:
    """``text``: an alert as a sentence; ``again``: the same for a repetition; ``more``: so many were left out."""

    def __init__(
        self,
        rules: NotificationRules,
        text: Callable[[Alert], str],
        again: Callable[[str], str],
        more: Callable[[int], str],
    ) -> None:
        self.left_out = 0
        self._rules = rules
        self._text = text
        self._again = again
        self._more = more
        self._pending: dict[AlertKey, PendingAlert] = {}
        self._lines: list[str] = []  # that wait to be sent with the next message
        self._sent_at: deque[float] = deque()
        self._suppressed = 0

    def take(self, alert: Alert, now: float, minute: int) -> None:
        """An alert began, changed or ended."""
        event = self._rules.event_of.get(alert.kind, alert.kind)
        if not self._is_wanted(event, alert.device) and (alert.device or event not in self._rules.events):
            return  # those of the hub itself are wanted whichever devices are
        key = (alert.device, alert.kind, alert.point)
        known = self._pending.get(key)
        if alert.active and known is not None:
            known.alert = alert
        elif alert.active and len(self._pending) < MOST_PENDING:
            delay = self._rules.offline_after_s if event == "offline" else 0.0
            self._pending[key] = PendingAlert(alert, event, now + delay)
        elif known is not None:
            del self._pending[key]
            if known.sent and self._rules.clear and not self._is_quiet(event, minute):
                self._add(self._text(alert))

    def say(self, event: str, device: str, text: str, minute: int) -> None:
        """A message of its own: an appliance has finished. In quiet hours it is dropped."""
        if self._is_wanted(event, device) and not self._is_quiet(event, minute):
            self._add(text)

    def message(self, now: float, minute: int) -> str:
        """The message to send now, "" where there is none."""
        for one in self._pending.values():
            if one.due is not None and one.due <= now and not self._is_quiet(one.event, minute):
                text = self._text(one.alert)
                self._add(self._again(text) if one.sent else text)
                one.sent += 1
                one.due = now + self._rules.repeat_s if self._rules.repeat_s else None
        if not self._lines:
            return ""
        lines, self._lines = self._lines, []
        while self._sent_at and self._sent_at[0] <= now - HOUR_S:
            self._sent_at.popleft()
        if len(self._sent_at) >= self._rules.most_per_hour:
            self._suppressed += len(lines)
            self.left_out += len(lines)
            return ""
        self._sent_at.append(now)
        before, self._suppressed = self._suppressed, 0
        return self._joined(lines, before)

    def deadline(self, now: float) -> float | None:
        """When ``message`` may have something new, if nothing happens before; what waits for quiet hours aside."""
        return min((one.due for one in self._pending.values() if one.due is not None and one.due > now), default=None)

    # --- inside --------------------------------------------------------------------------------

    def _add(self, line: str) -> None:
        if len(self._lines) < MOST_PENDING:
            self._lines.append(line)

    def _joined(self, lines: Sequence[str], before: int) -> str:
        left_out = before + max(0, len(lines) - MOST_LINES)
        shown = [*lines[:MOST_LINES], *([self._more(left_out)] if left_out else ())]
        return "\n".join(shown)

    def _is_wanted(self, event: str, device: str) -> bool:
        return event in self._rules.events and (not self._rules.devices or device in self._rules.devices)

    def _is_quiet(self, event: str, minute: int) -> bool:
        if self._rules.quiet is None or event in self._rules.even_quiet:
            return False
        begins, ends = self._rules.quiet
        return begins <= minute < ends if begins <= ends else minute >= begins or minute < ends
