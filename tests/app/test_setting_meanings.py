"""The page of the devices explains every setting of every family, and no other."""

import pytest

from unclouded import families
from unclouded.app.reference.pages import settings_of
from unclouded.app.reference.setting_meanings import SETTING_MEANINGS


@pytest.mark.parametrize("name", families.NAMES)
def test_each_setting_of_a_family_has_a_meaning(name: str) -> None:
    family = families.family(name)
    settings = [] if family.controller is None else [setting for setting, _ in settings_of(family.settings)]
    assert sorted(SETTING_MEANINGS.get(name, {})) == sorted(settings)
