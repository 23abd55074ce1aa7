"""Files of a fleet: keys, who may read them, certificates."""

import datetime
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from unclouded.core.errors import ConfigError
from unclouded.core.finding import Finding, not_checked, ok, problem, warning
from unclouded.core.security.certificate_facts import certificate_facts
from unclouded.fleet.configuration import FILE
from unclouded.fleet.doctor.context import FleetDoctorContext

SOON = datetime.timedelta(days=30)
OTHERS = stat.S_IRWXG | stat.S_IRWXO
RENEW = "Make another one (docs/fleet.md), and restart nats-server and the fleet."


def key_files(context: FleetDoctorContext) -> Iterator[Finding]:
    """Are the keys there, do they belong together, and does their owner alone read them?"""
    try:
        context.keys.issuer()
        yield ok("keys", "the signing keys for hubs and for the fleet belong to the account")
    except ConfigError as error:
        yield problem("keys", str(error).rstrip("."), "Put back the folder `keys` from its backup.")
    if context.keys.can_revoke():
        try:
            context.keys.signer()
            context.keys.system_user()
            yield ok("keys", "the key that signs revocations is the operator's")
        except ConfigError as error:
            yield problem("keys", str(error).rstrip("."), "Put back the folder `keys` from its backup.")
    else:
        text = "the keys to revoke hubs are not here, so that the page cannot disconnect a hub"
        yield warning("keys", text, "Run `unclouded fleet revoke` where they are, or put them back.")
    yield from _readable_by_others(context)


def offline_keys(context: FleetDoctorContext) -> Iterator[Finding]:
    """Were the operator's keys taken away?"""
    folder = context.fleet.folder / "offline"
    if folder.is_dir() and any(folder.iterdir()):
        text = f"{folder} still holds the keys of the operator and the accounts"
        yield warning("offline keys", text, "Move it to a medium that is kept offline, in two copies.")
    else:
        yield ok("offline keys", "they are not on this computer")


def certificates(context: FleetDoctorContext) -> Iterator[Finding]:
    """Certificates in files: of the page, and of NATS where it has its own."""
    fleet, web = context.fleet, context.fleet.tables.web
    host = urlsplit(web.url).hostname or ""
    if web.certificate_file:
        authority = fleet.path(web.authority_file) if web.authority_file else None
        yield from certificate(context, "certificate of the page", fleet.path(web.certificate_file), authority, host)
    elif urlsplit(web.url).scheme == "https" and not web.proxies:
        text = "[web] has no certificate, and no proxy that does TLS is named"
        yield problem("certificate of the page", text, "Set certificate_file and key_file, or proxies.")
    if fleet.tables.nats.authority_file:
        yield from certificate(context, "authority of NATS", fleet.path(fleet.tables.nats.authority_file), None, "")


def certificate(
    context: FleetDoctorContext, subject: str, file: Path, authority: Path | None, host: str
) -> Iterator[Finding]:
    """One file. ``host``: "" = whatever it is for."""
    try:
        facts = certificate_facts(file.read_bytes(), authority.read_bytes() if authority else None)
    except OSError as error:
        yield problem(subject, f"{error.filename} cannot be read: {error.strerror}", "Correct its name or permissions.")
        return
    except ValueError:
        yield problem(subject, f"{file} is not a certificate (PEM)", RENEW)
        return
    until = f"until {facts.ends:%Y-%m-%d}"
    if facts.ends <= context.now or facts.begins > context.now:
        yield problem(subject, f"{file} is valid {facts.begins:%Y-%m-%d} {until} only", f"Check the clock. {RENEW}")
    elif facts.ends - context.now < SOON:
        yield warning(subject, f"{file} is valid {until} only", RENEW)
    elif host and host not in facts.names and not any(_covers(name, host) for name in facts.names):
        yield problem(subject, f"{file} is for {', '.join(facts.names)}, not for {host}", RENEW)
    elif authority and not facts.is_signed_by:
        yield problem(subject, f"{file} is not signed by {authority}", RENEW)
    else:
        yield ok(subject, f"valid {until}")


# --- inside -----------------------------------------------------------------------------------------


def _covers(name: str, host: str) -> bool:
    return name.startswith("*.") and host.partition(".")[2] == name[2:]


def _readable_by_others(context: FleetDoctorContext) -> Iterator[Finding]:
    """fleet.toml may hold the password of a database."""
    folder = context.fleet.folder
    secret = [folder / FILE, *folder.glob("keys/*"), *folder.glob("offline/*"), *folder.glob("tls/*.key")]
    try:
        closed = {
            place for place in (folder, folder / "keys", folder / "offline", folder / "tls") if not _is_open(place)
        }
        found = [path for path in secret if _is_open(path) and not closed & {folder, path.parent}]
    except OSError as error:
        yield not_checked("permissions", f"{error.filename}: {error.strerror}", "Run it as the user of the fleet.")
        return
    for path in found:
        yield problem(str(path), "other users of this computer can read it", f"chmod 600 {path}")
    if not found:
        yield ok("permissions", "only their owner reads the keys")


def _is_open(path: Path) -> bool:
    return path.exists() and bool(os.stat(path).st_mode & OTHERS)  # noqa: PTH116
