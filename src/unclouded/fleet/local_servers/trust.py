"""Keys and tokens of a fleet that exists for a test or a demo: in memory, made from one seed."""

import hashlib
import time

from unclouded.core.security.nkeys import KeyKind, NKey
from unclouded.fleet.keys.accounts import (
    AccountNames,
    AccountSigner,
    Revocations,
    homes_token,
    operator_token,
    system_token,
    system_user_token,
)
from unclouded.fleet.keys.issuer import HUB_LIFE_S, Credentials, TokenIssuer
from unclouded.fleet.nats_server.configuration_file import NatsTrust


class PrivateTrust:
    """The operator, the accounts, the keys of the roles, and whoever gets a token of them."""

    def __init__(self, seed: str = "private") -> None:
        """``seed``: another one makes other keys."""
        self._seed = seed
        self.operator, self.signing = self._key("operator", "operator"), self._key("operator", "signing")
        self.homes, self.system = self._key("account", "homes"), self._key("account", "system")
        hub_role, fleet_role = self._key("account", "hub"), self._key("account", "fleet")
        self.names = AccountNames(
            operator=self.operator.public,
            operator_signing=self.signing.public,
            homes=self.homes.public,
            system=self.system.public,
            roles={"hub": hub_role.public, "fleet": fleet_role.public},
        )
        self.issuer = TokenIssuer(self.homes.public, hub_role, fleet_role)
        self.hub_role, self.fleet_role = hub_role, fleet_role
        self.signer = AccountSigner(self.signing, self.names, HUB_LIFE_S)

    def nats_trust(self, revocations: Revocations = {}) -> NatsTrust:  # noqa: B006  (is read only)
        """What a nats-server begins with."""
        now = int(time.time())
        accounts = {
            self.names.homes: homes_token(self.signing, self.names, revocations, now),
            self.names.system: system_token(self.signing, self.names, now),
        }
        return NatsTrust(operator_token(self.operator, self.names, now), self.names.system, accounts)

    def hub(self, hub: str, number: int = 0, life_s: int = HUB_LIFE_S) -> Credentials:
        """Those of a hub, by its id of 20 characters; ``number``: of its key."""
        key = self._key("user", f"{hub} {number}")
        return Credentials(self.issuer.hub_token(hub, key.public, int(time.time()), life_s), key)

    def fleet(self, name: str = "fleet") -> Credentials:
        """Token and key of a process of the fleet, valid from now."""
        key = self._key("user", f"fleet {name}")
        return Credentials(self.issuer.fleet_token(name, key.public, int(time.time())), key)

    def revoker(self) -> Credentials:
        """Those of the user that sends newer tokens of the account to NATS."""
        key = self._key("user", "revoke")
        return Credentials(system_user_token(self.system, key.public, int(time.time())), key)

    def _key(self, kind: KeyKind, name: str) -> NKey:
        return NKey(kind, hashlib.sha256(f"{self._seed} {kind} {name}".encode()).digest())
