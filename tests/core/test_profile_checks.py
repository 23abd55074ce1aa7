"""Rows that no device could have are refused with their place, before anything is computed of them."""

from pathlib import Path

import pytest

from unclouded.app.products.profile_check import ProfileChecker
from unclouded.app.protocols import profile_library, settings_of
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Value
from unclouded.core.profile import Profile, load_profile
from unclouded.profiles import ProfileLibrary

HEAD = 'name = "tuya/mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\n'


def load(rows: str) -> Profile:
    return load_profile(HEAD + rows, "mine.toml", settings_of)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ('key = "power_W"\nexponent = 1000000000', "exponent` must be from -9 to 9"),
        ('key = "power_W"\nexponent = -10', "exponent` must be from -9 to 9"),
        ('key = "energy_import_Wh"\nwraps = 0', "wraps` is for a counter, and more than 0"),
        ('key = "power_W"\nwraps = 65536', "wraps` is for a counter, and more than 0"),
        ('key = ""', "key` takes 1 to 64 letters, digits and _"),
        ('key = "power\\u001b_W"', "key` takes 1 to 64 letters, digits and _"),
        ('key = "power W"', "key` takes 1 to 64 letters, digits and _"),
        (f'key = "{"a" * 65}"', "key` takes 1 to 64 letters, digits and _"),
        ('key = "a"\nlabel = "\\u001b[2J"', "label` has a character that cannot be shown"),
        ('key = "a"\ntype = "enum"\noptions = ["\\u001b[2J"]', "options` has a character that cannot be shown"),
        ('key = "energy_import_Wh"\ntype = "string"', "counter` is for a number"),
        ('key = "energy_import_Wh"\ntype = "bool"', "counter` is for a number"),
        ('key = "phase"\ntype = "value"\ndecode = "phase"', "decode` is for a raw value"),
    ],
)
def test_a_row_that_no_device_can_have_is_refused(row: str, text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine.toml: `\$.point\[0\].") as caught:
        load(f"[[point]]\ndp = 1\n{row}\n")
    assert text in str(caught.value) and str(caught.value).isprintable()


def test_a_title_that_controls_a_terminal_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"`\$.title` has a character that cannot be shown"):
        load_profile(HEAD.replace('"Mine"', '"\\u001b[2J"'), "mine.toml", settings_of)


def test_a_decoder_that_no_family_has_is_an_error_of_the_check() -> None:
    text = HEAD + '[[point]]\ndp = 6\ntype = "raw"\nkey = "phase"\ndecode = "phases"\n'
    checked = ProfileChecker(profile_library()).check(text, "mine.toml")
    assert "`decode` of phase: tuya_wifi has no form 'phases'" in checked.remarks[0].text and not checked.is_right
    assert "phase_6" in checked.remarks[0].text


ROWS = """
[[point]]
dp = 1
type = "value"
key = "limit_W"
access = "rw"
[[point]]
dp = 2
type = "enum"
key = "mode"
access = "rw"
[[point]]
dp = 3
type = "raw"
key = "record"
access = "rw"
"""
HOSTILE: list[Value] = [
    "1/0",
    "1/3",
    "9" * 5000,
    "1e400",
    "1e30000000",
    "1e-30000000",
    "nan",
    "x" * 100_000,
    float("inf"),
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["limit_W", "mode", "record"])
def test_a_value_that_is_none_is_refused_in_a_short_text(key: str, value: Value) -> None:
    row = load(ROWS).by_key(key)
    assert row is not None
    if key == "record" and value in HOSTILE[2:5]:
        return  # hex digits
    with pytest.raises(CommandError) as caught:
        row.to_wire(value)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(("value", "count"), [("5", 5), (5.0, 5), (" 1e3 ", 1000), ("-2.5", -2), (0.1 + 0.2, 0)])
def test_numbers_are_read_as_people_write_them(value: Value, count: int) -> None:
    row = load(ROWS).by_key("limit_W")
    assert row is not None and row.to_wire(value) == count


def test_an_enum_without_names_says_what_it_takes() -> None:
    row = load(ROWS).by_key("mode")
    assert row is not None and row.to_wire("3") == 3
    with pytest.raises(CommandError, match="mode takes the number of an option, from 0, not 'auto'"):
        row.to_wire("auto")


def test_a_file_has_a_bounded_number_of_rows() -> None:
    rows = "".join(f'[[point]]\ndp = {number}\nkey = "k{number}"\n' for number in range(1001))
    for head in ("", 'base = "tuya/plug_metering"\n'):
        with pytest.raises(ConfigError, match="has 1001 rows, and 1000 are the most"):
            load(head + rows)


def test_of_two_profiles_of_ones_own_with_one_product_the_first_by_name_counts(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        text = HEAD.replace("tuya/mine", name) + 'products = ["keyabcdefgh12345"]\n'
        (tmp_path / f"{name}.toml").write_text(text)
    (tmp_path / "0.toml").write_text(f'products = ["keyabcdefgh12345"]\na = {"[" * 5000}')
    found = ProfileLibrary(settings_of, tmp_path).for_product("tuya_wifi", "keyabcdefgh12345")
    assert found is not None and found.name == "a"
