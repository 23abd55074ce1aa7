"""A device gets another id: the rules and the publishers that name it follow in the same edit."""

import tomllib
from pathlib import Path

import pytest

from unclouded.app.configuration.config import config_of
from unclouded.app.configuration.edits.device_changes import DeviceChanges
from unclouded.app.configuration.edits.id_changes import with_id_followed
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.core.errors import CommandError

FILE = """\
# My home
[homekit]
hide = ["meter", "boiler"]  # not for the phone

[[webhook]]
url = "http://127.0.0.1:1/"
devices = ["boiler", "boiler_2"]

[[rule]]
name = "boiler on"  # stays
while = { any = ["boiler.power_W > 5 W for 5 min", ["price < 0.1", "boiler is offline"]] }
if = ""
set = [
  "boiler on",       # the main one
  "meter.on = off",
]
end = "boiler.mode = boiler"
notify = "boiler is on"

[[rule]]
name = "other"
when = "boiler < 5"
set = "boiler_2 on"

[[rule]]
name = "part"
when = "boiler_trv is on"
set = "  boiler_trv.setpoint_C = 21"

[[device]]
id = "boiler"
family = "emporia"
link = "serial:///dev/ttyUSB0"

[[device]]
id = "boiler_2"
parent = "boiler"
family = "emporia"
link = "serial:///dev/ttyUSB1"

[[device]]
id = "meter"
family = "emporia"
link = "serial:///dev/ttyUSB2"
"""
FILE = FILE.replace('if = ""\n', "")


def renamed(text: str, new: str) -> str:
    return DeviceChanges(["boiler", "boiler_2", "meter"]).changed("boiler", {"id": new}).text(text)


def test_rules_and_publishers_follow_a_device_with_another_id() -> None:
    after = renamed(FILE, "tank")
    file = tomllib.loads(after)
    assert file["homekit"] == {"hide": ["meter", "tank"]}
    assert file["webhook"][0]["devices"] == ["tank", "boiler_2"]
    assert file["rule"] == [
        {
            "name": "boiler on",
            "while": {"any": ["tank.power_W > 5 W for 5 min", ["price < 0.1", "tank is offline"]]},
            "set": ["tank on", "meter.on = off"],
            "end": "tank.mode = boiler",
            "notify": "boiler is on",
        },
        {"name": "other", "when": "boiler < 5", "set": "boiler_2 on"},  # a value that is handed to the hub
        {"name": "part", "when": "tank_trv is on", "set": "  tank_trv.setpoint_C = 21"},
    ]
    assert [one.get("parent") for one in file["device"]] == [None, "tank", None]
    assert 'name = "boiler on"  # stays' in after.splitlines()
    assert [one.devices for one in config_of(after, Path("home.toml")).rules] == [
        ("tank", "meter"),
        ("boiler_2",),
        ("tank_trv",),
    ]
    assert tomllib.loads(renamed(FILE, "tank").replace("tank", "boiler")) == tomllib.loads(FILE)


def test_a_text_without_rules_changes_in_the_device_only() -> None:
    text = '[[device]]\nid = "boiler"  # 1\n'
    assert renamed(text, "tank") == '[[device]]\nid = "tank"  # 1\n'


def test_rules_follow_a_plug_that_was_admitted() -> None:
    text = '[[rule]]\nname = "a"\nat = "07:00"\nset = "plug on"\n'
    plug = DeviceTable(id="plug", family="meross", link="broker:", uuid="AB")
    after = DeviceChanges(["plug"], [plug]).changed("plug", {"id": "lamp"}).text(text)
    assert tomllib.loads(after)["rule"][0]["set"] == "lamp on"


@pytest.mark.parametrize("id", ["between", "on", "not"])
def test_an_id_that_a_condition_cannot_begin_with_is_refused(id: str) -> None:
    with pytest.raises(CommandError, match="cannot be the id"):
        with_id_followed('[[rule]]\nname = "a"\nwhen = "boiler is offline"\nnotify = "b"\n', "boiler", id)


def test_rules_that_are_a_list_in_brackets_are_refused_with_what_to_do() -> None:
    text = 'rule = [{ name = "a", at = "07:00", set = "boiler on" }]\n[[device]]\nid = "boiler"\n'
    with pytest.raises(CommandError, match="list in brackets"):
        renamed(text, "tank")
