"""The DialectReading of a dialect with typed messages, made of its command table."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from unclouded.core.family import MASKED, Sender
from unclouded.families.tuya.line.command import CommandTable, Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.decoder import DialectReading, FrameReading
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import Secret
from unclouded.families.tuya.messages import Unknown, oddities, values_of, with_meanings

SENDERS: tuple[Sender, ...] = ("controller", "device")

STARS = re.compile(r"\*+|(?:2a)+")  # blanked, as text or as hex
Meanings = Mapping[str, Mapping[int, str]]  # by field
Fields = Mapping[str, Any] | None  # Any: JSON types


class TypedReading:
    """Explains frames by a command table.

    ``named``: a message as named fields. ``points``: the data points in it. ``wrong_version``: what is wrong with the
    version of a frame. ``sender_by_version``: who must have sent it with such a version, None = either end may have.
    ``meanings``: what numbers in fields mean, by command and sub-command.
    """

    def __init__(
        self,
        table: CommandTable,
        named: Callable[[Message], Fields],
        points: Callable[[Message], tuple[DataPoint, ...]],
        wrong_version: Callable[[Sender | None, Frame], str],
        sender_by_version: Callable[[Frame], Sender | None] = lambda frame: None,
        meanings: Mapping[tuple[int, int | None], Meanings] | None = None,
    ) -> None:
        self._table = table
        self._named = named
        self._points = points
        self._wrong_version = wrong_version
        self._sender_by_version = sender_by_version
        self._meanings = meanings or {}

    def reading(self) -> DialectReading:
        """How a recorded line of this dialect is read."""
        table = self._table
        return DialectReading(shapes=table.shapes, name_of=table.name_of, sub_of=table.sub_of, read=self.read)

    def sender_of(self, frame: Frame) -> Sender | None:
        """Who must have sent this; None = it may be either."""
        sender = self._sender_by_version(frame)
        if sender is not None:
            return sender
        fitting = [one for one in SENDERS if not isinstance(self._table.read(one, frame), Unknown)]
        return fitting[0] if len(fitting) == 1 else None

    def read(self, sender: Sender | None, frame: Frame) -> FrameReading:
        """The frame explained. Without a known sender, one is named only where no other could have sent it."""
        sender = sender or self.sender_of(frame)
        messages = [self._table.read(one, frame) for one in ((sender,) if sender else SENDERS)]
        points = next((found for one in messages if (found := self._points(one))), ())
        odd = self._wrong_version(sender, frame) or (oddities(points) if sender else "")
        return FrameReading(sender, odd, self._fields(sender, frame, messages), values_of(points))

    def _fields(self, sender: Sender | None, frame: Frame, messages: list[Message]) -> Fields:
        """The message as named fields; None where it is unknown or where the two readings differ.

        A wrong sender must not show secrets either: the module's answer 34 07 can be read as the MCU's.
        """
        safe, secret = self._table.without_secrets(frame), self._table.secret_of(frame)
        if safe is not frame:
            messages = [self._table.read(one, safe) for one in ((sender,) if sender else SENDERS)]
        readings = [self._named(message) for message in messages]
        if any(reading != readings[0] for reading in readings) or readings[0] is None:
            return None
        named = readings[0] if secret is None or safe is frame else _hidden(dict(readings[0]), secret)
        return with_meanings(
            named, self._meanings.get((frame.command, self._table.sub_of(frame.command, frame.payload)), {})
        )


def _hidden(value: Any, secret: Secret) -> Any:
    """The fields of a blanked frame, with dots where its secrets were."""
    if isinstance(value, Mapping):
        return {
            key: MASKED if secret.members and secret.hides(key) else _hidden(one, secret) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hidden(one, secret) for one in value]
    return MASKED if isinstance(value, str) and STARS.fullmatch(value) else value
