"""The tables of checks: what every row has."""

import re
from pathlib import Path

import pytest

from unclouded.conformance import SUITES, suite
from unclouded.conformance.check import CheckSuite
from unclouded.core.errors import CommandError

PROTOCOLS = Path(__file__).parent.parent.parent / "docs" / "protocols"
CLAUSE = re.compile(r"docs/protocols/(\w+)\.md \u00a7(\d+(?:\.\d+)*)(?: (?:item|rule) (\d+))?")


@pytest.mark.parametrize("one", SUITES.values(), ids=lambda one: one.name)
def test_ids_are_unique_and_begin_with_the_end_under_test(one: CheckSuite) -> None:
    ids = [check.id for role in one.roles.values() for check in role.checks]
    assert len(ids) == len(set(ids))
    for role in one.roles.values():
        assert {check.id.partition(".")[0] for check in role.checks} == {role.tests.lower()}


@pytest.mark.parametrize("one", SUITES.values(), ids=lambda one: one.name)
def test_each_clause_is_a_section_of_a_protocol_page(one: CheckSuite) -> None:
    for role in one.roles.values():
        for check in role.checks:
            found = CLAUSE.fullmatch(one.clause(check))
            assert found, f"{check.id}: {one.clause(check)}"
            text = (PROTOCOLS / f"{found[1]}.md").read_text("utf-8")
            begin = re.search(rf"^#+ {re.escape(found[2])} .*\n", text, re.MULTILINE)
            assert begin, f"{check.id}: {one.clause(check)}"
            section = re.split(r"^#+ \d", text[begin.end() :], maxsplit=1, flags=re.MULTILINE)[0]
            assert not found[3] or re.search(rf"^{found[3]}\. ", section, re.MULTILINE), check.id


@pytest.mark.parametrize("one", SUITES.values(), ids=lambda one: one.name)
def test_each_preparation_that_a_check_needs_exists(one: CheckSuite) -> None:
    for role in one.roles.values():
        assert {name for check in role.checks for name in check.needs} <= role.preparations.keys()


def test_an_unknown_suite_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(CommandError, match="tuya_wifi"):
        suite("zwave")
