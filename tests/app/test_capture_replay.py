"""The readings in a capture: of the device, of its sub-devices, and what is said of a capture of another device."""

import json
from pathlib import Path

import msgspec
import pytest

from links.text_line_family import LINES, NoSettings
from toys import GatewayController
from unclouded import families
from unclouded.app.recording import capture_replay
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.core.model import Notice, Reading
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame
from unclouded.profiles import ProfileLibrary

LAMP = """
name = "lines/lamp"
family = "lines"
title = "Lamp"
products = ["lamp"]
[[point]]
wire = "power"
key = "temperature_C"
scale = 0.1
"""
GENERIC = """
name = "lines/generic"
family = "lines"
title = "Anything"
unknown = true
"""


def captured(*received: bytes, family: str = "tuya_wifi") -> list[bytes]:
    head = json.dumps({"capture": 1, "family": family, "started": "2026-11-20T12:00:00.000Z"})
    rows = [json.dumps({"t": t, "from": "device", "hex": data.hex()}) for t, data in enumerate(received)]
    return [f"{row}\n".encode() for row in (head, *rows)]


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the profiles of a family with sub-devices."""
    folder = tmp_path / "lines"
    folder.mkdir()
    (folder / "lamp.toml").write_text(LAMP)
    (folder / "generic.toml").write_text(GENERIC)
    family = msgspec.structs.replace(LINES, controller=lambda settings, ambient: GatewayController(ambient))
    monkeypatch.setattr(families, "family", lambda name: family)
    monkeypatch.setattr(capture_replay, "profile_library", lambda: ProfileLibrary(lambda name: NoSettings, tmp_path))
    return folder


def test_what_is_wrong_with_a_sub_device_is_said_once_though_it_joins_again(profiles: Path) -> None:
    (profiles / "lamp.toml").write_text(LAMP + 'type = "string"\n')
    lines = captured(*[b"join 1 lamp\n", b"1 power 67\n"] * 3, family="lines")
    notices = [fact for fact in CaptureReplay(lines, None, "gate").facts() if isinstance(fact, Notice)]
    assert [(one.device, one.kind) for one in notices] == [("gate_1", "unreadable")]


def test_sub_devices_are_devices_of_their_own_with_their_own_profiles(profiles: Path) -> None:
    lines = captured(b"i am g1\n", b"join 1 lamp\n", b"1 power 67\n", b"2 power 5\n", b"1 power 68\n", family="lines")
    found = [(one.device, one.point, one.value) for one in CaptureReplay(lines, None, "gate").readings()]
    assert found == [("gate_1", "temperature_C", 6.7), ("gate_2", "dp_power", 5), ("gate_1", "temperature_C", 6.8)]


POINTS = bytes.fromhex("0101000101")
START = 1_795_176_000.0  # Unix seconds of 2026-11-20 12:00


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (bytes(Frame(0, 0x0D, b"\x041234" + POINTS)), "frames of tuya_gateway"),
        (bytes(SequencedFrame(2, 6, POINTS, 37)), "Devices with a Zigbee module"),
    ],
)
def test_a_capture_of_another_device_is_named(frame: bytes, text: str) -> None:
    facts = list(CaptureReplay(captured(frame, frame, frame), None, "thing").facts())
    assert not [fact for fact in facts if isinstance(fact, Reading)]
    assert [fact.words for fact in facts if isinstance(fact, Notice) and fact.kind == "family" and text in fact.words]


def test_nothing_is_guessed_where_there_are_readings_or_nothing_at_all() -> None:
    report = bytes(Frame(3, 7, POINTS))
    assert [fact.point for fact in CaptureReplay(captured(report), None, "plug").readings()] == ["dp_1"]
    for lines in (captured(report), captured(), captured(b"\0" * 50)):
        assert not [fact for fact in CaptureReplay(lines, None, "plug").facts() if isinstance(fact, Notice)]


PRODUCT = bytes(Frame(3, 1, b'{"p":"uncloudedplugsim","v":"1.0.0","m":0}'))


@pytest.mark.parametrize("before", [1, 2, 255])
def test_what_a_device_reports_before_it_identifies_itself_is_read_as_its_product(before: int) -> None:
    facts = CaptureReplay(captured(*[bytes(Frame(3, 7, POINTS))] * before, PRODUCT), None, "plug").readings()
    found = [(one.point, one.value, one.at - START) for one in facts]
    assert found == [("on", True, float(at)) for at in range(before)], "each has the time at which it was received"


def test_a_device_that_never_identifies_itself_is_not_waited_for_without_end() -> None:
    report = bytes(Frame(3, 7, POINTS))
    replay = CaptureReplay((line for line in [*captured(*[report] * 256), b"not a line"]), None, "plug")
    assert next(replay.readings()).point == "dp_1", "before the rest of the capture was read"
    chosen = CaptureReplay((line for line in [*captured(report), b"not a line"]), "tuya/plug_metering", "plug")
    assert next(chosen.readings()).point == "on"


THERMOMETER = "00124b00a1b2c301"
WARM = bytes.fromhex("0102000400000105")


def of_sub_device(id: str, points: bytes) -> bytes:
    return bytes(Frame(0, 0x0D, bytes((len(id),)) + id.encode() + points))


def test_sub_devices_of_a_gateway_that_join_in_a_capture_have_their_products_profiles() -> None:
    joins = json.dumps({"sub_id": THERMOMETER, "pk_type": 0, "pid": "uncloudedthermoh", "ver": "1.0.0"}).encode()
    info = bytes(Frame(0, 1, b'{"p":"abcdefgh","v":"1.0.0","cap":0}'))
    frames = [info, bytes(Frame(0, 8, joins)), of_sub_device(THERMOMETER, WARM), of_sub_device("0000", POINTS)]
    facts = list(CaptureReplay(captured(*frames, family="tuya_gateway"), None, "gate").facts())
    found = [(one.device, one.point, one.value) for one in facts if isinstance(one, Reading)]
    assert found == [(f"gate_{THERMOMETER}", "temperature_C", 26.1), ("gate", "dp_1", True)]
    assert [one.kind for one in facts if isinstance(one, Notice)] == ["joined"]


def test_sub_devices_that_joined_before_the_capture_began_are_read_too() -> None:
    frames = [of_sub_device(THERMOMETER, WARM), of_sub_device("a\x01", WARM), of_sub_device(THERMOMETER, WARM)]
    found = list(CaptureReplay(captured(*frames, family="tuya_gateway"), None, "gate").readings())
    assert {(one.device, one.point) for one in found} == {(f"gate_{THERMOMETER}", "dp_1")}, "an id can be printed"


def test_what_follows_a_report_that_waits_stays_behind_it() -> None:
    """A gateway reports before it identifies itself; its sub-device joins meanwhile, and reports."""
    joins = json.dumps({"sub_id": THERMOMETER, "pk_type": 0, "pid": "uncloudedthermoh", "ver": "1.0.0"}).encode()
    info = bytes(Frame(0, 1, b'{"p":"abcdefgh","v":"1.0.0","cap":0}'))
    early = [of_sub_device("0000", POINTS), bytes(Frame(0, 8, joins)), of_sub_device(THERMOMETER, WARM)]
    for after in ([info], []):
        facts = list(CaptureReplay(captured(*early, *after, family="tuya_gateway"), None, "gate").facts())
        found = [(one.device, one.kind if isinstance(one, Notice) else one.value, one.at - START) for one in facts]
        thermometer = f"gate_{THERMOMETER}"
        assert found == [("gate", True, 0.0), (thermometer, "joined", 1.0), (thermometer, 26.1, 2.0)]


def test_values_of_a_device_that_is_identified_late_wait_no_longer_for_their_direction() -> None:
    def power(count: int) -> bytes:
        return bytes(Frame(3, 7, bytes.fromhex("65020004") + count.to_bytes(4, "big")))

    reverse = bytes(Frame(3, 7, bytes.fromhex("6604000101")))
    product = bytes(Frame(3, 1, b'{"p":"z95s7p3z54xbsjnl","v":"1.0.0","m":0}'))
    values = (power(100), b"", power(200) + reverse)
    late, soon = (
        [(one.point, one.value, one.flags, one.at) for one in CaptureReplay(lines, None, "clamp").readings()]
        for lines in (captured(*values, product), captured(product + values[0], *values[1:]))
    )
    assert late == soon
    assert [(value, flags) for point, value, flags, _ in late if point == "power_a_W"] == [
        (10.0, ("no_direction",)),
        (-20.0, ()),
    ]


def test_values_that_wait_for_their_direction_are_read_in_the_time_of_the_capture(profiles: Path) -> None:
    (profiles / "lamp.toml").write_text(
        LAMP.replace('key = "temperature_C"', 'key = "power_W"\nnegative_when = { wire = "way", is = 1 }')
    )
    lines = captured(b"join 1 lamp\n1 power 10\n", b"", b"1 power 20\n1 way 1\n", b"1 power 30\n", family="lines")
    read = [one for one in CaptureReplay(lines, None, "gate").readings() if one.point == "power_W"]
    assert [(one.value, one.flags) for one in read] == [(1.0, ("no_direction",)), (-2.0, ()), (-3.0, ())]
    assert [one.at - read[0].at for one in read] == [0.0, 2.0, 3.0]


def test_the_last_frame_is_read_although_its_bytes_could_begin_another_one() -> None:
    """A frame with 55 AA inside is held until the line is silent; the capture ends before that."""
    lines = captured(bytes.fromhex("55aa0307000813020004000055aa29"))
    readings = list(CaptureReplay(lines, None, "thing").readings())
    assert [(one.point, one.value) for one in readings] == [("dp_19", 21930)]
