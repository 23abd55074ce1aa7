"""Whole numbers that people type: in range or refused, whatever was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.text.whole_number import whole_number


@given(st.integers(0, 5000))
def test_a_number_in_range_is_taken_and_others_are_not(number: int) -> None:
    assert whole_number(str(number), 1, 3600) == (number if 1 <= number <= 3600 else None)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1.0", "1e3", "inf", "nan", "٣", "²", "000001" + "9" * 400, "9" * 5000]
)
def test_what_is_no_number_of_this_size_is_refused(text: str) -> None:
    assert whole_number(text, 0, 3600) is None


@given(st.text(max_size=30))
def test_any_text_is_a_number_in_range_or_refused(text: str) -> None:
    number = whole_number(text, 4, 77)
    assert number is None or 4 <= number <= 77
