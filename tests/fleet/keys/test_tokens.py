"""Tokens of NATS: written and read again, damaged, of the wrong kind, of the wrong signer."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.security.nkeys import NKey
from unclouded.fleet.keys.accounts import AccountSigner, homes_token, operator_token, system_user_token
from unclouded.fleet.keys.issuer import HUB_LIFE_S
from unclouded.fleet.keys.roles import is_hub_id, is_own_inbox, template
from unclouded.fleet.keys.tokens import Claims, TokenError, read_token, sign_claims
from unclouded.fleet.local_servers.trust import PrivateTrust

NOW = 1_796_040_000
TRUST = PrivateTrust()
HUB = "a" * 20
KEY = NKey("user", bytes([3] * 32))
TOKEN = TRUST.issuer.hub_token(HUB, KEY.public, NOW)


@settings(max_examples=30)
@given(st.text(max_size=20), st.integers(0, 2**32), st.integers(0, 2**32), st.binary(min_size=32, max_size=32))
def test_a_token_says_what_it_was_made_of(name: str, now: int, expires: int, seed: bytes) -> None:
    key = NKey("user", seed)
    token = sign_claims("user", key.public, name, {"issuer_account": TRUST.names.homes}, TRUST.homes, now, expires)
    claims = read_token(token, "user")
    assert claims == Claims("user", key.public, name, TRUST.names.homes, now, expires, claims.nats)
    assert claims.nats == {"issuer_account": TRUST.names.homes, "type": "user", "version": 2}


@settings(max_examples=30)
@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_a_token_with_one_other_character_is_refused(place: int, other: str) -> None:
    damaged = TOKEN[:place] + other + TOKEN[place + 1 :]
    if damaged != TOKEN:
        with pytest.raises(TokenError) as error:
            read_token(damaged, "user")
        assert error.value.reason and TOKEN[:30] not in str(error.value)


@given(st.one_of(st.text(max_size=200), st.text("abcXYZ019-_.=", max_size=300)))
def test_any_text_is_a_token_or_one_error(text: str) -> None:
    for kind in ("operator", "account", "user"):
        with pytest.raises(TokenError):
            read_token(text, kind)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("header", "change"),
    [
        ({"typ": "JWT", "alg": "none"}, {}),
        ({"typ": "JWT", "alg": "HS256"}, {}),
        ({"typ": "JWT"}, {}),
        ([], {}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"iss": KEY.public}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"iss": "A"}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"sub": TRUST.names.homes}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"nats": []}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"nats": {"type": "account", "version": 2}}),
        ({"typ": "JWT", "alg": "ed25519-nkey"}, {"exp": "never"}),
    ],
)
def test_headers_and_claims_of_another_kind_are_refused_even_if_signed(
    header: object, change: dict[str, object]
) -> None:
    body = {"sub": KEY.public, "iss": TRUST.homes.public, "iat": NOW, "nats": {"type": "user", "version": 2}} | change
    text = f"{part(header)}.{part(body)}"
    signature = base64.urlsafe_b64encode(TRUST.homes.sign(text.encode())).decode().rstrip("=")
    with pytest.raises(TokenError):
        read_token(f"{text}.{signature}", "user")


def test_a_hub_token_of_another_role_account_or_time_is_refused() -> None:
    issuer = TRUST.issuer
    assert issuer.read_hub_token(TOKEN, NOW).name == HUB
    other = PrivateTrust("stranger")
    for token, now in (
        (issuer.fleet_token("fleet", KEY.public, NOW), NOW),
        (other.issuer.hub_token(HUB, KEY.public, NOW), NOW),
        (TOKEN, NOW + HUB_LIFE_S),
        (
            sign_claims("user", KEY.public, HUB, {"issuer_account": other.names.homes}, TRUST.hub_role, NOW, NOW + 9),
            NOW,
        ),
    ):
        with pytest.raises(TokenError):
            issuer.read_hub_token(token, now)
    with pytest.raises(TokenError):
        issuer.hub_token(HUB, TRUST.names.homes, NOW)
    assert issuer.read_hub_token(TOKEN, NOW + HUB_LIFE_S - 1).expires == NOW + 90 * 86_400
    assert read_token(issuer.fleet_token("fleet", KEY.public, NOW), "user").expires == NOW + 7 * 86_400


def test_accounts_say_what_each_role_may() -> None:
    claims = read_token(homes_token(TRUST.signing, TRUST.names, {KEY.public: NOW}, NOW), "account")
    scopes = {one["role"]: one["template"] for one in claims.nats["signing_keys"]}
    assert scopes["hub"]["pub"]["allow"] == ["up.*.{{name()}}", "hello.{{name()}}", "live.{{name()}}"]
    assert scopes["hub"]["sub"]["allow"] == ["down.{{name()}}.>", "_INBOX.{{name()}}.>"]
    assert set(scopes) == {"hub", "fleet"} and "resp" not in scopes["fleet"]
    assert claims.nats["revocations"] == {KEY.public: NOW}
    assert claims.nats["limits"]["disallow_bearer"] and not claims.nats["limits"]["leaf"]
    assert read_token(operator_token(TRUST.operator, TRUST.names, NOW), "operator").nats["signing_keys"]
    user = read_token(system_user_token(TRUST.system, KEY.public, NOW), "user")
    assert user.nats["pub"]["allow"] == ["$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP"]


def test_a_role_may_this_and_nothing_else() -> None:
    """docs/protocols/fleet.md §1."""
    limits = {"data": -1, "payload": 1_048_576, "allowed_connection_types": ["STANDARD", "WEBSOCKET"]}
    assert template("hub") == limits | {
        "pub": {"allow": ["up.*.{{name()}}", "hello.{{name()}}", "live.{{name()}}"]},
        "sub": {"allow": ["down.{{name()}}.>", "_INBOX.{{name()}}.>"]},
        "resp": {"max": 1, "ttl": 120_000_000_000},
        "subs": 16,
    }
    assert template("fleet") == limits | {
        "pub": {"allow": ["down.>", "_INBOX.>"]},
        "sub": {"allow": ["up.>", "hello.>", "live.>", "_INBOX.>"]},
        "subs": -1,
    }


def test_a_newer_list_has_a_later_time_also_where_the_clock_was_set_back() -> None:
    signer: AccountSigner = TRUST.signer
    assert read_token(signer.token({}, NOW - 500, NOW), "account").issued == NOW + 1
    assert signer.kept({"old": NOW - HUB_LIFE_S, "new": NOW - HUB_LIFE_S + 1}, NOW) == {"new": NOW - HUB_LIFE_S + 1}


@pytest.mark.parametrize(
    ("reply", "is_own"),
    [
        (f"_INBOX.{HUB}.1", True),
        (f"_INBOX.{HUB}.a.b", True),
        (f"_INBOX.{HUB}.", False),
        (f"_INBOX.{HUB}", False),
        (f"_INBOX.{'b' * 20}.1", False),
        (f"down.{'b' * 20}.command", False),
        (f"_INBOX.{HUB}.*", False),
        (f"_INBOX.{HUB}.>", False),
        (f"_INBOX.{HUB}.1 x", False),
        ("", False),
    ],
)
def test_an_answer_goes_to_the_own_inbox_only(reply: str, is_own: bool) -> None:
    assert is_own_inbox(HUB, reply) is is_own


def test_ids_of_hubs_are_one_token_of_a_subject() -> None:
    assert is_hub_id("abcdefghijklmnop2345")
    for text in (
        "",
        "a" * 19,
        "a" * 21,
        "A" * 20,
        "a" * 19 + "1",
        "a" * 19 + ".",
        "a" * 19 + "*",
        "a" * 20 + "\n",
        "a" * 19 + "_",
    ):
        assert not is_hub_id(text)
