"""What was decided where sources disagree: every conflict has a decision, and the catalogue says what was decided."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from shipped_tables import TABLES
from unclouded.profiles.catalogue import CatalogueRow

ROOT = Path(__file__).parent.parent.parent
CONFLICTS = ROOT.parent / "shared" / "products" / "conflicts.tsv"


class Decision(NamedTuple):
    product: str
    dp: str
    scale: str
    confidence: str
    key: str
    reason: str


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


DECISIONS = [Decision(*words) for words in lines(ROOT / "tools" / "catalogue" / "decisions.tsv")]


def rows_of(decision: Decision) -> list[CatalogueRow]:
    """The rows that a decision is about, in every table that has the product or the model."""
    return [
        row
        for table in TABLES
        if decision.product in table.products or any(decision.product in name.split() for _, name in table.models)
        for row in table.rows
        if row.dp == int(decision.dp)
    ]


def test_each_decision_has_a_reason_and_stands_once() -> None:
    assert all(len(one.reason) > 10 for one in DECISIONS)
    assert len({(one.product, one.dp) for one in DECISIONS}) == len(DECISIONS)
    assert {one.confidence for one in DECISIONS} == {"confirmed", "single", "disputed"}


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda one: f"{one.product}-{one.dp}")
def test_the_catalogue_says_what_was_decided(decision: Decision) -> None:
    found = rows_of(decision)
    assert any(
        row.confidence == decision.confidence
        and (not decision.scale or row.type != "value" or row.scale == Decimal(decision.scale))
        and (not decision.key or row.key == decision.key)
        for row in found
    ), found


def test_what_no_decision_names_is_not_disputed() -> None:
    decided = {(one.product, int(one.dp)) for one in DECISIONS}
    names = {one.product for one in DECISIONS}
    left = [
        f"{table.name} {row.dp} {row.key}"
        for table in TABLES
        if not any(name in names for _, model in table.models for name in model.split())
        for row in table.rows
        if row.confidence == "disputed" and not any((product, row.dp) in decided for product in table.products)
    ]
    assert left == []


def test_every_conflict_has_a_decision() -> None:
    if not CONFLICTS.exists():
        pytest.skip("the list of conflicts is not part of the project")
    decided = {(one.product, one.dp) for one in DECISIONS}
    assert [words[:2] for words in lines(CONFLICTS) if (words[0], words[1]) not in decided] == []
