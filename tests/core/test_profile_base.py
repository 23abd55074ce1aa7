"""Profiles that begin with the rows of another one, and variants inside of one file."""

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from unclouded.app.protocols import profile_library
from unclouded.core.errors import ConfigError
from unclouded.core.profile import Profile, ProfileFile, load_profile, read_base
from unclouded.core.sessions.session import Reported
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.profiles import ProfileLibrary


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    poll_s: float = 0
    retries: int = 1


PLUG = """
name = "toy/plug"
family = "toy"
title = "Plug"
products = ["plug1"]
main = "on"
actions = ["blink"]
[session]
poll_s = 5
[[point]]
dp = 1
type = "bool"
key = "on"
access = "rw"
[[point]]
dp = 6
type = "raw"
key = "phase"
decode = "phase"
[[point]]
wire = "6.voltage"
key = "voltage_a_V"
scale = 0.1
[[point]]
dp = 19
type = "value"
key = "power_W"
scale = 0.1
label = "As measured"
[[point]]
dp = 20
type = "value"
key = "voltage_V"
scale = 0.1
[[point]]
dp = 39
type = "bool"
key = "overcharge_cutoff"
access = "rw"
[[point]]
dp = 39
type = "enum"
key = "indicator"
access = "rw"
options = ["relay", "off", "on"]
"""
MINE = 'name = "toy/mine"\nfamily = "toy"\ntitle = "Mine"\nbase = "toy/plug"\n'


def base(name: str) -> ProfileFile:
    if name != "toy/plug":
        raise ConfigError(f"There is no profile {name!r}.")
    return read_base(PLUG, name)


def load(text: str) -> Profile:
    return load_profile(text, "mine.toml", lambda _: Settings, lambda _: ["blink", "reset"], base)


def keys(profile: Profile) -> list[str]:
    return [row.point.key for row in profile.points]


# --- a base -----------------------------------------------------------------------------------------


def test_a_profile_has_the_rows_and_settings_of_its_base_and_a_name_of_its_own() -> None:
    plug, mine = load(PLUG), load(MINE)
    assert (mine.points, mine.session, mine.actions, mine.main) == (plug.points, plug.session, plug.actions, plug.main)
    assert (mine.name, mine.title, mine.products) == ("toy/mine", "Mine", ())


def test_a_row_changes_only_the_keys_that_it_names_and_keeps_its_place() -> None:
    mine = load(MINE + "[[point]]\ndp = 19\nscale = 0.01\n")
    assert keys(mine) == keys(load(PLUG))
    row = mine.by_key("power_W")
    assert row is not None and (row.scale, row.type, row.point.label) == (Fraction(1, 100), "value", "As measured")
    assert row.point.exponent == -2


def test_rows_of_its_own_follow_and_dropped_ones_are_gone() -> None:
    mine = load(MINE + 'drop = [39, 20]\n[[point]]\ndp = 39\ntype = "string"\nkey = "serial"\n')
    assert keys(mine) == ["on", "phase", "voltage_a_V", "power_W", "serial"]


def test_one_of_several_rows_with_a_data_point_is_named_by_its_type() -> None:
    mine = load(MINE + 'drop = [{ dp = 39, type = "bool" }]\n[[point]]\ndp = 39\ntype = "enum"\nkey = "light"\n')
    row = mine.by_key("light")
    assert "overcharge_cutoff" not in keys(mine) and "indicator" not in keys(mine)
    assert row is not None and row.point.options == ("relay", "off", "on")


def test_what_is_decoded_from_a_dropped_row_goes_with_it() -> None:
    assert "voltage_a_V" not in keys(load(MINE + "drop = [6]\n"))
    assert "phase" in keys(load(MINE + 'drop = ["6.voltage"]\n'))


def test_settings_are_those_of_the_base_but_for_those_that_it_names() -> None:
    mine = load(MINE + 'main = "power_W"\nactions = ["reset"]\n[session]\nretries = 4\n')
    assert mine.session == Settings(poll_s=5, retries=4)
    assert (mine.main, mine.actions) == ("power_W", ("reset",))


def test_of_a_base_of_another_family_only_the_points_are_taken() -> None:
    """A gateway's sub-devices have the data points of their siblings on Wi-Fi, and other settings."""
    mine = load(MINE.replace('family = "toy"', 'family = "other"'))
    assert (mine.points, mine.main) == (load(PLUG).points, "on")
    assert (mine.session, mine.actions) == (Settings(), None)


def test_a_main_point_that_is_dropped_is_none() -> None:
    assert load(MINE + "drop = [1]\n").main == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("drop = [77]\n", r"\$.drop\[0\]`: there is no row 77 to drop"),
        ('drop = [{ dp = 19, type = "bool" }]\n', "no row 19 of type bool to drop"),
        ("drop = [{ number = 19 }]\n", "number"),
        ("drop = [{}]\n", "no row"),
        ("[[point]]\ndp = 77\nscale = 0.1\n", r"point\[0\]`: toy/plug has no 77, so there is nothing to change"),
        ('[[point]]\ndp = 19\ntype = "bool"\n', "toy/plug has 19 as value, so there is nothing to change"),
        ('[[point]]\ndp = 39\nlabel = "x"\n', "39 with the types bool, enum: name one"),
        ("[[point]]\ndp = 19\ncolour = 1\n", r"unknown field `colour` - at `\$.point\[0\]`"),
        ('[[point]]\ndp = 19\nscale = "x"\n', r"at `\$.point\[0\].scale`"),
        ("[[point]]\nscale = 0.1\n", "nothing to change"),
        ("point = 3\n", r"\$.point` must be a list"),
        ("point = [3]\n", r"\$.point\[0\]` must be a table"),
        ("[[point]]\ndp = 19\nscale = 0\n", r"`\$.point\[3\].scale` must be more than 0"),
        ('[[point]]\ndp = 19\nkey = "on"\n', "the key 'on' is there twice"),
    ],
)
def test_what_does_not_fit_the_base_is_an_error_that_names_the_key(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        load(MINE + text)
    assert "mine.toml" in str(refused.value)


def test_a_base_that_is_not_there_or_not_possible_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"mine.toml: `\$.base`: There is no profile 'toy/x'"):
        load(MINE.replace("toy/plug", "toy/x"))
    with pytest.raises(ConfigError, match="not a text by itself"):
        load_profile(MINE, "mine.toml", lambda _: Settings)
    with pytest.raises(ConfigError, match=r"\$.drop` is for a profile with a `base`"):
        load(PLUG.replace("main =", "drop = [1]\nmain ="))


# --- the library ------------------------------------------------------------------------------------


def library(folder: Path, **files: str) -> ProfileLibrary:
    (folder / "toy").mkdir()
    for name, text in files.items():
        (folder / "toy" / f"{name}.toml").write_text(text)
    return ProfileLibrary(lambda name: Settings if name == "toy" else None, folder)


def test_the_library_finds_the_base_wherever_it_is(tmp_path: Path) -> None:
    mine = MINE.replace('family = "toy"', 'family = "toy"\nproducts = ["p"]')
    found = library(tmp_path, plug=PLUG, mine=mine).for_product("toy", "p")
    assert found is not None and found.name == "toy/mine" and "power_W" in keys(found)


def test_a_base_with_a_base_is_an_error_that_says_so(tmp_path: Path) -> None:
    texts = {"a": MINE.replace("mine", "a").replace("plug", "b"), "b": MINE.replace("mine", "b").replace("plug", "a")}
    with pytest.raises(ConfigError, match=r"toy/b has a base itself, and one level is all there is. Name toy/a"):
        library(tmp_path, **texts).get("toy/a")


def test_a_profile_of_ones_own_may_have_the_shipped_one_that_it_overrides_as_its_base(tmp_path: Path) -> None:
    (tmp_path / "tuya").mkdir()
    (tmp_path / "tuya" / "plug_metering.toml").write_text(
        'name = "tuya/plug_metering"\nfamily = "toy"\ntitle = "Mine"\nbase = "tuya/plug_metering"\ndrop = [39]\n'
    )
    mine = ProfileLibrary(lambda _: Settings, tmp_path).get("tuya/plug_metering")
    assert "power_W" in keys(mine) and "overcharge_cutoff" not in keys(mine) and mine.title == "Mine"


def test_a_plug_of_the_other_kind_is_recognised_by_its_values() -> None:
    """docs/protocols/tuya_wifi.md §2.8.1: nothing but the values shows that a plug is of the Atorch kind."""
    profiles = profile_library()
    plug = profiles.get("tuya/plug_metering")
    reader = Interpreter("x", plug, DeviceEnergy("x", {}), similar=lambda: profiles.similar(plug))
    for at in (10.0, 20.0, 30.0):
        reader.readings(Reported({"18": 2900, "19": 66_700, "20": 23_000}), at)
    assert [text for _, text in reader.scale_problems()] == [
        "voltage looks 10× too high for this profile (2300 V); profile tuya/plug_metering_centi fits"
    ]


# --- variants ---------------------------------------------------------------------------------------

VARIANTS = (
    PLUG
    + """
[[variant]]
products = ["plug2", "plug3"]
scale = { 19 = 0.01, "6.voltage" = 1 }
[[variant]]
title = "Plug without a light"
products = ["plug4"]
drop = [39]
"""
)


def test_a_product_of_a_variant_has_its_scales_and_lacks_its_dropped_rows() -> None:
    plug = load(VARIANTS)
    second, fourth = plug.for_product("plug3"), plug.for_product("plug4")
    assert plug.for_product("plug1") is plug and plug.for_product("other") is plug
    assert {row.point.key: row.scale for row in second.points if row.wire in ("19", "6.voltage", "20")} == {
        "power_W": Fraction(1, 100),
        "voltage_a_V": Fraction(1),
        "voltage_V": Fraction(1, 10),
    }
    assert second.title == "Plug (power_W x 0.01, voltage_a_V x 1)" and second.name == plug.name
    assert fourth.title == "Plug without a light" and not {"indicator", "overcharge_cutoff"} & set(keys(fourth))
    assert second.products == ("plug2", "plug3") and second.main == "on"


def test_a_variant_without_the_main_point_has_none() -> None:
    variant = load(PLUG + '[[variant]]\nproducts = ["p"]\ndrop = [1]\n').for_product("p")
    assert variant.main == "" and "on" not in keys(variant)


def test_the_library_finds_variants_by_product_and_by_name(tmp_path: Path) -> None:
    profiles = library(tmp_path, plug=VARIANTS)
    found = profiles.for_product("toy", "plug2")
    assert found is not None and found == profiles.get("toy/plug@plug2") == profiles.get("toy/plug@plug3")
    assert profiles.get("toy/plug@plug1") is profiles.get("toy/plug")
    with pytest.raises(ConfigError, match=r"no variant for the product 'x'. It has some for: plug2, plug3, plug4"):
        profiles.get("toy/plug@x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('products = ["plug1"]\nscale = { 19 = 1 }', "the product 'plug1' is listed 2 times"),
        ('products = ["a", "a"]\nscale = { 19 = 1 }', "the product 'a' is listed 2 times"),
        ("products = []\nscale = { 19 = 1 }", r"\$.variant\[0\].products` must list"),
        ('products = ["a"]', r"\$.variant\[0\]` needs `scale` or `drop`"),
        ('products = ["a"]\nscale = { 77 = 1 }', r"\$.variant\[0\].scale.77`: there is no number 77"),
        ('products = ["a"]\nscale = { 1 = 1 }', "there is no number 1 "),
        ('products = ["a"]\nscale = { 19 = 0 }', r"\$.variant\[0\].scale` must be more than 0"),
        ('products = ["a"]\ndrop = [77]', r"\$.variant\[0\].drop\[0\]`: there is no row 77"),
        ('products = ["a"]\nscale = { 19 = 1 }\ncolour = 1', "colour"),
    ],
)
def test_a_wrong_variant_is_an_error_that_names_the_key(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        load(f"{PLUG}[[variant]]\n{text}\n")
    assert "mine.toml" in str(refused.value)


def test_a_profile_with_a_base_may_have_variants_of_its_own() -> None:
    mine = load(MINE + '[[point]]\ndp = 20\nscale = 0.01\n[[variant]]\nproducts = ["p"]\nscale = { 19 = 1 }\n')
    row = mine.for_product("p").by_key("voltage_V")
    assert row is not None and row.scale == Fraction(1, 100)
