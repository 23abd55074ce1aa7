"""One rule broken in one of our own ends is found by the checks of that rule, and by no other."""

import pytest

from conformance.broken_ends import BROKEN_MCUS, BROKEN_MODULES
from conformance.conforming import not_passed
from conformance.wifi_ends import check_mcu, check_module


@pytest.mark.parametrize("name", BROKEN_MCUS)
def test_an_mcu_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_mcu(BROKEN_MCUS[name].make())) == BROKEN_MCUS[name].found


@pytest.mark.parametrize("name", BROKEN_MODULES)
def test_a_module_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_module(BROKEN_MODULES[name].make())) == BROKEN_MODULES[name].found
