"""What a hub with a valid token cannot do at a real nats-server, and what others cannot do at all."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fleet.identities import new_hub_id
from fleet.raw_nats import RawNats
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.keys.issuer import Credentials, TokenIssuer
from unclouded.fleet.keys.roles import HUB_SUBSCRIPTIONS
from unclouded.fleet.keys.tokens import TokenError, sign_claims
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.trust import PrivateTrust

NOT_PUBLISHED = """up.0.{other} hello.{other} live.{other} down.{own}.command down.{other}.command _INBOX.{other}.1
up.0.{own}.more up.{own} _INBOX.fleet.1 $SYS.REQ.CLAIMS.UPDATE $SYS.REQ.SERVER.PING x $JS.API.INFO up.0.{own}.>
up.*.{own} up.>"""
NOT_SUBSCRIBED = """> * *.> up.> up.*.{other} hello.* live.{other} live.{own} down.> down.*.> down.*.command
down.{other}.> down.{other}.command _INBOX.> _INBOX.*.> _INBOX.{other}.> _INBOX.fleet.> $SYS.>"""
REFUSED = "-ERR 'Authorization Violation'"


@contextmanager
def hub(server: PrivateNats, id: str, number: int = 0) -> Iterator[RawNats]:
    with RawNats(server.addresses[0], server.trust.hub(id, number)) as client:
        assert client.answers() == ["PONG"]
        yield client


@contextmanager
def fleet(server: PrivateNats, *subjects: str) -> Iterator[RawNats]:
    with RawNats(server.addresses[0], server.trust.fleet()) as client:
        for number, subject in enumerate(subjects, 1):
            client.subscribe(subject, number)
        assert client.answers() == ["PONG"]
        yield client


def is_in(server: PrivateNats, credentials: Credentials | None) -> bool:
    with RawNats(server.addresses[0], credentials) as client:
        lines = client.answers()
    assert lines == ["PONG"] or REFUSED in lines or any("-ERR" in line for line in lines), lines
    return lines == ["PONG"]


def test_a_hub_sends_and_is_asked_under_its_own_name(nats_server: PrivateNats) -> None:
    id = new_hub_id()
    with hub(nats_server, id) as home, fleet(nats_server, f"up.*.{id}", "_INBOX.fleet.>") as server:
        home.subscribe(f"down.{id}.>")
        home.subscribe(f"_INBOX.{id}.>", 2)
        home.publish(f"up.0.{id}", b"window", f"_INBOX.{id}.1")
        assert home.answers() == ["PONG"]
        assert server.answers() == [f"MSG up.0.{id} 1 _INBOX.{id}.1 6", "window", "PONG"]
        server.publish(f"_INBOX.{id}.1", b"done")
        server.publish(f"down.{id}.command", b"on", "_INBOX.fleet.1")
        assert server.answers() == ["PONG"]
        assert home.answers() == [
            *(f"MSG _INBOX.{id}.1 2 4", "done"),
            *(f"MSG down.{id}.command 1 _INBOX.fleet.1 2", "on", "PONG"),
        ]
        home.publish("_INBOX.fleet.1", b"yes")
        home.publish("_INBOX.fleet.1", b"and again")
        assert "Permissions Violation for Publish" in home.answers()[0]
        assert server.answers() == ["MSG _INBOX.fleet.1 2 3", "yes", "PONG"]


@pytest.mark.parametrize("subject", NOT_PUBLISHED.split())
def test_a_hub_cannot_publish_as_another_or_anywhere_else(nats_server: PrivateNats, subject: str) -> None:
    own, other = new_hub_id(), new_hub_id()
    subject = subject.format(own=own, other=other)
    with (
        hub(nats_server, own) as home,
        fleet(nats_server, f"up.*.{other}", f"hello.{other}", f"live.{other}") as server,
    ):
        home.publish(subject, b"forged")
        lines = home.answers()
        assert any("Permissions Violation" in line or "Invalid Publish Subject" in line for line in lines), lines
        assert server.answers() == ["PONG"]


@pytest.mark.parametrize("subject", NOT_SUBSCRIBED.split())
def test_a_hub_cannot_listen_to_another_or_to_all(nats_server: PrivateNats, subject: str) -> None:
    own, other = new_hub_id(), new_hub_id()
    with hub(nats_server, own) as spy, fleet(nats_server) as server:
        spy.subscribe(subject.format(own=own, other=other))
        assert "Permissions Violation for Subscription" in spy.answers()[0]
        server.publish(f"down.{other}.command", b"secret")
        server.publish(f"_INBOX.{other}.1", b"secret")
        assert server.answers() == ["PONG"]
        assert spy.answers() == ["PONG"]


def test_a_hub_has_few_subscriptions(nats_server: PrivateNats) -> None:
    id = new_hub_id()
    with hub(nats_server, id) as home:
        for number in range(1, 20):
            home.subscribe(f"down.{id}.{number}", number)
        assert home.answers().count("-ERR 'maximum subscriptions exceeded'") == 19 - HUB_SUBSCRIPTIONS


def test_only_tokens_of_this_fleet_count(nats_server: PrivateNats) -> None:
    id, trust, stranger = new_hub_id(), nats_server.trust, PrivateTrust("stranger")
    good, now = trust.hub(id), int(time.time())
    forged = sign_claims("user", good.key.public, id, {"issuer_account": trust.names.homes}, stranger.homes, now)
    by_itself = sign_claims("user", good.key.public, id, {"issuer_account": trust.names.homes}, trust.system, now)
    other_key = NKey("user", bytes(32))
    body = good.token.split(".")
    foreign_body = trust.hub(new_hub_id()).token.split(".")[1]
    assert is_in(nats_server, good)
    for credentials in (
        None,
        stranger.hub(id),
        Credentials(forged, good.key),
        Credentials(by_itself, good.key),
        Credentials(good.token, other_key),
        Credentials(f"{body[0]}.{foreign_body}.{body[2]}", good.key),
        Credentials("", good.key),
        Credentials("no.token.atall", good.key),
        trust.hub(id, life_s=-1),
    ):
        assert not is_in(nats_server, credentials), credentials


def test_a_role_can_be_given_no_more_than_it_has(nats_server: PrivateNats) -> None:
    """A token of a scoped key that brings permissions of its own is refused."""
    trust, key, now = nats_server.trust, NKey("user", bytes([7] * 32)), int(time.time())
    wide = {"pub": {"allow": [">"]}, "sub": {"allow": [">"]}, "subs": -1, "data": -1, "payload": -1}
    for extra in (wide, {"bearer_token": True}, {"allowed_connection_types": ["LEAFNODE"]}):
        for role in (trust.hub_role, trust.fleet_role):
            claims = {"issuer_account": trust.names.homes, **extra}
            token = sign_claims("user", key.public, new_hub_id(), claims, role, now)
            assert not is_in(nats_server, Credentials(token, key))


def test_a_token_ends_while_its_hub_is_connected(nats_server: PrivateNats) -> None:
    with RawNats(nats_server.addresses[0], nats_server.trust.hub(new_hub_id(), life_s=1)) as home:
        assert any("User Authentication Expired" in line for line in home.closed())


@pytest.mark.parametrize(
    "id", ["*", ">", "", "a.b", "hub one", "*" * 20, "a" * 19 + ">", "a" * 19 + "A", "a" * 21, "é" * 20]
)
def test_no_token_is_made_for_what_is_no_id(nats_server: PrivateNats, id: str) -> None:
    issuer: TokenIssuer = nats_server.trust.issuer
    with pytest.raises(TokenError):
        issuer.hub_token(id, NKey("user", bytes(32)).public, 1_800_000_000)


def test_a_message_above_the_limit_ends_the_connection(nats_server: PrivateNats) -> None:
    id = new_hub_id()
    with hub(nats_server, id) as home:
        assert home.info["max_payload"] == 1 << 20
        home.publish(f"up.0.{id}", bytes((1 << 20) + 1))
        assert any("Maximum Payload Violation" in line for line in home.closed())


def test_jetstream_is_off_and_everyone_needs_a_token(nats_server: PrivateNats) -> None:
    with fleet(nats_server) as server:
        assert not server.info.get("jetstream")
        assert server.info["auth_required"]
