"""The vectors of docs/protocols/meross.md §3 that no other test has: §3.2 (application), §3.8 and §3.9.

Signatures are in test_envelope.py, passwords of plugs in test_family.py, encryption in test_lan_encryption.py, the
uImage header in firmware/test_image_file.py.
"""

import hashlib
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from unclouded.app.protocols import settings_of
from unclouded.families.meross.wire.messages import Electricity, payload_of
from unclouded.families.meross.wire.namespaces import read_message
from unclouded.families.meross.wire.time_rules import rules_of
from unclouded.hub.services.zone import clock_time
from unclouded.profiles import ProfileLibrary

PAGE = (Path(__file__).parents[3] / "docs" / "protocols" / "meross.md").read_text("utf-8")
SAMPLES = [(2387, 418, 67379), (2387, 415, 66100), (2180, 56, 714), (2180, 95, 1710), (2162, 0, 0), (2331, 290, 5297)]


def test_the_password_of_an_application() -> None:
    """Ours never log in as one; the clients of strangers/ do."""
    ((key, user, password),) = re.findall(r"\| application \| +\| (\w+) \| (\w+) \| (\w+) \|", PAGE)
    assert hashlib.md5(f"{user}{key}".encode()).hexdigest() == password


@pytest.mark.parametrize(("voltage", "current", "power"), SAMPLES)
def test_real_samples_are_read_in_volts_amperes_and_watts(voltage: int, current: int, power: int) -> None:
    payload = payload_of(electricity={"channel": 0, "current": current, "voltage": voltage, "power": power})
    message = read_message("GETACK", "Appliance.Control.Electricity", payload)
    assert isinstance(message, Electricity)
    rows = {row.wire: row for row in ProfileLibrary(settings_of).get("meross/mss310").points}
    read = [rows[f"electricity.{name}"].from_wire(getattr(message, name)) for name in ("voltage", "current", "power")]
    assert read == pytest.approx([voltage / 10, current / 1000, power / 1000])


def test_the_first_sample_has_the_power_factor_of_the_page() -> None:
    voltage, current, power = SAMPLES[0]
    apparent = voltage / 10 * current / 1000
    assert (round(apparent, 1), round(power / 1000 / apparent, 3)) == (99.8, 0.675)


def test_the_rules_of_a_zone_are_those_of_a_real_plug() -> None:
    rules = rules_of(clock_time(1_648_342_800, ZoneInfo("Europe/London")))
    assert rules[:4] == [
        [1_648_342_800, 3600, 1],
        [1_667_091_600, 0, 0],
        [1_679_792_400, 3600, 1],
        [1_698_541_200, 0, 0],
    ]
    assert len(rules) == 20
