"""The hub's end of the protocol: a state machine without clock, wire or store. Its driver executes what it outputs.

    driver ── connected, disconnected, answered, not_delivered, dirty, content, sums, … ──► session
           ◄── outputs(): Send, AskDirty, ReadWindow, AskSums, Acknowledge, Refuse, Again, … ── in order

The driver executes outputs in order, each finished before the next one (an Acknowledge is in the store before the
AskDirty that follows it), and calls ``tick`` at ``deadline``. ``now``: seconds of a clock that only goes forward.
One message is in flight; a time-out sends the same bytes again, under the same serial. Other answers are ignored.

Source: docs/protocols/fleet.md §5 to §8
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from unclouded.store.outbox import LEVELS, MOST, Window
from unclouded.uplink.composing import MOST_WINDOWS, Composing, first_of, is_too_large
from unclouded.uplink.messages import (
    VERSIONS,
    Answer,
    AnyMessage,
    CommandReport,
    DaySum,
    Hello,
    HubState,
    HubToken,
    LetOut,
    MessageError,
    Renew,
    Reports,
    Welcome,
    decode_message,
    encode_message,
)
from unclouded.uplink.outputs import (
    Acknowledge,
    Again,
    AskDirty,
    AskSums,
    Output,
    RaiseNumbers,
    ReadWindow,
    Refuse,
    RenewalRefused,
    ReportsCommitted,
    Send,
    SendKind,
    TokenRenewed,
    TryRefused,
    UplinkNote,
    Welcomed,
)
from unclouded.uplink.pace import Pace, bounded

LOOK_S = 60.0  # s between two looks at an outbox in which nothing was dirty
LONG_WAIT_S = 600.0  # that a fleet asks for only where it does not take what this hub sends
HELLO_S = 3600.0  # s between two hellos of a connection
REFUSED_S = 6 * 3600.0  # s until windows that the fleet has refused are sent once more: it may be newer, its clock set
HELLO_SPREAD_S = 1.0  # s within which the first one goes out, before a welcome said another time
DAYS = 40  # that are compared
SAME_DAY_S = 6 * 3600.0  # s before a day is sent again because it differs once more; doubled each time
MOST_DAYS = 1000  # that are remembered for it
ATTEMPTS = 3  # with one message, before it is put together again
ASIDE_S = 600.0  # s in which a window that cannot be read, or brings no answer, lets the others go first
MOST_ASIDE = 100
STATE_S = 60.0  # s between two states that differ
SAME_STATE_S = 900.0  # s between two that do not
MOST_REPORTS = 10_000  # that are kept
REPORTS_AT_ONCE = 100
DRIVER_S = 600.0  # s within which the driver answers; else it is asked once more
DAY = 86_400
LAST_NUMBER = 2**52  # beyond any that a clock can make
FOREVER = 2.0**62

Asked = Literal["dirty", "content", "sums"]


class _Flight(msgspec.Struct):
    """The message that is in flight. ``until``: the end of its time-out, or of the pause before it is sent again."""

    serial: int
    kind: SendKind
    data: bytes
    until: float
    windows: tuple[Window, ...] = ()
    reports: tuple[CommandReport, ...] = ()
    is_sent: bool = True
    failures: int = 0
    timeouts: int = 0


class _Connection(msgspec.Struct):
    """What is known of the connection. ``waits``: nothing is begun before; ``asked``: of the driver.

    ``compared``: level and day, of the last hello. ``sent_state``: the last one. ``is_put_off``: the newest answer kept
    nothing, and asked for a long wait.
    """

    is_connected: bool = False
    is_put_off: bool = False
    welcome: Welcome | None = None
    flight: _Flight | None = None
    composing: Composing | None = None
    asked: Asked | None = None
    asked_until: float = 0.0
    waits: float = 0.0
    hello_due: float = 0.0
    look_due: float = 0.0
    compared: frozenset[tuple[str, int]] = frozenset()
    sent_state: HubState | None = None
    state_at: float = 0.0


class UplinkSession:
    """See the module's docstring. ``random``: uniform, 0 to 1. ``again_done``: the newest request that is done.

    Nothing that is passed in from the wire raises. ``outputs`` empties the queue: call it after each call.
    """

    def __init__(self, version: str, let_out: LetOut, random: Callable[[], float], again_done: int = 0) -> None:
        self._version = version
        self._let_out = let_out
        self._again_done = again_done
        self._refused_due = -math.inf
        self._pace = Pace(random)
        self._outputs = list[Output]()
        self._serial = 0
        self._spread_s = HELLO_SPREAD_S
        self._most = MOST_WINDOWS
        self._aside: dict[tuple[str, int], float] = {}  # level and start -> until when others go first
        self._sent_again: dict[tuple[str, int], tuple[int, float]] = {}  # level, day -> how often, and not before when
        self._state: HubState | None = None
        self._reports: dict[str, CommandReport] = {}
        self._public_key = ""
        self._line = _Connection()

    @property
    def deadline(self) -> float | None:
        """When ``tick`` is due; None: not before something else happens."""
        if not self._line.is_connected:
            return None
        state_due = self._state_due()
        times = [] if state_due is None else [max(state_due, self._line.waits)]
        if self._line.flight is not None:
            times.append(self._line.flight.until)
        elif self._line.asked is not None:
            times.append(self._line.asked_until)
        else:
            times.append(max(self._line.waits, self._due()))
        return min(times)

    @property
    def is_welcome(self) -> bool:
        """Whether this connection was greeted: windows are sent."""
        return self._line.welcome is not None

    @property
    def is_put_off(self) -> bool:
        """Whether the fleet's newest answer kept nothing and asked to wait for long: it does not know the hub, say."""
        return self._line.is_put_off

    def outputs(self) -> list[Output]:
        """What is to be done, in order; once."""
        found, self._outputs = self._outputs, []
        return found

    # --- the connection

    def connected(self, now: float) -> None:
        """The connection stands: the greeting follows within the time over which hubs are spread."""
        self._line = _Connection(is_connected=True)
        self._pace.succeeded()
        self._line.hello_due = self._line.waits = now + self._pace.part_of(self._spread_s)
        self._go(now)

    def disconnected(self, now: float) -> None:
        """What was in flight is forgotten: it is still dirty."""
        self._line = _Connection()

    def answered(self, serial: int, data: bytes, now: float) -> None:
        """Bytes that came as an answer to this message."""
        flight = self._line.flight
        if flight is None or flight.serial != serial:
            return
        try:
            message = decode_message(data)
        except MessageError as error:
            self._note(f"An answer of the fleet cannot be read: {error}.")
            return
        match flight.kind, message:
            case ("hello", Welcome()):
                self._welcomed(message, now)
            case ("renew", HubToken(token, expires)):
                self._public_key = ""
                self._landed()
                self._outputs.append(TokenRenewed(token, expires))
            case ("renew", Answer(done=False)):
                self._public_key = ""
                self._landed()
                self._outputs.append(RenewalRefused(message.revoked))
            case (_, Answer(done=False)):
                self._line.is_put_off = message.wait_s >= LONG_WAIT_S
                self._refuse_windows(flight, message)
                self._failed(flight, self._pace.wait(message.wait_s), now)
            case ("windows", Answer()):
                self._committed(flight, message, now)
            case ("reports", Answer()):
                self._landed()
                self._reported(flight.reports)
                self._line.waits = now + self._pace.wait(message.wait_s)
            case _:
                self._note(f"The fleet answered {flight.kind} with {type(message).__name__}.")
                return
        self._go(now)

    def not_delivered(self, serial: int, now: float) -> None:
        """No one took the message ("no responders"), or it could not be sent."""
        flight = self._line.flight
        if flight is not None and flight.serial == serial and flight.is_sent:
            self._failed(flight, 0.0, now)
            self._go(now)

    def tick(self, now: float) -> None:
        """Do what is due at ``now``: send again, time out, begin the next window."""
        flight = self._line.flight
        if flight is not None and now >= flight.until:
            if flight.is_sent:
                self._timed_out(flight, now)
            else:
                self._send_again(flight, now)
        if self._line.asked is not None and now >= self._line.asked_until:
            self._line.asked = self._line.composing = None
        self._go(now)

    # --- the store

    def dirty(self, windows: Sequence[Window], now: float) -> None:
        """The answer to AskDirty."""
        if self._line.asked != "dirty":
            return
        self._line.asked = None
        self._aside = {place: until for place, until in self._aside.items() if until > now}
        found = [one for one in windows if (one.level, one.start) not in self._aside]
        if found:
            as_of = max(one.number for one in windows)
            self._line.composing = Composing(first_of(found, self._most), as_of, now)
            self._compose(now)
        else:
            self._line.look_due = min([now + LOOK_S, *self._aside.values()])
        self._go(now)

    def content(self, window: Window, data: bytes | None, now: float) -> None:
        """The answer to ReadWindow. None: it cannot be read now; other windows are sent meanwhile."""
        composing = self._line.composing
        if self._line.asked != "content" or composing is None or composing.current != window:
            return
        self._line.asked = None
        if data is None:
            self._put_aside(window, now)
            composing.skip()
        elif is_too_large(data):
            self._outputs.append(Refuse(window.level, window.start, window.number, "it is too large for a message"))
            composing.skip()
        else:
            composing.add(data, now)
        self._compose(now)
        self._go(now)

    def sums(self, sums: Mapping[str, Sequence[DaySum]], behind: int, now: float) -> None:
        """The answer to AskSums: by level; ``behind``: dirty windows."""
        if self._line.asked != "sums":
            return
        self._line.asked = None
        by_level = {level: tuple(found) for level, found in sums.items()}
        self._line.compared = frozenset((level, one.day) for level, found in by_level.items() for one in found)
        hello = Hello(VERSIONS, self._version, self._let_out, behind, by_level, self._again_done)
        self._send("hello", hello, now)

    # --- the hub

    def wake(self, now: float) -> None:
        """Windows may have become dirty that should not wait for the next look (60 s): ask the outbox soon."""
        self._line.look_due = min(self._line.look_due, now)
        self._go(now)

    def changed(self, let_out: LetOut, now: float) -> None:
        """The home lets out something else: say hello again."""
        self._let_out = let_out
        self._line.hello_due = min(self._line.hello_due, now)
        self._go(now)

    def state(self, state: HubState, now: float) -> None:
        """The state as it is now: call it whenever it changes, and each minute."""
        self._state = state
        self._go(now)

    def report(self, reports: Iterable[CommandReport], now: float) -> None:
        """Reports that the fleet may not have yet; a newer one of a command replaces the one before."""
        for one in reports:
            if one.id in self._reports or len(self._reports) < MOST_REPORTS:
                self._reports[one.id] = one
        self._go(now)

    def renew(self, public_key: str, now: float) -> None:
        """Ask for another token."""
        self._public_key = public_key
        self._go(now)

    # --- what comes next ------------------------------------------------------------------------

    def _due(self) -> float:
        """When something is to be asked or sent, as far as nothing is waited for."""
        if self._line.welcome is None:
            return self._line.hello_due
        waiting = self._reports or self._public_key
        return -math.inf if waiting else min(self._line.hello_due, self._line.look_due)

    def _go(self, now: float) -> None:
        """Begin what is due, if nothing else is going on."""
        if not self._line.is_connected or now < self._line.waits:
            return
        self._send_state(now)
        if self._line.flight is not None or self._line.asked is not None or now < self._due():
            return
        if now >= self._line.hello_due:
            self._ask("sums", AskSums(DAYS), now)
        elif self._public_key:
            self._send("renew", Renew(self._public_key), now)
        elif self._reports:
            some = tuple(self._reports.values())[:REPORTS_AT_ONCE]
            self._send("reports", Reports(some), now, reports=some)
        else:
            self._ask("dirty", AskDirty(MOST + len(self._aside)), now)

    def _ask(self, what: Asked, output: Output, now: float) -> None:
        self._line.asked, self._line.asked_until = what, now + DRIVER_S
        self._outputs.append(output)

    def _compose(self, now: float) -> None:
        """Read the next window of the message, or send it."""
        composing = self._line.composing
        if composing is None:
            return
        if composing.current is not None:
            self._ask("content", ReadWindow(composing.current, composing.as_of), now)
            return
        self._line.composing = None
        self._line.look_due = now
        if composing.taken:
            self._send("windows", composing.message(), now, windows=tuple(composing.taken))

    def _send(
        self,
        kind: SendKind,
        message: AnyMessage,
        now: float,
        windows: tuple[Window, ...] = (),
        reports: tuple[CommandReport, ...] = (),
    ) -> None:
        self._serial += 1
        data = encode_message(message)
        self._line.flight = _Flight(self._serial, kind, data, now + self._pace.timeout(), windows, reports)
        self._put(self._line.flight)

    def _put(self, flight: _Flight) -> None:
        shard = self._line.welcome.shard if self._line.welcome is not None else 0
        self._outputs.append(Send(flight.kind, flight.serial, flight.data, shard))

    def _note(self, text: str) -> None:
        self._outputs.append(UplinkNote(text))

    # --- answers, and none ----------------------------------------------------------------------

    def _landed(self) -> None:
        self._line.flight = None
        self._line.is_put_off = False
        self._pace.succeeded()

    def _failed(self, flight: _Flight, wait_s: float, now: float) -> None:
        """It was answered, but nothing was kept; or no one took it."""
        self._pace.failed()
        flight.failures += 1
        flight.until, flight.is_sent = now + max(wait_s, self._pace.timeout()), False
        if flight.failures >= ATTEMPTS:
            self._line.flight, self._line.waits = None, flight.until

    def _timed_out(self, flight: _Flight, now: float) -> None:
        self._pace.failed()
        flight.failures += 1
        flight.timeouts += 1
        if flight.failures < ATTEMPTS:
            self._send_again(flight, now)
            return
        self._line.flight = None
        if flight.timeouts >= ATTEMPTS:
            self._suspect(flight.windows, now)

    def _send_again(self, flight: _Flight, now: float) -> None:
        flight.until, flight.is_sent = now + self._pace.timeout(), True
        self._put(flight)

    def _suspect(self, windows: Sequence[Window], now: float) -> None:
        """One of these may be what brings no answer: send fewer at once, and others before a single one."""
        if len(windows) > 1:
            self._most = len(windows) // 2
        elif windows:
            self._put_aside(windows[0], now)

    def _put_aside(self, window: Window, now: float) -> None:
        if len(self._aside) >= MOST_ASIDE:
            del self._aside[next(iter(self._aside))]
        self._aside[window.level, window.start] = now + ASIDE_S

    def _committed(self, flight: _Flight, answer: Answer, now: float) -> None:
        self._landed()
        self._line.waits = now + self._pace.wait(answer.wait_s)
        strange = [one.reason for one in answer.refused if one.start not in {own.start for own in flight.windows}]
        if strange and len(flight.windows) > 1:  # the message as a whole could not be taken apart: nothing was kept
            self._most = len(flight.windows) // 2
            return
        self._most = min(self._most * 2, MOST_WINDOWS)
        refused = self._refuse_windows(flight, answer)
        for one in flight.windows:
            if strange:
                self._outputs.append(Refuse(one.level, one.start, one.number, strange[0]))
            elif one.start not in refused:
                self._outputs.append(Acknowledge(one.level, one.start, one.number))

    def _refuse_windows(self, flight: _Flight, answer: Answer) -> set[int]:
        reasons = {one.start: one.reason for one in answer.refused}
        found = [one for one in flight.windows if one.start in reasons]
        self._outputs += [Refuse(one.level, one.start, one.number, reasons[one.start]) for one in found]
        return {one.start for one in found}

    def _reported(self, reports: tuple[CommandReport, ...]) -> None:
        for one in reports:
            if self._reports.get(one.id) == one:
                del self._reports[one.id]
        self._outputs.append(ReportsCommitted(reports))

    def _welcomed(self, welcome: Welcome, now: float) -> None:
        is_first = self._line.welcome is None
        self._landed()
        self._line.welcome = welcome
        self._line.hello_due = now + HELLO_S
        self._spread_s = bounded(welcome.spread_s)
        self._outputs.append(Welcomed(welcome.servers, welcome.shard))
        if welcome.highest < LAST_NUMBER:
            self._outputs.append(RaiseNumbers(welcome.highest))
        for level, days in welcome.differing.items():
            for day in days:
                self._send_day_again(level, day, now)
        since = welcome.again_since
        if welcome.again_number > self._again_done and since is not None and math.isfinite(since):
            self._again_done = welcome.again_number
            self._outputs.append(Again(max(since, 0.0), FOREVER, tuple(LEVELS), welcome.again_number))
        if now >= self._refused_due:
            self._refused_due = now + REFUSED_S
            self._outputs.append(TryRefused())
        self._line.look_due = now
        if is_first:
            self._line.waits = now + self._pace.part_of(self._spread_s)

    def _send_day_again(self, level: str, day: int, now: float) -> None:
        """Only a day that was in the hello, and not again and again."""
        times, due = self._sent_again.get((level, day), (0, -math.inf))
        if (level, day) in self._line.compared and now >= due:
            self._sent_again.pop((level, day), None)
            if len(self._sent_again) >= MOST_DAYS:
                del self._sent_again[next(iter(self._sent_again))]
            self._sent_again[level, day] = times + 1, now + SAME_DAY_S * 2 ** min(times, 10)
            self._outputs.append(Again(float(day * DAY), float((day + 1) * DAY), (level,)))

    # --- the state ------------------------------------------------------------------------------

    def _state_due(self) -> float | None:
        """When the state is to be sent; None: there is none, or no one to send it to."""
        if self._state is None or self._line.welcome is None:
            return None
        if self._line.sent_state is None:
            return -math.inf
        changed = msgspec.structs.replace(self._state, at=self._line.sent_state.at) != self._line.sent_state
        return self._line.state_at + (STATE_S if changed else SAME_STATE_S)

    def _send_state(self, now: float) -> None:
        due = self._state_due()
        if due is not None and self._state is not None and self._line.welcome is not None and now >= due:
            self._line.sent_state, self._line.state_at = self._state, now
            self._outputs.append(Send("state", 0, encode_message(self._state), self._line.welcome.shard))
