"""The checks of Meross plugs against the simulated plug: every generation passes them."""

import pytest
from conforming import by_kind
from meross_ends import HttpPlug, check_plug, plug

from unclouded.families.meross.plug.dialects import DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_generation_of_the_simulated_plug_passes(dialect: str) -> None:
    report = check_plug(HttpPlug(plug(dialect=dialect)))
    assert by_kind(report, "failed", "deviation", "skipped") == {} and report.passed
    assert all("does not list" in reason for reason in by_kind(report, "not applicable").values())


def test_the_newest_generation_has_everything_that_is_checked() -> None:
    assert by_kind(check_plug(HttpPlug(plug(dialect="hw8"))), "not applicable") == {}
