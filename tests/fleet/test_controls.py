"""What a command can set, by the catalogue of its home."""

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
