"""What a gateway reports of its alarm has names, whatever its product numbers the points."""

import pytest

from pair import Pair, ambient
from unclouded.core.sessions.session import Reported
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.security.alarm_points import named_points
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints
from unclouded.families.tuya.line.datapoint import BOOL, ENUM, RAW, STRING, VALUE, DataPoint
from unclouded.families.tuya.messages import frame_of


@pytest.mark.parametrize(
    ("point", "named"),
    [
        (DataPoint(2, BOOL, False), {"alarm_reported": False}),
        (DataPoint(2, VALUE, 30), {}),  # the delay of an alarm host; docs/protocols/tuya_gateway.md §6
        (DataPoint(26, STRING, "door"), {"alarm_text": "door"}),
        (DataPoint(26, RAW, b"\x01\xff"), {"alarm_text": "01ff"}),
        (DataPoint(32, ENUM, 1), {"siren": True}),
        (DataPoint(32, ENUM, 0), {"siren": False}),
        (DataPoint(32, STRING, "normal"), {"siren": False}),
        (DataPoint(32, STRING, ""), {"siren": False}),
        (DataPoint(32, STRING, "alarm"), {"siren": True}),
        (DataPoint(1, BOOL, True), {}),
    ],
)
def test_the_points_of_an_alarm_have_names(point: DataPoint, named: dict[str, object]) -> None:
    assert named_points(SecuritySettings(), [point]) == named


def test_other_numbers_are_settings() -> None:
    settings = SecuritySettings(alarm_point=101, text_point=102, state_point=103)
    points = [
        DataPoint(101, BOOL, True),
        DataPoint(102, STRING, "smoke"),
        DataPoint(103, ENUM, 1),
        DataPoint(32, ENUM, 1),
    ]
    assert named_points(settings, points) == {"alarm_reported": True, "alarm_text": "smoke", "siren": True}


@pytest.mark.parametrize("secured", [True, False])
def test_a_security_gateway_reports_them_and_another_does_not(secured: bool) -> None:
    settings = GatewaySettings(security=SecuritySettings(state_point=103))
    pair = Pair(gateway_module(settings, ambient()), gateway_mcu(GatewayOptions(security=secured), ambient()))
    pair.run(until=5.0)
    points = (DataPoint(103, ENUM, 1), DataPoint(5, VALUE, 7))
    pair.send("device", bytes(frame_of(SubDevicePoints(codes.REPORT, "0000", points))))
    pair.run(until=6.0)
    reports = [event for event in pair.of("controller", Reported) if not event.part]
    assert any(event.values.get("103") == 1 for event in reports)
    assert any(event.values.get("siren") is True for event in reports) is secured
