"""The next token of a hub, which asks over its own connection. Source: docs/protocols/fleet.md §10"""

from typing import Protocol

from unclouded.fleet.base.views import HubEntry
from unclouded.fleet.keys.issuer import HUB_LIFE_S, TokenIssuer
from unclouded.uplink.messages import HubToken


class RenewalRegister(Protocol):
    """What it needs of the database: HubRegister has it."""

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry: ...


class HubRenewal:
    """Makes tokens for hubs that are in the register, with the key that stands there."""

    def __init__(self, register: RenewalRegister, issuer: TokenIssuer) -> None:
        self._register = register
        self._issuer = issuer

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        """``now``: Unix s. Raises BaseRefused where the hub is revoked or has another key, and BaseUnavailable."""
        entry = await self._register.renew(hub, public_key, now)
        token = self._issuer.hub_token(entry.id, entry.public_key, int(now))
        return HubToken(token, float(int(now) + HUB_LIFE_S))
