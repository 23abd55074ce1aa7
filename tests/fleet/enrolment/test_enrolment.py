"""Joining over HTTP with a real database: codes that are wrong, used up, expired, guessed, replayed; leaving."""

import asyncio
import base64
import contextlib
import datetime
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from asgi import Answer, ask
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked
from unclouded.fleet.base.views import OrganisationRow, Scope
from unclouded.fleet.enrolment.codes import CODE_LIFE_S, code_digest, invitation_of, new_code, new_hub_id
from unclouded.fleet.enrolment.enroller import EACH, Enroller, EnrolRefused, FleetPlace, read_request
from unclouded.fleet.enrolment.renewal import HubRenewal
from unclouded.fleet.enrolment.routes import enrol_routes
from unclouded.fleet.folder.certificates import FleetAuthority
from unclouded.fleet.keys.issuer import HUB_LIFE_S
from unclouded.fleet.keys.roles import is_hub_id
from unclouded.fleet.keys.tokens import read_token
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.uplink.joining import (
    LEAVE_PATH,
    PATH,
    RENEW_PATH,
    REVOKED_ID,
    EnrolAnswer,
    fingerprint_of,
    read_invitation,
    signed_leave,
    signed_renewal,
    signed_request,
)

NOON = 1_796_040_000.0
TRUST = PrivateTrust()
PLACE = FleetPlace(("tls://fleet.example:4222",), "NATS PEM", "WEB PEM")


class Story:
    """A fleet whose clock stands still until it is set, and homes that ask it over HTTP."""

    def __init__(self, base: FleetBase, organisation: OrganisationRow) -> None:
        self.base = base
        self.organisation = organisation
        self.now = NOON
        self.revocations = 0
        self.enroller = Enroller(base.register, TRUST.issuer, PLACE, lambda: self.now, lambda: self.now, self._revoked)
        self._app = Starlette(routes=enrol_routes(self.enroller))

    async def code(self, homes: int = 1) -> str:
        code, now = new_code(), self.now
        await self.base.register.add_code(
            code_digest(code), self.organisation.number, homes, now + CODE_LIFE_S, "operator", now
        )
        return code

    async def join(self, code: str, key: NKey, client: str = "192.0.2.1") -> Answer:
        request = signed_request(read_invitation(code, "https://fleet.example"), key, "Lake House", "Lakeside")
        return await self.post(PATH, request, client)

    async def post(self, path: str, body: object, client: str = "192.0.2.1") -> Answer:
        return await ask(self._app, "POST", path, body=body, client=client)

    async def get(self) -> Answer:
        return await ask(self._app, "GET", PATH)

    def _revoked(self) -> None:
        self.revocations += 1


@contextlib.asynccontextmanager
async def fleet(dsn: str) -> AsyncIterator[Story]:
    async with FleetBase(dsn, 4) as base:
        yield Story(base, await base.register.add_organisation("Lake"))


def key(number: int = 1) -> NKey:
    return NKey("user", number.to_bytes(32, "big"))


async def test_a_home_joins_and_gets_what_it_needs(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        reply = await story.join(await story.code(), key())
        assert reply.status == 200 and reply["cache-control"] == "no-store"
        answer = msgspec.json.decode(reply.body, type=EnrolAnswer)
        assert is_hub_id(answer.hub)
        assert (answer.servers, answer.authority, answer.shard, answer.organisation) == (
            PLACE.servers,
            "NATS PEM",
            0,
            "Lake",
        )
        claims = TRUST.issuer.read_hub_token(answer.token, int(NOON))
        assert (claims.name, claims.subject, claims.expires) == (answer.hub, key().public, int(NOON) + HUB_LIFE_S)
        entry = await story.base.register.hub(answer.hub)
        assert entry is not None and (entry.name, entry.place) == ("Lake House", "Lakeside")
        noted = await story.base.audit.entries(Scope.everything())
        assert [(one.action, one.subject) for one in noted] == [("home.join", answer.hub)]


async def test_a_lost_answer_is_given_again_but_a_code_is_for_one_home(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        code = await story.code()
        first, again = await story.join(code, key()), await story.join(code, key())
        assert first.json["hub"] == again.json["hub"]
        assert (await story.join(code, key(2))).status == 403
        assert len(await story.base.register.hubs()) == 1


async def test_two_homes_with_one_code_at_the_same_moment(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        code = await story.code()
        replies = await asyncio.gather(*(story.join(code, key(number), f"192.0.{number}.1") for number in range(1, 7)))
        assert sorted(one.status for one in replies) == [200] + [403] * 5
        many = await story.code(homes=3)
        replies = await asyncio.gather(
            *(story.join(many, key(number), f"192.1.{number}.1") for number in range(11, 17))
        )
        assert sorted(one.status for one in replies) == [200] * 3 + [403] * 3
        assert len({one.json["hub"] for one in replies if one.status == 200}) == 3


async def test_wrong_expired_and_withdrawn_codes_look_the_same(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        expired, withdrawn, used = await story.code(), await story.code(), await story.code()
        await story.join(used, key(1))
        row = (await story.base.register.codes(story.now))[1]
        await story.base.register.withdraw_code(row.number)
        story.now += CODE_LIFE_S + 1
        replies = [
            await story.join(one, key(5), f"192.0.2.{n}")
            for n, one in enumerate((new_code(), expired, withdrawn, used))
        ]
        assert {(one.status, one.body) for one in replies} == {(403, replies[0].body)}
        assert replies[0]["content-type"] == "application/problem+json"


async def test_a_thousand_guesses_hardly_reach_the_database(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        asked = 0
        enrol = story.base.register.enrol

        async def counted(*args: object, **named: object) -> object:
            nonlocal asked
            asked += 1
            return await enrol(*args, **named)  # type: ignore[arg-type]

        story.base.register.enrol = counted  # type: ignore[method-assign, assignment]
        body = _body(new_code(), key())
        statuses = []
        for number in range(1_000):
            try:
                await story.enroller.enrol(body, f"203.0.{number % 7}.1")
            except EnrolRefused as refused:
                statuses.append(refused.status)
        assert asked <= 7 * 11 and statuses.count(429) == 1_000 - asked
        answer = await story.join(new_code(), key(), "203.0.0.1")
        assert answer.status == 429 and int(answer["retry-after"]) > 0
        assert (await story.join(await story.code(), key(), "198.51.100.1")).status == 200  # a home elsewhere


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": "UAAA"},
        {"public_key": key(2).public},
        {"public_key": NKey("account", bytes(32)).public},
        {"proof": ""},
        {"proof": base64.b64encode(bytes(64)).decode()},
        {"code": "short"},
        {"code": "K7QX9MPT4W2H"},
        {"code": None},
        {"name": 7},
    ],
)
async def test_a_request_that_proves_nothing_is_refused_before_the_database(change: dict[str, object]) -> None:
    request = json.loads(_body("K7QX9MPT4W2J", key())) | change
    with pytest.raises(EnrolRefused) as refused:
        read_request(json.dumps(request).encode())
    assert refused.value.status == 400 and "K7QX" not in refused.value.text


@settings(max_examples=50)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=100).map(str.encode), st.just(b"[" * 5000), st.just(b"{}" * 3000)
    )
)
def test_any_bytes_are_a_request_or_one_refusal(body: bytes) -> None:
    with pytest.raises(EnrolRefused):
        read_request(body)


async def test_a_replayed_request_gives_the_key_nothing_new(base_dsn: str) -> None:
    """Who recorded a request has no private key; the token is worth nothing without it, and the id is the same."""
    async with fleet(base_dsn) as story:
        body = _body(await story.code(), key())
        first, replayed = await story.post(PATH, body), await story.post(PATH, body, "198.51.100.9")
        assert first.json["hub"] == replayed.json["hub"]
        assert read_token(replayed.json["token"], "user").subject == key().public
        await story.base.register.revoke(first.json["hub"], story.now)
        assert (await story.post(PATH, body)).status == 403


async def test_a_revoked_key_does_not_come_back_with_a_new_code_but_a_new_key_does(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        hub = (await story.join(await story.code(), key())).json["hub"]
        await story.base.register.revoke(hub, story.now)
        assert (await story.join(await story.code(), key())).status == 403
        again = await story.join(await story.code(), key(2))
        assert again.status == 200 and again.json["hub"] != hub


async def test_a_home_that_was_away_too_long_gets_its_id_again_with_a_new_code_of_its_organisation(
    base_dsn: str,
) -> None:
    async with fleet(base_dsn) as story:
        hub = (await story.join(await story.code(), key())).json["hub"]
        story.now += HUB_LIFE_S + 100
        again = await story.join(await story.code(), key())
        assert (again.json["hub"], again.json["expires"]) == (hub, story.now + HUB_LIFE_S)
        story.organisation = await story.base.register.add_organisation("Hill")
        assert (await story.join(await story.code(), key())).status == 403


async def test_tokens_are_renewed_for_the_key_of_the_hub_only(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        hub = (await story.join(await story.code(), key())).json["hub"]
        renewal = HubRenewal(story.base.register, TRUST.issuer)
        token = await renewal.renew(hub, key().public, NOON + 45 * 86_400)
        assert token.expires == NOON + 45 * 86_400 + HUB_LIFE_S
        assert read_token(token.token, "user").name == hub
        for id, other in ((hub, key(2)), (new_hub_id(), key())):
            with pytest.raises(BaseRefused):
                await renewal.renew(id, other.public, NOON)
        await story.base.register.revoke(hub, NOON)
        with pytest.raises(HubRevoked):
            await renewal.renew(hub, key().public, NOON)
        with pytest.raises(BaseRefused) as refused:
            await renewal.renew(hub, key(2).public, NOON)
        assert refused.type is BaseRefused


async def test_a_hub_leaves_with_its_own_key_only(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        hub = (await story.join(await story.code(), key())).json["hub"]
        other = (await story.join(await story.code(), key(2))).json["hub"]
        at = int(story.now)
        for request in (
            signed_leave(other, key(), at),
            signed_leave(hub, key(), at - 601),
            signed_leave("x", key(), at),
        ):
            assert (await story.post(LEAVE_PATH, request)).status == 403
        assert (await story.post(LEAVE_PATH, b"{")).status == 400
        assert story.revocations == 0
        assert [(await story.post(LEAVE_PATH, signed_leave(hub, key(), at))).status for _ in range(2)] == [
            204,
            204,
        ]
        entries = {one.id: one.revoked for one in await story.base.register.hubs()}
        assert entries == {hub: story.now, other: None} and story.revocations == 2


async def test_a_hub_that_nats_refuses_gets_another_token_by_its_key_alone(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:
        hub = (await story.join(await story.code(), key())).json["hub"]
        story.now += HUB_LIFE_S + 100
        at = int(story.now)
        reply = await story.post(RENEW_PATH, signed_renewal(hub, key(), at))
        assert TRUST.issuer.read_hub_token(reply.json["token"], at).name == hub
        assert reply.json["expires"] == at + HUB_LIFE_S
        for request in (
            signed_renewal(hub, key(2), at),
            signed_renewal("x", key(), at),
            signed_renewal(hub, key(), at - 601),
            signed_leave(hub, key(), at),  # proves leaving only
        ):
            refused = await story.post(RENEW_PATH, request, "198.51.100.7")
            is_clock = request.at == at - 601
            assert (refused.status, refused.json["id"]) == (403, "fleet.clock" if is_clock else "fleet.enrol")
        assert (await story.post(LEAVE_PATH, signed_renewal(hub, key(), at))).status == 403
        for end in (story.base.register.revoke(hub, story.now), story.base.register.forget(hub, story.now, "anna")):
            await end
            gone = await story.post(RENEW_PATH, signed_renewal(hub, key(), at))
            assert (gone.status, gone.json["id"]) == (403, REVOKED_ID)


async def test_while_the_database_is_away_a_home_is_asked_to_come_again(base_dsn: str) -> None:
    async with fleet(base_dsn) as story:

        async def away(*_: object, **__: object) -> None:
            raise BaseUnavailable("away")

        story.base.register.enrol = away  # type: ignore[method-assign, assignment]
        for _ in range(EACH.free + 2):  # none of them counts as a wrong code
            reply = await story.join(new_code(), key())
            assert (reply.status, reply["retry-after"]) == (503, "60")


async def test_the_authority_is_shown_and_fits_the_fingerprint_of_the_invitation(base_dsn: str) -> None:
    authority = FleetAuthority.make(datetime.datetime.now(datetime.UTC))
    invitation = invitation_of("https://fleet.example:8443", "K7QX9MPT4W2H", authority.pem)
    assert invitation.fingerprint == fingerprint_of(authority.der) and "#" in invitation.text
    assert invitation_of("https://fleet.example", "K7QX9MPT4W2H", "").fingerprint == ""
    async with fleet(base_dsn) as story:
        assert (await story.get()).body == b"WEB PEM"
        story.enroller.place = FleetPlace(())
        assert (await story.get()).status == 404


def _body(code: str, own: NKey) -> bytes:
    return msgspec.json.encode(signed_request(read_invitation(code, "https://fleet.example"), own))
