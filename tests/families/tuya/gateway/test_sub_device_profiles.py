"""The profiles of sub-devices: a product picks its own, and what it reports is read with units and scales."""

from collections import Counter

import pytest

from unclouded.app.protocols import settings_of
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import Reported, WireValue
from unclouded.families.tuya import FAMILY_GATEWAY
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.profiles import ProfileLibrary

SHELF = ProfileLibrary(settings_of)
PROFILES = [profile for name in SHELF.names() if (profile := SHELF.get(name)).family == "tuya_gateway"]


def read(product: str, values: dict[str, WireValue]) -> dict[str, object]:
    profile = SHELF.for_product("tuya_gateway", product)
    assert profile is not None
    reader = Interpreter("x", profile, DeviceEnergy("x", {}), FAMILY_GATEWAY.decoders)
    return {one.point: one.value for one in reader.readings(Reported(values), at=100.0)}


def test_every_product_has_one_profile() -> None:
    counts = Counter(product for profile in PROFILES for product in profile.products)
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_rows_of_a_profile_fit_together(profile: Profile) -> None:
    assert {row.decode for row in profile.points} <= {"", *FAMILY_GATEWAY.decoders}
    assert len({row.point.key for row in profile.points}) == len(profile.points)


@pytest.mark.parametrize(
    ("product", "values", "right"),
    [
        ("vyfoip9h", {"1": 215, "2": 47, "4": 90}, {"temperature_C": 21.5, "humidity_percent": 47}),
        ("fie1dpkm", {"1": 215, "2": 473, "4": 90}, {"temperature_C": 21.5, "humidity_percent": 47.3}),
        ("a476raq2", {"101": 4650, "103": 1825}, {"soil_moisture_percent": 46.5, "temperature_C": 18.25}),
        ("uncloudedplugsub", {"1": True, "19": 6670, "20": 2300}, {"on": True, "power_W": 667.0, "voltage_V": 230.0}),
        ("b6wax7g0", {"2": 21, "3": 205}, {"setpoint_C": 21, "temperature_C": 20.5}),
        ("04nb6kdt", {"1": -55, "2": 80}, {"temperature_C": -5.5, "humidity_percent": 80}),
    ],
)
def test_what_a_product_reports_is_read_with_its_own_profile(
    product: str, values: dict[str, WireValue], right: dict[str, object]
) -> None:
    assert read(product, values).items() >= right.items()
