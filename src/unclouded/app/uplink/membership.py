"""What joining a fleet gave the hub, in its state folder: fleet.key (the seed, secret) and fleet.json.

Both are in backups, as all keys of the hub: a home whose disk is replaced goes on as the same hub.
Source: docs/protocols/fleet.md §10
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded.app.files.new_file import new_file
from unclouded.core.errors import ConfigError

if TYPE_CHECKING:
    from unclouded.core.security.nkeys import NKey

KEY_FILE, FILE = "fleet.key", "fleet.json"
SEED_BYTES = 32
JOIN_AGAIN = "Join again: unclouded join CODE"
HUB_ID = re.compile(r"[a-z2-7]{20}")


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """``hub``: the id that the fleet gave. ``issued``, ``expires``: of the token, Unix s. ``authority``: PEM.

    "" = the authorities of the system. ``again_done``: the newest request for everything that is done.
    """

    url: str
    hub: str
    token: str
    issued: float
    expires: float
    shard: int
    servers: tuple[str, ...]
    authority: str = ""
    organisation: str = ""
    joined: float = 0.0
    again_done: int = 0

    def __repr__(self) -> str:
        return f"Membership({self.hub} at {self.url})"

    @property
    def half(self) -> float:
        """From when on the token is to be renewed."""
        return self.issued + (self.expires - self.issued) / 2


class MembershipFiles:
    """``folder``: the state folder of the hub. Every call but ``is_there`` raises ConfigError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / FILE
        self.key_file = folder / KEY_FILE

    @property
    def is_there(self) -> bool:
        return self.file.exists()

    def load(self) -> Membership:
        """The fleet that this hub is in. The error says how to join where there is none, or the file is damaged."""
        try:
            found = msgspec.json.decode(self.file.read_bytes(), type=Membership)
        except FileNotFoundError:
            raise ConfigError(
                "This hub has not joined a fleet. Ask its operator for a code, and run: unclouded join CODE"
            ) from None
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise ConfigError(f"{self.file} cannot be read: {why}. {JOIN_AGAIN}") from None
        if not HUB_ID.fullmatch(found.hub):
            raise ConfigError(f"{self.file} contains no id of a hub. {JOIN_AGAIN}")
        return found

    def save(self, membership: Membership) -> None:
        """Replaces the file as a whole; only its owner may read it (0600)."""
        self._make_folder()
        with new_file(self.file, True, 0o600) as partial:
            partial.write_bytes(msgspec.json.encode(membership))

    def key(self) -> "NKey":
        """The key that was made for this hub."""
        from unclouded.core.security.nkeys import KeyTextError, read_seed

        try:
            return read_seed(self.key_file.read_text("ascii").strip(), "user")
        except OSError as error:
            raise ConfigError(f"{self.key_file} cannot be read: {error.strerror}. {JOIN_AGAIN}") from None
        except (KeyTextError, UnicodeError):
            raise ConfigError(f"{self.key_file} contains no key. Delete it. {JOIN_AGAIN}") from None

    def made_key(self) -> "NKey":
        """The key that is there, else a new one: a hub that asks again with the same key stays the same."""
        from unclouded.core.security.nkeys import NKey

        if self.key_file.exists():
            return self.key()
        self._make_folder()
        key = NKey("user", os.urandom(SEED_BYTES))
        with new_file(self.key_file, False, 0o600) as partial:
            partial.write_text(f"{key.seed}\n", "ascii")
        return key

    def delete(self) -> None:
        """Key and token."""
        try:
            for file in (self.file, self.key_file):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{error.filename} cannot be deleted: {error.strerror}.") from None

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"{self._folder} cannot be made: {error.strerror}.") from None
