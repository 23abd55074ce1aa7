"""The controller of a Meross plug: over HTTP, over the broker, over both, and when things go wrong."""

import msgspec
import pytest
from hypothesis import strategies as st

from families.meross.both_paths import BothPaths
from families.meross.meross_pair import (
    BROKER,
    HTTP,
    KEY,
    OTHER,
    UUID,
    controller,
    fault,
    measures,
    messages_of,
    over_broker,
    over_http,
    plug,
    reported,
    settings,
)
from pair import START_UNIX, Pair, ambient
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Identified,
    LocalTime,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    Reported,
    Session,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import MerossController
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.paths.paths import PathState
from unclouded.families.meross.controller.paths.request_window import RequestWindow, WindowRequest
from unclouded.families.meross.controller.paths.requests import check
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import EnvelopeHeader, parse, reply, request, sign
from unclouded.families.meross.wire.messages import payload_of

ON, OFF = WireCommand({"onoff": True}), WireCommand({"onoff": False})


# --- what the other end may send, for the laws -----------------------------------------------------


def push(namespace: str, payload: bytes, method: str = "PUSH", uuid: str = UUID) -> bytes:
    return request(
        method,
        f"Appliance.{namespace}",
        payload,
        message_id="f" * 32,
        key=KEY,
        timestamp=int(START_UNIX),
        from_=f"/appliance/{uuid}/publish",
    )


TRAFFIC = [
    push("System.Clock", payload_of(clock={"timestamp": 4})),
    push("Control.Bind", payload_of(bind={"bindTime": 1}), "SET"),
    push("Control.ToggleX", payload_of(togglex=[{"channel": 0, "onoff": 1, "lmTime": 1}])),
    push("Control.ToggleX", payload_of(togglex=[{"channel": 0, "onoff": 0, "lmTime": 1}])),
    push("Control.Electricity", b"{}", uuid=OTHER),
    push("Control.Weather", b'{"rain":[1]}'),
    push("Control.ConsumptionConfig", payload_of(config={"voltageRatio": 188})),
    push("System.All", payload_of(all={"system": 3}), "GETACK"),
    push("System.All", payload_of(error={"code": 5001}), "ERROR"),
    push("Control.Electricity", payload_of(error={"code": 5000}), "ERROR"),
    push("System.Ability", payload_of(ability={"Appliance.System.Runtime": {}}), "GETACK"),
    b"{",
    b"<html>",
    b"",
]


class TestTheControllerOverHttp(SessionLaws):
    path = HTTP

    def make(self, ambient: Ambient) -> Session:
        return MerossController(settings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(TRAFFIC)

    def commands(self) -> st.SearchStrategy[WireCommand]:
        return st.sampled_from([ON, OFF])

    def comparable(self, outs: list[Out]) -> list[bytes]:  # type: ignore[override]  # message ids are random
        return [f"{parse(out.data)}{bytes(parse(out.data).payload)!r}".encode() for out in outs]


class TestTheControllerOverTheBroker(TestTheControllerOverHttp):
    path = BROKER

    def test_any_chunking_gives_the_same_events(self) -> None:
        """Messages have borders over the broker."""

    test_no_byte_vanishes_and_what_is_held_back_is_bounded = test_any_chunking_gives_the_same_events


# --- a plug that behaves ----------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [over_http, over_broker])
@pytest.mark.parametrize("hardware", [1, 2])
def test_a_plug_is_recognised_read_and_switched(wire: object, hardware: int) -> None:
    pair = wire(controller(), plug(hardware=hardware))  # type: ignore[operator]
    pair.submit(measures(), "device")
    pair.run(until=1.0)
    *_, who = pair.of("controller", Identified)
    assert (who.info["identity"], who.info["product"], who.info["mac"]) == (UUID, "mss310", "02:00:00:00:00:01")
    ticket = pair.submit(ON)
    pair.run(until=2.0)
    assert pair.of("controller", Settled) == [Settled(ticket)]
    pair.submit(measures(wh=181), "device")
    pair.run(until=70.0)
    assert reported(pair) == {
        "onoff": True,
        "electricity.power": 67_379,
        "electricity.voltage": 2387,
        "electricity.current": 418,
        "consumption.counter": 181,
        "consumption.today": 181,
        "runtime.signal": 86,
        "led": True,
    }
    assert pair.of("controller", Online) == [Online()] and not pair.of("controller", Rejected)


def test_old_hardware_is_switched_by_toggle_and_new_by_togglex() -> None:
    for hardware, name in ((1, "SET Control.Toggle"), (2, "SET Control.ToggleX")):
        pair = over_http(controller(), plug(hardware=hardware))
        pair.run(until=1.0)
        pair.submit(ON)
        pair.run(until=2.0)
        assert name in messages_of(pair, "controller")


def test_over_http_one_request_is_under_way_at_a_time() -> None:
    pair = over_http(controller(), plug(), latency=0.2)
    pair.run(until=30.0)
    waiting = 0
    for _, side, _ in pair.sent:
        waiting += 1 if side == "controller" else -1
        assert waiting in (0, 1)


def test_an_acknowledgement_alone_confirms_nothing() -> None:
    pair = over_http(controller(), plug("has-stuck-relay"))
    pair.run(until=1.0)
    ticket = pair.submit(ON)
    pair.run(until=20.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "refused", "The plug reports that it is off.")]
    assert reported(pair)["onoff"] is False


def test_a_command_that_the_world_refuses_is_refused_with_what_the_plug_reports() -> None:
    pair = over_broker(controller(), plug(), answers=lambda side, question: Refusal("the relay is welded"))
    pair.run(until=1.0)
    pair.submit(ON)
    pair.run(until=20.0)
    assert [event.result for event in pair.of("controller", Settled)] == ["refused"]


def test_over_the_broker_the_plugs_own_push_confirms_before_the_get() -> None:
    pair = over_broker(controller(), plug(), latency=0.1)
    pair.run(until=1.0)
    pair.submit(ON)
    pair.run(until=5.0)
    assert pair.when("controller", Settled) == [1.2]


def test_commands_are_carried_out_in_their_order() -> None:
    pair = over_broker(controller(), plug(), latency=0.05)
    pair.run(until=1.0)
    tickets = [pair.submit(command) for command in (ON, OFF, ON)]
    pair.run(until=5.0)
    assert pair.of("controller", Settled) == [Settled(ticket) for ticket in tickets]
    assert reported(pair)["onoff"] is True


def test_a_button_press_at_the_plug_is_reported_at_once() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=3.0)
    pair.submit(ON, "device")
    pair.run(until=3.1)
    assert reported(pair)["onoff"] is True


def test_what_a_plug_cannot_do_is_the_callers_error() -> None:
    one = controller()
    one.up(HTTP, 0.0)
    for command in (WireCommand({"colour": 3}), WireCommand({"onoff": "blue"}), WireAction("explode")):
        with pytest.raises(CommandError):
            one.submit(command, 0.0)


def test_a_command_to_a_plug_that_has_not_called_is_unreachable_at_once() -> None:
    one = controller()
    ticket = one.submit(ON, 3.0)
    assert one.deadline() == 3.0
    assert one.tick(3.0) == [Settled(ticket, "unreachable", "There is no path to the plug yet.")]


# --- the start of a plug's own connection -----------------------------------------------------------


def test_the_clock_is_answered_under_the_plugs_own_header() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=1.0)
    asked = next(parse(data) for data in pair.sent_by("device") if b"System.Clock" in data)
    (sent,) = [parse(data) for data in pair.sent_by("controller") if b"System.Clock" in data]
    same = ("message_id", "namespace", "method", "from_", "timestamp", "timestamp_ms", "sign")
    assert [getattr(sent.header, name) for name in same] == [getattr(asked.header, name) for name in same]
    assert sent.header.trigger_src == "CloudControl"
    assert bytes(sent.payload) == payload_of(clock={"timestamp": int(START_UNIX)})


def test_a_bind_is_acknowledged_with_its_own_message_id_and_our_signature() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=1.0)
    bind = next(parse(data) for data in pair.sent_by("device") if b"Control.Bind" in data)
    (ack,) = [parse(data) for data in pair.sent_by("controller") if b"Control.Bind" in data]
    assert (str(ack), bytes(ack.payload)) == ("SETACK Appliance.Control.Bind", b"{}")
    assert ack.header.message_id == bind.header.message_id
    assert ack.header.sign == sign(ack.header.message_id, KEY, ack.header.timestamp)


def test_an_old_plug_that_only_announces_its_bind_is_not_acknowledged() -> None:
    pair = over_broker(controller(), plug(hardware=1))
    pair.run(until=40.0)
    assert messages_of(pair, "device").count("PUSH Control.Bind") == 1
    assert not [text for text in messages_of(pair, "controller") if "Bind" in text]


def test_the_consumption_config_is_echoed() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=1.0)
    of_both = [
        [parse(data) for data in pair.sent_by(side) if parse(data).header.namespace == namespaces.CONSUMPTION_CONFIG]
        for side in ("device", "controller")
    ]
    ((theirs,), (ours,)) = of_both
    assert bytes(theirs.payload) == bytes(ours.payload) and theirs.header.sign == ours.header.sign


def test_a_hub_without_a_clock_leaves_the_plug_asking() -> None:
    pair = over_broker(controller(), plug(), answers=lambda side, question: LocalTime(5.0, 0, trusted=False))
    pair.run(until=9.0)
    assert messages_of(pair, "device").count("PUSH System.Clock") == 5
    assert "PUSH System.Clock" not in messages_of(pair, "controller")


# --- which answer is for which request ----------------------------------------------------------------


def settled_controller() -> MerossController:
    """A controller on the broker whose plug is identified and whose polls are answered."""
    one = controller()
    pair = over_broker(one, plug())
    pair.run(until=5.0)
    return one


def answer_to(out: Out, payload: bytes = b"{}", message_id: str = "", namespace: str = "") -> bytes:
    """The plug's answer to a request, with another messageId or namespace if named."""
    header = parse(out.data).header
    asked = msgspec.structs.replace(
        header, message_id=message_id or header.message_id, namespace=namespace or header.namespace
    )
    return bytes(reply(asked, payload, key=KEY, timestamp=int(START_UNIX), from_=f"/appliance/{UUID}/publish"))


RELAY_ON = payload_of(togglex={"channel": 0, "onoff": 1})


def test_an_acknowledgement_with_another_message_id_is_rejected_although_its_namespace_fits() -> None:
    one = settled_controller()
    one.submit(ON, 5.0)
    (out,) = one.outgoing(5.0)
    (rejected,) = one.receive(answer_to(out, message_id="f" * 32), 5.1, "broker")
    assert isinstance(rejected, Rejected) and "another's request" in rejected.reason
    assert one.outgoing(5.1) == [], "nothing is acknowledged, so the state is not requested"
    assert one.receive(answer_to(out), 5.2, "broker") == []
    assert [str(parse(out.data)) for out in one.outgoing(5.2)] == ["GET Appliance.Control.ToggleX"]


def test_a_state_in_answer_to_another_request_settles_no_command() -> None:
    one = settled_controller()
    ticket = one.submit(ON, 5.0)
    (set_,) = one.outgoing(5.0)
    one.receive(answer_to(set_), 5.1, "broker")
    (get,) = one.outgoing(5.1)
    for foreign in (parse(set_.data).header.message_id, "0" * 32):
        events = one.receive(answer_to(get, RELAY_ON, message_id=foreign), 5.2, "broker")
        assert [type(event) for event in events] == [Rejected]
    assert one.receive(answer_to(get, RELAY_ON), 5.3, "broker") == [Reported({"onoff": True}), Settled(ticket)]


def test_the_right_message_id_with_another_namespace_is_rejected() -> None:
    one = settled_controller()
    one.submit(ON, 5.0)
    (out,) = one.outgoing(5.0)
    events = one.receive(answer_to(out, namespace=namespaces.BIND), 5.1, "broker")
    assert events[-1] == Rejected("another namespace") and not [e for e in events if isinstance(e, Settled)]


def test_two_requests_of_one_namespace_are_matched_by_their_message_ids() -> None:
    window = RequestWindow(KEY, bytes(16), 5.0)
    for name in ("first", "second"):
        window.add(WindowRequest(name, "GET", namespaces.TOGGLEX))
    first, second = window.send(0.0, int(START_UNIX), "/x", lambda request: PathState(BROKER))
    for out, name in ((second, "second"), (first, "first")):
        found = window.answered(parse(out.data).header.message_id, 1.0)
        assert found is not None and found.request.name == name


# --- what goes wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [over_http, over_broker])
def test_a_wrong_key_is_reported_with_what_to_do(wire: object) -> None:
    pair = wire(controller(key="another key"), plug(), answers=lambda side, question: None)  # type: ignore[operator]
    pair.run(until=120.0)
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason.startswith("The plug does not accept the key.") and "`key` in [meross]" in waiting.reason
    assert not pair.of("controller", Online)
    ticket = pair.submit(ON)
    pair.run(until=125.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "refused", problems.WRONG_KEY)]


def test_a_plug_that_checks_no_signature_but_signs_with_another_key_is_reported_too() -> None:
    pair = over_http(controller(), plug(key=""))
    pair.run(until=1.0)
    assert [event.reason for event in pair.of("controller", Waiting)] == [problems.OTHER_SIGNATURE]


def test_another_plug_at_the_address_is_rejected() -> None:
    pair = over_http(controller(), plug(uuid=OTHER))
    pair.run(until=200.0)
    (offline,) = pair.of("controller", Offline)
    assert offline.reason.startswith("this is another plug: ") and OTHER in offline.reason
    assert not pair.of("controller", Reported) and not pair.of("controller", Identified)


def test_an_address_that_moves_to_another_plug_is_noticed_at_the_next_answer() -> None:
    one = controller()
    pair = over_http(one, plug())
    pair.run(until=5.0)
    stranger = over_http(controller(uuid=""), plug(uuid=OTHER))
    pair._ends["device"] = stranger._ends["device"]
    pair.run(until=11.0)
    assert pair.when("controller", Offline) == [10.012]
    assert "electricity.power" in reported(pair)


def test_without_a_configured_uuid_any_plug_that_answers_is_accepted() -> None:
    pair = over_http(controller(uuid=""), plug(uuid=OTHER))
    pair.run(until=1.0)
    assert {event.info["identity"] for event in pair.of("controller", Identified)} == {OTHER}


@pytest.mark.parametrize("name", ["closes-connections", "truncates-answers", "sends-wrong-id"])
def test_three_unusable_answers_make_a_plug_offline_and_a_good_one_brings_it_back(name: str) -> None:
    pair = over_http(controller(), plug())
    pair.run(until=5.0)
    fault(pair, name)
    pair.run(until=60.0)
    assert len(pair.of("controller", Offline)) == 1
    fault(pair, name, "off")
    pair.run(until=130.0)
    assert [type(event) for event in pair.of("controller") if isinstance(event, (Online, Offline))] == [
        Online,
        Offline,
        Online,
    ]


@pytest.mark.parametrize("name", ["closes-connections", "truncates-answers", "sends-wrong-id"])
@pytest.mark.parametrize("wire", [over_http, over_broker])
def test_a_command_to_a_plug_that_answers_nothing_useful_still_settles_once(wire: object, name: str) -> None:
    pair = wire(controller(), plug())  # type: ignore[operator]
    pair.run(until=5.0)
    fault(pair, name)
    ticket = pair.submit(ON)
    pair.run(until=60.0)
    (settled,) = pair.of("controller", Settled)
    assert settled.ticket == ticket and settled.result in ("unreachable", "timeout", "confirmed")


def test_late_answers_over_the_broker_are_rejected() -> None:
    pair = over_broker(controller(), plug("answers-after-7-s"))
    pair.run(until=30.0)
    reasons = {event.reason for event in pair.of("controller", Rejected)}
    assert "an answer that comes late, or to another's request" in reasons
    assert not pair.of("controller", Online)


def test_a_push_that_is_not_signed_with_the_key_is_rejected() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=1.0)
    forged = EnvelopeHeader(message_id="1", namespace=namespaces.TOGGLEX, method="PUSH", sign="0" * 32)
    pair.send("device", bytes(reply(forged, payload_of(togglex=[{"onoff": 1}]), key="guess", timestamp=1, from_="")))
    pair.run(until=2.0)
    assert [event.reason for event in pair.of("controller", Rejected)] == ["wrong signature"]
    assert reported(pair)["onoff"] is False


def test_an_unknown_namespace_is_accepted() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=1.0)
    pair.send("device", push("Control.Weather", b'{"rain":[1]}'))
    pair.run(until=2.0)
    assert not pair.of("controller", Rejected) and pair.of("controller", Online)


def test_requests_to_a_plug_that_reconnects_without_a_disconnect_are_sent_again() -> None:
    pair = over_broker(controller(), plug(), latency=0.5)
    pair.run(until=5.0)
    ticket = pair.submit(ON)
    pair.run(until=5.2)
    pair.mend()
    pair.run(until=20.0)
    assert pair.of("controller", Settled) == [Settled(ticket)]
    assert not pair.of("controller", Offline)


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(settings()) and KEY not in str(settings())


# --- both paths at once --------------------------------------------------------------------------------


def test_with_both_paths_the_plug_is_online_once_and_polled_over_the_broker() -> None:
    both = BothPaths()
    both.run(until=30.0)
    assert both.events.count(Online()) == 1
    assert {path for path, text in both.sent if "Electricity" in text} == {"broker"}
    assert {path for path, text in both.sent if text == "GET System.All"} == {"http", "broker"}


@pytest.mark.parametrize("failing", ["http", "broker"])
@pytest.mark.parametrize("disconnects", [True, False])
def test_a_command_survives_the_failure_of_either_path_and_settles_once(failing: str, disconnects: bool) -> None:
    both = BothPaths()
    both.run(until=5.0)
    both.alive.discard(failing)
    ticket = both.one.submit(ON, both.now)
    both.pump()
    if disconnects:
        both.take(both.one.down(failing, "unplugged", both.now))
    both.run(until=30.0)
    assert both.settled() == [Settled(ticket)]
    assert not [event for event in both.events if isinstance(event, Offline)]


def test_a_check_of_a_path_that_is_gone_is_not_kept() -> None:
    both = BothPaths()
    both.one.outgoing(0.0)
    both.take(both.one.down("http", "unplugged", 0.0))
    assert not both.one._requests.contains(check("http"))  # type: ignore[attr-defined]  # the queue of the controller


def test_a_command_that_has_its_outcome_is_not_sent_again_on_a_new_connection() -> None:
    both = BothPaths()
    both.run(until=5.0)
    both.take(both.one.down("broker", "unplugged", both.now))
    both.one.submit(ON, both.now)
    both.one.outgoing(both.now)  # the link waits for the answer
    both.now = 20.0
    both.take(both.one.tick(both.now))
    assert [event.result for event in both.settled()] == ["timeout"]
    both.take(both.one.up(HTTP, both.now))
    both.run(until=40.0)
    assert "SET Control.ToggleX" not in [text for _, text in both.sent]


def test_a_relay_that_does_not_move_is_set_once_however_often_its_state_is_read() -> None:
    pair = over_http(controller(poll_s=1.0), plug("has-stuck-relay"))
    pair.run(until=5.0)
    pair.submit(ON)
    pair.run(until=30.0)
    assert messages_of(pair, "controller").count("SET Control.ToggleX") == 1
    assert [event.result for event in pair.of("controller", Settled)] == ["refused"]


def test_with_the_last_path_gone_every_command_is_unreachable_and_the_plug_offline() -> None:
    both = BothPaths()
    both.run(until=5.0)
    both.alive.clear()
    ticket = both.one.submit(ON, both.now)
    both.pump()
    both.take(both.one.down("broker", "unplugged", both.now))
    both.take(both.one.down("http", "unplugged", both.now))
    assert both.settled() == [Settled(ticket, "unreachable", "unplugged")]
    assert both.events[-1] == Offline("unplugged")


def test_a_broker_that_fails_silently_is_left_for_http_and_used_again_when_it_answers() -> None:
    both = BothPaths()
    both.run(until=5.0)
    both.alive.discard("broker")
    both.run(until=60.0)
    quiet = len(both.sent)
    both.run(until=80.0)
    assert {path for path, text in both.sent[quiet:] if "Electricity" in text} == {"http"}
    both.alive.add("broker")
    both.run(until=160.0)
    quiet = len(both.sent)
    both.run(until=190.0)
    assert {path for path, text in both.sent[quiet:] if "Electricity" in text} == {"broker"}
    assert not [event for event in both.events if isinstance(event, Offline)]


def test_another_plug_on_http_leaves_the_broker_alone() -> None:
    one = controller()
    broker = Pair(one, plug(), path=BROKER, device_path=BROKER, answers=lambda *_: LocalTime(START_UNIX))
    broker.run(until=5.0)
    one.up(HTTP, 5.0)
    outs = [out for out in one.outgoing(5.0) if out.path == "http"]
    stranger = plug(uuid=OTHER)
    stranger.up(over_http.__globals__["SERVED"], 5.0)
    stranger.receive(outs[0].data, 5.0, "http", outs[0].id)
    (answer,) = stranger.outgoing(5.0)
    events = one.receive(answer.data, 5.1, "http", answer.re)
    assert [type(event) for event in events] == [Rejected]
    assert one.submit(OFF, 5.2) and {out.path for out in one.outgoing(5.2)} == {"broker"}


def test_settings_with_an_unknown_key_are_refused() -> None:
    with pytest.raises(TypeError):
        MerossController(settings(colour="blue"), ambient())
