"""The lines that were typed on consoles, oldest first, for the next time. Those with secrets are not among them."""

import contextlib
import os
from pathlib import Path

from unclouded.app.console.typed_command import may_be_kept
from unclouded.core.text.printable import printable

MOST_LINES = 1_000
LARGEST_FILE = 1_000_000  # bytes that are read
MODE = 0o600


class HistoryFile:
    """A file that only its owner can read. One that cannot be read or written is not an error: then nothing is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> list[str]:
        """Oldest first."""
        with contextlib.suppress(OSError):
            with self._path.open("rb") as file:
                text = file.read(LARGEST_FILE).decode("utf-8", "replace")
            return [line for line in text.splitlines() if line and line == printable(line)][-MOST_LINES:]
        return []

    def add(self, line: str) -> bool:
        """Keep a line; False where it is left out, as it may hold a secret, or is none."""
        text = " ".join(line.split())
        if not text or text != printable(text) or not may_be_kept(text):
            return False
        with contextlib.suppress(OSError):
            self._write([*self.lines()[-(MOST_LINES - 1) :], text])
        return True

    def _write(self, lines: list[str]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        draft.replace(self._path)
