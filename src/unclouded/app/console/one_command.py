"""One command on a console, from its line to its outcome."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.access.hub_client import HubClient, wait_until_connected
from unclouded.app.console.connection import ConsoleListener
from unclouded.app.console.direct_console import DirectConsole
from unclouded.app.console.hub_console import run_action
from unclouded.app.console.target import check_console
from unclouded.app.console.typed_command import CheckedCommand
from unclouded.core.model import Outcome
from unclouded.core.sessions.session import WireAction

OutcomeLine = Mapping[str, Any]  # Any: JSON, as the hub's last line of an action


def run_on_hub(hub: HubClient, device: str, command: CheckedCommand) -> OutcomeLine:
    """Run it on a device of a hub. Raises CommandError and LinkError."""
    check_console(hub, device)
    wait_until_connected(hub, device)
    return run_action(hub, device, command.action)


def run_on_link(
    link: str, command: CheckedCommand, timeout_s: float, listener: ConsoleListener, base: Path | None = None
) -> OutcomeLine:
    """Run it on a link of this process. Raises ConfigError, LinkError and CommandError."""

    async def run() -> OutcomeLine:
        async with DirectConsole(link, listener, base) as console:
            await console.wait_until_ready(timeout_s)
            return outcome_line(link, command.action, await console.run(command.action))

    return asyncio.run(run())


def outcome_line(name: str, action: WireAction, outcome: Outcome) -> OutcomeLine:
    """The outcome of an action as the hub's API reports it. ``name``: of the device, or the link."""
    fields = msgspec.to_builtins(outcome)
    return {"device": name, "action": action.name, "outcome": fields.pop("result"), **fields}
