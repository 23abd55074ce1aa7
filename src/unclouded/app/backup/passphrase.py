"""The passphrase of backups: the first line of a file."""

from pathlib import Path

from unclouded.core.errors import ConfigError

SHORTEST = 8  # characters


def passphrase_of(file: Path | None) -> str:
    """An empty text where no file is named. Raises ConfigError, without a byte of it."""
    if file is None:
        return ""
    try:
        text = file.read_text("utf-8").strip("\r\n")
    except OSError as error:
        raise ConfigError(f"The passphrase file {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"The passphrase file {file} is not text.") from None
    if len(text) < SHORTEST or "\n" in text or not text.isprintable():
        raise ConfigError(f"{file} must contain the passphrase on one line, of at least {SHORTEST} characters.")
    return text
