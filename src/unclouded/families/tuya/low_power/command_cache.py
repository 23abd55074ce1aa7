"""The settings that a battery device fetches when it wakes: it asks its cache (10) and gets all commands at once.

    command ──09──► acknowledged ──05──► confirmed      what it reports settles a command at once
       └───10 asked──► handed out ──► it sends on ──┘   what it took and never reports is confirmed in the end

The hub keeps commands while the device sleeps. Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from unclouded.core.sessions.session import Ticket
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.pending_commands import PendingCommands


class CommandCache:
    """What was handed out, of the open commands."""

    def __init__(self, commands: PendingCommands) -> None:
        self._commands = commands
        self._handed: list[Ticket] = []  # in an answer that nothing has followed yet

    def hand_out(self, ids: bytes) -> tuple[list[Ticket], tuple[DataPoint, ...]]:
        """The commands that the device has not taken yet, the newest of each point; no ids = all points."""
        waiting = {ticket: command for ticket, command in self._commands.open.items() if not command.is_taken}
        chosen = [one for one in waiting if not ids or all(point.id in ids for point in waiting[one].points)]
        newest = {point.id: point for ticket in chosen for point in waiting[ticket].points}
        for ticket in chosen:
            self._commands.sent(ticket)
        self._handed += chosen
        return chosen, tuple(newest.values())

    def received(self) -> None:
        """The device sends on, so it has received what was handed out."""
        self._commands.taken(self._handed)
        self._handed.clear()
