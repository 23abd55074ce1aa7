"""Devices that have less than an MSS310: they stay online, and only the points of what they lack are dropped."""

import msgspec
import pytest

from families.meross.canned_device import METER, MODELS, CannedDevice, answers_of, metering_plug
from families.meross.meross_pair import BROKER, HTTP, SERVED, controller, hub, reported
from families.meross.newer_plug import NewerPlug
from pair import Pair
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Failure,
    Identified,
    LinkPath,
    Noticed,
    Offline,
    Online,
    Rejected,
    Reported,
    Settled,
    WireCommand,
)
from unclouded.families.meross import MerossController
from unclouded.families.meross.controller.support import FEATURES, STRIKES, Support
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import All, Hardware, System

ELECTRICITY = {"electricity.power", "electricity.voltage", "electricity.current"}
ENERGY = {"consumption.counter", "consumption.today"}
RELAY = {"onoff"}
LACKS = {
    "mss210": ELECTRICITY | ENERGY,
    "map100": ELECTRICITY | ENERGY,
    "mrs100": ELECTRICITY | ENERGY | RELAY,
    "msh300": ELECTRICITY | ENERGY | RELAY,
}
LED = {"led"}
EXTRA = {key for feature in FEATURES if feature.is_extra for key in feature.keys}
WAYS = [(HTTP, "closes"), (HTTP, "error"), (BROKER, "silent"), (BROKER, "error")]
HALF_AN_HOUR = 1800.0


def conversation(device: CannedDevice, path: LinkPath = HTTP, one: MerossController | None = None) -> Pair:
    return Pair(one or controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=hub)


def states(pair: Pair) -> list[type]:
    return [type(event) for event in pair.of("controller") if isinstance(event, (Online, Offline))]


@pytest.mark.parametrize(("path", "otherwise"), WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_a_device_that_lacks_namespaces_stays_online_and_is_asked_for_what_it_lists(
    model: str, path: LinkPath, otherwise: str
) -> None:
    device = CannedDevice(answers_of(model), otherwise)
    pair = conversation(device, path)
    pair.run(until=HALF_AN_HOUR)
    assert states(pair) == [Online]
    assert not pair.of("controller", Rejected)
    assert reported(pair)["runtime.signal"] == 86
    *_, who = pair.of("controller", Identified)
    assert who.lacks == (LACKS[model] | EXTRA) - LED and who.info["product"] == model
    asked = {text for _, text in device.asked}
    assert not {text for text in asked if text.partition(" ")[2] in METER}, "it does not list them"
    assert device.asked[1][1] == "GET System.Ability", "first of all"


@pytest.mark.parametrize(("path", "otherwise"), WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_without_an_ability_list_it_is_found_out_by_asking(model: str, path: LinkPath, otherwise: str) -> None:
    device = CannedDevice(answers_of(model, abilities=False), otherwise)
    pair = conversation(device, path)
    pair.run(until=HALF_AN_HOUR)
    assert states(pair) == [Online]
    *_, who = pair.of("controller", Identified)
    assert who.lacks >= ELECTRICITY | ENERGY
    meter = [at for at, text in device.asked if text.endswith(("Electricity", "ConsumptionX"))]
    most = 2 if otherwise == "error" else 2 * STRIKES
    assert len(meter) <= most and max(meter) < 200


@pytest.mark.parametrize("model", MODELS)
def test_what_is_supported_of_it_is_reported_once(model: str) -> None:
    pair = conversation(CannedDevice(answers_of(model)))
    pair.run(until=HALF_AN_HOUR)
    (notice,) = pair.of("controller", Noticed)
    assert notice.kind == "unsupported" and notice.reason.startswith(f"Of this {model} is supported: ")
    assert ("its relay" in notice.reason) == ("onoff" not in LACKS[model])
    assert "Wi-Fi signal" in notice.reason and "sub-devices of hubs, shutters" in notice.reason


def test_a_whole_plug_leads_to_no_such_notice() -> None:
    pair = conversation(CannedDevice(metering_plug()))
    pair.run(until=HALF_AN_HOUR)
    assert not pair.of("controller", Noticed)
    assert pair.of("controller", Identified)[-1].lacks == EXTRA - LED


def test_a_command_to_a_device_without_a_relay_says_what_is_supported() -> None:
    pair = conversation(CannedDevice(answers_of("mrs100")))
    pair.run(until=5.0)
    with pytest.raises(CommandError, match=r"This mrs100 has no relay .* Of this mrs100 is supported: Wi-Fi signal"):
        pair.submit(WireCommand({"onoff": True}))


@pytest.mark.parametrize(("model", "name"), [("mss210", "SET Control.Toggle"), ("map100", "SET Control.ToggleX")])
def test_the_relay_is_switched_as_the_ability_list_has_it(model: str, name: str) -> None:
    device = CannedDevice(answers_of(model))
    pair = conversation(device)
    pair.run(until=5.0)
    pair.submit(WireCommand({"onoff": True}))
    pair.run(until=20.0)
    assert name in [text for _, text in device.asked]
    assert len(pair.of("controller", Settled)) == 1


def test_a_listed_namespace_that_is_always_closed_is_given_up_and_the_others_go_on() -> None:
    answers = metering_plug()
    del answers[namespaces.CONSUMPTIONX]
    device = CannedDevice(answers)
    pair = conversation(device)
    pair.run(until=HALF_AN_HOUR)
    assert states(pair) == [Online]
    assert pair.of("controller", Identified)[-1].lacks == ENERGY | EXTRA - LED
    assert len([text for _, text in device.asked if text.endswith("ConsumptionX")]) == STRIKES
    assert len([text for _, text in device.asked if text.endswith("Electricity")]) > 100


def test_a_namespace_that_has_been_answered_is_never_given_up() -> None:
    answers = metering_plug()
    device = CannedDevice(answers)
    pair = conversation(device)
    pair.run(until=100.0)
    gone = device.answers.pop(namespaces.ELECTRICITY)
    pair.run(until=400.0)
    assert states(pair) == [Online]
    assert pair.of("controller", Identified)[-1].lacks == EXTRA - LED
    device.answers[namespaces.ELECTRICITY] = gone
    before = len(pair.of("controller", Reported))
    pair.run(until=420.0)
    assert len(pair.of("controller", Reported)) > before


def test_a_plug_that_closes_on_everything_is_offline_as_before() -> None:
    device = CannedDevice(metering_plug())
    pair = conversation(device)
    pair.run(until=15.0)
    device.answers.clear()
    pair.run(until=70.0)
    assert states(pair) == [Online, Offline]
    assert "closes the connection" in pair.of("controller", Offline)[0].reason


def test_a_new_connection_finds_out_again_what_it_has() -> None:
    answers = metering_plug()
    consumption = answers.pop(namespaces.CONSUMPTIONX)
    device = CannedDevice(answers, "error")
    pair = conversation(device)
    pair.run(until=30.0)
    assert pair.of("controller", Identified)[-1].lacks == ENERGY | EXTRA - LED
    device.answers[namespaces.CONSUMPTIONX] = consumption
    pair.cut()
    pair.run(until=31.0)
    pair.mend()
    pair.run(until=40.0)
    assert pair.of("controller", Identified)[-1].lacks == EXTRA - LED


def test_what_was_refused_once_is_asked_again_within_an_hour() -> None:
    """An HTTP path may be up for months."""
    answers = metering_plug()
    meter = answers.pop(namespaces.ELECTRICITY)
    device = CannedDevice(answers, "error")
    pair = conversation(device)
    pair.run(until=60.0)
    assert pair.of("controller", Identified)[-1].lacks >= ELECTRICITY
    device.answers[namespaces.ELECTRICITY] = meter
    pair.run(until=4200.0)
    assert not pair.of("controller", Identified)[-1].lacks & ELECTRICITY
    assert reported(pair)["electricity.voltage"] == 2312
    assert len([text for at, text in device.asked if text.endswith("Electricity") and at > 3700]) > 40


def test_the_ability_list_is_asked_every_hour() -> None:
    device = CannedDevice(metering_plug())
    conversation(device).run(until=4 * 3600.0 + 60.0)
    assert [text for _, text in device.asked].count("GET System.Ability") == 5


@pytest.mark.parametrize(("path", "otherwise"), WAYS)
def test_what_a_device_still_refuses_leads_to_no_further_notice(path: LinkPath, otherwise: str) -> None:
    answers = metering_plug()
    del answers[namespaces.ELECTRICITY]
    device = CannedDevice(answers, otherwise)
    pair = conversation(device, path)
    pair.run(until=4 * 3600.0)
    assert states(pair) == [Online] and len(pair.of("controller", Noticed)) == 1
    assert len([text for at, text in device.asked if text.endswith("Electricity") and at > 1000]) <= 3


def test_new_firmware_is_asked_again_what_it_has() -> None:
    """It restarts within a poll, so that it was never offline."""
    device = CannedDevice(metering_plug())
    pair = conversation(device)
    pair.run(until=100.0)
    newer = NewerPlug(most=0)
    device.answers = newer.answers
    device.answers[namespaces.ALL]["all"]["system"]["firmware"]["version"] = "8.3.15"
    pair.run(until=400.0)
    assert states(pair) == [Online]
    assert [text for _, text in device.asked].count("GET System.Ability") == 2
    assert "standby_killer.time" not in pair.of("controller", Identified)[-1].lacks
    assert reported(pair)["standby_killer.time"] == 300


def test_strikes_count_only_where_the_plug_itself_answers() -> None:
    support = Support()
    for _ in range(STRIKES + 2):
        support.unanswered(namespaces.ELECTRICITY)
    assert support.has(namespaces.ELECTRICITY), "System.All was not answered either"


def test_an_answer_before_the_next_look_at_the_plug_is_no_strike() -> None:
    support = Support()
    for _ in range(STRIKES + 2):
        support.unanswered(namespaces.ELECTRICITY)
        support.answered(namespaces.ELECTRICITY)
        support.alive(All(System(Hardware())))
    support.restart()
    for _ in range(STRIKES - 1):
        support.unanswered(namespaces.ELECTRICITY)
        support.alive(All(System(Hardware())))
    assert support.has(namespaces.ELECTRICITY)
    support.unanswered(namespaces.ELECTRICITY)
    support.alive(All(System(Hardware())))
    assert not support.has(namespaces.ELECTRICITY)


def test_one_error_of_a_namespace_that_has_been_answered_drops_nothing() -> None:
    device = CannedDevice(metering_plug(), "error")
    pair = conversation(device)
    pair.run(until=15.0)
    kept = device.answers.pop(namespaces.ELECTRICITY)
    pair.run(until=25.0)
    device.answers[namespaces.ELECTRICITY] = kept
    pair.run(until=35.0)
    assert all(event.lacks <= EXTRA for event in pair.of("controller", Identified))
    assert device.asked[-1][1] == "GET Control.Electricity" and not pair.of("controller", Rejected)


def test_with_two_paths_a_namespace_that_is_closed_on_both_is_tried_once_on_each() -> None:
    paths = [msgspec.structs.replace(HTTP, name=name) for name in ("one", "two")]
    devices = {path.name: CannedDevice(answers_of("mss210", abilities=False)) for path in paths}
    one = controller()
    events = [event for path in paths for event in one.up(path, 0.0)]
    for path in paths:
        devices[path.name].up(SERVED, 0.0)
    for _ in range(50):
        for out in one.outgoing(1.0):
            device = devices[out.path]
            device.receive(out.data, 1.0, out.path, out.id)
            (answer,) = device.outgoing(1.0)
            if answer.data:
                events += one.receive(answer.data, 1.0, out.path, out.id)
            else:
                events += one.failed(out.id, Failure.CLOSED, 1.0)
    assert events.count(Online()) == 1 and not [event for event in events if isinstance(event, Offline)]
    for device in devices.values():
        assert [text for _, text in device.asked].count("GET Control.Electricity") == 1


def test_every_feature_has_points_of_its_own() -> None:
    keys = [key for feature in FEATURES for key in feature.keys]
    assert len(keys) == len(set(keys))
