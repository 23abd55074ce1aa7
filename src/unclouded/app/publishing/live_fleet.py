"""How the API reaches the uplink to a fleet, which comes and goes with the configuration (web's UplinkSource)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from unclouded.app.configuration.config import Config
from unclouded.app.publishing.service import Publishing
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.times import iso
from unclouded.core.views.configuration import HubEdit, ReloadView
from unclouded.core.views.uplink import UplinkView

NAME = "fleet"


class LiveFleet:
    """``config``: the configuration that counts. ``change``: changes a table of it, also in its file."""

    def __init__(
        self,
        publishing: Publishing,
        config: Callable[[], Config],
        change: Callable[[HubEdit], Awaitable[ReloadView]],
    ) -> None:
        self._change = change
        self._publishing = publishing
        self._config = config

    async def view(self) -> UplinkView:
        """Whether the hub is in a fleet, and what it sends."""
        config = self._config()
        if config.tables.fleet is None:
            return UplinkView(joined=False)
        from unclouded.app.uplink.membership import MembershipFiles

        files = MembershipFiles(config.state)
        known = await asyncio.to_thread(files.load) if files.is_there else None
        found = next((one for one in self._publishing.views() if one["name"] == NAME), {})
        counts = found.get("counts", {})
        assert isinstance(counts, Mapping)
        return UplinkView(
            joined=known is not None,
            url=known.url if known else config.tables.fleet.url,
            organisation=known.organisation if known else "",
            hub=known.hub if known else "",
            since=iso(known.joined) if known else None,
            expires=iso(known.expires) if known else None,
            text=str(found.get("text", "")),
            sent=counts.get("messages", 0),
            bytes=counts.get("bytes", 0),
            behind=counts.get("behind", 0),
        )

    async def join(self, code: str, url: str, name: str) -> UplinkView:
        """Join with a code; what leaves is what [fleet] has without more. Raises CommandError, ConfigError."""
        from unclouded.app.uplink.joining import join

        config = self._config()
        try:
            await asyncio.to_thread(join, config, self._changer(), code, url, None, name)
        except LinkError as error:
            raise CommandError(str(error)) from None
        return await self.view()

    async def leave(self) -> UplinkView:
        """Leave the fleet. Raises CommandError, ConfigError, StoreError."""
        from unclouded.app.uplink.joining import leave

        config = self._config()
        left = await asyncio.to_thread(leave, config, self._changer())
        return UplinkView(joined=False, url=left.url, hub=left.hub, problem=left.problem)

    def _changer(self) -> Callable[[HubEdit], ReloadView]:
        """For a thread."""
        loop = asyncio.get_running_loop()

        async def change(edit: HubEdit) -> ReloadView:
            return await self._change(edit)

        return lambda edit: asyncio.run_coroutine_threadsafe(change(edit), loop).result()
