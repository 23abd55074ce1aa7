"""Checks of the data points that a device reports: types and lengths.

Source: docs/protocols/tuya_wifi.md §2.2, §2.6.
"""

from collections.abc import Callable, Collection

from unclouded.conformance.check import Check
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import Line, Observed, Reports, observed_points
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, NAMES, STRING, VALUE

PAGE = "docs/protocols/tuya_wifi.md"
LENGTHS = {BOOL: (1,), VALUE: (4,), ENUM: (1,), BITMAP: (1, 2, 4)}


def points(line: Line, reports: Reports, type: int | None = None) -> list[Observed]:
    """What was reported so far, of one type if named. Without any the check does not apply."""
    found = [one for one in observed_points(line.received(), reports) if type in (None, one.type)]
    if not found:
        line.not_applicable(f"It reports no data point{'' if type is None else f' of type {NAMES[type]}'}.")
    return found


def length_of(type: int, reports: Reports) -> Callable[[Line], None]:
    """A judge: each reported data point of this type has a length that the type allows."""

    def judge(line: Line) -> None:
        wrong = [one for one in points(line, reports, type) if len(one.value) not in LENGTHS[type]]
        if wrong:
            line.fail(f"Data point {wrong[0].id} of type {NAMES[type]} has a length of {len(wrong[0].value)}.")

    return judge


def bools_are_0_or_1(reports: Reports) -> Callable[[Line], None]:
    """A judge: each reported bool is 0 or 1."""

    def judge(line: Line) -> None:
        wrong = [one for one in points(line, reports, BOOL) if int.from_bytes(one.value) > 1]
        if wrong:
            line.fail(f"Data point {wrong[0].id} is a bool of {wrong[0].value.hex()}.")

    return judge


def strings_are_text(reports: Reports) -> Callable[[Line], None]:
    """A judge: each reported string is UTF-8."""

    def judge(line: Line) -> None:
        for one in points(line, reports, STRING):
            try:
                one.value.decode()
            except UnicodeDecodeError:
                line.fail(f"The string of data point {one.id} is not UTF-8.")

    return judge


def strings_have_no_nul(reports: Reports) -> Callable[[Line], None]:
    """A judge: no reported string ends with NUL."""

    def judge(line: Line) -> None:
        wrong = [one.id for one in points(line, reports, STRING) if one.value.endswith(b"\0")]
        line.require(not wrong, f"A NUL ends the string of data point {wrong[:1]}.")

    return judge


def types_are_constant(reports: Reports) -> Callable[[Line], None]:
    """A judge: each data point is always reported with the same type."""

    def judge(line: Line) -> None:
        types: dict[tuple[str, int], int] = {}
        for one in points(line, reports):
            first = types.setdefault((one.part, one.id), one.type)
            if first != one.type:
                line.fail(f"Data point {one.id} is reported as {NAMES[first]} and as {NAMES[one.type]}.")

    return judge


def point_checks(
    end: str,
    reports: Reports,
    needs: tuple[str, ...],
    clause: str = f"{PAGE} §2.2",
    lengths_clause: str = f"{PAGE} §2.6 item 1",
    odd_lengths: Collection[int] = tuple(LENGTHS),
) -> tuple[Check, ...]:
    """The rows. ``odd_lengths``: types whose length many devices get wrong."""
    names = {BOOL: "bool", VALUE: "value", ENUM: "enum", BITMAP: "bitmap"}
    lengths = {BOOL: "1 byte", VALUE: "4 bytes", ENUM: "1 byte", BITMAP: "1, 2 or 4 bytes"}
    return (
        *(
            row(
                f"{end}.points.{name}-length",
                f"{'An' if type == ENUM else 'A'} {name} has {lengths[type]}",
                lengths_clause,
                judged(length_of(type, reports)),
                "deviation" if type in odd_lengths else "must",
                needs=needs,
            )
            for type, name in names.items()
        ),
        row(f"{end}.points.bool-value", "A bool is 00 or 01", clause, judged(bools_are_0_or_1(reports)), needs=needs),
        row(f"{end}.points.string-utf8", "A string is UTF-8", clause, judged(strings_are_text(reports)), needs=needs),
        row(
            f"{end}.points.string-end",
            "No NUL ends a string",
            clause,
            judged(strings_have_no_nul(reports)),
            "deviation",
            needs=needs,
        ),
        row(
            f"{end}.points.type",
            "A data point keeps its type",
            clause,
            judged(types_are_constant(reports)),
            needs=needs,
        ),
    )
