"""The hub in a fleet, as a publisher beside it: sends windows, carries out commands, answers questions.

    store ──► outbox ──► session (uplink/session.py) ──► driver ──► NATS ──► fleet
    hub ────► state, outcomes ──┘       commands, questions ◄───────────────┘

It begins again with each change of [fleet] or of a device's ``fleet``. Source: docs/protocols/fleet.md
"""

import asyncio
import logging

from unclouded.app.publishing.registry import PublisherContext
from unclouded.app.uplink.fleet_http import FleetRevoked
from unclouded.app.uplink.membership import MembershipFiles
from unclouded.app.uplink.running import THINGS, UplinkContext, UplinkRun
from unclouded.core.errors import ConfigError
from unclouded.core.publisher import PublisherState, PublisherStatus
from unclouded.uplink.outputs import Refuse

log = logging.getLogger("unclouded.uplink")


def make(context: PublisherContext) -> "FleetUplink":
    """The uplink of a configuration. Raises ConfigError where the home has not joined."""
    return FleetUplink(context)


class FleetUplink:
    """See the module's docstring."""

    def __init__(self, context: PublisherContext) -> None:
        table, parts = context.config.tables.fleet, context.parts
        if table is None or parts is None:
            raise ConfigError("This hub has not joined a fleet.")
        self._notify = context.notify
        files = MembershipFiles(context.config.state)
        files.load(), files.key()  # what is missing is said now
        self._context = UplinkContext(
            context.config, table, context.hub, parts, files, context.wall, self._note_refusal
        )
        self._refused = ""
        self._revoked = ""
        self._running: UplinkRun | None = None

    async def run(self) -> None:
        """core.publisher.Publisher"""
        self._running = UplinkRun(self._context)
        try:
            await self._running.run()
        except FleetRevoked as error:
            self._revoked = str(error)
            log.warning("Fleet: %s", error)
            self._notify(f"Fleet: {error}")
        finally:
            self._running = None
        await asyncio.Event().wait()  # until [fleet] is changed, or the hub ends

    def status(self) -> PublisherStatus:
        """core.publisher.Publisher"""
        run = self._running
        if self._revoked:
            return PublisherStatus(state="failed", text=self._revoked)
        if run is None:
            return PublisherStatus(state="starting", text="It starts.")
        text = " ".join(one for one in (run.text(), self._refused) if one)
        waits: PublisherState = "starting" if run.link.client.state.state == "connecting" else "waiting"
        return PublisherStatus(state="running" if run.link.is_up else waits, text=text, counts=run.counts())

    def _note_refusal(self, refused: Refuse) -> None:
        """An event, once for each reason."""
        text = f"The fleet cannot read {THINGS.get(refused.level, refused.level)} of this hub: {refused.reason}"
        if text != self._refused:
            self._refused = text
            self._notify(f"Fleet: {text}")
