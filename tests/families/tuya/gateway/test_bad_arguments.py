"""Actions of a gateway with arguments that people mistype, and what an action must not lose."""

from collections.abc import Mapping

import msgspec
import pytest

from pair import Pair, ambient
from unclouded import families
from unclouded.app.protocols import profile_named
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import LinkPath, Noticed, Offline, Online, Settled, WireAction
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.security.sensors import AlarmSensor
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.line.framing import Frame

PLUG = "00124b0001000001"
DEVICES = (SimulatedSubDevice(id=PLUG, product="plug000000000001", updatable=True),)
HUGE = ("000001" + "9" * 400, "000001" + "9" * 5000, "9" * 5000)


def gateway(settings: GatewaySettings | None = None, *, joined: bool = False) -> Pair:
    options = GatewayOptions(sub_devices=DEVICES, security=True, joined=joined)
    one = Pair(gateway_module(settings or GatewaySettings(), ambient()), gateway_mcu(options, ambient()))
    one.run(until=2.0)
    return one


def joined_gateway(settings: GatewaySettings | None = None) -> Pair:
    one = gateway(settings)
    one.submit(WireAction("permit"))
    one.run(until=8.0)
    return one


def outcome(one: Pair, name: str, args: Mapping[str, str]) -> Settled:
    ticket = one.submit(WireAction(name, args))
    one.run(until=one.now + 5.0)
    (found,) = [event for event in one.of("controller", Settled) if event.ticket == ticket]
    assert isinstance(found, Settled)
    return found


@pytest.mark.parametrize("number", [*HUGE, "-1", "1.5", "x", "٣"])
@pytest.mark.parametrize(
    ("name", "args", "argument"),
    [
        ("permit", {}, "seconds"),
        ("arm", {"mode": "home"}, "delay"),
        ("send_ir", {"names": "tv"}, "repeat"),
    ],
)
def test_a_number_out_of_range_is_refused_however_it_is_written(
    name: str, args: Mapping[str, str], argument: str, number: str
) -> None:
    one = gateway()
    one.submit(WireAction("import_ir", {"name": "tv", "code": "9000 4500"}))
    with pytest.raises(CommandError):
        one.submit(WireAction(name, {**args, argument: number}))


def test_a_code_keeps_its_name_when_it_is_renamed_to_it() -> None:
    one = gateway()
    one.submit(WireAction("import_ir", {"name": "tv", "code": "9000 4500"}))
    with pytest.raises(CommandError, match="called 'tv' already"):
        one.submit(WireAction("rename_ir", {"name": "tv", "new": "tv"}))


def kept(one: Pair) -> SubDevice:
    return msgspec.json.decode(one.memory["controller"][f"sub-device:{PLUG}"], type=SubDevice)


def test_adopting_one_that_has_joined_loses_nothing_of_it() -> None:
    one = joined_gateway()
    before = kept(one)
    assert before.product == "plug000000000001" and before.updatable and before.version
    with pytest.raises(CommandError, match="has joined here already, product plug000000000001"):
        one.submit(WireAction("adopt", {"sub_id": PLUG}))
    one.submit(WireAction("adopt", {"sub_id": PLUG, "product": "another000000001"}))
    one.run(until=9.0)
    after = kept(one)
    assert (after.product, after.version, after.updatable) == ("another000000001", before.version, True)


def test_an_adopted_sub_device_is_online_once_it_answers_and_not_before() -> None:
    one = gateway(joined=True)
    one.submit(WireAction("adopt", {"sub_id": PLUG}))
    one.submit(WireAction("adopt", {"sub_id": "ghost"}))
    one.run(until=20.0)
    states = [event for event in one.of("controller") if isinstance(event, Online | Offline)]
    assert [type(event) for event in states if event.part == PLUG] == [Offline, Online]
    assert [event.reason for event in states if isinstance(event, Offline) and event.part == "ghost"] == [
        "It has not reported yet"
    ]
    assert not any(isinstance(event, Online) and event.part == "ghost" for event in states)


def test_a_sub_device_can_be_adopted_while_the_gateway_is_away() -> None:
    one = gateway(joined=True)
    one.cut()
    one.submit(WireAction("adopt", {"sub_id": PLUG}))
    one.run(until=1000.0)
    reasons = [event.reason for event in one.of("controller", Offline) if event.part == PLUG]
    assert reasons == ["It has not reported yet"], "and no silence is counted while there is no gateway"
    one.mend()
    one.run(until=1010.0)
    assert any(event.part == PLUG for event in one.of("controller", Online))


def test_arming_says_that_no_sub_device_is_a_sensor() -> None:
    blind = outcome(joined_gateway(), "arm", {"mode": "home"})
    assert blind.result == "confirmed" and "security.sensors" in blind.reason
    sensors = {"plug000000000001": AlarmSensor(1)}
    seeing = outcome(
        joined_gateway(GatewaySettings(security=SecuritySettings(sensors=sensors))), "arm", {"mode": "home"}
    )
    assert (seeing.result, seeing.reason) == ("confirmed", "")


def test_the_sensors_that_have_a_profile_alarm_without_a_setting() -> None:
    family = families.family("tuya_gateway")
    sensors = msgspec.convert(profile_named(family, "tuya_gateway/gateway").session, GatewaySettings).security.sensors
    for profile, environmental in (("motion_sensor", False), ("door_sensor", False), ("water_sensor", True)):
        for product in profile_named(family, f"tuya_gateway/{profile}").products:
            assert sensors[product].environmental is environmental


def notices_of(info: bytes, times: int) -> list[str]:
    """The kinds of notices after product info, so many times."""
    session = gateway_module(GatewaySettings(), ambient())
    session.up(LinkPath(), 0.0)
    session.tick(0.0)
    frame = bytes(Frame(0, codes.PRODUCT, info))
    events = [event for number in range(times) for event in session.receive(frame, 0.1 + number)]
    return [event.kind for event in events if isinstance(event, Noticed)]


def test_a_device_that_is_no_gateway_is_named_once() -> None:
    assert notices_of(b'{"p":"uncloudedplug000","v":"1.0.0","m":0}', 3) == ["family"]
    assert notices_of(b'{"v":"1.0.0","m":0,"cap":0}', 3) == []
    assert notices_of(b"", 3) == []
