"""What a plug reports of itself: its generation, the server that it is really connected to, and its position."""

from typing import Any

import pytest

from families.meross.both_paths import BothPaths
from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.encrypting_plug import EncryptingPlug
from families.meross.meross_pair import HTTP, SERVED, controller, hub, messages_of
from families.meross.newer_plug import DEBUG, NewerPlug
from pair import Pair
from unclouded.core.sessions.session import Answer, Asked, AskPlace, Identified, Noticed, Question, Refusal
from unclouded.families.meross.controller.commands.position_setting import TRIES
from unclouded.families.meross.controller.values import server_in_use
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Debug

BERLIN = {"latitude": 52.52, "longitude": 13.405}


def at_home(place: Answer | Refusal) -> Any:
    def answers(side: str, question: Question) -> Answer | Refusal | None:
        return place if isinstance(question, AskPlace) else hub(side, question)

    return answers


def conversation(device: Any, place: Answer | Refusal = BERLIN) -> Pair:
    return Pair(controller(), device, path=HTTP, device_path=SERVED, answers=at_home(place))


def info(pair: Pair) -> dict[str, str]:
    return dict(pair.of("controller", Identified)[-1].info)


def test_the_server_that_a_plug_is_really_connected_to_is_part_of_its_description() -> None:
    device = NewerPlug()
    pair = conversation(device)
    pair.run(until=5.0)
    assert info(pair)["server_in_use"] == "192.168.1.2:8883"
    assert info(pair)["hardware"] == "6.0.0" and info(pair)["server"] == "192.168.1.2:8883"
    device.answers[namespaces.DEBUG] = {"debug": {**DEBUG, "cloud": {"activeServer": ""}}}
    pair.run(until=400.0)
    assert info(pair)["server_in_use"] == "none", "it has lost its server since"


def test_the_server_is_read_again_once_the_plug_has_connected() -> None:
    device = NewerPlug()
    system = device.answers[namespaces.ALL]["all"]["system"]
    connected = device.answers[namespaces.DEBUG]
    device.answers[namespaces.DEBUG] = {"debug": {**DEBUG, "cloud": {"activeServer": ""}}}
    system["online"] = {"status": 2}
    story = BothPaths(device)
    story.alive = {"http"}
    story.run(20.0)
    assert story.info["server_in_use"] == "none"
    device.answers[namespaces.DEBUG], system["online"], story.alive = connected, {"status": 1}, {"http", "broker"}
    story.run(200.0)
    assert story.info["server_in_use"] == "192.168.1.2:8883"


@pytest.mark.parametrize(
    ("cloud", "text"),
    [
        ({"activeServer": "a", "mainServer": "a", "mainPort": 1, "secondServer": "b", "secondPort": 2}, "a:1"),
        ({"activeServer": "b", "mainServer": "a", "mainPort": 1, "secondServer": "b", "secondPort": "2"}, "b:2"),
        ({"activeServer": "a", "mainServer": "a", "mainPort": 1, "secondServer": "a", "secondPort": 2}, "a:1"),
        ({"activeServer": "c", "mainServer": "a", "mainPort": 1}, "c"),
        ({"activeServer": "a", "mainServer": "a", "mainPort": 0}, "a"),
        ({"activeServer": 7}, "none"),
        ({"activeServer": "a", "mainServer": "a", "mainPort": {"x": 1}}, "a"),
        ({"activeServer": "a", "mainServer": "a", "mainPort": True}, "a"),
        ({"activeServer": "a" * 1000, "mainServer": "a" * 1000, "mainPort": "1" * 1000}, "a" * 100 + ":" + "1" * 8),
        ({}, "none"),
    ],
)
def test_the_port_is_that_of_the_server_with_the_same_name(cloud: dict[str, object], text: str) -> None:
    assert server_in_use(Debug(cloud=cloud)) == text


def test_a_description_is_reported_only_where_it_is_news() -> None:
    pair = conversation(NewerPlug())
    pair.run(until=3600.0)
    events = pair.of("controller", Identified)
    assert len(events) == len({(tuple(event.info.items()), event.lacks) for event in events}) <= 3


def test_a_plug_that_encrypts_is_described_so() -> None:
    pair = conversation(EncryptingPlug())
    pair.run(until=5.0)
    assert info(pair)["http"] == "encrypted"


def test_a_plug_without_a_position_gets_that_of_the_home_once() -> None:
    device = NewerPlug()
    pair = conversation(device)
    pair.run(until=1000.0)
    assert device.changes == [(namespaces.POSITION, {"position": {"longitude": 13405000, "latitude": 52520000}})]
    (notice,) = pair.of("controller", Noticed)
    assert notice.kind == "position" and "[weather]" in notice.reason


@pytest.mark.parametrize(
    ("position", "is_set"),
    [
        ({"longitude": 13405000, "latitude": 52520000}, False),
        ({"longitude": 13200000, "latitude": 52300000}, False),
        ({"longitude": 116363625, "latitude": 39913818}, True),
        ({"longitude": 14000000, "latitude": 52520000}, True),
        ({"longitude": 13405000, "latitude": 53100000}, True),
        ({"longitude": -346595000, "latitude": 52520000}, False),
    ],
)
def test_only_a_position_far_from_the_home_is_set(position: dict[str, int], is_set: bool) -> None:
    device = NewerPlug()
    device.answers[namespaces.POSITION] = {"position": position}
    pair = conversation(device)
    pair.run(until=60.0)
    assert bool(device.changes) == is_set == bool(pair.of("controller", Noticed))


@pytest.mark.parametrize(("longitude", "is_set"), [(-179_900_000, False), (179_900_000, False), (-179_000_000, True)])
def test_the_degrees_of_longitude_go_round(longitude: int, is_set: bool) -> None:
    device = NewerPlug()
    device.answers[namespaces.POSITION] = {"position": {"longitude": longitude, "latitude": -17_000_000}}
    conversation(device, {"latitude": -17.0, "longitude": 179.95}).run(until=60.0)
    assert bool(device.changes) == is_set


@pytest.mark.parametrize("place", [Refusal("none"), True, {"latitude": 1.0}, {"latitude": "x", "longitude": 1.0}])
def test_without_a_place_nothing_is_set(place: Answer | Refusal) -> None:
    device = NewerPlug()
    pair = conversation(device, place)
    pair.run(until=60.0)
    assert not device.changes and not pair.of("controller", Noticed)


def test_a_plug_that_does_not_keep_its_position_is_not_set_without_end() -> None:
    device = NewerPlug(keeps=False)
    pair = conversation(device)
    pair.run(until=3600.0)
    assert len(device.changes) == TRIES
    assert not pair.of("controller", Noticed)


def test_a_plug_that_closes_on_its_position_stays_online() -> None:
    device = NewerPlug()
    device.broken = {"SET System.Position"}
    pair = conversation(device)
    pair.run(until=600.0)
    assert messages_of(pair, "controller").count("SET System.Position") == 1


def test_a_plug_that_lists_no_position_is_not_asked_for_it() -> None:
    answers = metering_plug()
    del answers[namespaces.ABILITY]["ability"][namespaces.POSITION]
    pair = conversation(CannedDevice(answers))
    pair.run(until=60.0)
    assert not [event for event in pair.of("controller", Asked) if isinstance(event.question, AskPlace)]
