"""The library meross-iot, a controller by other people, and the simulated plug: over Mosquitto and over HTTP."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from links.mqtt.mosquitto import needs_mosquitto
from strangers.driven import Driven, driven, needs
from strangers.meross_rig import Rig, meross_rig

pytestmark = [needs("meross-iot"), needs_mosquitto]


@pytest.fixture(scope="module", params=["hw1", "hw2", "hw8"])
def rig(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("meross_iot")
    with meross_rig(folder, request.param) as one:
        yield one


def texts(rig: Rig) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(rig).items()}


@dataclass
class Library:
    """``found``: the plug as it found it."""

    end: Driven
    found: Mapping[str, Any]  # Any: JSON
    transport: str
    rig: Rig


@pytest.fixture(scope="module", params=["mqtt", "http"])
def library(rig: Rig, request: pytest.FixtureRequest) -> Iterator[Library]:
    with driven("meross-iot", "meross_iot_driver.py", transport=request.param, **texts(rig)) as one:
        (found,) = one.ask("start")
        assert found["uuid"] == rig.uuid
        yield Library(one, found, request.param, rig)


@pytest.fixture(scope="module")
def another(rig: Rig) -> Iterator[Driven]:
    """The library in another process, of the same account."""
    with driven("meross-iot", "meross_iot_driver.py", transport="http", **texts(rig)) as one:
        one.ask("start")
        yield one


def test_it_finds_the_plug_and_what_it_can_do(library: Library) -> None:
    assert library.found["type"] == "mss310"
    assert {library.rig.relay, "Appliance.Control.Electricity"} <= set(library.found["abilities"])
    assert library.found["encrypts"] == (library.rig.dialect == "hw8"), "its bodies by HTTP"


@pytest.mark.parametrize("on", [False, True])
def test_it_switches_the_plug_and_reads_back_the_state(library: Library, on: bool) -> None:
    assert library.end.ask("turn", on=on) is on
    assert (library.end.ask("http_requests") > 0) == (library.transport == "http")


def test_it_reads_what_the_plug_measures(library: Library) -> None:
    library.end.ask("turn", on=False)
    assert library.end.ask("metrics")["power_W"] == 0
    library.end.ask("turn", on=True)
    found = library.end.ask("metrics")
    assert 200 < found["voltage_V"] < 260
    assert 0.3 < found["power_W"] / (found["voltage_V"] * found["current_A"]) < 1.05, "a power factor"


def test_it_reads_the_energy_of_each_day(library: Library) -> None:
    days = dict(library.end.ask("consumption"))
    assert days and min(days.values()) >= 0
    now = time.time()
    assert max(days) in {time.strftime("%Y-%m-%d", zone(now)) for zone in (time.gmtime, time.localtime)}


def test_it_reads_the_signal_and_sets_the_led(library: Library) -> None:
    assert 0 < library.end.ask("signal") <= 100
    assert library.end.ask("led", dark=True) is True
    assert library.end.ask("led", dark=False) is False


def test_a_namespace_that_the_plug_lacks_is_an_error_of_its_own(library: Library) -> None:
    """The plug closes HTTP and gives no answer by MQTT, as real ones do; afterwards it works on."""
    with pytest.raises(AssertionError, match="Timeout"):
        library.end.ask("command", method="GET", namespace="Appliance.Control.Light", payload={}, timeout=0.3)
    assert library.end.ask("turn", on=True) is True


def test_the_relay_is_pushed_to_the_account_whoever_switched(library: Library, another: Driven, rig: Rig) -> None:
    """By the broker, also to a library that sends by HTTP."""
    library.end.ask("turn", on=True)
    assert another.ask("turn", on=False) is False
    push = library.end.ask("pushed_off", namespace=rig.relay)
    (key,) = push
    assert key == rig.relay.rsplit(".", 1)[1].lower()
