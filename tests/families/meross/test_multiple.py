"""Small requests that wait are sent as one Multiple, within the sizes that real plugs answer."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.canned_device import CannedDevice
from families.meross.meross_pair import (
    BROKER,
    HTTP,
    KEY,
    SERVED,
    controller,
    hub,
    messages_of,
    over_http,
    plug,
    reported,
)
from families.meross.newer_plug import NewerPlug
from pair import Pair
from unclouded.core.sessions.session import LinkPath, Offline, Online, Rejected
from unclouded.families.meross.controller.paths.paths import PathState
from unclouded.families.meross.controller.paths.request_window import LONGEST_MULTIPLE, RequestWindow, WindowRequest
from unclouded.families.meross.controller.paths.requests import POLLS
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import parse

SMALL = [request for request in POLLS.values() if request.is_small]


def conversation(device: CannedDevice, path: LinkPath = HTTP) -> Pair:
    return Pair(controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=hub)


@pytest.mark.parametrize("path", [HTTP, BROKER])
def test_the_first_reads_of_a_plug_take_fewer_requests_with_multiple(path: LinkPath) -> None:
    several, single = NewerPlug(most=3), NewerPlug(most=0)
    with_it, without = conversation(several, path), conversation(single, path)
    for pair in (with_it, without):
        pair.run(until=5.0)
    assert reported(with_it) == reported(without) and len(reported(with_it)) > 9
    assert len(several.multiples) == 2
    assert len(messages_of(with_it, "controller")) == len(messages_of(without, "controller")) - 4


def test_one_poll_by_itself_is_sent_as_it_is() -> None:
    device = NewerPlug()
    pair = conversation(device)
    pair.run(until=5.0)
    device.multiples.clear()
    pair.run(until=290.0)
    assert not device.multiples
    pair.run(until=310.0)
    assert len(device.multiples) >= 1, "the look at its state: signal, LED, settings"


def test_a_plug_that_closes_on_multiple_is_asked_singly_for_the_rest_of_the_connection() -> None:
    device = NewerPlug()
    device.broken = {"SET Control.Multiple"}
    pair = conversation(device)
    pair.run(until=900.0)
    sent = messages_of(pair, "controller")
    assert sent.count("SET Control.Multiple") == 1
    assert {"led", "runtime.signal", "electricity.power", "standby_killer.time"} <= reported(pair).keys()
    assert not pair.of("controller", Offline)
    pair.cut()
    pair.mend()
    pair.run(until=pair.now + 30.0)
    assert messages_of(pair, "controller").count("SET Control.Multiple") == 2, "a new connection tries it again"


def test_a_refused_multiple_is_asked_singly() -> None:
    device = NewerPlug()
    device.otherwise, device.broken = "error", {"SET Control.Multiple"}
    pair = conversation(device, BROKER)
    pair.run(until=60.0)
    assert messages_of(pair, "controller").count("SET Control.Multiple") == 2, "both were under way"
    assert {"led", "runtime.signal", "electricity.power"} <= reported(pair).keys()


def test_an_error_inside_concerns_its_own_namespace_only() -> None:
    device = NewerPlug()
    device.broken = {"GET System.DNDMode"}
    pair = conversation(device)
    pair.run(until=60.0)
    assert "led" not in reported(pair) and {"runtime.signal", "electricity.power"} <= reported(pair).keys()
    assert len(device.multiples) >= 2


@pytest.mark.parametrize("shorter", [0, 1, 2])
def test_what_is_missing_in_the_answer_is_requested_by_itself(shorter: int) -> None:
    class Forgetful(NewerPlug):
        def _multiple(self, payload: bytes, now: float) -> object:
            answer = super()._multiple(payload, now)
            return {"multiple": answer["multiple"][:shorter]}

    pair = conversation(Forgetful())
    pair.run(until=60.0)
    assert {"led", "runtime.signal", "electricity.power", "over_temperature.enable"} <= reported(pair).keys()
    assert messages_of(pair, "controller").count("SET Control.Multiple") == 1


@pytest.mark.parametrize("answer", [{}, {"multiple": {}}, {"multiple": 7}, {"multiple": [{"header": {}}] * 9}])
def test_an_unusable_answer_to_a_multiple_takes_nothing_from_the_plug(answer: object) -> None:
    class Odd(NewerPlug):
        def _multiple(self, payload: bytes, now: float) -> object:
            return answer

    pair = conversation(Odd())
    pair.run(until=120.0)
    assert {"led", "runtime.signal", "electricity.power"} <= reported(pair).keys()
    assert Online() in pair.of("controller") and not pair.of("controller", Offline)


def test_the_simulated_plug_answers_it() -> None:
    pair = over_http(controller(), plug())
    pair.run(until=5.0)
    assert "SET Control.Multiple" in messages_of(pair, "controller")
    assert not pair.of("controller", Rejected) and reported(pair)["led"] is True


@given(st.integers(0, 9), st.lists(st.integers(0, 400), max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_multiple_is_longer_than_plugs_answer_and_no_request_is_lost(most: int, sizes: list[int]) -> None:
    window, path = RequestWindow(KEY, bytes(16), 5.0), PathState(LinkPath(name="broker", window=100))
    window.most_in_one = most
    for number, size in enumerate(sizes):
        payload = msgspec.json.encode({"x": "y" * size})
        window.add(WindowRequest(str(number), "GET", namespaces.RUNTIME, payload, is_small=size != 7))
    sent = window.send(0.0, 1, "/x", lambda request: path)
    names: list[str] = []
    for out in sent:
        envelope = parse(out.data)
        request = window.answered(envelope.header.message_id, 0.0)
        assert request is not None
        names += [part.name for part in request.request.parts or (request.request,)]
        if request.request.parts:
            assert 2 <= len(request.request.parts) <= most and len(envelope.payload) <= LONGEST_MULTIPLE
    assert sorted(names, key=int) == [str(number) for number in range(len(sizes))]


def test_requests_for_one_path_and_of_commands_are_never_in_a_multiple() -> None:
    window, path = RequestWindow(KEY, bytes(16), 5.0), PathState(BROKER)
    window.most_in_one = 5
    for number, request in enumerate(SMALL[:3]):
        changes = ({"path": "http"}, {"avoid": "http"}, {"ticket": 7})[number]
        window.add(msgspec.structs.replace(request, **changes))
    sent = window.send(0.0, 1, "/x", lambda request: path)
    assert all(parse(out.data).header.namespace != namespaces.MULTIPLE for out in sent)


def test_a_poll_that_is_under_way_in_a_multiple_is_not_queued_again() -> None:
    window, path = RequestWindow(KEY, bytes(16), 5.0), PathState(BROKER)
    window.most_in_one = 5
    for request in SMALL[:3]:
        window.add(request)
    assert len(window.send(0.0, 1, "/x", lambda request: path)) == 1
    assert all(map(window.contains, SMALL[:3]))
