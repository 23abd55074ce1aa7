"""What a command can set, by the catalogue of its home."""

import msgspec
import pytest

from unclouded.core.errors import CommandError
from unclouded.fleet.base.views import CatalogueControl, CatalogueDevice, HomeCatalogue, NewCommand
from unclouded.fleet.controls import checked_command

CONTROLS = (
    CatalogueControl(point="on", kind="switch", access="rw"),
    CatalogueControl(point="level_percent", kind="number", access="rw", minimum=10, maximum=100),
    CatalogueControl(point="mode", kind="enum", access="rw", options=("eco", "boost")),
)
HOME = HomeCatalogue(
    at=1.0,
    devices=(
        CatalogueDevice(number=1, id="lamp", name="Hall lamp", main="on", controls=CONTROLS),
        CatalogueDevice(number=2, id="fridge", name="Fridge", controls=()),
        CatalogueDevice(number=3, id="old", name="Same"),
        CatalogueDevice(number=4, id="older", name="Same"),
    ),
)


def checked(device: str, point: str, value: bool | int | float | str, home: HomeCatalogue = HOME) -> NewCommand:
    return checked_command(home, NewCommand(hub="hub", device=device, point=point, value=value))


def test_a_device_is_named_by_its_id_or_its_name() -> None:
    assert checked("Hall lamp", "mode", "eco") == checked("lamp", "mode", "eco")
    assert checked("lamp", "", False).point == ""  # the main one: its hub knows which
    both = msgspec.structs.replace(HOME, devices=(*HOME.devices, CatalogueDevice(number=5, id="x", name="lamp")))
    assert checked("lamp", "on", True, both).device == "lamp", "an id counts before a name"


def test_numbers_may_be_as_small_and_as_large_as_the_home_says() -> None:
    limits = ((None, None), (10.0, None), (None, 100.0), (10.0, 100.0))
    allowed: list[list[float]] = []
    for least, most in limits:
        point = CatalogueControl(point="level", kind="number", access="rw", minimum=least, maximum=most)
        home = HomeCatalogue(at=1.0, devices=(CatalogueDevice(number=1, id="x", name="", controls=(point,)),))
        allowed.append([])
        for value in (-1e9, 9.9, 10, 100.0, 100.1, 1e9):
            try:
                checked("x", "level", value, home)
                allowed[-1].append(value)
            except CommandError as error:
                said = {(10.0, None): "10 or more", (None, 100.0): "at most 100"}.get((least, most), "10 to 100")
                assert str(error) == f"level takes {said}, not {value}."
    assert allowed == [[-1e9, 9.9, 10, 100.0, 100.1, 1e9], [10, 100.0, 100.1, 1e9], [-1e9, 9.9, 10, 100.0], [10, 100.0]]


def test_twelve_devices_are_named_where_there_is_no_such_one() -> None:
    for count, more in ((12, "device11."), (14, "device11 and 2 more.")):
        devices = tuple(CatalogueDevice(number=number, id=f"device{number}", name="") for number in range(count))
        with pytest.raises(CommandError) as error:
            checked("x", "on", True, HomeCatalogue(at=1.0, devices=devices))
        assert str(error.value).endswith(f"device10, {more}")
    with pytest.raises(CommandError, match=r"It has: none\.$"):
        checked("x", "on", True, HomeCatalogue(at=1.0))


def test_what_has_no_main_point_is_said() -> None:
    point = CatalogueControl(point="level", kind="number", access="rw")
    home = HomeCatalogue(at=1.0, devices=(CatalogueDevice(number=1, id="x", name="", controls=(point,)),))
    with pytest.raises(CommandError, match=r"^The main point of x cannot be set\. Can be set: level\.$"):
        checked("x", "", 5, home)


@pytest.mark.parametrize(
    ("device", "point", "value", "why"),
    [
        ("cellar", "on", True, "no device 'cellar'. It has: lamp, fridge, old, older."),
        ("Same", "on", True, "several devices 'Same'"),
        ("fridge", "on", True, "Nothing of it can be set from here."),
        ("lamp", "power_W", 5, "Can be set: on, level_percent, mode."),
        ("lamp", "", "eco", "on takes on or off, not eco."),
        ("lamp", "level_percent", True, "takes a number, not on."),
        ("lamp", "level_percent", 9, "takes 10 to 100, not 9."),
        ("lamp", "level_percent", 100.5, "takes 10 to 100, not 100.5."),
        ("lamp", "level_percent", float("nan"), "is a number from -9007199254740992 to 9007199254740992, a text"),
        ("lamp", "mode", "fast", "takes one of eco, boost, not fast."),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(
    device: str, point: str, value: bool | int | float | str, why: str
) -> None:
    with pytest.raises(CommandError, match=why.replace(".", r"\.")):
        checked(device, point, value)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 10**400, float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("home", [HOME, HomeCatalogue()])
def test_a_number_that_cannot_be_sent_to_a_hub_is_no_command(value: float, home: HomeCatalogue) -> None:
    """One such command would end the delivery of all others."""
    with pytest.raises(CommandError, match="a number from"):
        checked("old", "anything", value, home)
    assert checked("old", "anything", 2**53, home).value == 2**53


def test_where_the_home_does_not_say_what_can_be_set_its_hub_decides() -> None:
    assert checked("old", "anything", 5).point == "anything"
    assert checked("unknown", "on", True, HomeCatalogue()).device == "unknown"
