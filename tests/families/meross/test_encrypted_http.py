"""Plugs whose firmware encrypts HTTP: docs/protocols/meross.md §1.5.1."""

import pytest

from families.meross.meross_pair import BROKER, HTTP, KEY, UUID, controller, over_broker, over_http, plug
from unclouded.core.session import Failure, Offline, Online, SessionCommand, Settled, Waiting, WireCommand
from unclouded.families.meross import MerossController
from unclouded.families.meross.controller import problems
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import ERROR, parse, reply
from unclouded.families.meross.wire.messages import payload_of

ON: SessionCommand = WireCommand({"onoff": True})
ENCRYPTED = {name: {} for name in (*namespaces.ENCRYPTION, namespaces.ALL)}


def test_a_plug_that_encrypts_http_is_recognised_and_the_reason_says_what_to_do() -> None:
    pair = over_http(controller(), plug("encrypts"))
    pair.run(until=900.0)
    (waiting,) = (event for event in pair.of("controller") if isinstance(event, Waiting))
    assert "this firmware encrypts HTTP: use the broker" in waiting.reason
    sent = [parse(data).header.namespace for data in pair.sent_by("controller")]
    assert sent[:2] == [namespaces.ALL, namespaces.ABILITY]
    assert set(sent[2:]) == {namespaces.ABILITY}, "afterwards only what it answers is requested"
    ticket = pair.submit(ON)
    pair.run(until=930.0)
    (settled,) = (one for one in pair.of("controller") if isinstance(one, Settled) and one.ticket == ticket)
    assert settled.result == "refused" and "use the broker" in settled.reason


def test_such_a_plug_is_online_through_the_broker() -> None:
    pair = over_broker(controller(), plug("encrypts"))
    pair.run(until=60.0)
    assert Online() in pair.of("controller")
    assert not any(isinstance(event, Waiting | Offline) for event in pair.of("controller"))


def requested(one: MerossController, now: float) -> tuple[int, str, str]:
    (out,) = one.outgoing(now)
    header = parse(out.data).header
    return out.id, header.namespace, header.message_id


def answer(one: MerossController, now: float, payload: bytes, method: str = "") -> list[object]:
    """Answer the request that the controller sends now."""
    (out,) = one.outgoing(now)
    header = parse(out.data).header
    data = reply(header, payload, key=KEY, timestamp=1, from_=f"/appliance/{UUID}/publish", method=method)
    return list(one.receive(bytes(data), now, HTTP.name, out.id))


@pytest.mark.parametrize("why", [Failure.CLOSED, Failure.GARBLED])
def test_a_plug_that_closes_for_another_reason_is_not_said_to_encrypt(why: Failure) -> None:
    one = controller()
    one.up(HTTP, 0.0)
    id, namespace, _ = requested(one, 0.0)
    assert namespace == namespaces.ALL and not one.failed(id, why, 0.0)
    (waiting,) = answer(one, 0.0, payload_of(ability={namespaces.ALL: {}, namespaces.ENCRYPTION[0]: {}}))
    assert isinstance(waiting, Waiting)
    assert waiting.reason == problems.no_answer("http", problems.FAILURES[Failure.CLOSED])


@pytest.mark.parametrize("why", [Failure.TIMEOUT, Failure.REFUSED, Failure.GONE])
def test_a_plug_that_cannot_be_reached_is_not_asked_for_its_encryption(why: Failure) -> None:
    one = controller()
    one.up(HTTP, 0.0)
    (waiting,) = one.failed(requested(one, 0.0)[0], why, 0.0)
    assert isinstance(waiting, Waiting) and not one.outgoing(0.0)


def test_a_plug_that_closes_its_ability_list_too_does_not_answer() -> None:
    one = controller()
    one.up(HTTP, 0.0)
    one.failed(requested(one, 0.0)[0], Failure.CLOSED, 0.0)
    (waiting,) = one.failed(requested(one, 0.0)[0], Failure.CLOSED, 0.0)
    assert isinstance(waiting, Waiting) and "closes the connection without an answer" in waiting.reason


def test_a_wrong_key_is_reported_also_where_the_plug_encrypts() -> None:
    one = controller()
    one.up(HTTP, 0.0)
    one.failed(requested(one, 0.0)[0], Failure.CLOSED, 0.0)
    (waiting,) = answer(one, 0.0, payload_of(error={"code": 5001, "detail": ""}), ERROR)
    assert isinstance(waiting, Waiting) and waiting.reason == problems.WRONG_KEY


def test_other_firmware_that_encrypts_no_more_is_found() -> None:
    one = controller()
    one.up(HTTP, 0.0)
    one.failed(requested(one, 0.0)[0], Failure.CLOSED, 0.0)
    answer(one, 0.0, payload_of(ability=ENCRYPTED))
    one.tick(one.deadline() or 0.0)
    assert answer(one, 10.0, payload_of(ability={namespaces.ALL: {}})) == []
    assert requested(one, 10.0)[1] == namespaces.ALL


def test_a_plug_with_both_paths_uses_the_broker() -> None:
    one = controller()
    one.up(BROKER, 0.0)
    one.up(HTTP, 0.0)
    for out in one.outgoing(0.0):
        if out.path == HTTP.name:
            assert not one.failed(out.id, Failure.CLOSED, 0.0)
    assert answer(one, 0.0, payload_of(ability=ENCRYPTED)) == [], "the other path is still being checked"
