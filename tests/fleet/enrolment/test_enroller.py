"""Who gets a token, and what is said to those who do not: with a register in memory, so that each rule is cheap."""

from collections.abc import Callable

import msgspec
import pytest

from unclouded.core.security.nkeys import NKey
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked
from unclouded.fleet.base.views import HubEntry
from unclouded.fleet.enrolment.codes import code_digest
from unclouded.fleet.enrolment.enroller import (
    ALL,
    AWAY,
    EACH,
    LARGEST_REQUEST,
    NOT_ITS_KEY,
    REVOKED,
    UNREADABLE,
    WRONG_CODE,
    Enroller,
    EnrolRefused,
    FleetPlace,
)
from unclouded.fleet.keys.issuer import HUB_LIFE_S
from unclouded.fleet.keys.roles import is_hub_id
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.uplink.joining import read_invitation, signed_leave, signed_renewal, signed_request
from unclouded.web.access.login_throttle import ThrottleRule

NOON = 1_796_040_000
TRUST = PrivateTrust()
PLACE = FleetPlace(("tls://fleet.example:4222",), "NATS PEM")
CODE = "K7QX9MPT4W2H"
KEY, OTHER = NKey("user", bytes([1] * 32)), NKey("user", bytes([2] * 32))
HUB = "h" * 20
HOME = "192.0.2.1"


class Register:
    """One code, one hub. ``trouble``: what happens instead."""

    def __init__(self) -> None:
        self.hubs: dict[str, HubEntry] = {}
        self.trouble: Exception | None = None
        self.left: list[tuple[str, float]] = []
        self.asked: list[tuple[str, str, float]] = []

    async def enrol(self, digest: bytes, hub: str, public_key: str, name: str, now: float, place: str = "") -> HubEntry:
        self.asked.append((name, place, now))
        self._happen()
        if digest != code_digest(CODE):
            raise BaseRefused("no such code")
        entry = self.hubs[hub] = entry_of(hub, public_key)
        return entry

    async def hub(self, id: str) -> HubEntry | None:
        self._happen()
        return self.hubs.get(id)

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry:
        self._happen()
        entry = self.hubs.get(id)
        if entry is None or entry.public_key != public_key:
            raise BaseRefused("not its key")
        if entry.revoked is not None:
            raise HubRevoked("revoked")
        return entry

    async def leave(self, id: str, now: float) -> HubEntry:
        self.left.append((id, now))
        entry = self.hubs[id] = msgspec.structs.replace(self.hubs[id], revoked=now)
        return entry

    def _happen(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def entry_of(hub: str, public_key: str) -> HubEntry:
    return HubEntry(
        id=hub,
        number=1,
        organisation=1,
        organisation_name="Lake",
        public_key=public_key,
        name="",
        place="",
        shard=3,
        joined=float(NOON),
        renewed=float(NOON),
    )


class Story:
    def __init__(self) -> None:
        self.register = Register()
        self.register.hubs[HUB] = entry_of(HUB, KEY.public)
        self.now = NOON + 0.5
        self.clock = 0.0
        self.revocations = 0
        self.enroller = Enroller(
            self.register, TRUST.issuer, PLACE, lambda: self.now, lambda: self.clock, self._revoked
        )

    async def refused(self, what: Callable[..., object], request: object, address: str = HOME) -> EnrolRefused:
        body = request if isinstance(request, bytes) else msgspec.json.encode(request)
        with pytest.raises(EnrolRefused) as refused:
            await what(body, address)  # type: ignore[misc]  # one of the enroller's methods
        return refused.value

    def _revoked(self) -> None:
        self.revocations += 1


def request_to_join(key: NKey = KEY, code: str = CODE, name: str = "Cottage") -> bytes:
    return msgspec.json.encode(signed_request(read_invitation(code, "https://fleet.example"), key, name, "p" * 200))


def test_the_limits_are_those_of_the_documentation() -> None:
    """Behaviour is tested by their names elsewhere; a number that changes is a decision."""
    assert ThrottleRule(free=10, first=10.0, most=900.0) == EACH
    assert ThrottleRule(free=200, first=1.0, most=30.0) == ALL
    assert FleetPlace(()) == FleetPlace((), "", "")


# --- joining ------------------------------------------------------------------------------------------


async def test_who_joins_gets_a_token_for_90_days_and_is_counted() -> None:
    story = Story()
    answer = await story.enroller.enrol(request_to_join(name="n" * 200), HOME)
    assert is_hub_id(answer.hub) and story.register.asked == [("n" * 100, "p" * 100, NOON + 0.5)]
    assert (answer.expires, answer.shard, answer.servers) == (NOON + HUB_LIFE_S, 3, PLACE.servers)
    assert (answer.authority, answer.organisation) == ("NATS PEM", "Lake")
    claims = TRUST.issuer.read_hub_token(answer.token, NOON)
    assert (claims.name, claims.subject, claims.issued) == (answer.hub, KEY.public, NOON)
    assert (story.enroller.enrolled, story.enroller.refused) == (1, 0)
    assert HUB_LIFE_S == 90 * 86_400


async def test_each_reason_to_refuse_who_joins_has_a_status_and_a_sentence() -> None:
    story = Story()
    refused = await story.refused(story.enroller.enrol, request_to_join(code="K7QX9MPT4W2J"))
    assert (refused.status, refused.text, refused.id, refused.wait_s) == (403, WRONG_CODE, "fleet.enrol", 0)
    refused = await story.refused(story.enroller.enrol, b"{")
    assert (refused.status, refused.text, str(refused)) == (400, UNREADABLE, UNREADABLE)
    for before, after in ((CODE, CODE[1:]), (CODE, "K7QX9MPT4W2J"), (KEY.public, OTHER.public)):
        changed = request_to_join().replace(before.encode(), after.encode())
        assert (await story.refused(story.enroller.enrol, changed)).status == 400, "its key is not proven"
    story.register.trouble = BaseUnavailable("away")
    refused = await story.refused(story.enroller.enrol, request_to_join())
    assert (refused.status, refused.text, refused.wait_s) == (503, AWAY, 60)
    assert (story.enroller.enrolled, story.enroller.refused) == (0, 6)


async def test_a_request_has_4096_bytes_at_most() -> None:
    story = Story()
    body = request_to_join()
    await story.enroller.enrol(body + b" " * (LARGEST_REQUEST - len(body)), HOME)
    refused = await story.refused(story.enroller.enrol, body + b" " * (LARGEST_REQUEST + 1 - len(body)))
    assert refused.status == 400 and LARGEST_REQUEST == 4096
    leaving = msgspec.json.encode(signed_leave(HUB, KEY, NOON))
    refused = await story.refused(story.enroller.leave, leaving + b" " * LARGEST_REQUEST)
    assert (refused.status, refused.text) == (400, UNREADABLE)
    await story.enroller.leave(leaving + b" " * (LARGEST_REQUEST - len(leaving)), HOME)


@pytest.mark.parametrize("action", ["enrol", "leave", "renew"])
async def test_ten_attempts_of_an_address_are_free_and_one_that_is_right_starts_anew(action: str) -> None:
    story = Story()
    method = getattr(story.enroller, action)
    right = {
        "enrol": request_to_join(),
        "leave": msgspec.json.encode(signed_leave(HUB, KEY, NOON)),
        "renew": msgspec.json.encode(signed_renewal(HUB, KEY, NOON)),
    }[action]
    for _ in range(9):
        assert (await story.refused(method, b"{")).status == 400
    await method(right, HOME)
    for _ in range(EACH.free):
        assert (await story.refused(method, b"{")).status == 400
    late = await story.refused(method, right)
    assert (late.status, late.text, late.wait_s) == (429, "Too many attempts. Try again in 10 s.", 10)
    story.clock += 9.5
    assert (await story.refused(method, right)).text == "Too many attempts. Try again in 1 s."
    assert (await story.refused(method, b"{", "192.0.2.2")).status == 400, "others are not affected"
    story.clock += 0.5
    story.register.hubs[HUB] = entry_of(HUB, KEY.public)
    await method(right, HOME)


# --- leaving ------------------------------------------------------------------------------------------


async def test_who_leaves_is_revoked_once_and_nats_is_brought_to_the_list_each_time() -> None:
    story = Story()
    for number in (1, 2):
        await story.enroller.leave(msgspec.json.encode(signed_leave(HUB, KEY, NOON)), HOME)
        assert story.register.left == [(HUB, NOON + 0.5)] and story.revocations == number


@pytest.mark.parametrize(
    "request_to_leave",
    [
        signed_leave(HUB, OTHER, NOON),
        signed_leave("g" * 20, KEY, NOON),
        signed_leave(HUB, KEY, NOON - 601),
        signed_leave(HUB, KEY, NOON + 602),
        signed_renewal(HUB, KEY, NOON),
    ],
)
async def test_another_key_time_or_purpose_does_not_leave(request_to_leave: object) -> None:
    story = Story()
    refused = await story.refused(story.enroller.leave, request_to_leave)
    assert (refused.status, refused.text, refused.id) == (403, NOT_ITS_KEY, "fleet.enrol")
    assert story.register.left == [] and story.revocations == 0


# --- another token ------------------------------------------------------------------------------------


async def test_another_token_is_for_the_key_of_the_hub() -> None:
    story = Story()
    answer = await story.enroller.renew(msgspec.json.encode(signed_renewal(HUB, KEY, NOON - 599)), HOME)
    claims = TRUST.issuer.read_hub_token(answer.token, NOON)
    assert (claims.name, claims.subject, answer.expires) == (HUB, KEY.public, NOON + HUB_LIFE_S)
    for request in (signed_renewal(HUB, OTHER, NOON), signed_leave(HUB, KEY, NOON), signed_renewal("x", KEY, NOON)):
        refused = await story.refused(story.enroller.renew, request)
        assert (refused.status, refused.text, refused.id) == (403, NOT_ITS_KEY, "fleet.enrol")


@pytest.mark.parametrize(("apart_s", "minutes"), [(601, "10"), (-3600, "60"), (7200, "120")])
async def test_clocks_that_differ_are_named_only_to_who_has_the_key(apart_s: int, minutes: str) -> None:
    story = Story()
    story.now = float(NOON)
    refused = await story.refused(story.enroller.renew, signed_renewal(HUB, KEY, NOON + apart_s))
    assert (refused.status, refused.id) == (403, "fleet.clock")
    assert f"differ by {minutes} minutes" in refused.text
    forged = msgspec.structs.replace(signed_renewal(HUB, KEY, NOON + apart_s), public_key=OTHER.public)
    assert (await story.refused(story.enroller.renew, forged)).id == "fleet.enrol"


async def test_a_revoked_hub_and_one_whose_database_is_away_are_told_apart() -> None:
    story = Story()
    request = signed_renewal(HUB, KEY, NOON)
    story.register.hubs[HUB] = msgspec.structs.replace(story.register.hubs[HUB], revoked=1.0)
    refused = await story.refused(story.enroller.renew, request)
    assert (refused.status, refused.text, refused.id) == (403, REVOKED, "fleet.revoked")
    story.register.trouble = BaseUnavailable("away")
    leaving = signed_leave(HUB, KEY, NOON)
    for _ in range(EACH.free):
        for method, body in ((story.enroller.renew, request), (story.enroller.leave, leaving)):
            refused = await story.refused(method, body)
            assert (refused.status, refused.text, refused.wait_s) == (503, AWAY, 60), "they do not count"
        assert (await story.refused(story.enroller.enrol, request_to_join())).status == 503
    assert story.revocations == 0
