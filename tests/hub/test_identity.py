"""A new name or a new port never splits a history."""

from unclouded.hub.identity import KnownDevice, identify

PUMP = KnownDevice(
    identity="tuya_wifi:abc@serial:///dev/ttyUSB0",
    id="pump",
    family="tuya_wifi",
    link="serial:///dev/ttyUSB0",
    product="abc",
)


def who(**more: str) -> str:
    about = {"id": "pump", "family": "tuya_wifi", "link": "serial:///dev/ttyUSB0", "product": "abc", **more}
    return identify([PUMP], **about)


def test_a_device_that_reports_its_identity_has_it() -> None:
    assert who(reported="70b3d5aa", id="x", link="y") == "tuya_wifi:70b3d5aa"


def test_a_new_device_is_identified_by_its_product_and_its_link() -> None:
    assert identify([], id="pump", family="tuya_wifi", link="tcp://h:1", product="abc") == "tuya_wifi:abc@tcp://h:1"


def test_a_device_keeps_its_identity_on_another_port() -> None:
    assert who(link="serial:///dev/ttyUSB3") == PUMP.identity


def test_a_device_keeps_its_identity_under_another_name() -> None:
    assert who(id="pool_pump") == PUMP.identity


def test_another_product_on_its_port_is_another_device() -> None:
    assert who(product="xyz") == "tuya_wifi:xyz@serial:///dev/ttyUSB0"


def test_under_another_name_on_another_port_it_is_a_new_device() -> None:
    assert who(id="x", link="tcp://h:1") == "tuya_wifi:abc@tcp://h:1"


def test_two_devices_never_share_an_identity() -> None:
    second = identify(
        [PUMP], id="pump", family="tuya_wifi", link="serial:///dev/ttyUSB9", product="abc", taken={PUMP.identity}
    )
    assert second == "tuya_wifi:abc@serial:///dev/ttyUSB9"
