"""Plugs whose firmware encrypts HTTP: docs/protocols/meross.md §1.5.1."""

import pytest

from families.meross.both_paths import BothPaths
from families.meross.canned_device import CannedDevice, answers_of
from families.meross.encrypting_plug import EncryptingPlug
from families.meross.meross_pair import (
    BROKER,
    HTTP,
    KEY,
    OTHER,
    SERVED,
    UUID,
    controller,
    hub,
    measures,
    over_broker,
    over_http,
    plug,
    reported,
    settings,
)
from pair import Pair, ambient
from unclouded.core.sessions.session import (
    Failure,
    Offline,
    Online,
    Remember,
    SessionCommand,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import MerossController
from unclouded.families.meross.controller import problems
from unclouded.families.meross.plug.encrypted_http import EncryptedHttp
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import ERROR, parse, reply, request
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear
from unclouded.families.meross.wire.messages import payload_of

ON: SessionCommand = WireCommand({"onoff": True})
ENCRYPTED: dict[str, object] = {name: {} for name in (*namespaces.ENCRYPTION, namespaces.ALL)}


def http_pair(device: EncryptingPlug, one: MerossController | None = None) -> Pair:
    return Pair(one or controller(), device, path=HTTP, device_path=SERVED, answers=hub)


def outcomes(pair: Pair) -> list[Settled]:
    return [event for event in pair.of("controller") if isinstance(event, Settled)]


def test_an_encrypted_plug_is_read_and_switched_over_http() -> None:
    device = EncryptingPlug()
    pair = http_pair(device)
    pair.submit(measures(), "device")
    pair.run(until=60.0)
    assert Online() in pair.of("controller") and not pair.of("controller", Waiting)
    assert reported(pair)["electricity.power"] == 67_379
    ticket = pair.submit(ON)
    pair.run(until=70.0)
    assert outcomes(pair) == [Settled(ticket)] and reported(pair)["onoff"] is True


def test_only_the_first_request_and_that_for_the_ability_list_are_in_clear_text() -> None:
    device = EncryptingPlug()
    http_pair(device).run(until=900.0)
    clear = [parse(body).header for kind, body in device.bodies if kind == "request" and is_clear(body)]
    assert [header.namespace for header in clear] == [namespaces.ALL, *[namespaces.ABILITY] * 2]
    answers = [body for kind, body in device.bodies if kind == "answer" and body]
    assert sum(map(is_clear, answers)) == 2, "the two ability lists"
    assert len(answers) > 80 and not any(KEY.encode() in body for _, body in device.bodies)


def test_a_plug_that_gets_firmware_that_encrypts_stays_online() -> None:
    device = EncryptingPlug(encrypts=False)
    pair = http_pair(device)
    pair.run(until=60.0)
    device.encrypts = True
    pair.run(until=61.0)
    ticket = pair.submit(ON)
    pair.run(until=120.0)
    assert pair.of("controller").count(Online()) == 1 and not pair.of("controller", Offline)
    assert outcomes(pair) == [Settled(ticket)]
    assert not is_clear(device.bodies[-1][1])


def test_a_plug_that_gets_firmware_that_does_not_encrypt_stays_online() -> None:
    device = EncryptingPlug()
    pair = http_pair(device)
    pair.run(until=60.0)
    device.encrypts = False
    pair.run(until=120.0)
    ticket = pair.submit(ON)
    pair.run(until=180.0)
    assert pair.of("controller").count(Online()) == 1 and not pair.of("controller", Offline)
    assert outcomes(pair) == [Settled(ticket)]
    assert is_clear(device.bodies[-1][1])


def test_with_another_key_the_reason_names_the_key() -> None:
    pair = http_pair(EncryptingPlug(), controller(key="another key"))
    pair.run(until=900.0)
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason == problems.OTHER_SIGNATURE
    ticket = pair.submit(ON)
    pair.run(until=930.0)
    assert outcomes(pair) == [Settled(ticket, "refused", problems.OTHER_SIGNATURE)]


def test_a_plug_that_closes_what_is_encrypted_for_it_is_not_asked_without_end() -> None:
    """Its keys are made in another way, or another program holds its only connection."""
    device = EncryptingPlug()
    device._http = EncryptedHttp(bound_cipher(OTHER, KEY))
    pair = http_pair(device)
    pair.run(until=900.0)
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason == problems.no_answer("http", problems.ENCRYPTED_UNANSWERED)
    requests = [body for kind, body in device.bodies if kind == "request"]
    assert len(requests) < 50, "two requests at first after 5 s, later after 60 s"


def test_a_plug_with_both_paths_moves_between_encrypted_http_and_the_broker() -> None:
    both = BothPaths(EncryptingPlug())
    both.run(until=20.0)
    assert {path for path, text in both.sent if "Electricity" in text} == {"broker"}
    both.alive.discard("broker")
    both.take(both.one.down("broker", "unplugged", both.now))
    ticket = both.one.submit(ON, both.now)
    both.run(until=40.0)
    assert both.settled() == [Settled(ticket)] and both.sent[-1] == ("http", "encrypted")
    both.alive.add("broker")
    both.alive.discard("http")
    both.take(both.one.up(BROKER, both.now))
    both.take(both.one.down("http", "unplugged", both.now))
    off = both.one.submit(WireCommand({"onoff": False}), both.now)
    both.run(until=60.0)
    assert both.settled() == [Settled(ticket), Settled(off)]
    assert both.events.count(Online()) == 1 and not [one for one in both.events if isinstance(one, Offline)]


def test_such_a_plug_is_online_through_the_broker() -> None:
    pair = Pair(controller(), EncryptingPlug(), path=BROKER, device_path=BROKER, answers=hub)
    pair.run(until=60.0)
    assert Online() in pair.of("controller")
    assert not any(isinstance(event, Waiting | Offline) for event in pair.of("controller"))
    assert all(map(is_clear, pair.sent_by("controller")))


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
    assert waiting.reason == problems.no_answer("http", problems.NEVER_ANSWERED)


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
    (out,) = one.outgoing(0.0)
    assert not is_clear(out.data)
    assert not one.failed(out.id, Failure.CLOSED, 0.0)
    assert answer(one, 0.0, payload_of(ability={namespaces.ALL: {}})) == [Remember("encrypts", b"")]
    assert requested(one, 0.0)[1] == namespaces.ALL


def test_a_plug_with_both_paths_uses_the_broker() -> None:
    one = controller()
    one.up(BROKER, 0.0)
    one.up(HTTP, 0.0)
    for out in one.outgoing(0.0):
        if out.path == HTTP.name:
            assert not one.failed(out.id, Failure.CLOSED, 0.0)
    remembered = [Remember("encrypts", b"1")]
    assert answer(one, 0.0, payload_of(ability=ENCRYPTED)) == remembered, "the other path is still being checked"


@pytest.mark.parametrize("encrypts", [True, False])
def test_after_a_restart_of_the_hub_such_a_plug_is_asked_for_its_ability_list_first(encrypts: bool) -> None:
    device = EncryptingPlug(encrypts)
    one = MerossController(settings(), ambient(1, {"encrypts": b"1"}))
    pair = http_pair(device, one)
    pair.run(until=60.0)
    assert Online() in pair.of("controller") and not pair.of("controller", Waiting)
    first, second = [body for kind, body in device.bodies if kind == "request"][:2]
    assert parse(first).header.namespace == namespaces.ABILITY and is_clear(second) != encrypts
    news = [event for event in pair.of("controller", Remember) if event.key == "encrypts"]
    assert news == ([] if encrypts else [Remember("encrypts", b"")])


def test_on_the_broker_nothing_is_asked_about_encryption() -> None:
    one = MerossController(settings(), ambient(1, {"encrypts": b"1"}))
    one.up(BROKER, 0.0)
    (out,) = one.outgoing(0.0)
    assert parse(out.data).header.namespace == namespaces.ALL


def test_a_remembered_encryption_does_not_keep_a_plug_from_being_asked_that_has_no_ability_list() -> None:
    one = MerossController(settings(), ambient(1, {"encrypts": b"1"}))
    device = CannedDevice(answers_of("mss210", abilities=False))
    pair = Pair(one, device, path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=60.0)
    assert Online() in pair.of("controller")


def test_without_a_uuid_anywhere_the_reason_asks_for_it() -> None:
    one = controller(uuid="")
    one.up(HTTP, 0.0)
    one.failed(requested(one, 0.0)[0], Failure.CLOSED, 0.0)
    (out,) = one.outgoing(0.0)
    header = parse(out.data).header
    data = reply(header, payload_of(ability=ENCRYPTED), key=KEY, timestamp=1, from_="/app/1")
    (waiting,) = one.receive(bytes(data), 0.0, HTTP.name, out.id)
    assert isinstance(waiting, Waiting) and 'write uuid = "…"' in waiting.reason


def test_a_plug_that_worked_and_then_fails_is_not_said_to_have_another_key() -> None:
    """Whatever another client sends in its name meanwhile."""
    pair = over_broker(controller(), plug())
    pair.run(until=60.0)
    pair.send("device", push_of("Appliance.Control.ToggleX", {"togglex": []}, "another key"))
    pair.run(until=61.0)
    pair.submit(WireAction("set_fault", {"name": "closes-connections", "state": "on"}), "device")
    pair.run(until=600.0)
    (offline,) = pair.of("controller", Offline)
    assert offline.reason == problems.no_answer("broker", problems.FAILURES[Failure.TIMEOUT])


def test_a_plug_that_worked_and_then_closes_is_not_said_to_have_another_key() -> None:
    pair = over_http(controller(), plug())
    pair.run(until=60.0)
    pair.submit(WireAction("set_fault", {"name": "closes-connections", "state": "on"}), "device")
    pair.run(until=600.0)
    (offline,) = pair.of("controller", Offline)
    assert offline.reason == problems.no_answer("http", problems.FAILURES[Failure.CLOSED])


def push_of(namespace: str, payload: dict[str, object], key: str) -> bytes:
    return request(
        "PUSH",
        namespace,
        payload_of(**payload),
        message_id="a" * 32,
        key=key,
        timestamp=1,
        from_=f"/appliance/{UUID}/publish",
    )


def test_what_a_plug_sends_with_another_key_is_the_reason_when_it_answers_nothing() -> None:
    pair = over_broker(controller(key="another key"), plug("needs-from", key=KEY, dialect="hw8"))
    pair.run(until=60.0)
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason == problems.OTHER_SIGNATURE
