"""Gateways end to end: the module's session and the simulated gateway on one line."""

from collections.abc import Mapping
from typing import Any

from pair import Pair, ambient
from unclouded.core.session import (
    Identified,
    Joined,
    Online,
    Reported,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings

PLUG, SENSOR, LOCK = "00124b0001000001", "00124b0001000002", "00124b0001000003"
DEVICES = (
    SimulatedSubDevice(id=PLUG, product="plug000000000001"),
    SimulatedSubDevice(id=SENSOR, product="thermo0000000001", low_power=True),
    SimulatedSubDevice(id=LOCK, product="lock000000000001"),
)


def pair(
    *,
    devices: tuple[SimulatedSubDevice, ...] = DEVICES,
    memory: Mapping[str, bytes] | None = None,
    mcu_memory: Mapping[str, bytes] | None = None,
    settings: GatewaySettings | None = None,
    joined: bool = False,
    faults: frozenset[str] = frozenset(),
    **kwargs: Any,  # Any: those of Pair
) -> Pair:
    module = gateway_module(settings or GatewaySettings(), ambient(memory=memory))
    options = GatewayOptions(sub_devices=devices, joined=joined, faults=faults)
    return Pair(module, gateway_mcu(options, ambient(memory=mcu_memory)), **kwargs)


def joined_pair(**kwargs: Any) -> Pair:  # Any: those of ``pair``
    """One whose sub-devices have joined and reported."""
    one = pair(**kwargs)
    measure(one, PLUG, {"1": False, "19": 0})
    measure(one, SENSOR, {"1": 215, "2": 48})
    measure(one, LOCK, {"12": 80})
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=10.0)
    return one


def measure(one: Pair, part: str, values: Mapping[str, Any]) -> None:  # Any: wire values
    one.submit(WireCommand(values, part), side="device")


def newest(one: Pair, part: str) -> dict[str, Any]:
    """What the hub knows of a part."""
    values: dict[str, Any] = {}
    for event in one.of("controller", Reported):
        if event.part == part and event.at is None:
            values |= event.values
    return values


def settled(one: Pair, ticket: int, side: str = "controller") -> Settled:
    (found,) = [event for event in one.of(side, Settled) if event.ticket == ticket]
    assert isinstance(found, Settled)
    return found


def test_all_sub_devices_join_in_the_window_and_report() -> None:
    one = joined_pair()
    assert [event.part for event in one.of("controller", Joined)] == [PLUG, SENSOR, LOCK]
    assert newest(one, SENSOR) == {"1": 215, "2": 48}
    assert {event.part for event in one.of("controller", Online)} == {"", PLUG, SENSOR, LOCK}
    assert one.of("controller", Identified)[0].info["product"] == "uncloudedgateway"


def test_a_command_is_confirmed_by_the_report_of_its_sub_device() -> None:
    one = joined_pair()
    ticket = one.submit(WireCommand({"1": True}, PLUG))
    one.run(until=12.0)
    assert settled(one, ticket).result == "confirmed"
    assert newest(one, PLUG)["1"] is True
