"""Passwords and tokens of the page and the API: stored hashed, in one file that only its owner can read.

    DATA/state/web.json    {"key": …,                                  signs session cookies
                            "passwords": {"control": {"salt", "hash", "n", "r", "p"}},
                            "epochs": {"control": 3},                  sessions of earlier ones have ended
                            "set_at": {"control": 1763700000},         when the password was set, Unix seconds
                            "tokens": [{"name", "role", "sha256", "made"}],
                            "ended": {"session": until}}               logged out before they expired

Passwords are hashed with scrypt; tokens are 160 random bits, for which SHA-256 is sufficient. The command line changes
the file while a hub is running; the hub checks the file's modification time before each use.
"""

import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, ConfigError
from unclouded.web.schemas import LONGEST_PASSWORD, Role

log = logging.getLogger("unclouded.web")

SHORTEST = 8  # characters of a password
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that are easily confused
GROUPS, IN_GROUP = 4, 4  # of a generated password: 79 bits
TOKEN_BYTES = 20
MOST_ENDED = 1_000  # sessions that were logged out and have not expired
MOST_TOKENS = 100


class Cost(msgspec.Struct, frozen=True):
    """Cost of one check with scrypt: 128 * n * r bytes of memory, p times."""

    n: int = 2**14
    r: int = 8
    p: int = 5


class Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password as it is stored: scrypt's salt, hash and cost."""

    salt: bytes
    hash: bytes
    n: int
    r: int
    p: int

    def fits(self, text: str) -> bool:
        """Whether the text is the password; takes the same time for any text."""
        return hmac.compare_digest(self.hash, _scrypt(text, self.salt, Cost(self.n, self.r, self.p)))


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token that a program sends in ``Authorization: Bearer``. ``made``: time of creation, Unix seconds."""

    name: str
    role: Role
    sha256: str
    made: int


class CredentialFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    key: bytes = b""
    passwords: Mapping[Role, Password] = {}
    epochs: Mapping[Role, int] = {}
    set_at: Mapping[Role, int] = {}
    tokens: tuple[Token, ...] = ()
    ended: Mapping[str, int] = {}

    def with_password(self, role: Role, password: Password | None, now: int = 0) -> "CredentialFile":
        """With another password for a role, or none; sessions of the previous one end.

        ``now``: Unix seconds, 0 = unknown.
        """
        others = {one: known for one, known in self.passwords.items() if one != role}
        passwords = others if password is None else {**others, role: password}
        set_at = {one: at for one, at in {**self.set_at, role: now}.items() if at and one in passwords}
        return msgspec.structs.replace(self.without_sessions((role,)), passwords=passwords, set_at=set_at)

    def without_sessions(self, roles: Iterable[Role]) -> "CredentialFile":
        """All sessions of these roles have ended."""
        ended = {role: self.epochs.get(role, 0) + 1 for role in roles}
        return msgspec.structs.replace(self, epochs={**self.epochs, **ended})

    def with_token(self, token: Token) -> "CredentialFile":
        """With one more token. Raises CommandError if the name is taken."""
        if any(one.name == token.name for one in self.tokens):
            raise CommandError(f"There is a token {token.name!r} already. Remove it first, or choose another name.")
        if len(self.tokens) >= MOST_TOKENS:
            raise CommandError(f"There are {MOST_TOKENS} tokens already. Remove unused ones.")
        return msgspec.structs.replace(self, tokens=(*self.tokens, token))

    def without_token(self, name: str) -> "CredentialFile":
        """Without that token. Raises CommandError if there is none of that name."""
        left = tuple(one for one in self.tokens if one.name != name)
        if len(left) == len(self.tokens):
            known = ", ".join(one.name for one in self.tokens)
            raise CommandError(f"There is no token {name!r}. There {f'are: {known}' if known else 'is none'}.")
        return msgspec.structs.replace(self, tokens=left)

    def with_ended(self, session: str, until: int, now: int) -> "CredentialFile":
        """With a session that was logged out; expired ones are dropped."""
        alive = sorted(((end, one) for one, end in {**self.ended, session: until}.items() if end > now), reverse=True)
        return msgspec.structs.replace(self, ended={one: end for end, one in alive[:MOST_ENDED]})

    def role_of_password(self, text: str) -> Role | None:
        """The role of a password; all passwords are checked, so that the time discloses nothing."""
        if len(text) > LONGEST_PASSWORD:
            return None
        fits: dict[Role, bool] = {role: password.fits(text) for role, password in self.passwords.items()}
        order: tuple[Role, ...] = ("control", "read")
        return next((role for role in order if fits.get(role)), None)

    def token(self, text: str) -> Token | None:
        """The token with this text, compared in constant time; None = there is none."""
        shown = sha256(text)
        found = None
        for one in self.tokens:
            if hmac.compare_digest(one.sha256, shown):
                found = one
        return found


class CredentialStore:
    """The file of credentials. The constructor raises ConfigError if the file is damaged."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "web.json"
        self._stamp: tuple[int, int, int] | None = None
        self._known = self._load()

    def now(self) -> CredentialFile:
        """The current content. If the file has been damaged, the previous content stays in use; logged once."""
        try:
            if self._look() == self._stamp:
                return self._known
            self._known = self._load()
        except ConfigError as error:
            self._stamp = self._look()
            log.error("%s The previous credentials stay in use.", error)
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
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise ConfigError(
                f"{self.file} cannot be read: {why}. Move it away and set the passwords again: unclouded web password."
            ) from None
        self._stamp = stamp
        return found


def hashed(text: str, cost: Cost = Cost()) -> Password:  # noqa: B008  (frozen)
    """A new password. Raises CommandError where it is too short or too long."""
    if not SHORTEST <= len(text) <= LONGEST_PASSWORD:
        raise CommandError(f"A password has {SHORTEST} to {LONGEST_PASSWORD} characters; this one has {len(text)}.")
    salt = secrets.token_bytes(16)
    return Password(salt, _scrypt(text, salt, cost), cost.n, cost.r, cost.p)


def random_password() -> str:
    """A random password: ``k7fq-m2xr-9hwd-tb4e``."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(IN_GROUP)) for _ in range(GROUPS))


def new_token(name: str, role: Role, now: int) -> tuple[str, Token]:
    """The text of a token, to be shown once, and the token to store."""
    text = f"unclouded_{secrets.token_hex(TOKEN_BYTES)}"
    return text, Token(name, role, sha256(text), now)


def sha256(text: str) -> str:
    """The SHA-256 of a text in UTF-8, as hex. Lone surrogates are bytes that were no UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _scrypt(text: str, salt: bytes, cost: Cost) -> bytes:
    """The hash of the text in composed form (NFC), because keyboards encode é in different ways."""
    data = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    memory = 128 * cost.r * (cost.n + cost.p + 2) + 2**20
    return hashlib.scrypt(data, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder against changes by another process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, data: bytes) -> None:
    """Replace the file atomically, readable by its owner only."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
