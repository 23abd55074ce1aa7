"""Joining a fleet, and leaving it. Source: docs/protocols/fleet.md §10

join   key made ─► code and proof ─► id, token, servers kept ─► [fleet] written: a running hub begins to send
leave  [fleet] removed: nothing more is sent ─► key revoked at the fleet ─► key and token deleted
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from unclouded import VERSION
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.fleet import FleetTable
from unclouded.app.uplink.fleet_http import FleetHttp
from unclouded.app.uplink.membership import HUB_ID, Membership, MembershipFiles
from unclouded.core.errors import CommandError, ConfigError, LinkError
from unclouded.core.views.configuration import HubEdit, ReloadView
from unclouded.links.nats.connection import nats_server
from unclouded.uplink.joining import Invitation, InvitationError, read_invitation, signed_leave, signed_request

LONGEST_AUTHORITY = 64 * 1024  # bytes of a file with certificates
TABLE = "fleet"

Change = Callable[[HubEdit], ReloadView]  # of the configuration, through the hub that runs with it or in its file


class FleetJoined(msgspec.Struct, frozen=True, kw_only=True):
    """A home that has joined. ``table``: what leaves it. ``running``: a hub took it over at once."""

    hub: str
    organisation: str
    url: str
    servers: tuple[str, ...]
    table: FleetTable
    running: bool


class FleetLeft(msgspec.Struct, frozen=True, kw_only=True):
    """A home that has left. ``problem``: why the fleet does not know it yet, "" = it does."""

    url: str
    hub: str
    problem: str = ""


def join(
    config: Config,
    change: Change,
    text: str,
    url: str = "",
    ca: Path | None = None,
    name: str = "",
    keys: Mapping[str, Any] | None = None,  # Any: TOML values
) -> FleetJoined:
    """``text``: an invitation, or a code with ``url``. ``name``: of the home, for the fleet.

    ``keys``: of [fleet], beside the url. Raises CommandError, ConfigError, LinkError.
    """
    files = MembershipFiles(config.state)
    if files.is_there and config.tables.fleet is not None:
        known = files.load()
        raise CommandError(
            f"This hub has joined {known.organisation or 'a fleet'} at {known.url} already. Leave it first: "
            "unclouded leave"
        )
    try:
        invitation = read_invitation(text, url)
    except InvitationError as error:
        raise CommandError(f"This is not an invitation: {error}.") from None
    table = _table(invitation.url, keys or {})
    membership = _enrolled(files, invitation, ca, name)
    files.save(membership)
    done = change(HubEdit(table=TABLE, keys=_written(table)))
    return FleetJoined(
        hub=membership.hub,
        organisation=membership.organisation,
        url=membership.url,
        servers=membership.servers,
        table=table,
        running=done.running,
    )


def leave(config: Config, change: Change) -> FleetLeft:
    """Raises CommandError where the home is in no fleet; ConfigError, StoreError where its files cannot be written."""
    files = MembershipFiles(config.state)
    if not files.is_there and config.tables.fleet is None:
        raise CommandError("This hub has not joined a fleet.")
    if config.tables.fleet is not None:
        change(HubEdit(table=TABLE))
    problem = _revoked(files)
    known = files.load() if files.is_there else None
    files.delete()
    url = known.url if known is not None else config.tables.fleet.url if config.tables.fleet is not None else ""
    return FleetLeft(url=url, hub=known.hub if known is not None else "", problem=problem)


# --- inside -------------------------------------------------------------------------------------------


def _table(url: str, keys: Mapping[str, Any]) -> FleetTable:
    try:
        return msgspec.convert({"url": url, **keys}, FleetTable)
    except msgspec.ValidationError as error:
        raise CommandError(f"{error}.") from None


def _written(table: FleetTable) -> dict[str, Any]:
    """All that a person may want to change stands in the file; the rest only where it is not the default."""
    shown = ("url", "level", "names", "events", "questions", "control")
    return {key: getattr(table, key) for key in FleetTable.__struct_fields__ if key in shown}


def _enrolled(files: MembershipFiles, invitation: Invitation, ca: Path | None, name: str) -> Membership:
    authority = _authority(ca) if ca is not None else ""
    if invitation.fingerprint and not authority:
        authority = FleetHttp(invitation.url).authority_of(invitation.fingerprint)
    key = files.made_key()
    answer = FleetHttp(invitation.url, authority).enrol(signed_request(invitation, key, name, version=VERSION))
    if not HUB_ID.fullmatch(answer.hub) or not answer.servers:
        raise LinkError(f"{invitation.url} gives an id or servers that cannot be used.")
    for server in answer.servers:
        nats_server(server)
    now = time.time()
    if answer.expires <= now:
        raise CommandError("The token of the fleet has expired by the clock of this computer. Set the clock.")
    return Membership(
        url=invitation.url,
        hub=answer.hub,
        token=answer.token,
        issued=now,
        expires=answer.expires,
        shard=answer.shard,
        servers=answer.servers,
        authority=answer.authority or authority,
        organisation=answer.organisation,
        joined=now,
    )


def _authority(file: Path) -> str:
    try:
        return file.read_bytes()[:LONGEST_AUTHORITY].decode("ascii")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not PEM"
        raise ConfigError(f"{file} cannot be read: {why}.") from None


def _revoked(files: MembershipFiles) -> str:
    """Have the key revoked; why that failed, "" = it did not."""
    try:
        known, key = files.load(), files.key()
        FleetHttp(known.url, known.authority).leave(signed_leave(known.hub, key, int(time.time())))
    except (ConfigError, LinkError, CommandError) as error:
        return str(error)
    return ""
