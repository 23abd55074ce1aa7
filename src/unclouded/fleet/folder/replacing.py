"""Replacing keys and certificates of a fleet, with or without those of before.

    role keys      hub.nk, fleet.nk   signed by keys/revoke.nk
    revoke.nk      the operator's signing key: needs offline/operator.nk
    certificates   of NATS, its routes and the page: need offline/authority.key

What nats-server begins with stands in its configuration file, so that is written again, too.
Source: docs/protocols/fleet.md §10
"""

import contextlib
import datetime
import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import CommandError, ConfigError
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.folder.certificates import FleetAuthority
from unclouded.fleet.folder.key_files import PRIVATE, PUBLIC, KeyFiles, new_key
from unclouded.fleet.keys.accounts import AccountNames, homes_token, operator_token, system_token
from unclouded.fleet.keys.roles import Role
from unclouded.fleet.keys.tokens import TokenError, read_token

CHAIN = re.compile(r"(nats|route|web)(-\d)?\.pem")


def replace_role_key(fleet: FleetConfiguration, role: Role, keeps_former: bool, now: int) -> AccountNames:
    """A new key for the tokens of a role. ``keeps_former``: tokens of the old one still count, for those who have them.

    NATS has to be sent the account's token of these names. Raises ConfigError, CommandError.
    """
    keys = KeyFiles(fleet.keys)
    names, signer, key = keys.names(), keys.signer(), new_key("account")
    former = {**names.former, role: names.roles[role]} if keeps_former else _without(names.former, role)
    changed = replace(names, roles={**names.roles, role: key.public}, former=former)
    tokens = {names.homes: homes_token(signer.signing, changed, {}, now)}
    _write(_configurations(fleet, tokens) | {keys.file(role): key.seed + "\n"} | _public(fleet, changed))
    return changed


def drop_former_keys(fleet: FleetConfiguration, now: int) -> AccountNames:
    """Tokens of keys that were replaced count no more. Raises ConfigError, CommandError."""
    keys = KeyFiles(fleet.keys)
    names, signer = replace(keys.names(), former={}), keys.signer()
    tokens = {names.homes: homes_token(signer.signing, names, {}, now)}
    _write(_configurations(fleet, tokens) | _public(fleet, names))
    return names


def replace_signing_key(fleet: FleetConfiguration, offline: Path, now: int) -> AccountNames:
    """A new key that signs the accounts; nats-server has to be restarted. Raises ConfigError, CommandError."""
    keys = KeyFiles(fleet.keys)
    operator, names, key = KeyFiles(offline).key("operator", "operator"), keys.names(), new_key("operator")
    if operator.public != names.operator:
        raise CommandError(f"{offline / 'operator.nk'} is the key of another fleet's operator.")
    changed = replace(names, operator_signing=key.public)
    issued = max(now, _newest_token(fleet.folder / "accounts") + 1)  # of two, nats-server keeps the later one
    tokens = {
        names.homes: homes_token(key, changed, {}, issued),
        names.system: system_token(key, changed, issued),
        "operator": operator_token(operator, changed, now),
    }
    _write(_configurations(fleet, tokens) | {keys.file("revoke"): key.seed + "\n"} | _public(fleet, changed))
    return changed


def replace_certificates(fleet: FleetConfiguration, offline: Path, now: datetime.datetime) -> list[Path]:
    """New certificates for the same names, of the same authority; the files. Raises CommandError."""
    folder = fleet.folder / "tls"
    try:
        authority = FleetAuthority.read(
            (folder / "authority.pem").read_bytes(), (offline / "authority.key").read_bytes()
        )
        files: dict[Path, str] = {}
        for file in sorted(path for path in folder.iterdir() if CHAIN.fullmatch(path.name)):
            chain, key = authority.issue(authority.names_in(file.read_bytes()), now)
            files |= {file: chain, file.with_suffix(".key"): key}
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}. Nothing was changed.") from None
    if not files:
        raise CommandError(f"There are no certificates of the fleet's own in {folder}.")
    _write(files)
    return sorted(files)


# --- inside -----------------------------------------------------------------------------------------


def _without(keys: Mapping[Role, str], role: Role) -> dict[Role, str]:
    return {name: key for name, key in keys.items() if name != role}


def _newest_token(folder: Path) -> int:
    """When the newest of the tokens that nats-server has kept was issued (Unix s); 0 = it has kept none here."""
    newest = 0
    for file in folder.rglob("*.jwt"):
        with contextlib.suppress(OSError, UnicodeDecodeError, TokenError):
            newest = max(newest, read_token(file.read_text("ascii").strip(), "account").issued)
    return newest


def _public(fleet: FleetConfiguration, names: AccountNames) -> dict[Path, str]:
    return {fleet.keys / PUBLIC: msgspec.json.format(msgspec.json.encode(names)).decode() + "\n"}


def _configurations(fleet: FleetConfiguration, tokens: Mapping[str, str]) -> dict[Path, str]:
    """The files of nats-server with other tokens; ``operator`` is the operator's own."""
    files = {}
    for file in sorted(fleet.folder.glob("nats-server*.conf")):
        text = file.read_text("utf-8")
        for subject, token in tokens.items():
            text, count = re.subn(rf'^(\s*{subject}:) "[^"]*"$', rf'\1 "{token}"', text, flags=re.MULTILINE)
            if count != 1:
                raise ConfigError(f'{file} has no line `{subject}: "…"` as `unclouded fleet init` wrote it.')
        files[file] = text
    return files


def _write(files: Mapping[Path, str]) -> None:
    """All of them beside their places first, then each in its place, with the owner of the old one.

    Raises CommandError.
    """
    try:
        fresh = {file: file.with_name(f".{file.name}.new") for file in files}
        for file, text in files.items():
            fresh[file].unlink(missing_ok=True)
            with os.fdopen(os.open(fresh[file], os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as opened:
                opened.write(text)
            old = file.stat()
            if os.geteuid() == 0:
                os.chown(fresh[file], old.st_uid, old.st_gid)
            fresh[file].chmod(old.st_mode & 0o777)
        for file, beside in fresh.items():
            beside.replace(file)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}. Run it as the owner of the fleet's folder.") from None
