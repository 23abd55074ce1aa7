"""`fleet do`: the actions of a device, asked of its hub."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click
import msgspec

from unclouded.cli.fleet.access import find_home, fleet_option, operator_name, with_base
from unclouded.cli.options import json_option, named_arguments
from unclouded.cli.output.hub.action_lines import follow_action
from unclouded.cli.output.lines import outcome_code, print_json, print_text
from unclouded.core.errors import CommandError, LinkError
from unclouded.fleet.asking import ask_hub
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.calls.questions import HubAnswer
from unclouded.fleet.configuration import find_fleet


@click.command("do")
@click.argument("hub")
@click.argument("device")
@click.argument("action", required=False)
@click.argument("args", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--yes", is_flag=True, help="Confirm an action that can do damage.")
@fleet_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    hub: str,
    device: str,
    action: str | None,
    args: tuple[str, ...],
    yes: bool,
    folder: str | None,
    as_json: bool,
) -> None:
    """List the actions of DEVICE in the home of HUB, or run one: `fleet do HUB meter reset_radio --yes`.

    The hub must be connected now. It carries the action out only where [fleet] allows questions and control.
    """

    async def find(base: FleetBases) -> str:
        home = await find_home(base, hub)
        if action is not None:
            about = {"device": device, "action": action}
            await base.audit.note(operator_name(), "home.do", home.hub, time.time(), home.organisation, about)
        return home.hub

    home, path = with_base(folder, find), f"/api/devices/{quote(device, safe='')}"
    if action is None:
        _list(_json(asyncio.run(ask_hub(find_fleet(folder), home, "GET", path)))["actions"], device, as_json)
        return
    body = {"action": action, "args": named_arguments(args), "confirmed": yes, "origin": "fleet"}
    asking = ask_hub(find_fleet(folder), home, "POST", f"{path}/do", msgspec.json.encode(body), "application/json")
    end = follow_action(_lines(asyncio.run(asking)), f"{device} {action}", as_json)
    ctx.exit(outcome_code(end))


def _list(actions: list[dict[str, Any]], device: str, as_json: bool) -> None:  # Any: the API's JSON
    if not actions and not as_json:
        print_text(f"{device} has no actions.")
    for one in actions:
        if as_json:
            print_json(one)
        else:
            print_text(f"{one['name']:<20} {one['words']}" + (f"  Danger: {one['danger']}" if one["danger"] else ""))


def _lines(answer: HubAnswer) -> Iterator[Any]:
    _check(answer)
    for line in answer.body.splitlines():
        yield _decoded(line)


def _json(answer: HubAnswer) -> Any:
    _check(answer)
    return _decoded(answer.body)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError):
        raise LinkError("The answer of the hub is not JSON.") from None


def _check(answer: HubAnswer) -> None:
    """Raises CommandError with what the hub says."""
    if answer.status >= 400:
        problem = _decoded(answer.body)
        detail = problem.get("detail") if isinstance(problem, dict) else None
        raise CommandError(f"The hub refuses it: {detail or answer.status}")
