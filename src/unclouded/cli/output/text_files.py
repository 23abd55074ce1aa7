"""Files that a verb writes for its user."""

from pathlib import Path

from unclouded.core.errors import CommandError


def make_folder(folder: Path) -> None:
    """The folder with those above it. Raises CommandError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"The folder {folder} cannot be made: {error.strerror}.") from None


def write_text(file: Path, text: str) -> None:
    """Raises CommandError."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"The file {file} cannot be written: {error.strerror}.") from None
