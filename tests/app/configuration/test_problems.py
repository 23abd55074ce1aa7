"""What `check` finds in a valid configuration, and which family bytes look like."""

from pathlib import Path

import pytest

from unclouded.app.configuration.checks.problems import problems
from unclouded.app.configuration.checks.values import port_of
from unclouded.app.configuration.config import parse_config
from unclouded.app.device_factory import DeviceFactory, _overridden
from unclouded.app.unknown.family_guess import guess_family
from unclouded.core.errors import ConfigError
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame
from unclouded.links.url import path_text

CONFIG = """
[[device]]
id = "meter"
family = "emporia"
link = "serial:{port}?baud=115200"
[[device]]
id = "tv"
family = "meross"
link = "http://192.168.1.40"
[[device]]
id = "kettle"
family = "meross"
uuid = "19011804581223251h0448e1e91a4b07"
link = "http://192.168.1.41"
"""


def test_a_missing_port_and_a_plug_without_uuid_are_found(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    missing, nameless = problems(parse_config(CONFIG.format(port=port), "u.toml", env={}))
    assert (missing.device, missing.line, missing.is_error) == ("meter", 5, True)
    assert f"no port {port}" in missing.text
    assert (nameless.device, nameless.line, nameless.is_error) == ("tv", 9, False)
    assert "uuid" in nameless.text
    port.touch()
    (nameless,) = problems(parse_config(CONFIG.format(port=port), "u.toml", env={}))


TWO = """
[[device]]
id = "meter"
family = "emporia"
link = "serial:///dev/null?baud=115200"
[[device]]
id = "pump"
family = "tuya_wifi"
link = "serial:{port}"
session = {{ {setting} }}
"""


def test_one_port_by_two_names_is_found(tmp_path: Path) -> None:
    by_id = tmp_path / "usb-CP2102"
    by_id.symlink_to("/dev/null")
    (twice,) = problems(parse_config(TWO.format(port=by_id, setting=""), "u.toml", env={}))
    assert (twice.device, twice.line, twice.is_error) == ("pump", 9, True)
    assert twice.text == f"{by_id} is /dev/null, which device meter uses already."


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("heartbeat_s = 0", "`session.heartbeat_s` of device pump must be at least 0.1."),
        ("tries = 0", "`session.tries` of device pump must be at least 1."),
        ('tries = "x"', "`session.tries` of device pump must be a whole number, but is a text."),
        ("poll_s = 1e-6", "`session` of device pump: poll_s is 0 or at least 0.1, not 1e-06."),
        ("tires = 1", "`session` of device pump: tuya_wifi has no setting 'tires'. Did you mean tries?"),
    ],
)
def test_a_setting_of_the_session_that_cannot_be_is_named(setting: str, words: str) -> None:
    factory = DeviceFactory(parse_config(TWO.format(port="/dev/zero", setting=setting), "u.toml", env={}))
    with pytest.raises(ConfigError) as error:
        list(factory.nodes())
    assert str(error.value) == f"u.toml, line 10: {words}"


@pytest.mark.parametrize(
    ("link", "port"),
    [
        ("serial:///dev/ttyUSB0?baud=9600", "/dev/ttyUSB0"),
        ("serial:/dev/ttyUSB0", "/dev/ttyUSB0"),
        ("tcp://192.168.1.30:6638", "192.168.1.30:6638"),
        ("rfc2217://192.168.1.30:6638", "192.168.1.30:6638"),
        ("http://192.168.1.40/", "192.168.1.40"),
        ("broker:", ""),
        ("mqtts://broker:8883?user=hub", ""),
        ("replay:old.jsonl", ""),
    ],
)
def test_what_only_one_device_can_use(link: str, port: str) -> None:
    assert port_of(link) == port


TUYA = b"".join(bytes(Frame(3, command, data)) for command, data in [(0, b"\x01"), (1, b'{"p":"x"}'), (7, b"\x01")] * 3)


def test_bytes_of_another_family_are_recognised() -> None:
    text = guess_family("emporia", b"\x00\xff" + TUYA)
    assert "tuya_wifi" in text and "not of emporia" in text


POINTS = bytes.fromhex("0101000101")
GATEWAY = bytes(Frame(0, 0x0D, b"\x041234" + POINTS)) * 3
ZIGBEE = bytes(SequencedFrame(2, 6, POINTS, 37)) * 3


@pytest.mark.parametrize("configured", ["emporia", "tuya_wifi"])
def test_frames_of_a_gateway_are_recognised(configured: str) -> None:
    text = guess_family(configured, GATEWAY)
    assert "frames of tuya_gateway" in text and f"not of {configured}" in text
    assert guess_family("tuya_gateway", GATEWAY) == ""


@pytest.mark.parametrize("configured", ["emporia", "tuya_wifi", "tuya_gateway"])
def test_frames_of_a_zigbee_module_are_named(configured: str) -> None:
    assert "Devices with a Zigbee module are decoded" in guess_family(configured, ZIGBEE)


@pytest.mark.parametrize("data", [b"", b"\x55\xaa", bytes(200), TUYA[:12], bytes(range(256)) * 20])
def test_nothing_is_said_of_noise(data: bytes) -> None:
    assert guess_family("emporia", data) == ""
    assert guess_family("tuya_wifi", TUYA) == ""


def test_tables_in_the_session_are_overridden_key_by_key() -> None:
    assert _overridden({"a": {"x": 1, "y": {"z": 2}}, "b": 3}, {"a": {"y": {"w": 4}}, "c": 5}) == {
        "a": {"x": 1, "y": {"z": 2, "w": 4}},
        "b": 3,
        "c": 5,
    }
    assert _overridden({"a": {"x": 1}}, {"a": 2}) == {"a": 2}


def test_a_port_whose_name_is_encoded_in_the_link_is_the_same_port(tmp_path: Path) -> None:
    odd = tmp_path / "a b%20?c"
    odd.touch()
    link = f"///{path_text(odd).removeprefix('/')}"
    assert port_of(f"serial:{link}?baud=9600") == port_of(f"pty:{path_text(odd)}") == str(odd)
    text = CONFIG.replace("serial:{port}?baud=115200", f"serial:{link}")
    assert [one.device for one in problems(parse_config(text, "u.toml", env={}))] == ["tv"]
