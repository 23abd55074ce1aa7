"""What speaks against a file is known before a device is asked: the same sentence as its session gives."""

import pytest

from families.meross.firmware.firmware_examples import fota
from unclouded.app.firmware.refusal import why_refused
from unclouded.app.firmware.summary import summary_of
from unclouded.core.model import Device
from unclouded.families.meross.firmware.image_file import read_firmware, why_not

PUMP = Device(id="pump", identity="tuya:1", family="tuya_wifi", link="", profile="", info={"product": "abc"})
GOOD = fota(b"program")


def plug_of(hardware: str) -> Device:
    info = {"product": "mss310", "hardware": hardware}
    return Device(id="plug", identity="meross:1", family="meross", link="", profile="", info=info)


@pytest.mark.parametrize("name", ["mss310-us-v2-rc0107.bin", "mss310-us-v1-rc0107.bin", "mss110-us-v2-a.bin", "x.bin"])
@pytest.mark.parametrize("data", [GOOD, GOOD[:-1], b"something else"], ids=["good", "cut", "unknown"])
@pytest.mark.parametrize("hardware", ["2.0.0", "6.0.0", ""])
def test_a_plug_refuses_what_its_session_refuses(name: str, data: bytes, hardware: str) -> None:
    expected = why_not(read_firmware(name, data), "mss310", hardware)
    assert why_refused(summary_of(name, data), plug_of(hardware)) == expected


def test_an_appliance_takes_firmware_of_no_known_kind_and_nothing_of_a_plug() -> None:
    assert why_refused(summary_of("pump.bin", b"firmware"), PUMP) == ""
    assert "for a Meross plug of hardware 2" in why_refused(summary_of("pump.bin", GOOD), PUMP)
    assert "is damaged" in why_refused(summary_of("pump.bin", GOOD[:-1]), PUMP)
    assert why_refused(summary_of("mss310-us-v2-rc0107.bin", GOOD), plug_of("2.0.0")) == ""
