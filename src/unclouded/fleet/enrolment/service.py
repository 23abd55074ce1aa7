"""What `unclouded fleet serve` and the command line need of enrolment, made of the fleet's folder."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from unclouded.core.errors import ConfigError, LinkError
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.enrolment.enroller import Enroller, FleetPlace
from unclouded.fleet.enrolment.nats_request import nats_request, system_client
from unclouded.fleet.enrolment.revoking import AccountUpdate
from unclouded.fleet.folder.key_files import KeyFiles
from unclouded.fleet.keys.issuer import TokenIssuer

log = logging.getLogger("unclouded.fleet.enrolment")

AGAIN_S = 60.0  # s between two looks at whether NATS has the list of the database
NO_KEYS = "The keys for it (keys/revoke.nk, system.nk, system.jwt) are not on this computer: run it where they are."


def enroller_of(
    fleet: FleetConfiguration, base: FleetBases, issuer: TokenIssuer, revoked: Callable[[], None] = lambda: None
) -> Enroller:
    """Takes requests to join and to leave; to be called in the loop. ``revoked``: a key was. Raises ConfigError."""
    place = FleetPlace(fleet.servers, fleet.nats_authority, fleet.web_authority)
    return Enroller(base.register, issuer, place, time.time, asyncio.get_running_loop().time, revoked)


class PushedKeys(msgspec.Struct, frozen=True):
    """``count``: of keys that NATS refuses. ``missing``: why there may be more; "" = there are none."""

    count: int
    missing: str = ""


async def push_revocations(fleet: FleetConfiguration, base: FleetBases, now: float) -> PushedKeys:
    """Bring NATS to the list of revoked keys, and a restored database to what it forgot of it.

    Raises LinkError, BaseUnavailable, ConfigError.
    """
    keys = KeyFiles(fleet.keys)
    if not keys.can_revoke():
        raise LinkError(NO_KEYS)
    async with system_client(fleet.connect, keys.system_user(), fleet.nats_authority) as client:
        update = AccountUpdate(base.register, keys.signer(), nats_request(client))
        count = await update.push(now)
    if update.forgotten:  # or their hubs would be given new tokens
        await base.register.revoke_keys(update.forgotten)
        log.warning("Keys that only NATS still refused are revoked again in the database: %d.", len(update.forgotten))
    return PushedKeys(count, update.missing)


class RevocationKeeper:
    """Brings NATS to the list at once when something was revoked, and each minute otherwise."""

    def __init__(self, push: Callable[[], Awaitable[PushedKeys]]) -> None:
        self._push = push
        self._changed = asyncio.Event()
        self.revoked = 0
        self.problem = ""

    def changed(self) -> None:
        """A key was revoked."""
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._changed.clear()
            try:
                pushed = await self._push()
                self.revoked = pushed.count
                self._note("The list of revoked keys in NATS is not complete", pushed.missing)
            except (LinkError, BaseUnavailable, ConfigError) as error:
                self._note("The list of revoked keys was not sent to NATS", str(error))
            try:
                async with asyncio.timeout(AGAIN_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _note(self, what: str, problem: str) -> None:
        if problem and problem != self.problem:
            log.warning("%s: %s", what, problem)
        self.problem = problem
