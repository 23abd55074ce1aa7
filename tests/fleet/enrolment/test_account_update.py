"""The list of revoked keys is brought to NATS: with one in memory that keeps what it is sent, as the real one does."""

import msgspec
import pytest

from unclouded.core.errors import LinkError
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import KnownKeys, RevokedKey
from unclouded.fleet.enrolment.revoking import NO_TOKEN, AccountUpdate, revocations_of, signers_of
from unclouded.fleet.keys.accounts import homes_token, system_token
from unclouded.fleet.keys.issuer import HUB_LIFE_S
from unclouded.fleet.keys.tokens import Claims, read_token
from unclouded.fleet.local_servers.trust import PrivateTrust

NOON = 1_796_040_000
TRUST, STRANGER = PrivateTrust(), PrivateTrust("stranger")
HUBS = tuple(NKey("user", bytes([number] * 32)).public for number in range(1, 9))


class Nats:
    """``keeps``: as it is, else it answers and forgets. ``answer``: to an update."""

    def __init__(self, token: str) -> None:
        self.token = token.encode()
        self.keeps = True
        self.answer = b'{"data":{"code":200}}'
        self.subjects: list[str] = []

    async def request(self, subject: str, data: bytes) -> bytes:
        self.subjects.append(subject)
        if subject == "$SYS.REQ.CLAIMS.UPDATE":
            self.token = data if self.keeps else self.token
            return self.answer
        assert data == b""
        return self.token


class Keys:
    def __init__(self, *keys: tuple[str, float], missing: str = "") -> None:
        self.known = KnownKeys(keys=tuple(RevokedKey(public_key=one, at=at) for one, at in keys), missing=missing)

    async def known_keys(self) -> KnownKeys:
        return self.known


def token(trust: PrivateTrust = TRUST, at: int = NOON - 60, **revoked: int) -> str:
    """Of the account of the homes; ``revoked``: by the name of a hub, h0 to h3."""
    return homes_token(trust.signing, TRUST.names, {HUBS[int(one[1:])]: until for one, until in revoked.items()}, at)


def there(nats: Nats) -> Claims:
    return read_token(nats.token.decode(), "account")


async def test_nats_is_asked_first_and_sent_a_list_only_where_it_has_another() -> None:
    nats = Nats(token())
    update = AccountUpdate(Keys((HUBS[0], NOON - 5.5), (HUBS[1], NOON - 7.0)), TRUST.signer, nats.request)
    lookup = f"$SYS.REQ.ACCOUNT.{TRUST.names.homes}.CLAIMS.LOOKUP"
    assert await update.push(NOON + 0.9) == 2
    assert nats.subjects == [lookup, "$SYS.REQ.CLAIMS.UPDATE", lookup]
    assert there(nats).issued == NOON
    assert revocations_of(there(nats)) == {HUBS[0]: NOON - 5, HUBS[1]: NOON - 6}, "up to the end of that second"
    nats.subjects.clear()
    assert await update.push(NOON + 60) == 2 and nats.subjects == [lookup]


async def test_what_is_in_the_list_stays_until_its_tokens_have_ended() -> None:
    """Also where the database was restored from a backup of before."""
    nats = Nats(token(h0=NOON - HUB_LIFE_S, h1=NOON - HUB_LIFE_S + 1, h2=NOON - 100))
    update = AccountUpdate(Keys((HUBS[2], NOON - 5.0), (HUBS[3], NOON - 5.0)), TRUST.signer, nats.request)
    assert await update.push(NOON) == 3
    assert revocations_of(there(nats)) == {HUBS[1]: NOON - HUB_LIFE_S + 1, HUBS[2]: NOON - 100, HUBS[3]: NOON - 4}


async def test_keys_that_the_database_has_forgotten_are_named_with_the_time_of_their_revocation() -> None:
    revoked = {HUBS[number]: NOON - number for number in range(2, 8)}
    nats = Nats(homes_token(TRUST.signing, TRUST.names, revoked, NOON - 60))
    keys = Keys((HUBS[2], NOON - 3.0))
    update = AccountUpdate(keys, TRUST.signer, nats.request)
    assert update.forgotten == [] and await update.push(NOON) == 6
    times = {HUBS[number]: NOON - number - 1.0 for number in range(3, 8)}
    assert update.forgotten == [RevokedKey(public_key=key, at=times[key]) for key in sorted(times)]
    keys.known = msgspec.structs.replace(keys.known, missing="the second is away")
    assert await update.push(NOON) == 6 and update.forgotten == [], "they may be in the one that is away"


async def test_a_newer_token_has_a_later_time_than_the_one_there() -> None:
    nats = Nats(token(at=NOON + 500))
    await AccountUpdate(Keys((HUBS[0], NOON - 5.0)), TRUST.signer, nats.request).push(NOON)
    assert there(nats).issued == NOON + 501


async def test_the_list_of_a_stranger_counts_for_nothing() -> None:
    nats = Nats(token(STRANGER, h1=NOON - 5))
    assert await AccountUpdate(Keys((HUBS[0], NOON - 5.0)), TRUST.signer, nats.request).push(NOON) == 1
    assert there(nats).issuer == TRUST.names.operator_signing and set(revocations_of(there(nats))) == {HUBS[0]}
    nats = Nats(token(STRANGER))
    assert await AccountUpdate(Keys(), TRUST.signer, nats.request).push(NOON) == 0
    assert there(nats).issuer == TRUST.names.operator_signing


async def test_a_token_with_the_keys_of_other_roles_is_replaced() -> None:
    names = msgspec.structs.replace(TRUST.names, roles=STRANGER.names.roles)
    nats = Nats(homes_token(TRUST.signing, names, {}, NOON - 60))
    assert await AccountUpdate(Keys(), TRUST.signer, nats.request).push(NOON) == 0
    assert signers_of(there(nats)) == set(TRUST.names.roles.values())


async def test_while_a_database_is_away_what_is_known_is_handed_over() -> None:
    nats = Nats(token(h0=NOON - 5))
    update = AccountUpdate(Keys((HUBS[1], NOON - 5.0), missing="the second is away"), TRUST.signer, nats.request)
    assert update.missing == "" and await update.push(NOON) == 2
    assert update.missing == "the second is away" and set(revocations_of(there(nats))) == {HUBS[0], HUBS[1]}
    nats = Nats(token(STRANGER))
    update = AccountUpdate(Keys(missing="the second is away"), TRUST.signer, nats.request)
    with pytest.raises(BaseUnavailable, match="the second is away"):
        await update.push(NOON)
    assert there(nats).issuer == STRANGER.names.operator_signing


async def test_a_list_that_nats_does_not_keep_is_sent_five_times() -> None:
    nats = Nats(token())
    nats.keeps = False
    with pytest.raises(LinkError, match="another process sends it another list"):
        await AccountUpdate(Keys((HUBS[0], NOON - 5.0)), TRUST.signer, nats.request).push(NOON)
    assert nats.subjects.count("$SYS.REQ.CLAIMS.UPDATE") == 5


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b'{"data":{"code":500}}', b'{"data":{}}', b'{"error":{"code":200}}', b"[200]"]
)
async def test_a_list_that_nats_refuses_is_said(answer: bytes) -> None:
    nats = Nats(token())
    nats.answer = answer
    with pytest.raises(LinkError, match="NATS refuses the list"):
        await AccountUpdate(Keys((HUBS[0], NOON - 5.0)), TRUST.signer, nats.request).push(NOON)


@pytest.mark.parametrize("answer", [b"", b"\xff", b"a.b.c", TRUST.revoker().token.encode()])
async def test_without_a_token_of_the_account_the_configuration_is_named(answer: bytes) -> None:
    nats = Nats("")
    nats.token = answer
    with pytest.raises(LinkError) as error:
        await AccountUpdate(Keys(), TRUST.signer, nats.request).current()
    assert str(error.value) == NO_TOKEN


def test_a_token_without_lists_has_none() -> None:
    claims = read_token(system_token(TRUST.signing, TRUST.names, NOON), "account")
    assert signers_of(claims) == set() and revocations_of(claims) == {}
    odd = msgspec.structs.replace(claims, nats={"signing_keys": ["key", {"key": "A"}], "revocations": {"U": 5}})
    assert signers_of(odd) == {"A"} and revocations_of(odd) == {"U": 5}
