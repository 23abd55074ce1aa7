"""Text at the edges: one line, no command to a terminal, no formula in a spreadsheet."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.text.printable import csv_cell, csv_text, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Kettle", "Kettle"),
        ("Wärmepumpe · 温水 · 👨‍👩‍👧", "Wärmepumpe · 温水 · 👨‍👩‍👧"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("one\r\ntwo\u2028three\x85four", "one\\x0d\\x0atwo\\u2028three\\x85four"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_character_that_is_not_shown_becomes_a_visible_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_line_without_controls(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in shown)
    assert printable(shown) == shown


@given(st.text(st.characters(codec=None)))
def test_any_text_is_one_cell_and_no_formula(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(["before", csv_text(text), "after"])
    ((before, cell, after),) = csv.reader(io.StringIO(file.getvalue()))
    assert (before, after) == ("before", "after") and "\n" not in cell
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\uff1d1"])
def test_a_formula_is_quoted(text: str) -> None:
    assert csv_text(text) == f"'{text}"


def test_the_values_of_cells() -> None:
    assert [csv_cell(one) for one in (True, False, -1, 2.5, None, "on", "-on")] == [1, 0, -1, 2.5, None, "on", "'-on"]
