"""What a bridge must find again after a restart, in one file for its owner only (mode 600).

Numbers of accessories and characteristics are given once and never to another: controllers keep rooms, names and
automations by them. The last description of each accessory stays, so that a device which has not answered yet since the
start is still an accessory; controllers forget what is missing.
"""

import os
import secrets
from pathlib import Path

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.publish.homekit.accessories import AccessorySpec
from unclouded.publish.homekit.setup_code import new_setup_code, new_setup_id

FIRST_NUMBER = 2  # 1 is the bridge itself
NOT_7 = 7  # a number that controllers do not take


class StoredBridge(msgspec.Struct):
    """The content of the file. ``numbers``: of accessories, by identity. ``inside``: of each, what its parts have."""

    code: str
    setup_id: str
    next: int = FIRST_NUMBER
    numbers: dict[str, int] = {}
    inside: dict[str, dict[str, int]] = {}
    specs: dict[str, AccessorySpec] = {}


class BridgeMemory:
    """``folder``: made where there is none. Raises ConfigError where the file cannot be read or is damaged."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "bridge.json"
        self.pairings = folder / "pairings.json"  # written by HAP-python
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.stored = self._read()
        except OSError as error:
            raise ConfigError(f"[homekit]: {error.filename} cannot be used: {error.strerror}.") from None
        self._written = b""

    def number(self, identity: str) -> int:
        """The number of an accessory (aid), which stays; a new one where the device has none yet."""
        stored = self.stored
        if identity not in stored.numbers:
            stored.next += stored.next == NOT_7
            stored.numbers[identity] = stored.next
            stored.next += 1
        return stored.numbers[identity]

    def number_inside(self, identity: str, part: str) -> int:
        """The number of a service or characteristic of an accessory. ``part``: distinguishes it from the others."""
        inside = self.stored.inside.setdefault(identity, {})
        if part not in inside:
            inside[part] = max(inside.values(), default=0) + 1
        return inside[part]

    def save(self) -> None:
        """Write the file if something changed. Raises ConfigError."""
        data = msgspec.json.format(msgspec.json.encode(self.stored), indent=1)
        if data == self._written:
            return
        draft = self._file.with_suffix(".new")
        try:
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file)
        except OSError as error:
            raise ConfigError(f"[homekit]: {self._file} cannot be written: {error.strerror}.") from None
        self._written = data

    def _read(self) -> StoredBridge:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=StoredBridge)
        except FileNotFoundError:
            return StoredBridge(new_setup_code(secrets.randbelow), new_setup_id(secrets.randbelow))
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigError(
                f"[homekit]: {self._file} is damaged. Remove it and {self.pairings.name}, and pair the bridge again."
            ) from None
