"""Files that tables of the configuration name: secrets, and addresses that are secret."""

from pathlib import Path

from unclouded.app.configuration.config import Config
from unclouded.core.errors import ConfigError


def secret_of(config: Config, table: str, key: str, file: str) -> str:
    """The first line of a secret's file, "" where none is named. Raises ConfigError, without a byte of the secret."""
    if not file:
        return ""
    path, text = text_of_file(config, table, key, file)
    if not text or "\n" in text or not text.isprintable():
        raise ConfigError(f"[[{table}]] {key}: {path} must contain the secret on one line, and nothing else.")
    return text


def text_of_file(config: Config, table: str, key: str, file: str) -> tuple[Path, str]:
    """Where a file lies that a table names, and what is in it. Raises ConfigError, without a byte of it."""
    path = config.base / Path(file).expanduser()
    try:
        return path, path.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"[[{table}]] {key}: {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"[[{table}]] {key}: {path} is not text.") from None
