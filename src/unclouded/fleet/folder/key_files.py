"""Keys and tokens of a fleet in files that their owner alone reads.

    keys/public.json        public keys: no secrets
         hub.nk, fleet.nk   scoped signing keys: `fleet serve` makes tokens with them
         revoke.nk          the operator's signing key: signs newer tokens of the account
         system.nk, .jwt    the user that sends them to NATS
    offline/operator.nk     the operator; homes.nk, system.nk: the accounts

Source: docs/protocols/fleet.md §10
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.security.nkeys import KeyKind, KeyTextError, NKey, read_seed
from unclouded.fleet.keys.accounts import AccountNames, AccountSigner
from unclouded.fleet.keys.issuer import HUB_LIFE_S, Credentials, TokenIssuer

PUBLIC = "public.json"
PRIVATE = 0o600
ROTATE = "It was changed or belongs to another fleet: docs/fleet.md says how keys are replaced."


class KeyFiles:
    """The folder ``keys`` of a fleet. Every method raises ConfigError for what is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> AccountNames:
        """The public keys."""
        file = self.folder / PUBLIC
        with _readable(file):
            return msgspec.json.decode(file.read_bytes(), type=AccountNames)

    def issuer(self) -> TokenIssuer:
        """Makes tokens of hubs and of the fleet's processes."""
        names = self.names()
        hub, fleet = self.key("hub", "account"), self.key("fleet", "account")
        for name, key in (("hub", hub), ("fleet", fleet)):
            if names.roles.get(name) != key.public:  # type: ignore[call-overload]
                raise ConfigError(f"{self.file(name)} is not the key that {PUBLIC} names. {ROTATE}")
        return TokenIssuer(names.homes, hub, fleet)

    def signer(self) -> AccountSigner:
        """Signs newer tokens of the account, with revoked keys."""
        try:
            return AccountSigner(self.key("revoke", "operator"), self.names(), HUB_LIFE_S)
        except KeyTextError as error:
            raise ConfigError(f"{self.file('revoke')}: {error.reason}. {ROTATE}") from None

    def system_user(self) -> Credentials:
        """The user that sends them to NATS."""
        file = self.folder / "system.jwt"
        with _readable(file):
            return Credentials(file.read_text("ascii").strip(), self.key("system", "user"))

    def can_revoke(self) -> bool:
        """Whether the keys for it are here; they may be kept elsewhere."""
        return all(path.exists() for path in (self.file("revoke"), self.file("system"), self.folder / "system.jwt"))

    def key(self, name: str, kind: KeyKind) -> NKey:
        """The key in a file."""
        file = self.file(name)
        with _readable(file):
            return read_seed(file.read_text("ascii").strip(), kind)

    def file(self, name: str) -> Path:
        """Where a key is."""
        return self.folder / f"{name}.nk"


def new_key(kind: KeyKind) -> NKey:
    """A key from 32 random bytes of the operating system."""
    return NKey(kind, os.urandom(32))


def write_private(file: Path, data: str) -> None:
    """A new file that its owner alone reads. Raises OSError, also where there is one."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8") as opened:
        opened.write(data)


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except KeyTextError as error:
        raise ConfigError(f"{file} holds no key: {error.reason}. {ROTATE}") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}. Run it as the user of the fleet.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ConfigError(f"{file} is damaged. {ROTATE}") from None
