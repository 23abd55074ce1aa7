"""One command on a console, from its line to its outcome."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.console.direct_console import DirectConsole
from unclouded.app.console.target import check_console
from unclouded.app.console.typed_command import CheckedCommand
from unclouded.app.hub_client import HubClient, device_path, wait_until_connected
from unclouded.core.errors import LinkError
from unclouded.core.session import Logged

OutcomeLine = dict[str, Any]  # Any: JSON, as the hub's last line of an action


def run_on_hub(hub: HubClient, device: str, command: CheckedCommand) -> OutcomeLine:
    """Run it on a device of a hub. Raises CommandError and LinkError."""
    check_console(hub, device)
    wait_until_connected(hub, device)
    action = command.action
    body = {"action": action.name, "args": dict(action.args), "confirmed": True, "origin": "cli"}
    end = next((line for line in hub.lines(device_path(device, "do"), body) if "outcome" in line), None)
    if end is None:
        raise LinkError(f"The hub ended before {command.line} was done. Start the hub and try again.")
    return dict(end)


def run_on_link(
    link: str, command: CheckedCommand, timeout_s: float, on_log: Callable[[Logged], None], base: Path | None = None
) -> OutcomeLine:
    """Run it on a link of this process. Raises ConfigError, LinkError and CommandError."""

    async def run() -> OutcomeLine:
        async with DirectConsole(link, on_log, base) as console:
            await console.wait_until_ready(timeout_s)
            outcome = await console.run(command.action)
        fields = msgspec.to_builtins(outcome)
        return {"device": link, "action": command.action.name, "outcome": fields.pop("result"), **fields}

    return asyncio.run(run())
