"""What was typed and shown on a console, for a file. No secret is in it, also where the terminal shows one's own."""

from collections import deque
from pathlib import Path

from unclouded.core.errors import CommandError

MOST_LINES = 20_000  # the newest; a plug that starts prints about 80


class Transcript:
    """``lines``: oldest first; they must be masked before they are added."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=MOST_LINES)

    def add(self, line: str) -> None:
        """Adds a line without its trailing blanks; beyond 20,000 lines the oldest one is dropped."""
        self.lines.append(line.rstrip())

    def save(self, place: str) -> str:
        """Write a new file; its name. Raises CommandError where it exists already, or cannot be written."""
        path = Path(place).expanduser()
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in self.lines))
        except FileExistsError:
            raise CommandError(f"{path} exists already. Choose another name.") from None
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
        return str(path)
