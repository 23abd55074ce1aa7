"""Carries out the commands of a plug: its relay and its settings, one after the other.

    command ──► SET ──► SETACK ──► GET ──► the plug reports what was commanded: confirmed
    a setting of which nothing was read yet ──► GET ──► SET …
    no answer to a setting, MOST_FAILURES times ──► refused: the plug closes on what it does not take

Source: docs/protocols/meross.md §1.8.8, §1.8.9, §1.8.19.
"""

from collections.abc import Mapping

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Reported, SessionCommand, Ticket, WireValue
from unclouded.core.sessions.session_parts import Ids, Timers
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.commands.pending_commands import (
    MOST_FAILURES,
    ONOFF,
    PlugCommand,
    PlugCommands,
)
from unclouded.families.meross.controller.commands.setting_points import SettingPoints, commanded, read_back
from unclouded.families.meross.controller.paths.request_window import RequestWindow, WindowRequest
from unclouded.families.meross.controller.paths.requests import READ_BACK, get_relay, set_relay
from unclouded.families.meross.controller.support import Support
from unclouded.families.meross.controller.values import ValueReader
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Message

READ_AGAIN_S = 0.5  # until a plug is asked again that does not have the commanded value yet
RELAYS = (namespaces.TOGGLE, namespaces.TOGGLEX)


class CommandRunner:
    """``requests``, ``timers``: those of the session. ``open``: the commands that are not settled."""

    def __init__(
        self,
        timeout_s: float,
        ids: Ids,
        requests: RequestWindow,
        timers: Timers,
        support: Support,
        values: ValueReader,
    ) -> None:
        self.open = PlugCommands(timeout_s, ids)
        self._points = SettingPoints()
        self._requests = requests
        self._timers = timers
        self._support = support
        self._values = values

    def check(self, command: SessionCommand) -> tuple[str, WireValue]:
        """The wire key and its value. Raises CommandError where the plug cannot do it."""
        key, value = commanded(command)
        if key not in self._support.lacks:
            return key, value
        product = self._values.product
        has = self._support.titles
        raise CommandError(problems.no_relay(product, has) if key == ONOFF else problems.lacks(product, key))

    def send_next(self) -> None:
        """Begin with the first command, if it has not begun."""
        first = self.open.first
        if first is None or first.is_sent:
            return
        request = set_relay(first, self._is_old) if first.key == ONOFF else self._points.request(first)
        first.is_sent = request is not None
        self._requests.add(request or read_back(first), first=True)

    # --- what the plug reports -----------------------------------------------------------------

    def read(self, namespace: str, message: Message) -> list[Event]:
        """The settings in a message."""
        values = self._points.read(namespace, message)
        return [Reported(values), *self.reported(values)] if values else []

    def reported(self, values: Mapping[str, WireValue]) -> list[Event]:
        """The plug reports these values: whether a command has what it wants."""
        first = self.open.first
        settled = self.open.reported(values)
        if settled and first is not None:
            self.settled(first.ticket)
        return settled

    def acknowledged(self, ticket: Ticket) -> None:
        """An acknowledgement without a value: get the state."""
        command = self.open.of(ticket)
        if command is not None:
            command.is_acknowledged = True
            self._requests.add(self._read_back(command), first=True)

    def was_read_back(self, ticket: Ticket, now: float) -> list[Event]:
        """A command that goes on: the plug was asked before its SET, or has not the commanded value yet."""
        command = self.open.of(ticket)
        if command is None:
            return []
        if command.is_sent:
            self._timers.set(READ_BACK, now + READ_AGAIN_S)
        elif self._points.request(command) is None:
            return self.refused(ticket, problems.no_setting("it reports no value for it"))
        else:
            self.send_next()
        return []

    def read_again(self) -> None:
        """The plug did not have the commanded value yet."""
        first = self.open.first
        if first is not None and first.is_acknowledged:
            self._requests.add(self._read_back(first), first=True)

    # --- how it ends -----------------------------------------------------------------------------

    def unanswered(self, ticket: Ticket, why: str) -> list[Event] | None:
        """No answer to a request for a setting: the outcome; None = request it again."""
        command = self.open.of(ticket)
        if command is None:
            return []
        command.failures += 1
        return None if command.failures < MOST_FAILURES else self.refused(ticket, problems.no_setting(why))

    def refused(self, ticket: Ticket, reason: str) -> list[Event]:
        """A command is refused, and why; the next one begins."""
        if self.open.of(ticket) is None:
            return []
        events = self.open.refused(ticket, reason)
        self.settled(ticket)
        return events

    def overdue(self, now: float, unreachable: str) -> list[Event]:
        """Those whose time is up. ``unreachable``: why the plug cannot be reached; "" = it can."""
        events: list[Event] = []
        for ticket, settled in self.open.overdue(now, unreachable):
            events += settled
            self.settled(ticket)
        return events

    def settled(self, ticket: Ticket) -> None:
        """A command has its outcome: the next one begins."""
        self._requests.remove(ticket)
        self._timers.clear(READ_BACK)
        self.send_next()

    # --- inside ----------------------------------------------------------------------------------

    def _read_back(self, command: PlugCommand) -> WindowRequest:
        return get_relay(command, self._is_old) if command.key == ONOFF else read_back(command)

    @property
    def _is_old(self) -> bool:
        """Whether its relay is that of hardware 1; its ability list decides, where it is known."""
        if self._support.is_listed and self._support.has(namespaces.TOGGLEX) != self._support.has(namespaces.TOGGLE):
            return self._support.has(namespaces.TOGGLE)
        return self._values.is_old
