"""Organisations, codes, hubs, persons and their sessions."""

import asyncio

import pytest

from fleet.filled_base import NOW, add_home, add_organisation
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseError, BaseRefused, HubRevoked, NotInScope
from unclouded.fleet.base.views import RevokedKey, Scope


async def test_code_is_used_as_often_as_it_says_also_at_once(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    await base.register.add_code(b"code", organisation, 2, NOW + 900, "me", NOW)
    joins = [base.register.enrol(b"code", f"hub{n}".ljust(20, "a"), f"KEY{n}", f"Home {n}", NOW) for n in range(4)]
    done = await asyncio.gather(*joins, return_exceptions=True)
    assert sum(isinstance(one, BaseRefused) for one in done) == 2 and len(await base.register.hubs()) == 2
    assert await base.register.codes(NOW) == []
    entry = next(one for one in done if not isinstance(one, BaseException))
    again = await base.register.enrol(b"code", "other".ljust(20, "a"), entry.public_key, "x", NOW)
    assert again == entry  # the answer was lost: the same hub, and no other use


async def test_codes_end(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    code = await base.register.add_code(b"code", organisation, 2, NOW + 900, "me", NOW)
    assert await base.register.codes(NOW + 899) == [code]
    for digest, now in ((b"code", NOW + 900), (b"other", NOW)):
        with pytest.raises(BaseRefused, match="unknown, expired or used up"):
            await base.register.enrol(digest, "a" * 20, "KEY", "Home", now)
    await base.register.withdraw_code(code.number)
    with pytest.raises(BaseRefused):
        await base.register.enrol(b"code", "a" * 20, "KEY", "Home", NOW)


async def test_revoked_and_forgotten_keys_do_not_come_back(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hub = await add_home(base, organisation)
    await base.register.renew(hub, f"KEY{hub}", NOW + 1)
    with pytest.raises(BaseRefused, match="another key"):
        await base.register.renew(hub, "KEYother", NOW + 1)
    await base.register.revoke(hub, NOW + 2)
    with pytest.raises(BaseRefused, match="revoked"):
        await base.register.renew(hub, f"KEY{hub}", NOW + 3)
    await base.register.add_code(b"code", organisation, 9, NOW + 900, "me", NOW)
    for _ in range(2):
        with pytest.raises(BaseRefused):
            await base.register.enrol(b"code", "b" * 20, f"KEY{hub}", "Home", NOW)
        if await base.register.hub(hub) is not None:
            await base.register.forget(hub, NOW + 4, "test")
    assert [(one.public_key, one.at) for one in await base.register.revoked_keys()] == [(f"KEY{hub}", NOW + 2)]


async def test_keys_that_a_restored_database_forgot_are_revoked_again(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hub, neighbour = await add_home(base, organisation), await add_home(base, organisation)
    keys = [RevokedKey(public_key=key, at=NOW - 9) for key in (f"KEY{hub}", "KEYforgotten")]
    for _ in range(2):
        await base.register.revoke_keys(keys)
        assert await base.register.revoked_keys() == sorted(keys, key=lambda one: one.public_key)
    with pytest.raises(HubRevoked):
        await base.register.renew(hub, f"KEY{hub}", NOW)
    await base.register.renew(neighbour, f"KEY{neighbour}", NOW)
    await base.register.add_code(b"code", organisation, 9, NOW + 900, "me", NOW)
    with pytest.raises(BaseRefused, match="revoked"):
        await base.register.enrol(b"code", "b" * 20, "KEYforgotten", "Home", NOW)


async def test_names_are_taken_once(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    with pytest.raises(BaseRefused, match="one already"):
        await add_organisation(base, "A")
    await base.register.rename_organisation(organisation, "B")
    assert [one.name for one in await base.register.organisations()] == ["B"]
    await base.people.add_person("Ana@Example.org ", "Ana", "hash", NOW)
    with pytest.raises(BaseRefused, match="one already"):
        await base.people.add_person("ana@example.org", "Ana", "hash", NOW)
    for missing in (base.register.revoke("z" * 20, NOW), base.register.rename_organisation(99, "C")):
        with pytest.raises(NotInScope):
            await missing


async def test_roles_in_several_organisations_and_the_last_owner(base: FleetBase) -> None:
    first, second = await add_organisation(base, "A"), await add_organisation(base, "B")
    ana = (await base.people.add_person("ana", "Ana", "hash", NOW)).number
    ben = (await base.people.add_person("ben", "Ben", "hash", NOW)).number
    await base.people.set_role(ana, first, "owner")
    await base.people.set_role(ana, second, "viewer")
    await base.people.set_role(ben, first, "owner")
    person = await base.people.person(ana)
    assert person is not None and person.scope == Scope((first, second)) and person.role_in(second) == "viewer"
    assert [one.login for one in await base.people.persons(Scope((second,)))] == ["ana"]
    assert [one.organisation for one in (await base.people.persons(Scope((second,))))[0].roles] == [second]
    leave = [base.people.set_role(ana, first, None), base.people.set_role(ben, first, "viewer")]
    done = await asyncio.gather(*leave, return_exceptions=True)
    assert sum(isinstance(one, BaseRefused) for one in done) == 1  # one of the two has to stay
    owner = ben if not isinstance(done[0], BaseError) else ana
    with pytest.raises(BaseRefused, match="last owner"):
        await base.people.remove_person(owner)


async def test_sessions_end_with_their_time_the_password_and_the_person(base: FleetBase) -> None:
    ana = (await base.people.add_person("ana", "Ana", "hash", NOW)).number
    for digest in (b"one", b"two", b"three"):
        await base.people.open_session(digest, ana, NOW + 100, "Firefox", NOW)
    found = await base.people.session(b"one", NOW + 61)
    assert found is not None and found.person.login == "ana"
    assert await base.people.session(b"one", NOW + 100) is None
    assert (await base.people.sessions(ana, NOW + 62))[0].digest == b"one"  # seen last
    assert await base.people.close_sessions(ana, but=b"one") == 2
    await base.people.close_session(b"one")
    assert await base.people.sessions(ana, NOW) == []
    for change in ({"password": "other"}, {"disabled": True}):
        await base.people.open_session(b"one", ana, NOW + 100, "Firefox", NOW)
        await base.people.change_person(ana, **change)
        assert await base.people.session(b"one", NOW) is None
    assert await base.people.credential("ana") is None


async def test_changes_together_are_made_all_or_not_at_all(base: FleetBase) -> None:
    with pytest.raises(BaseRefused):
        async with base.together():
            organisation = await base.register.add_organisation("Riverside")
            await base.audit.note("test", "organisation.add", "1", NOW, organisation.number)
            await base.register.add_organisation("Riverside")
    everything = Scope.everything()
    assert await base.register.organisations() == [] and await base.audit.entries(everything) == []
    async with base.together():
        organisation = await base.register.add_organisation("Riverside")
        await base.audit.note("test", "organisation.add", "1", NOW, organisation.number)
        assert len(await base.audit.entries(everything)) == 1
    assert len(await base.register.organisations()) == len(await base.audit.entries(everything)) == 1
