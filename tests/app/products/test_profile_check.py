"""A contributed profile is checked in a second: its schema, its keys, and what is known of similar products."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import unclouded.profiles
from unclouded.app.products.profile_check import CheckedProfile, ProfileChecker
from unclouded.app.protocols import profile_library
from unclouded.cli import cli
from unclouded.core.errors import CommandError

SHIPPED = Path(unclouded.profiles.__file__).parent
LIBRARY = profile_library()
CHECKER = ProfileChecker(LIBRARY)

# Products that differ from others on purpose: their profiles say why.
KNOWN = {("tuya/plug_metering_centi", 3), ("tuya_gateway/plug_metering", 1)}


def profile(rows: str, head: str = "") -> str:
    return f'name = "my_plug"\nfamily = "tuya_wifi"\ntitle = "My plug"\n{head}\n{rows}'


def row(dp: int, key: str, more: str = "", type: str = "value") -> str:
    return f'[[point]]\ndp = {dp}\ntype = "{type}"\nkey = "{key}"\n{more}\n'


def checked(text: str, file: str = "profiles/my_plug.toml") -> CheckedProfile:
    return CHECKER.check(text, file)


def remarks(found: CheckedProfile, level: str) -> list[str]:
    return [one.text for one in found.remarks if one.level == level]


def test_the_profiles_of_this_program_are_right_and_their_warnings_are_known() -> None:
    found = [CHECKER.check(file.read_text("utf-8"), str(file)) for file in sorted(SHIPPED.rglob("*.toml"))]
    assert {one.name for one in found} == set(LIBRARY.names())
    assert [one.file for one in found if not one.is_right] == []
    warned = {one.name: len(remarks(one, "warning")) for one in found}
    assert {(name, count) for name, count in warned.items() if count} == KNOWN


def test_what_it_would_do_is_listed() -> None:
    found = checked(profile(row(1, "on", 'access = "rw"', "bool") + row(19, "power_W", "scale = 0.1"), 'main = "on"'))
    assert found.is_right and (found.name, found.family, found.main) == ("my_plug", "tuya_wifi", "on")
    assert [(one.wire, one.key, one.scale, one.access) for one in found.points] == [
        ("1", "on", 1.0, "rw"),
        ("19", "power_W", 0.1, "r"),
    ]
    assert remarks(found, "note") == ["It lists no product id, so it is used only where a configuration names it."]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "Invalid"),
        (profile(row(19, "power_W", "scal = 0.1")), "scal"),
        (profile(row(19, "power_W") + row(19, "power_W")), "power_W"),
        (profile("", 'main = "on"'), "on"),
        (profile("", 'base = "tuya/nothing"'), "tuya/nothing"),
        (profile("", 'actions = ["fly"]'), "fly"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_an_error_that_names_the_place(text: str, reason: str) -> None:
    found = checked(text)
    [error] = remarks(found, "error")
    assert not found.is_right and reason in error and "profiles/my_plug.toml" in error


@pytest.mark.parametrize(
    ("file", "is_right"),
    [("my_plug.toml", True), ("a/b/my_plug.toml", True), ("a/other.toml", False), ("my_plug/x.toml", False)],
)
def test_its_name_is_its_path(file: str, is_right: bool) -> None:
    assert checked(profile(row(1, "on", type="bool")), file).is_right is is_right


def test_keys_that_are_no_words_are_named_with_the_nearest_one() -> None:
    found = checked(profile(row(19, "powr_W") + row(101, "dp_101") + row(20, "voltage_a_V", "scale = 0.1")))
    assert remarks(found, "warning") == [
        "19 has the key 'powr_W', which is not one of docs/points.md. Did you mean power_W?",
        "101 has no name yet: dp_101. What moves it?",
    ]
    assert found.is_right


def test_a_scale_that_hardly_any_similar_product_has_is_a_warning() -> None:
    [warning] = remarks(checked(profile(row(19, "power_W"))), "warning")
    assert warning.startswith("19 power_W has the scale 1; of ") and " have 0.1. " in warning
    assert remarks(checked(profile(row(19, "power_W", "scale = 0.1"))), "warning") == []
    assert remarks(checked(profile(row(119, "power_W"))), "warning") == []  # of this data point nothing is usual


def test_what_a_profile_of_a_known_product_replaces_is_listed() -> None:
    table = LIBRARY.catalogue.find("tuya_wifi", "2iepauebcvo74ujc")
    assert table is not None
    head = 'products = ["2iepauebcvo74ujc"]'
    found = checked(profile(row(19, "power_W", "scale = 0.01") + row(20, "current_A", "scale = 0.1"), head))
    notes = remarks(found, "note")
    assert notes[0] == f"2iepauebcvo74ujc is one of {table.name} too; this profile is used in its place."
    assert notes[-1].startswith("It has no on, ")
    assert "19: power_W has the scale 0.01, there 0.1 (two sources agree)" in remarks(found, "warning")
    assert "20: current_A is voltage_V there (two sources agree)" in remarks(found, "warning")


def test_a_product_of_another_profile_of_this_program_is_named() -> None:
    notes = remarks(checked(profile(row(1, "on", type="bool"), 'products = ["djfep9s6s3b2qk89"]')), "note")
    assert "djfep9s6s3b2qk89 is one of tuya/clamp_pj_mgw1103 too; this profile is used in its place." in notes


def test_a_profile_with_a_base_of_the_catalogue_is_checked_with_all_its_rows() -> None:
    found = checked(profile("", 'base = "catalogue/plug/2iepauebcvo74ujc"'))
    assert found.is_right and len(found.points) > 15


# --- the verb -----------------------------------------------------------------------------------------


def test_the_command_line_checks_files_and_its_exit_code_says_whether_they_are_right(tmp_path: Path) -> None:
    (tmp_path / "my_plug.toml").write_text(profile(row(19, "power_W")))
    (tmp_path / "bad.toml").write_text("name = 1")
    right = CliRunner().invoke(cli, ["check", str(tmp_path / "my_plug.toml")])
    assert right.exit_code == 0 and "my_plug: My plug (tuya_wifi), for no product" in right.stdout
    assert "1 points, 0 can be set: 19 power_W" in right.stdout and right.stdout.endswith("    1 warning\n")
    both = CliRunner().invoke(cli, ["check", "--json", str(tmp_path / "my_plug.toml"), str(tmp_path / "bad.toml")])
    lines = [msgspec.json.decode(line, type=CheckedProfile) for line in both.stdout.splitlines()]
    assert both.exit_code == 2 and [line.is_right for line in lines] == [True, False]


def test_a_configuration_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "unclouded.toml").write_text('[[device]]\nid = "x"\n')
    error = CliRunner().invoke(cli, ["check", str(tmp_path / "unclouded.toml")]).exception
    assert isinstance(error, CommandError) and "unclouded check --config" in str(error)
    missing = CliRunner().invoke(cli, ["check", str(tmp_path / "none.toml")]).exception
    assert isinstance(missing, CommandError) and "cannot be read" in str(missing)
