"""A hub is revoked: NATS disconnects it and refuses its tokens, also after restarts; with a new key it comes back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest

from fleet.identities import new_hub_id
from fleet.raw_nats import RawNats
from unclouded.core.security.nkeys import KeyTextError, NKey
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import KnownKeys, RevokedKey
from unclouded.fleet.enrolment.nats_request import nats_request, system_client
from unclouded.fleet.enrolment.revoking import AccountUpdate, revocations_of
from unclouded.fleet.keys.accounts import CLAIMS_UPDATE, AccountSigner, homes_token
from unclouded.fleet.keys.issuer import HUB_LIFE_S, Credentials
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.trust import PrivateTrust


class Keys:
    """The register's list of revoked keys. ``missing``: why it is not whole."""

    def __init__(self, *keys: RevokedKey) -> None:
        self.keys = list(keys)
        self.missing = ""

    async def known_keys(self) -> KnownKeys:
        return KnownKeys(keys=tuple(self.keys), missing=self.missing)


@contextlib.asynccontextmanager
async def updating(
    server: PrivateNats, keys: Keys, signer: AccountSigner | None = None
) -> AsyncIterator[AccountUpdate]:
    async with system_client(server.urls, server.trust.revoker()) as client:
        yield AccountUpdate(keys, signer or server.trust.signer, nats_request(client))


def revoked(credentials: Credentials, at: float | None = None) -> RevokedKey:
    return RevokedKey(public_key=credentials.key.public, at=time.time() if at is None else at)


def is_in(server: PrivateNats, credentials: Credentials, node: int = 0) -> bool:
    with RawNats(server.addresses[node], credentials) as client:
        return client.answers() == ["PONG"]


async def test_a_revoked_hub_is_disconnected_and_stays_out_until_it_has_a_new_key(nats_server: PrivateNats) -> None:
    id, other, trust = new_hub_id(), new_hub_id(), nats_server.trust
    with (
        RawNats(nats_server.addresses[0], trust.hub(id)) as home,
        RawNats(nats_server.addresses[0], trust.hub(other)) as neighbour,
    ):
        assert home.answers() == neighbour.answers() == ["PONG"]
        async with updating(nats_server, Keys(revoked(trust.hub(id)))) as update:
            assert await update.push(time.time()) >= 1
            assert any("Revoked" in line for line in await asyncio.to_thread(home.closed))
        assert not is_in(nats_server, trust.hub(id))
        assert neighbour.answers() == ["PONG"]
    assert is_in(nats_server, trust.hub(id, number=1))


async def test_a_revocation_outlasts_a_killed_server_and_a_restored_database(
    own_nats: Callable[..., PrivateNats],
) -> None:
    server = own_nats(nodes=3)
    hub, later = server.trust.hub(new_hub_id()), server.trust.hub(new_hub_id())
    async with updating(server, Keys(revoked(hub))) as update:
        assert await update.push(time.time()) == 1
    for node in range(3):
        server.kill(node)
        server.restart(node)  # its file still has the token of before
        assert not is_in(server, hub, node)
        assert is_in(server, later, node)
    async with updating(server, Keys(revoked(later))) as update:
        assert await update.push(time.time() - 3600) == 2  # the clock was set back, and the register lost the first
        assert [one.public_key for one in update.forgotten] == [hub.key.public]
        assert set(revocations_of(await update.current())) == {hub.key.public, later.key.public}
    assert not is_in(server, hub) and not is_in(server, later)


async def test_while_a_database_is_away_what_is_known_is_revoked_and_nothing_is_revoked_less(
    own_nats: Callable[..., PrivateNats],
) -> None:
    server, stranger = own_nats(), PrivateTrust("stranger")
    earlier, new = server.trust.hub(new_hub_id()), server.trust.hub(new_hub_id())
    keys = Keys(revoked(earlier))
    async with updating(server, keys) as update:
        assert (await update.push(time.time()), update.missing) == (1, "")
        keys.keys, keys.missing = [revoked(new)], "The database 1 does not answer."
        assert (await update.push(time.time()), update.missing) == (2, "The database 1 does not answer.")
        assert not is_in(server, earlier) and not is_in(server, new)
        forged = homes_token(stranger.signing, server.trust.names, {}, int(time.time()) + 60)
        async with system_client(server.urls, server.trust.revoker()) as client:
            await nats_request(client)(CLAIMS_UPDATE, forged.encode())
        with pytest.raises(BaseUnavailable):  # its own list is not known there, and this one would be shorter
            await update.push(time.time())
        keys.keys, keys.missing = [revoked(earlier), revoked(new)], ""
        assert (await update.push(time.time()), update.missing) == (2, "")


async def test_the_list_forgets_keys_whose_tokens_have_ended_and_is_handed_over_only_when_it_differs(
    own_nats: Callable[..., PrivateNats],
) -> None:
    server = own_nats()
    hubs = [server.trust.hub(f"{number:a>20}".replace("0", "b").replace("1", "c")) for number in range(2)]
    now = time.time()
    async with updating(server, Keys(revoked(hubs[0], now - HUB_LIFE_S - 10), revoked(hubs[1], now))) as update:
        assert await update.push(now) == 1
        issued = (await update.current()).issued
        assert await update.push(now + 60) == 1
        assert (await update.current()).issued == issued
        assert await update.push(now + HUB_LIFE_S + 60) == 0


async def test_two_thousand_revocations_are_taken(own_nats: Callable[..., PrivateNats]) -> None:
    server = own_nats()
    keys = Keys(*(RevokedKey(public_key=_public(number), at=time.time()) for number in range(2000)))
    async with updating(server, keys) as update:
        assert await update.push(time.time()) == 2000


def test_only_the_signing_key_of_this_fleet_signs_lists() -> None:
    """nats-server keeps what it is handed without verifying it, and refuses everyone once it loads it."""
    with pytest.raises(KeyTextError):
        AccountSigner(PrivateTrust("stranger").signing, PrivateTrust().names, HUB_LIFE_S)


async def test_a_token_of_a_stranger_in_nats_is_replaced(own_nats: Callable[..., PrivateNats]) -> None:
    server, stranger = own_nats(), PrivateTrust("stranger")
    hub = server.trust.hub(new_hub_id())
    async with updating(server, Keys(revoked(hub, time.time() - 5))) as update:
        forged = homes_token(stranger.signing, server.trust.names, {}, int(time.time()) + 60)
        async with system_client(server.urls, server.trust.revoker()) as client:
            await nats_request(client)(CLAIMS_UPDATE, forged.encode())
        assert (await update.current()).issuer == stranger.signing.public
        assert await update.push(time.time()) == 1
    server.restart()
    assert is_in(server, server.trust.hub(new_hub_id()))


async def test_who_hands_over_lists_may_do_nothing_else(nats_server: PrivateNats) -> None:
    with RawNats(nats_server.addresses[0], nats_server.trust.revoker()) as client:
        for subject in ("up.0.x", "$SYS.REQ.SERVER.PING", "$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.SERVER.X.RELOAD"):
            client.publish(subject)
            assert "Permissions Violation" in client.answers()[0]
        client.subscribe("$SYS.>")
        assert "Permissions Violation" in client.answers()[0]


def _public(number: int) -> str:
    return NKey("user", number.to_bytes(32, "big")).public
