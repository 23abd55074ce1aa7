"""The outbox on disk, so that a hub that ends at any moment sends the rest at its next start.

    {"number": 7, "topic": "…", "payload": "…"}     accepted          one JSON object a line, appended
    {"done": [5, 6]}                                taken over by the broker

It is written again when most of it is done. A line that is damaged is skipped: the end of a line may be missing after
a power cut. A disk that cannot be written to costs this only: the messages stay in memory.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from unclouded.publish.mqtt.outbox import LIMIT, OutMessage

log = logging.getLogger("unclouded.publish.mqtt")

COMPACT_BYTES = 262_144  # a file of that size is written again where it holds less than a quarter of it
LARGEST = 64 * 1024 * 1024  # bytes that are read at the start


class _JournalLine(msgspec.Struct):
    number: int = 0
    topic: str = ""
    payload: str = ""
    correlation: str = ""
    done: list[int] = []


class OutboxJournal:
    """One file. ``problem``: why it cannot be written, "" = it can."""

    def __init__(self, file: Path) -> None:
        self.problem = ""
        self._path = file
        self._file: BinaryIO | None = None
        self._size = 0
        self._is_torn = False  # the file ends within a line

    def load(self) -> list[OutMessage]:
        """The messages of earlier runs that the broker has not taken over; the newest, where there are too many."""
        kept: dict[int, OutMessage] = {}
        decoder = msgspec.json.Decoder(_JournalLine)
        try:
            data = self._path.read_bytes()[:LARGEST] if self._path.exists() else b""
        except OSError as error:
            self._failed(error)
            return []
        for text in data.splitlines():
            try:
                line = decoder.decode(text)
                correlation = bytes.fromhex(line.correlation)
            except ValueError:  # msgspec's errors are such, too
                continue
            for number in line.done:
                kept.pop(number, None)
            if line.number and line.topic:
                kept[line.number] = OutMessage(line.number, line.topic, line.payload.encode(), correlation)
        messages = sorted(kept.values(), key=lambda one: one.number)[-LIMIT:]
        self.rewrite(messages)
        return messages

    def accepted(self, messages: Sequence[OutMessage]) -> None:
        """Append messages; they survive the end of this process from now on."""
        self._append(b"".join(map(_text, messages)))

    def done(self, numbers: Sequence[int], left: Sequence[OutMessage]) -> None:
        """They need not be sent again; ``left``: those that do."""
        self._append(msgspec.json.encode({"done": numbers}) + b"\n")
        if self._size > COMPACT_BYTES and sum(len(one.payload) for one in left) < COMPACT_BYTES // 4:
            self.rewrite(left)

    def rewrite(self, messages: Sequence[OutMessage]) -> None:
        """Write the file again with only these."""
        self.close()
        text = b"".join(map(_text, messages))
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with new.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            self._file = self._path.open("ab", buffering=0)
        except OSError as error:
            self._failed(error)
        else:
            self._size, self.problem, self._is_torn = len(text), "", False

    def close(self) -> None:
        """Closes the file, which is kept for the next run; may be called again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, text: bytes) -> None:
        if self._file is None:
            return
        text = b"\n" + text if self._is_torn else text
        try:
            written = self._file.write(text)
        except OSError as error:
            self._is_torn = True
            self._failed(error)
        else:
            self._is_torn = written < len(text)
            self._size += written

    def _failed(self, error: OSError) -> None:
        text = f"{self._path} cannot be used: {error.strerror}. Messages that wait are lost when the hub ends."
        if text != self.problem:
            log.error("%s", text)
        self.problem = text


def _text(message: OutMessage) -> bytes:
    line = {"number": message.number, "topic": message.topic, "payload": message.payload.decode()}
    correlation = {"correlation": message.correlation.hex()} if message.correlation else {}
    return msgspec.json.encode({**line, **correlation}) + b"\n"
