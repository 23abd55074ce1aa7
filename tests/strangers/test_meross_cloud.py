"""The npm package meross-cloud, a controller by other people, and the simulated plug: over Mosquitto and over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from links.mqtt.mosquitto import needs_mosquitto
from strangers.driven import Driven, driven, needs
from strangers.meross_rig import Rig, meross_rig

pytestmark = [needs("meross-cloud"), needs_mosquitto]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with meross_rig(tmp_path_factory.mktemp("meross_cloud"), "hw2", tls=True) as one:
        yield one


@contextmanager
def running(rig: Rig, transport: str) -> Iterator[Driven]:
    """The package, logged in; it checks the certificate of the vendor's server."""
    settings = {name: str(value) for name, value in asdict(rig).items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NODE_EXTRA_CA_CERTS", str(rig.cafile))
        with driven("meross-cloud", "meross_cloud_driver.js", transport=transport, **settings) as one:
            assert one.ask("start")["uuid"] == rig.uuid
            yield one


@pytest.fixture(scope="module", params=["mqtt", "http"])
def package(rig: Rig, request: pytest.FixtureRequest) -> Iterator[Driven]:
    with running(rig, request.param) as one:
        yield one


def command(package: Driven, method: str, *args: object) -> Any:
    return package.ask("command", method=method, args=args)


def test_it_lists_the_plug_and_reads_what_it_is(package: Driven, rig: Rig) -> None:
    system = command(package, "getSystemAllData")["all"]["system"]
    assert (system["hardware"]["type"], system["hardware"]["uuid"]) == ("mss310", rig.uuid)
    assert "Appliance.Control.Electricity" in command(package, "getSystemAbilities")["ability"]
    assert command(package, "getSystemDebug")["debug"]["system"]["version"] == system["firmware"]["version"]


def test_it_switches_the_plug_and_the_change_is_pushed(package: Driven) -> None:
    for on in (True, False, True):
        assert command(package, "controlToggleX", 0, on) == {}
        (channel,) = command(package, "getSystemAllData")["all"]["digest"]["togglex"]
        assert (channel["channel"], channel["onoff"]) == (0, int(on))
    pushed = package.ask("pushed", namespace="Appliance.Control.ToggleX", count=2)
    assert {channel["onoff"] for push in pushed for channel in push["togglex"]} == {0, 1}


def test_it_reads_what_the_plug_measures(package: Driven) -> None:
    command(package, "controlToggleX", 0, False)
    assert command(package, "getControlElectricity")["electricity"]["power"] == 0
    command(package, "controlToggleX", 0, True)
    found = command(package, "getControlElectricity")["electricity"]
    assert found["power"] > 0 and 2000 < found["voltage"] < 2600
    (today, *_) = sorted(command(package, "getControlPowerConsumptionX")["consumptionx"], key=lambda day: -day["time"])
    assert set(today) == {"date", "time", "value"} and today["value"] >= 0


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("getSystemRuntime", "runtime"),
        ("getConfigTrace", "trace"),
        ("getOnlineStatus", "online"),
    ],
)
def test_it_reads_the_rest(package: Driven, method: str, key: str) -> None:
    assert command(package, method)[key]


def test_it_sets_the_led(package: Driven) -> None:
    for dark in (1, 0):
        command(package, "setSystemDNDMode", bool(dark))
        assert command(package, "getSystemDNDMode") == {"DNDMode": {"mode": dark}}


def test_it_keeps_a_timer_on_the_plug(package: Driven) -> None:
    """The package has no method for it: its generic one sends the messages of the vendor's application."""
    extend = {"toggle": {"onoff": 1, "lmTime": 0}}
    timer = {
        **{"id": "a1b2c3d4e5f60718", "type": 1, "enable": 1, "alias": "morning", "channel": 0},
        **{"time": 420, "week": 159, "duration": 0, "createTime": 1_790_000_000, "sunOffset": 0, "extend": extend},
    }
    with_id = {"timerx": {"id": timer["id"]}}
    message = {"namespace": "Appliance.Control.TimerX"}
    package.ask("message", **message, method="SET", payload={"timerx": timer})
    (entry,) = command(package, "getSystemAllData")["all"]["digest"]["timerx"]
    assert (entry["id"], entry["channel"]) == (timer["id"], 0)
    kept = package.ask("message", **message, method="GET", payload=with_id)["timerx"]
    assert {name: kept[name] for name in ("id", "enable", "time", "week")} == {
        name: timer[name] for name in ("id", "enable", "time", "week")
    }
    package.ask("message", **message, method="DELETE", payload=with_id)
    assert command(package, "getSystemAllData")["all"]["digest"]["timerx"] == []


def test_nothing_of_it_was_an_error(package: Driven) -> None:
    assert package.ask("errors") == []


def test_node_refuses_the_header_lines_that_some_firmware_sends(tmp_path: Path) -> None:
    """Its HTTP parser does so with real plugs too (docs/protocols/meross.md §1.4.2); by MQTT the plug works."""
    with meross_rig(tmp_path, "hw2", "--fault", "sends-malformed-headers", tls=True) as rig:
        with running(rig, "http") as one, pytest.raises(AssertionError, match="no data connection"):
            command(one, "getSystemRuntime")
        with running(rig, "mqtt") as one:
            assert command(one, "getSystemRuntime")["runtime"]["signal"] > 0
