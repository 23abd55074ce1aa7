"""The tokens of the operator and of the two accounts: ``homes`` (hubs and fleet) and ``system`` (of NATS itself).

Source: docs/protocols/fleet.md §10
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.security.nkeys import KeyTextError, NKey
from unclouded.fleet.keys.roles import ROLES, UNLIMITED, Role, template
from unclouded.fleet.keys.tokens import sign_claims

HOMES, SYSTEM = "homes", "system"
CLAIMS_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"  # where NATS takes a newer token of an account
CLAIMS_LOOKUP = "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP"

Revocations = Mapping[str, int]  # public key of a hub -> tokens of until then (Unix s) are refused

_LIMITS: dict[str, object] = {
    **dict.fromkeys(("subs", "data", "payload", "conn"), UNLIMITED),
    **dict.fromkeys(("imports", "exports", "leaf"), 0),
    "wildcards": True,
    "disallow_bearer": True,
}


class AccountNames(msgspec.Struct, frozen=True):
    """The public keys of a fleet's operator, accounts and roles: no secrets.

    ``former``: keys of roles that were replaced, whose tokens still count.
    """

    operator: str
    operator_signing: str
    homes: str
    system: str
    roles: dict[Role, str]
    former: dict[Role, str] = {}

    @property
    def signers(self) -> set[str]:
        """The keys whose tokens count."""
        return {*self.roles.values(), *self.former.values()}


def operator_token(operator: NKey, names: AccountNames, now: int) -> str:
    """The operator's own token, with its signing key. ``now``: Unix s."""
    nats = {"signing_keys": [names.operator_signing], "system_account": names.system}
    return sign_claims("operator", operator.public, "unclouded fleet", nats, operator, now)


def homes_token(signing: NKey, names: AccountNames, revocations: Revocations, now: int) -> str:
    """The token of the account of hubs and fleet, signed by the operator's signing key."""
    signers = [(role, keys[role]) for keys in (names.roles, names.former) for role in ROLES if role in keys]
    keys = [{"kind": "user_scope", "key": key, "role": role, "template": template(role)} for role, key in signers]
    nats = {"limits": _LIMITS, "signing_keys": keys, "revocations": dict(sorted(revocations.items()))}
    return sign_claims("account", names.homes, HOMES, nats, signing, now)


def system_token(signing: NKey, names: AccountNames, now: int) -> str:
    """The token of the account in which NATS reports of itself and takes newer tokens."""
    return sign_claims("account", names.system, SYSTEM, {"limits": {**_LIMITS, "exports": UNLIMITED}}, signing, now)


def system_user_token(system: NKey, user: str, now: int, expires: int = 0) -> str:
    """The token of the user that sends newer tokens to NATS, and may do nothing else."""
    allowed = {"pub": {"allow": [CLAIMS_UPDATE, CLAIMS_LOOKUP]}, "sub": {"allow": ["_INBOX.>"]}}
    limits = dict.fromkeys(("subs", "data", "payload"), UNLIMITED)
    return sign_claims("user", user, "revoke", {**allowed, **limits}, system, now, expires)


class AccountSigner:
    """Signs newer tokens of the account ``homes``: what takes a key out of the fleet."""

    def __init__(self, signing: NKey, names: AccountNames, longest_s: int) -> None:
        """``signing``: the operator's signing key. ``longest_s``: how long a hub's token is valid.

        Raises KeyTextError for another key: NATS would keep what it signs, and then refuse everyone.
        """
        if signing.public != names.operator_signing:
            raise KeyTextError("it is not the signing key of this fleet's operator")
        self.signing = signing
        self._longest_s = longest_s
        self.names = names

    def token(self, revocations: Revocations, now: int, after: int = 0) -> str:
        """The token; NATS takes only one that was issued later than the one before, which was at ``after`` (Unix s)."""
        return homes_token(self.signing, self.names, self.kept(revocations, now), max(now, after + 1))

    def kept(self, revocations: Revocations, now: int) -> dict[str, int]:
        """Those that still matter: a token of before has ended by itself after ``longest_s``."""
        return {key: until for key, until in revocations.items() if until > now - self._longest_s}
