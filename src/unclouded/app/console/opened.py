"""A console of a hub's device, or on a link, opened for a while."""

import contextlib
from collections.abc import AsyncIterator

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import wait_until_connected
from unclouded.app.configuration.config import Config
from unclouded.app.console.connection import ConsoleConnection, ConsoleListener
from unclouded.app.console.direct_console import DirectConsole
from unclouded.app.console.hub_console import HubConsole


@contextlib.asynccontextmanager
async def opened_console(
    config: Config | None, device: str, link: str, listener: ConsoleListener, ready_s: float | None = None
) -> AsyncIterator[ConsoleConnection]:
    """The console of ``device`` of a hub; where that is "", the one on ``link``. What happens goes to ``listener``.

    ``ready_s``: wait so long until commands can run; None = do not wait, and read values for a status line.
    Raises CommandError, ConfigError and LinkError.
    """
    if config is None or not device:
        async with DirectConsole(link, listener, polls=ready_s is None) as direct:
            if ready_s is not None:
                await direct.wait_until_ready(ready_s)
            yield direct
        return
    with any_hub(config, [device]) as hub:
        if ready_s is not None:
            wait_until_connected(hub, device)
        console = HubConsole(hub, device, listener)
        console.start()
        yield console
