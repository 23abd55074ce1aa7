"""On which links a role is played."""

import pytest

from unclouded import families
from unclouded.app.conformance.wires import open_wire
from unclouded.conformance.tuya_wifi.suite import TUYA_WIFI
from unclouded.core.errors import CommandError


@pytest.mark.parametrize("link", ["http://127.0.0.1:1", "mqtts://127.0.0.1:1", "mqtts-listen://127.0.0.1:1"])
def test_a_line_of_bytes_is_not_tested_on_a_link_of_messages(link: str) -> None:
    for role in TUYA_WIFI.roles.values():
        with pytest.raises(CommandError, match="serial:///dev/ttyUSB0"):
            open_wire(role, link, families.family("tuya_wifi"))
