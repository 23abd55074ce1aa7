"""Plugs that answer and are of little use: no server, no measurement, no voltage."""

from typing import Any

import pytest

from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.meross_pair import BROKER, HTTP, SERVED, controller, hub
from pair import START_UNIX, Pair
from unclouded.core.sessions.session import (
    Answer,
    AskClock,
    LinkPath,
    LocalTime,
    Noticed,
    Offline,
    Question,
    Refusal,
    Reported,
)
from unclouded.families.meross.wire import namespaces

ELECTRICITY = {"electricity.power", "electricity.voltage", "electricity.current"}


def conversation(answers: dict[str, Any], path: LinkPath = HTTP) -> Pair:
    device = CannedDevice(answers)
    return Pair(controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=hub)


def electricity(power: int = 0, current: int = 0, voltage: int = 2312) -> dict[str, Any]:
    return {"electricity": {"channel": 0, "current": current, "voltage": voltage, "power": power}}


def notices(pair: Pair) -> list[str]:
    return [event.kind for event in pair.of("controller", Noticed)]


def marked(pair: Pair) -> list[bool]:
    """Of each report of electricity: whether all of it is marked."""
    reports = [event for event in pair.of("controller", Reported) if event.values.keys() & ELECTRICITY]
    assert all(not event.odd or set(event.odd) == ELECTRICITY for event in reports)
    return [bool(event.odd) for event in reports]


def test_zeros_of_an_unbound_plug_with_its_relay_on_are_marked_and_the_notice_says_what_to_do() -> None:
    pair = conversation(metering_plug(online=0))
    pair.run(until=600.0)
    assert notices(pair) == ["unbound", "no_measurement"]
    text = pair.of("controller", Noticed)[1].reason
    assert "not connected to its server 192.168.1.2:8883" in text and "bind the plug" in text and "suspect" in text
    assert all(marked(pair)) and not pair.of("controller", Offline)


def test_zeros_of_a_bound_plug_are_those_of_a_socket_without_a_load() -> None:
    pair = conversation(metering_plug(online=1))
    pair.run(until=600.0)
    assert not notices(pair) and not any(marked(pair))


def test_zeros_with_the_relay_off_are_usual() -> None:
    answers = metering_plug(online=0)
    answers[namespaces.ALL]["all"]["digest"]["togglex"][0]["onoff"] = 0
    pair = conversation(answers)
    pair.run(until=600.0)
    assert notices(pair) == ["unbound"] and not any(marked(pair))


def test_an_unbound_plug_that_measures_is_not_marked() -> None:
    answers = metering_plug(online=2)
    answers[namespaces.ELECTRICITY] = electricity(67_379, 418)
    pair = conversation(answers)
    pair.run(until=600.0)
    assert notices(pair) == ["unbound"] and not any(marked(pair))


def test_no_voltage_with_the_relay_on_is_a_failed_meter() -> None:
    answers = metering_plug(online=1)
    answers[namespaces.ELECTRICITY] = electricity(voltage=0)
    pair = conversation(answers)
    pair.run(until=60.0)
    (notice,) = pair.of("controller", Noticed)
    assert notice.kind == "no_measurement" and "no voltage" in notice.reason and "out of its socket" in notice.reason
    assert all(marked(pair))


def test_zeros_of_a_plug_without_a_zone_are_marked_while_it_has_none() -> None:
    pair = conversation(metering_plug(zone="", online=1))
    pair.run(until=60.0)
    assert notices(pair) == ["no_measurement"] and all(marked(pair))


@pytest.mark.parametrize("path", [HTTP, BROKER])
@pytest.mark.parametrize(("sets", "expected"), [("keeps", ["clock"]), ("refuses", ["clock", "no_measurement"])])
def test_zeros_of_a_plug_whose_zone_the_hub_sets_are_no_reason_for_a_notice(
    sets: str, expected: list[str], path: LinkPath
) -> None:
    """A kettle that is off, say, when its plug is seen for the first time."""

    def with_zone(side: str, question: Question) -> Answer | Refusal | None:
        return (
            LocalTime(START_UNIX, 3600, zone="Europe/Madrid") if isinstance(question, AskClock) else hub(side, question)
        )

    device = CannedDevice(metering_plug(zone="", online=1), sets=sets)
    pair = Pair(controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=with_zone)
    pair.run(until=600.0)
    assert sorted(set(notices(pair))) == expected
    assert marked(pair)[-1] is (sets == "refuses")


def test_a_device_that_does_not_report_its_connection_is_not_called_unbound() -> None:
    answers = metering_plug()
    del answers[namespaces.ALL]["all"]["system"]["online"]
    pair = conversation(answers)
    pair.run(until=600.0)
    assert not notices(pair) and not any(marked(pair))


def test_a_plug_that_has_just_started_gets_time_to_reach_its_server() -> None:
    answers = metering_plug(online=0)
    later = metering_plug(online=1)
    answers[namespaces.ALL] = [answers[namespaces.ALL], later[namespaces.ALL]]
    pair = conversation(answers)
    pair.run(until=600.0)
    assert not notices(pair)


def test_a_plug_that_is_connected_to_the_hub_is_bound_whatever_it_reports() -> None:
    pair = conversation(metering_plug(online=0), BROKER)
    pair.run(until=600.0)
    assert not notices(pair)


def test_the_notice_comes_again_only_after_the_cause_was_gone() -> None:
    device = CannedDevice(metering_plug(online=0))
    pair = Pair(controller(), device, path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=400.0)
    device.answers[namespaces.ELECTRICITY] = electricity(5000, 30)
    pair.run(until=500.0)
    assert notices(pair).count("no_measurement") == 1 and not marked(pair)[-1]
    device.answers[namespaces.ELECTRICITY] = electricity()
    pair.run(until=600.0)
    assert notices(pair).count("no_measurement") == 2
