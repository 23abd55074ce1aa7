"""The vocabulary: every key follows it, or is the maker's own name; the page of keys is made from it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from shipped_tables import TABLES
from unclouded.app.protocols import settings_of
from unclouded.app.reference.points_page import points_page
from unclouded.core.model import UNITS, unit_of
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue.packed import FORMS
from unclouded.profiles.vocabulary import is_unknown, without_channel, word_of, words

DOCS = Path(__file__).parent.parent.parent / "docs"
ENERGY = ("plug", "breaker", "din_meter", "clamp", "charger_ev")


def test_the_page_of_keys_is_that_of_the_vocabulary() -> None:
    assert (DOCS / "points.md").read_text("utf-8") == points_page(), "run: python3 dev.py docs"


def test_each_word_is_there_once_and_its_units_exist() -> None:
    keys = Counter(key for word in words() for key in word.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert {unit for word in words() for unit in word.units} <= {"", *UNITS}
    for word in words():
        for key, unit in zip(word.keys, word.units, strict=True):
            assert unit_of(key) == UNITS.get(unit, ""), key


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        ("on_2", "on"),
        ("on_usb1", "on"),
        ("power_a_W", "power_W"),
        ("energy_import_t2_Wh", "energy_import_Wh"),
        ("energy_import_a_2_Wh", "energy_import_Wh"),
        ("current_n_A", "current_A"),
        ("power_W", "power_W"),
        ("pm25_ugm3", "pm25_ugm3"),
    ],
)
def test_a_key_without_which_of_several_it_is(key: str, plain: str) -> None:
    assert without_channel(key) == plain
    word = word_of(key)
    assert word is not None and plain in word.keys


def test_what_is_not_known_is_no_word() -> None:
    assert is_unknown("dp_19") and word_of("dp_19") is None and word_of("rd_set") is None


def test_hand_written_profiles_keep_to_the_vocabulary() -> None:
    library = ProfileLibrary(settings_of)
    own = {
        (name, row.point.key)
        for name in library.names()
        if name.startswith("tuya")
        for row in library.get(name).points
        if word_of(row.point.key) is None
    }
    assert own == set()


def test_keys_of_the_catalogue_are_names_with_a_unit_at_the_end() -> None:
    for table in TABLES:
        for row in table.rows:
            assert re.fullmatch(r"[a-z][A-Za-z0-9_]*", row.key), f"{table.where} {row.key}"
            name = row.key.removesuffix(f"_{row.key.rpartition('_')[2]}") if row.unit else row.key
            assert name == name.lower(), f"{table.where} {row.key}"


def test_most_rows_have_a_word_of_the_vocabulary_and_meters_nearly_all() -> None:
    rows = [(table.kind, row.key) for table in TABLES for row in table.rows]
    assert sum(word_of(key) is not None for _, key in rows) / len(rows) > 0.7
    meters = [key for kind, key in rows if kind in ENERGY]
    assert sum(word_of(key) is not None for key in meters) / len(meters) > 0.85


def test_quantities_of_packed_values_are_words() -> None:
    keys = {one.key.format("") for form in FORMS.values() for one in form.quantities}
    assert {key for key in keys if word_of(key) is None} == set()
