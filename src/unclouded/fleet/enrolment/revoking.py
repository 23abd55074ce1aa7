"""The list of revoked keys, from the database to NATS: a revoked hub is disconnected within seconds.

    database: revoked keys ─► a newer token of the account, with the list ─► NATS keeps it, and ends connections

Source: docs/protocols/fleet.md §10
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from unclouded.core.errors import LinkError
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import KnownKeys, RevokedKey
from unclouded.fleet.keys.accounts import CLAIMS_LOOKUP, CLAIMS_UPDATE, AccountSigner
from unclouded.fleet.keys.tokens import Claims, TokenError, read_token

MOST_ROUNDS = 5
NO_TOKEN = "NATS has no token of the account of the homes. Does its configuration belong to this fleet?"
Request = Callable[[str, bytes], Awaitable[bytes]]  # subject, data -> the answer; raises LinkError


class RevocationRegister(Protocol):
    """What it needs of the databases: SpreadRegister has it."""

    async def known_keys(self) -> KnownKeys: ...


class AccountUpdate:
    """Hands NATS the list of the database. ``request``: by the user of the system account."""

    def __init__(self, register: RevocationRegister, signer: AccountSigner, request: Request) -> None:
        self.missing = ""  # why there may be more revoked keys than NATS was handed, as of the last push
        self.forgotten: list[RevokedKey] = []  # that only NATS knew then: the database is of a backup from before
        self._register = register
        self._signer = signer
        self._request = request

    async def push(self, now: float) -> int:
        """Bring NATS to the list of the database, if it has another one; how many keys are in it. ``now``: Unix s.

        Looks again afterwards, so that what another process revokes at the same time is not lost. While a database is
        away, what is known is handed over, and all that is in the list of NATS stays in it. Raises LinkError, and
        BaseUnavailable where the list there is not this fleet's and cannot be replaced by a whole one.
        """
        for _ in range(MOST_ROUNDS):
            there = await self.current()
            is_ours = there.issuer == self._signer.names.operator_signing  # NATS keeps what it is sent, unverified
            had = revocations_of(there) if is_ours else {}
            wanted = await self._wanted(had, is_ours, int(now))
            if is_ours and had == wanted and signers_of(there) == self._signer.names.signers:
                return len(wanted)
            await self._update(self._signer.token(wanted, int(now), there.issued))
        raise LinkError("NATS does not keep the list of revoked keys: another process sends it another list.")

    async def current(self) -> Claims:
        """The token of the account that NATS has now. Raises LinkError."""
        data = await self._request(CLAIMS_LOOKUP.replace("*", self._signer.names.homes), b"")
        try:
            return read_token(data.decode("ascii"), "account")
        except (TokenError, UnicodeDecodeError):
            raise LinkError(NO_TOKEN) from None

    async def _wanted(self, had: Mapping[str, int], is_ours: bool, now: int) -> dict[str, int]:
        """What is in the list stays in it, also where the database was restored from a backup of before."""
        known = await self._register.known_keys()
        self.missing = known.missing
        if known.missing and not is_ours:
            raise BaseUnavailable(known.missing)
        found = {one.public_key: int(one.at) + 1 for one in known.keys}
        only_there = had.keys() - found.keys() if not known.missing else ()
        self.forgotten = [RevokedKey(public_key=key, at=had[key] - 1.0) for key in sorted(only_there)]
        return self._signer.kept({**found, **had}, now)

    async def _update(self, token: str) -> None:
        """Raises LinkError where NATS does not take it."""
        answer = await self._request(CLAIMS_UPDATE, token.encode("ascii"))
        try:
            is_taken = msgspec.json.decode(answer, type=_UpdateAnswer).data.code == 200
        except msgspec.MsgspecError:
            is_taken = False
        if not is_taken:
            raise LinkError("NATS refuses the list of revoked keys: the key that signs it is not this fleet's.")


def signers_of(claims: Claims) -> set[str]:
    """The keys of roles in a token of the account."""
    found = claims.nats.get("signing_keys")
    return {str(one.get("key")) for one in found if isinstance(one, dict)} if isinstance(found, list) else set()


def revocations_of(claims: Claims) -> dict[str, int]:
    """The list in a token of the account."""
    found = claims.nats.get("revocations")
    return {str(key): int(at) for key, at in found.items()} if isinstance(found, dict) else {}


class _Taken(msgspec.Struct, frozen=True):
    code: int = 0


class _UpdateAnswer(msgspec.Struct):
    data: _Taken = _Taken()
