"""The retained messages of this hub on the broker, over restarts: what an earlier run left is removed.

The broker keeps a retained message until an empty one replaces it. ``RetainedBook`` keeps the topics that this hub
has published, so that those of another client are recognised: they are reported, never removed.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded.core.text.printable import printable

log = logging.getLogger("unclouded.publish.mqtt")

MOST_FOUND = 20_000  # retained messages that are looked at when a connection begins
MOST_FOUND_BYTES = 32 * 1024 * 1024  # of them together
MOST_NAMED = 100  # topics with retained commands
NAMED = 5  # topics that a text names
SHOWN = 80  # characters of a topic in a text


class RetainedBook:
    """A file with the topics of this hub, as a JSON list."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self.topics: set[str] = set()
        self._written: set[str] = set()

    def load(self) -> None:
        """Read the topics of earlier runs; none where the file is missing or damaged."""
        try:
            self.topics = set(msgspec.json.decode(self._path.read_bytes(), type=list[str]))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            self.topics = set()  # the first run, or its file is damaged
        self._written = set(self.topics)

    def save(self) -> None:
        """Write what changed. A disk that is full costs only that stale messages are not recognised later."""
        if self.topics == self._written:
            return
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_bytes(msgspec.json.encode(sorted(self.topics)))
            new.replace(self._path)
        except OSError as error:
            log.warning("%s cannot be written: %s.", self._path, error.strerror)
        else:
            self._written = set(self.topics)


class RetainedCommands:
    """Commands that were published with retain. ``count``: how often one came, also with later connections."""

    def __init__(self) -> None:
        self.count = 0
        self._topics: set[str] = set()

    def refuse(self, topic: str, payload: bytes) -> str:
        """A sentence to report, once for each topic; "" = it was reported, or it removes the message of a topic."""
        if not payload:
            self._topics.discard(topic)
            return ""
        self.count += 1
        if topic in self._topics or len(self._topics) >= MOST_NAMED:
            return ""
        self._topics.add(topic)
        return _refused_text([topic])

    @property
    def text(self) -> str:
        """A sentence about those of now; "" = there are none."""
        return _refused_text(sorted(self._topics)) if self._topics else ""


def stale(found: Mapping[str, bytes], own: Collection[str], current: Collection[str]) -> list[str]:
    """The topics of this hub that are retained and no longer published."""
    return [topic for topic in found if topic in own and topic not in current]


def foreign(found: Mapping[str, bytes], own: Collection[str]) -> list[str]:
    """The topics below the base topic that another client published."""
    return [topic for topic in found if topic not in own]


def shown(topic: str) -> str:
    """A topic that anyone may have chosen, as texts and logs have it."""
    return printable(topic if len(topic) <= SHOWN else f"{topic[:SHOWN]}…")


def foreign_text(topics: Sequence[str], current: Collection[str]) -> str:
    """A sentence about them; ``current``: the topics that this hub publishes now."""
    names = _names(topics)
    replaced = "; those of devices of this hub are replaced" if any(one in current for one in topics) else ""
    return (
        f"The broker keeps messages below the base topic that this hub did not publish: {names}{replaced}. "
        "If another hub publishes there, give one of them another base topic."
    )


def _names(topics: Sequence[str]) -> str:
    return ", ".join(map(shown, topics[:NAMED])) + (f" and {len(topics) - NAMED} more" if len(topics) > NAMED else "")


def _refused_text(topics: Sequence[str]) -> str:
    return (
        f"Retained commands are never carried out: {_names(topics)}. Remove them by an empty retained message, and "
        "publish commands without retain."
    )
