"""Access to the page and the API: where they are, passwords of roles, tokens of programs.

All of it works on the data folder, whether the hub runs or not; a running hub notices the change.
"""

import hashlib
import ssl
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import WEB_PLACE
from unclouded.core.errors import CommandError
from unclouded.web import qr_code
from unclouded.web.access.password import CredentialStore, Token, hashed, new_token
from unclouded.web.schemas import Role

ROLES: Mapping[str, str] = {"control": "view and control", "read": "view only"}  # role -> what it permits
_KNOWN: tuple[Role, ...] = ("control", "read")
LONGEST_NAME = 60  # characters of a token's name


class WebStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``addresses``: of the page of a running hub. ``authority_sha256``: of the hub's own certificate authority."""

    running: bool
    listen: str
    addresses: tuple[str, ...]
    passwords: tuple[Role, ...]
    tokens: tuple[Token, ...]
    authority_sha256: str | None


class WebAccess:
    """The credentials of one hub. Raises ConfigError where their file is damaged."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._store = CredentialStore(config.state)

    def status(self) -> WebStatus:
        """What is set now. ``addresses`` are asked of the running hub; () = none runs, or it serves no page."""
        config, credentials = self._config, self._store.now()
        running = is_running(config)
        addresses = HubClient(config.control).get("/api/hub").get("web") if running else None
        return WebStatus(
            running=running,
            listen=config.web.listen or "{}:{}".format(*WEB_PLACE),
            addresses=tuple(addresses or ()),
            passwords=tuple(role for role in _KNOWN if role in credentials.passwords),
            tokens=credentials.tokens,
            authority_sha256=_fingerprint(config.data / "ca" / "ca.pem") if config.web.tls else None,
        )

    def code(self) -> str:
        """A QR code of the address of the page, as text for a terminal. Raises CommandError where there is none."""
        status = self.status()
        address = qr_code.network_address(status.addresses)
        if address:
            return f"{qr_code.text(address)}\n{address}"
        if not status.running:
            raise CommandError("The hub does not run, so the page has no address yet. Start it: unclouded run")
        raise CommandError(
            f"The page is on this computer only. Set [web] listen, or: unclouded run --web 0.0.0.0:{WEB_PLACE[1]}"
        )

    def set_password(self, role: str, text: str) -> None:
        """Sessions with the previous password end. Raises CommandError for an unsuitable password."""
        new = hashed(text)
        self._store.change(lambda known: known.with_password(_role(role), new, int(time.time())))

    def remove_password(self, role: str) -> bool:
        """Whether there was one; its sessions end."""
        had = role in self._store.now().passwords
        self._store.change(lambda known: known.with_password(_role(role), None, int(time.time())))
        return had

    def make_token(self, name: str, role: str) -> str:
        """The text of a new token; only its hash is stored. Raises CommandError."""
        _check_name(name)
        text, made = new_token(name, _role(role), int(time.time()))
        self._store.change(lambda known: known.with_token(made))
        return text

    def remove_token(self, name: str) -> None:
        """Raises CommandError where there is none of that name."""
        _check_name(name)
        self._store.change(lambda known: known.without_token(name))


def _role(name: str) -> Role:
    for role in _KNOWN:
        if role == name:
            return role
    raise CommandError(f"There is no role {name!r}. There are: {', '.join(ROLES)}.")


def _check_name(name: str) -> None:
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise CommandError(f"The name of a token has 1 to {LONGEST_NAME} printable characters.")


def _fingerprint(file: Path) -> str | None:
    """What a person compares before a phone trusts the hub's authority."""
    try:
        data = ssl.PEM_cert_to_DER_cert(file.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return hashlib.sha256(data).digest().hex(":").upper()
