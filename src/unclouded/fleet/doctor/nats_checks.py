"""NATS as hubs and the fleet reach it: version, encryption, logins, the list of revoked keys."""

import asyncio
import datetime
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

from unclouded.core.errors import ConfigError, LinkError
from unclouded.core.finding import Finding, not_checked, ok, problem, warning
from unclouded.core.security.certificate_facts import certificate_facts
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseError
from unclouded.fleet.doctor.base_checks import BaseUnreachable, base_facts
from unclouded.fleet.doctor.context import FleetDoctorContext
from unclouded.fleet.doctor.nats_probe import NatsFacts, address_of, probe
from unclouded.fleet.enrolment.nats_request import nats_request, system_client
from unclouded.fleet.enrolment.revoking import AccountUpdate, revocations_of
from unclouded.fleet.folder.key_files import new_key
from unclouded.fleet.keys.issuer import Credentials
from unclouded.fleet.keys.roles import LARGEST_PAYLOAD
from unclouded.fleet.nats_server.versions import SAFE, holes_of, read_version
from unclouded.web.access.hosts import is_loopback

SOON = datetime.timedelta(days=30)
MANY_REVOKED = 10_000  # keys: about a megabyte that each node reads
TOKEN_S = 60
UPDATE = f"Install {SAFE}: Debian 12 and 13 have older ones; packages are at nats.io/download."


def servers(context: FleetDoctorContext) -> Iterator[Finding]:
    """Each nats-server, at the addresses for hubs and at those for the fleet."""
    for url in dict.fromkeys((*context.fleet.servers, *context.fleet.connect)):
        try:
            facts = probe(url, context.fleet.nats_authority)
        except LinkError as error:
            yield problem(
                url, str(error).rstrip("."), "Start nats-server, open the port in the firewall, or correct [nats]."
            )
            continue
        yield from judged_server(
            url, facts, context.now, any(not is_loopback(address_of(one)[0]) for one in context.fleet.servers)
        )


def judged_server(url: str, facts: NatsFacts, now: datetime.datetime, is_public: bool) -> Iterator[Finding]:
    """What it says. ``is_public``: hubs reach NATS from other computers."""
    yield from judged_version(url, facts.version, is_public)
    yield from _encryption(url, facts, now, is_public)
    if not facts.auth_required:
        yield problem(url, "it accepts connections without a token", "Start it with the fleet's nats-server.conf.")
    if facts.jetstream:
        yield warning(url, "JetStream is on, which a fleet does not use", "Remove `jetstream` from its configuration.")
    if facts.max_payload != LARGEST_PAYLOAD:
        text = f"it takes messages of {facts.max_payload} bytes instead of {LARGEST_PAYLOAD}"
        yield warning(url, text, f"Set max_payload: {LARGEST_PAYLOAD} in its configuration.")


def judged_version(url: str, version: str, is_public: bool) -> Iterator[Finding]:
    """Known holes: a problem where others reach it."""
    known = read_version(version)
    if known is None:
        yield not_checked(url, f"its version {version!r} is unknown", UPDATE)
        return
    holes = holes_of(known)
    if not holes:
        yield ok(url, f"nats-server {version} answers")
    for hole in holes:
        text = f"nats-server {version} has a known vulnerability ({hole})"
        yield (
            problem(url, text, UPDATE) if is_public else warning(url, f"{text}; only this computer reaches it", UPDATE)
        )


def login(context: FleetDoctorContext) -> Iterator[Finding]:
    """Does it take a token that the fleet makes?"""
    try:
        issuer = context.keys.issuer()
    except ConfigError:
        yield not_checked("login at NATS", "the keys are not in order")
        return
    key = new_key("user")
    credentials = Credentials(issuer.fleet_token("doctor", key.public, int(time.time()), TOKEN_S), key)
    try:
        asyncio.run(_log_in(context, credentials))
    except LinkError as error:
        advice = (
            "Start it with the nats-server.conf of this folder; if its accounts are of another fleet, empty `accounts`."
        )
        yield problem("login at NATS", str(error).rstrip("."), advice)
    else:
        yield ok("login at NATS", "it takes the tokens of this fleet")


def revocations(context: FleetDoctorContext) -> Iterator[Finding]:
    """Is the list of revoked keys in NATS that of the database, and how large is it?"""
    if not context.keys.can_revoke():
        yield not_checked("revoked keys", "the keys to look at the list are not here")
        return
    try:
        there, wanted = asyncio.run(_revocations(context))
    except (LinkError, BaseError, BaseUnreachable, ConfigError) as error:
        yield not_checked("revoked keys", str(error).rstrip("."))
        return
    missing = wanted - there
    if missing:
        text = f"{len(missing)} revoked keys are not in the list of NATS: their hubs can still connect"
        yield problem("revoked keys", text, "Start `unclouded fleet serve`, which sends NATS the list each minute.")
    elif len(there) > MANY_REVOKED:
        text = f"{len(there)} keys are in the list, which each node reads at each change"
        yield warning("revoked keys", text, "It shrinks by itself: keys leave it 90 days after their revocation.")
    else:
        yield ok("revoked keys", f"{len(there)} are in the list of NATS, and none is missing")


# --- inside -----------------------------------------------------------------------------------------


def _encryption(url: str, facts: NatsFacts, now: datetime.datetime, is_public: bool) -> Iterator[Finding]:
    if facts.tls_error:
        advice = (
            "Correct `servers`, `connect` or `authority_file` of [nats], or make another certificate (docs/fleet.md)."
        )
        yield problem(url, f"its certificate is not accepted: {facts.tls_error}", advice)
    elif not facts.tls_required:
        text = "it does not require TLS"
        advice = "Add `tls` to its configuration, as `unclouded fleet init --host` writes it."
        yield problem(url, text, advice) if is_public else ok(url, f"{text}; only this computer reaches it")
    else:
        ends = certificate_facts(facts.certificate).ends
        text = f"its certificate is valid until {ends:%Y-%m-%d}"
        advice = "Make another one (docs/fleet.md), and restart nats-server."
        yield warning(url, text, advice) if ends - now < SOON else ok(url, text)


async def _log_in(context: FleetDoctorContext, credentials: Credentials) -> None:
    async with system_client(context.fleet.connect, credentials, context.fleet.nats_authority):
        pass


async def _revocations(context: FleetDoctorContext) -> tuple[set[str], set[str]]:
    """Keys in the list of NATS, and those that the database wants in it."""
    fleet, signer = context.fleet, context.keys.signer()
    async with AsyncExitStack() as stack:
        bases = {}
        for table in fleet.tables.base:
            dsn = fleet.dsn_of(table.shard)
            await base_facts(dsn)  # says at once why it cannot be reached
            bases[table.shard] = await stack.enter_async_context(FleetBase(dsn, 1))
        register = FleetBases(bases).register
        known = await register.known_keys()
        async with system_client(fleet.connect, context.keys.system_user(), fleet.nats_authority) as client:
            there = revocations_of(await AccountUpdate(register, signer, nats_request(client)).current())
    wanted = signer.kept({one.public_key: int(one.at) + 1 for one in known.keys}, int(context.now.timestamp()))
    return set(there), set(wanted)
