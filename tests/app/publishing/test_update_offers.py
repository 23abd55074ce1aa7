"""Which files of the hub are newer firmware for which devices."""

from pathlib import Path

import pytest

from api_story import device
from families.meross.firmware.firmware_examples import fota
from unclouded.app.files.update_files import UpdateFiles
from unclouded.app.publishing.update_offers import find_offers
from unclouded.core.model import ActionSpec, Device
from unclouded.publish.mqtt.updates import UpdateOffer

UPDATE = ActionSpec(name="update", words="u", args={"file": "f"}, danger="d", files=("file",))


def takes(id: str, family: str = "tuya_wifi", **info: str) -> Device:
    return device(id, family=family, actions=(UPDATE,), info=info)


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("pump-1.0.2.bin", "1.0.2"),
        ("pump_1.10.0.bin", "1.10.0"),
        ("1f0c77ab-pump-1.0.2.bin", "1.0.2"),
        ("keyjup78v54myhan-2.0.0", "2.0.0"),
        ("pump-1.0.1.bin", ""),
        ("pump-0.9.9.bin", ""),
        ("pump-2-1.0.2.bin", ""),
        ("pump.bin", ""),
        ("1.0.2.bin", ""),
        ("lamp-1.0.2.bin", ""),
    ],
)
def test_a_file_is_offered_by_its_name_where_its_version_is_newer(name: str, offered: str, tmp_path: Path) -> None:
    files = UpdateFiles(tmp_path)
    files.put(name, b"firmware")
    pump = takes("pump", product="keyjup78v54myhan", version="1.0.1")
    found = find_offers(files, [pump, device("lamp", info={"version": "1.0.0"})])
    assert found == ({"pump": UpdateOffer(name, offered)} if offered else {})


def test_of_several_the_newest_is_offered_and_a_file_for_other_hardware_never(tmp_path: Path) -> None:
    files = UpdateFiles(tmp_path)
    for name in (
        "mss310-us-v2-2.1.18.bin",
        "mss310-us-v2-2.1.9.bin",
        "mss310-eu-v2-9.0.0.bin",
        "mss425-us-v2-9.0.0.bin",
    ):
        files.put(name, fota(b"program"))
    files.put("mss310-us-v2-9.9.9.bin", b"no firmware")
    plug = takes("plug", "meross", product="mss310", version="2.1.8", hardware="2.0.0", region="us")
    assert find_offers(files, [plug]) == {"plug": UpdateOffer("mss310-us-v2-2.1.18.bin", "2.1.18")}
    assert find_offers(files, [takes("plug", "meross", product="mss310", version="unknown")]) == {}
