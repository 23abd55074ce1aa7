"""Passwords and tokens of the page and the API, as they are kept: hashed, in one file of its owner's alone.

    DATA/state/web.json    {"key": …,                                  signs sessions
                            "passwords": {"control": {"salt", "hash", "n", "r", "p"}},
                            "epochs": {"control": 3},                  counts the changes of a password
                            "tokens": [{"name", "role", "sha256", "made"}],
                            "ended": {"session": until}}               logged out before their time

Passwords are hashed with scrypt; tokens are 160 random bits, so SHA-256 is enough for them. The command line
changes the file while a hub runs, and the hub looks at the file's stamp before each use.
"""

import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, ConfigError
from unclouded.web.schemas import Role

log = logging.getLogger("unclouded.web")

SHORTEST = 8  # characters of a password
LONGEST = 256
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what people mix up
GROUPS, IN_GROUP = 4, 4  # of a password that is made: 79 bits
TOKEN_BYTES = 20
MOST_ENDED = 1_000  # sessions that were logged out and have not run out
MOST_TOKENS = 100


class Cost(msgspec.Struct, frozen=True):
    """What one guess costs: 128 * n * r bytes of memory, p times over."""

    n: int = 2**14
    r: int = 8
    p: int = 5


class Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password, hashed."""

    salt: bytes
    hash: bytes
    n: int
    r: int
    p: int

    def fits(self, text: str) -> bool:
        """Takes as long as its cost says, whatever the text."""
        return hmac.compare_digest(self.hash, _scrypt(text, self.salt, Cost(self.n, self.r, self.p)))


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a program shows in ``Authorization: Bearer``. ``made``: Unix seconds."""

    name: str
    role: Role
    sha256: str
    made: int


class CredentialFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the file holds."""

    key: bytes = b""
    passwords: Mapping[Role, Password] = {}
    epochs: Mapping[Role, int] = {}
    tokens: tuple[Token, ...] = ()
    ended: Mapping[str, int] = {}

    def with_password(self, role: Role, password: Password | None) -> "CredentialFile":
        """Another password for a role, or none; sessions of the one before end."""
        others = {one: known for one, known in self.passwords.items() if one != role}
        passwords = others if password is None else {**others, role: password}
        epochs = {**self.epochs, role: self.epochs.get(role, 0) + 1}
        return msgspec.structs.replace(self, passwords=passwords, epochs=epochs)

    def with_token(self, token: Token) -> "CredentialFile":
        """One token more. Raises CommandError where the name is taken."""
        if any(one.name == token.name for one in self.tokens):
            raise CommandError(f"There is a token {token.name!r} already. Remove it first, or choose another name.")
        if len(self.tokens) >= MOST_TOKENS:
            raise CommandError(f"There are {MOST_TOKENS} tokens already. Remove those that nobody uses.")
        return msgspec.structs.replace(self, tokens=(*self.tokens, token))

    def without_token(self, name: str) -> "CredentialFile":
        """Raises CommandError where there is none of that name."""
        left = tuple(one for one in self.tokens if one.name != name)
        if len(left) == len(self.tokens):
            known = ", ".join(one.name for one in self.tokens)
            raise CommandError(f"There is no token {name!r}. There {f'are: {known}' if known else 'is none'}.")
        return msgspec.structs.replace(self, tokens=left)

    def with_ended(self, session: str, until: int, now: int) -> "CredentialFile":
        """A session that somebody logged out of; those that have run out are forgotten."""
        alive = sorted(((end, one) for one, end in {**self.ended, session: until}.items() if end > now), reverse=True)
        return msgspec.structs.replace(self, ended={one: end for end, one in alive[:MOST_ENDED]})

    def role_of_password(self, text: str) -> Role | None:
        """What a password allows; every one is tried, so that the time tells nothing."""
        fits: dict[Role, bool] = {role: password.fits(text) for role, password in self.passwords.items()}
        order: tuple[Role, ...] = ("control", "read")
        return next((role for role in order if fits.get(role)), None)

    def token(self, text: str) -> Token | None:
        """The token that this text is."""
        shown = sha256(text)
        found = None
        for one in self.tokens:
            if hmac.compare_digest(one.sha256, shown):
                found = one
        return found


class CredentialStore:
    """The file of credentials. Raises ConfigError at the start where it is damaged."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "web.json"
        self._stamp: tuple[int, int, int] | None = None
        self._known = self._load()

    def now(self) -> CredentialFile:
        """What the file says now. A file that has become damaged changes nothing, and is told once."""
        try:
            if self._look() == self._stamp:
                return self._known
            self._known = self._load()
        except ConfigError as error:
            self._stamp = self._look()
            log.error("%s Until then what it said before goes on.", error)
        return self._known

    def change(self, how: Callable[[CredentialFile], CredentialFile]) -> CredentialFile:
        """Change the file, alone. Raises ConfigError where it cannot be written, and what ``how`` raises."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(self.file.parent):
                before = self._load()
                changed = how(before if before.key else msgspec.structs.replace(before, key=secrets.token_bytes(32)))
                _write(self.file, msgspec.json.encode(changed))
        except OSError as error:
            raise ConfigError(f"{self.file} cannot be written: {error.strerror}.") from None
        self._known = self._load()
        return self._known

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self.file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _load(self) -> CredentialFile:
        stamp = self._look()
        try:
            found = msgspec.json.decode(self.file.read_bytes(), type=CredentialFile)
        except FileNotFoundError:
            found = CredentialFile()
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(
                f"{self.file} cannot be read: {error}. Move it away and set the passwords anew: unclouded web password."
            ) from None
        self._stamp = stamp
        return found


def hashed(text: str, cost: Cost = Cost()) -> Password:  # noqa: B008  (frozen)
    """A new password. Raises CommandError where it is too short or too long."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise CommandError(f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(text)}.")
    salt = secrets.token_bytes(16)
    return Password(salt, _scrypt(text, salt, cost), cost.n, cost.r, cost.p)


def made_up() -> str:
    """A password that nobody guesses: ``k7fq-m2xr-9hwd-tb4e``."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(IN_GROUP)) for _ in range(GROUPS))


def new_token(name: str, role: Role, now: int) -> tuple[str, Token]:
    """The text of a token, to be shown once, and what is kept of it."""
    text = f"unclouded_{secrets.token_hex(TOKEN_BYTES)}"
    return text, Token(name, role, sha256(text), now)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _scrypt(text: str, salt: bytes, cost: Cost) -> bytes:
    """Of the text in its composed form: keyboards differ in how they write é."""
    data = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    memory = 128 * cost.r * (cost.n + cost.p + 2) + 2**20
    return hashlib.scrypt(data, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes what is in the folder meanwhile."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for the owner's eyes only."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
