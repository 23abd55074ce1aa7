"""What the engine decides: commands to devices, and events for the log and for people."""

from typing import Literal

import msgspec

from unclouded.core.model import Command

EventKind = Literal["rule", "rule_problem", "notify"]


class RuleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command to carry out; ``id`` is handed back with its outcome. ``because``: why, as text."""

    id: int
    rule: str
    command: Command
    because: str


class RuleEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something to note. ``rule`` "": it concerns several; ``device`` "": none.

    ``rule``: a rule has acted; ``rule_problem``: it could not; ``notify``: a text that a rule is to send people.
    """

    kind: EventKind
    text: str
    rule: str = ""
    device: str = ""
    point: str = ""
    because: str = ""
    result: str = ""


RuleOutput = RuleCommand | RuleEvent
