"""Parts that sessions are made of: timers, tickets, ids, events for the next tick, delayed output, counts of noise."""

import heapq
import re
from collections.abc import Collection, Mapping, MutableMapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.model import Result
from unclouded.core.sessions.session import (
    Event,
    Offline,
    Online,
    Out,
    Replaced,
    Session,
    SessionCommand,
    Settled,
    Ticket,
    WireAction,
)


class Timers:
    """Named deadlines. Setting a name again moves it."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        """Sets or moves a deadline, in monotonic seconds."""
        self._at[name] = at

    def clear(self, *names: str) -> None:
        """Removes these deadlines, where they are set."""
        for name in names:
            self._at.pop(name, None)

    def clear_all(self) -> None:
        """Removes every deadline."""
        self._at.clear()

    def at(self, name: str) -> float | None:
        """The deadline of this name in monotonic seconds; None = it is not set."""
        return self._at.get(name)

    def due(self, now: float) -> list[str]:
        """Take out and return the names that are due, the earliest first."""
        names = sorted((name for name, at in self._at.items() if at <= now), key=self._at.__getitem__)
        for name in names:
            del self._at[name]
        return names

    def earliest(self) -> float | None:
        """The next deadline in monotonic seconds; None = none is set."""
        return min(self._at.values()) if self._at else None


class DeferredEvents:
    """Events that are known now and returned by the next tick, as ``submit`` returns none."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._since = 0.0

    def add(self, events: Sequence[Event], now: float) -> None:
        """Keeps events for the next tick, which is due at once."""
        self._events += events
        self._since = now

    def take(self) -> list[Event]:
        """The events that were kept; drained by the call."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> float | None:
        """When they are due, in monotonic seconds: at once; None = there are none."""
        return self._since if self._events else None


class Presence:
    """Is the other end there? Each change is an event once."""

    def __init__(self) -> None:
        self._is_there = False

    def found(self) -> list[Event]:
        """The other end has answered: Online, unless it was there already."""
        if self._is_there:
            return []
        self._is_there = True
        return [Online()]

    def lost(self, reason: str) -> list[Event]:
        """The other end is gone: Offline with the reason, each time, since reasons may differ."""
        self._is_there = False
        return [Offline(reason)]

    def reset(self) -> None:
        """A new connection: it must be found again."""
        self._is_there = False


class FaultSwitches:
    """The faults of a simulated device; each is switched by the action ``set_fault`` (name=, state=on or off).

    ``known``: name -> what it does. ``on``: those that it has from the start. Raises CommandError for others.
    """

    def __init__(self, known: Mapping[str, str], on: Collection[str]) -> None:
        self._known = known
        self._on = {self._checked(name) for name in sorted(on)}

    def __contains__(self, name: object) -> bool:
        return name in self._on

    def set(self, command: SessionCommand) -> bool:
        """Switch a fault; False where the command is not an action."""
        if not isinstance(command, WireAction):
            return False
        name, state = command.args.get("name", ""), command.args.get("state", "on")
        if command.name != "set_fault":
            raise refuse_action(command)
        if state not in ("on", "off"):
            raise CommandError(f"A fault is switched on or off, not {state!r}.")
        self._checked(name)
        (self._on.add if state == "on" else self._on.discard)(name)
        return True

    def _checked(self, name: str) -> str:
        if name not in self._known:
            raise CommandError(f"This simulated device has no fault {name!r}; it has {', '.join(self._known)}.")
        return name


class SendQueue:
    """What a simulated device sends, now or after a delay; in the order of the times, then of ``put``."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Out]] = []
        self._ready: list[Out] = []
        self._last = 0

    def put(self, out: Out, at: float) -> None:
        """Sends ``out`` at a time in monotonic seconds."""
        self._last += 1
        heapq.heappush(self._waiting, (at, self._last, out))

    def release(self, now: float) -> None:
        """What is due waits for the link only; afterwards ``deadline()`` is None or later than ``now``."""
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])

    def take(self, now: float) -> list[Out]:
        """What is due; drained by the call."""
        self.release(now)
        outs, self._ready = self._ready, []
        return outs

    def drop(self, path: str = "") -> None:
        """Forget what was meant for this path."""
        self._ready = [out for out in self._ready if out.path != path]
        self._waiting = [one for one in self._waiting if one[2].path != path]
        heapq.heapify(self._waiting)

    def deadline(self) -> float | None:
        """When the next one that waits is due, in monotonic seconds; None = none waits."""
        return self._waiting[0][0] if self._waiting else None


class Ids:
    """The numbers of one device's tickets and questions: none is given twice, whichever session asks for it."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """A number that was not given before; the first one is 1."""
        self._last += 1
        return self._last


class Tickets:
    """Numbers commands and settles each exactly once. ``ids``: shared with whatever else numbers for this device."""

    def __init__(self, ids: Ids | None = None) -> None:
        self._ids = ids or Ids()
        self._deadlines: list[tuple[float, Ticket]] = []
        self._open: dict[Ticket, float] = {}

    def issue(self, expires: float) -> Ticket:
        """A new ticket that times out at ``expires`` (monotonic seconds)."""
        ticket = self._ids.next()
        self._open[ticket] = expires
        heapq.heappush(self._deadlines, (expires, ticket))
        return ticket

    def settle(self, ticket: Ticket, result: Result = "confirmed", reason: str = "") -> list[Event]:
        """The ticket's Settled, or nothing where it is settled already."""
        if self._open.pop(ticket, None) is None:
            return []
        return [Settled(ticket, result, reason)]

    def settle_all(self, result: Result, reason: str) -> list[Event]:
        """Settles every open ticket with the same result and reason."""
        return [event for ticket in list(self._open) for event in self.settle(ticket, result, reason)]

    def overdue(self, now: float) -> list[Ticket]:
        """Open tickets whose time is up; the caller settles them."""
        due = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, ticket = heapq.heappop(self._deadlines)
            if ticket in self._open:
                due.append(ticket)
        return due

    def earliest(self) -> float | None:
        """When the next open ticket times out, in monotonic seconds; None = none is open."""
        while self._deadlines and self._deadlines[0][1] not in self._open:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None


MOST_COUNTS = 60  # kinds of things that a session counts; more reasons than that are "noise_other"


def count_noise(counts: MutableMapping[str, int], reason: str, size: int) -> None:
    """Count noise as every session's ``stats()`` has it: how many bytes, and how often for which reason."""
    key = "noise_" + re.sub(r"[^a-z0-9]+", "_", reason.lower()).strip("_")
    if key not in counts and len(counts) >= MOST_COUNTS:
        key = "noise_other"
    counts[key] = counts.get(key, 0) + 1
    counts["noise_bytes"] = counts.get("noise_bytes", 0) + size


def succeed(session: Session, events: Sequence[Event]) -> tuple[Session, Sequence[Event]]:
    """The session to drive after these events, and the events without a Replaced."""
    if events and type(events[-1]) is Replaced:
        return events[-1].session, events[:-1]
    return session, events


def earliest(*deadlines: float | None) -> float | None:
    """The earliest of some deadlines, None where all are."""
    first = None
    for at in deadlines:  # asked for after each chunk: a generator would take four times as long
        if at is not None and (first is None or at < first):
            first = at
    return first


def refuse_action(command: SessionCommand) -> CommandError:
    """The error for a command that a session does not know."""
    what = f"the action {command.name!r}" if isinstance(command, WireAction) else "that command"
    return CommandError(f"This device does not know {what}.")
