"""The file in which simulated devices keep what outlives a restart: ``sim --state FILE``.

    {"19010100…": {"settings": "<base64>", "energy": "<base64>"}, …}

A plug's settings contain the key that it was bound with: only its owner can read the file.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

import msgspec

from unclouded.core.errors import ConfigError

Memories = dict[str, dict[str, str]]


class StateFile:
    """``path`` None: nothing is kept. Raises ConfigError where the file cannot be read."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._memories: Memories = _read(path) if path is not None else {}
        self._is_changed = False

    def memory(self, device: str) -> Mapping[str, bytes]:
        """What a device has remembered. Raises ConfigError."""
        try:
            return {key: b64decode(text, validate=True) for key, text in self._memories.get(device, {}).items()}
        except ValueError:
            raise ConfigError(f"The state in {self._path} is damaged. Remove the file to begin again.") from None

    def remember(self, device: str, key: str, value: bytes) -> None:
        """Keeps what a session remembers until the file is written; without a file it is dropped."""
        if self._path is not None:
            self._memories.setdefault(device, {})[key] = b64encode(value).decode()
            self._is_changed = True

    def write(self) -> None:
        """Where something has changed. Raises ConfigError."""
        if self._path is None or not self._is_changed:
            return
        self._is_changed = False
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(self._memories))
            part.replace(self._path)
        except OSError as error:
            raise ConfigError(f"The state cannot be written to {self._path}: {error.strerror}.") from None


def _read(path: Path) -> Memories:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memories)
    except FileNotFoundError:
        if not path.absolute().parent.is_dir():
            raise ConfigError(
                f"There is no folder {path.parent} for the state. Make it, or name another file."
            ) from None
        return {}
    except OSError as error:
        raise ConfigError(f"The state in {path} cannot be read: {error.strerror}.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ConfigError(f"{path} is not a state of a simulation. Name another file, or remove this one.") from None
