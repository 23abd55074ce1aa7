"""The tokens of hubs and of the fleet's own processes. Source: docs/protocols/fleet.md §10"""

import msgspec

from unclouded.core.security.nkeys import KeyTextError, NKey, read_public
from unclouded.fleet.keys.roles import Role, is_hub_id
from unclouded.fleet.keys.tokens import Claims, TokenError, read_token, sign_claims

DAY_S = 86_400
HUB_LIFE_S = 90 * DAY_S
FLEET_LIFE_S = 7 * DAY_S  # made again at each start, and at half of it


class Credentials(msgspec.Struct, frozen=True):
    """What a client of NATS needs: its token and its key pair."""

    token: str
    key: NKey


class TokenIssuer:
    """Signs tokens with the two scoped signing keys of the account: what `unclouded fleet serve` holds.

    Whoever steals a key can make tokens of that role, and of nothing else.
    """

    def __init__(self, homes: str, hub_role: NKey, fleet_role: NKey) -> None:
        """``homes``: public key of the account."""
        self.homes = homes
        self._keys: dict[Role, NKey] = {"hub": hub_role, "fleet": fleet_role}

    def hub_token(self, hub: str, public_key: str, now: int, life_s: int = HUB_LIFE_S) -> str:
        """The token of a hub for its public key. Raises TokenError for an id or key that is none."""
        if not is_hub_id(hub):
            raise TokenError("this is not an id of a hub")
        return self._token("hub", hub, public_key, now, life_s)

    def fleet_token(self, name: str, public_key: str, now: int, life_s: int = FLEET_LIFE_S) -> str:
        """The token of one of the fleet's processes."""
        return self._token("fleet", name, public_key, now, life_s)

    def read_hub_token(self, text: str, now: int) -> Claims:
        """The claims of a token that this issuer made for a hub. Raises TokenError."""
        claims = read_token(text, "user")
        if claims.issuer != self._keys["hub"].public or claims.nats.get("issuer_account") != self.homes:
            raise TokenError("it is not a token of a hub of this fleet")
        if claims.expires <= now:
            raise TokenError("it has expired")
        return claims

    def _token(self, role: Role, name: str, public_key: str, now: int, life_s: int) -> str:
        try:
            read_public(public_key, "user")
        except KeyTextError as error:
            raise TokenError(f"the public key is invalid: {error.reason}") from None
        return sign_claims(
            "user", public_key, name, {"issuer_account": self.homes}, self._keys[role], now, now + life_s
        )
