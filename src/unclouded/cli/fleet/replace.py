"""`fleet replace`: other keys and certificates."""

import asyncio
import datetime
import time
from pathlib import Path

import click

from unclouded.cli.fleet.access import fleet_bases, fleet_option, operator_name
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError, LinkError
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.configuration import FleetConfiguration, find_fleet
from unclouded.fleet.enrolment.service import push_revocations
from unclouded.fleet.folder.replacing import (
    drop_former_keys,
    replace_certificates,
    replace_role_key,
    replace_signing_key,
)

WHAT = ("hub", "fleet", "former", "revoke", "certificates")
RESTART_FLEET = "Restart each `unclouded fleet serve` (systemctl restart unclouded-fleet) with this folder."
NEXT = {
    "hub": RESTART_FLEET,
    "fleet": RESTART_FLEET,
    "former": "Tokens of former keys are refused from now on.",
    "revoke": f"Restart nats-server with the new file. {RESTART_FLEET}",
    "certificates": f"Restart nats-server. {RESTART_FLEET}",
}


@click.command("replace")
@click.argument("what", type=click.Choice(WHAT))
@click.option("--now", "at_once", is_flag=True, help="Refuse tokens of the old key at once, as when it was stolen.")
@click.option("--offline", type=click.Path(exists=True, file_okay=False), help="The folder that was taken away.")
@fleet_option
@json_option
def command(what: str, at_once: bool, offline: str | None, folder: str | None, as_json: bool) -> None:
    """Replace a key or the certificates. WHAT is one of these:

    hub, fleet: the key that signs tokens of hubs, or of the fleet's own processes. Tokens of the old key are valid
    until `replace former`; with --now they are refused at once, and hubs get new ones over HTTPS within minutes.

    former: refuse tokens of former keys. 45 days after a replacement, all hubs that are connected have new ones.

    revoke: the key that signs revocations. certificates: of NATS and the page. Both need --offline.
    """
    fleet = find_fleet(folder)
    if (what in ("revoke", "certificates")) != (offline is not None):
        raise CommandError("--offline DIR is needed for `revoke` and `certificates`, and for nothing else.")
    if at_once and what not in ("hub", "fleet"):
        raise CommandError("--now is for `hub` and `fleet` only.")
    _replace(fleet, what, Path(offline or ""), at_once)
    problem = "" if what in ("revoke", "certificates") else asyncio.run(_push(fleet, what))
    if as_json:
        print_json({"replaced": what, "problem": problem, "next": NEXT[what]})
        return
    print_text(f"Done: {what}. {NEXT[what]}")
    if problem:
        print_text(f"{problem} `fleet serve` sends it to NATS within a minute of its start.", err=True)


def _replace(fleet: FleetConfiguration, what: str, offline: Path, at_once: bool) -> None:
    now = int(time.time())
    if what in ("hub", "fleet"):
        replace_role_key(fleet, "hub" if what == "hub" else "fleet", not at_once, now)
    elif what == "former":
        drop_former_keys(fleet, now)
    elif what == "revoke":
        replace_signing_key(fleet, offline, now)
    else:
        replace_certificates(fleet, offline, datetime.datetime.now(datetime.UTC))


async def _push(fleet: FleetConfiguration, what: str) -> str:
    """Hand NATS the new token of the account; why that was not possible."""
    async with fleet_bases(fleet) as base:
        now = time.time()
        await base.audit.note(operator_name(), "key.replace", what, now)
        try:
            await push_revocations(fleet, base, now)
        except (LinkError, BaseUnavailable) as error:
            return str(error)
    return ""
