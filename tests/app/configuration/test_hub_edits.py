"""Changes to the tables of the hub in the text of a configuration: what a person wrote stays."""

import tomllib
from datetime import date

import pytest

from unclouded.app.configuration.edits.hub_changes import hub_change
from unclouded.app.configuration.edits.hub_edits import (
    with_item,
    with_item_changes,
    with_table_changes,
    without_item,
    without_table,
)
from unclouded.app.configuration.edits.hub_tables import configured_tables, hub_tables
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import HIDDEN, HubEdit

FILE = """\
# My home
[hub]   # the hub
timezone = "Europe/Madrid"  # where
# stays

[weather]
latitude = 1.5
[weather.values]
temp = 3  # warm

# the first
[[device]]
id = "a"
"""
INLINE = 'hub.timezone = "UTC"  # where\n\nweb = { listen = "off" }\n'
WEBHOOK = {"url": "http://10.0.0.5/a"}


def lines_lost(before: str, after: str) -> list[str]:
    return [line for line in before.splitlines() if line not in after.splitlines()]


@pytest.mark.parametrize(
    ("text", "table", "patch", "lost"),
    [
        (FILE, "hub", {"name": "Casa"}, []),
        (FILE, "hub", {"timezone": "UTC"}, ['timezone = "Europe/Madrid"  # where']),
        (FILE, "weather", {"values": {"temp": 4, "thigh.1": 5}}, ["temp = 3  # warm"]),
        (
            FILE,
            "weather",
            {"latitude": None, "values": None},
            ["latitude = 1.5", "[weather.values]", "temp = 3  # warm"],
        ),
        (FILE, "metrics", {"open": True}, []),
        (INLINE, "hub", {"name": "Casa"}, []),
        (INLINE, "web", {"listen": "x"}, ['web = { listen = "off" }']),
        ("", "hub", {"name": "Casa"}, []),
        (FILE.replace("\n", "\r\n"), "homekit", {}, []),
    ],
)
def test_keys_of_a_table_are_changed_and_every_other_byte_stays(
    text: str, table: str, patch: dict[str, object], lost: list[str]
) -> None:
    after = with_table_changes(text, table, patch)
    assert lines_lost(text, after) == lost
    assert text.count("\r") == 0 or "\n" not in after.replace("\r\n", "")
    keys = tomllib.loads(after)[table]
    assert all((key in keys) == (value is not None) for key, value in patch.items())


def test_a_table_is_removed_with_its_own_blocks_and_nothing_else() -> None:
    after = without_table(FILE, "weather")
    assert "weather" not in tomllib.loads(after) and "# the first\n[[device]]" in after and "# stays" in after
    assert "web" not in tomllib.loads(without_table(INLINE, "web"))
    with pytest.raises(CommandError, match="has no \\[mqtt\\]"):
        without_table(FILE, "mqtt")


def test_items_of_a_list_are_added_changed_and_removed_by_name_or_place() -> None:
    two = with_item(with_item(FILE, "webhook", WEBHOOK), "webhook", {"url": "http://10.0.0.5/b"})
    assert lines_lost(FILE, two) == [] and two.index("[[webhook]]") < two.index("[[device]]")
    changed = with_item_changes(two, "webhook", "2", {"url": "http://10.0.0.5/c"})
    assert [one["url"][-1] for one in tomllib.loads(changed)["webhook"]] == ["a", "c"]
    assert tomllib.loads(without_item(changed, "webhook", "1"))["webhook"] == [{"url": "http://10.0.0.5/c"}]
    assert without_item(without_item(two, "webhook", "2"), "webhook", "1").split() == FILE.split()
    with pytest.raises(CommandError, match="There are: 1, 2"):
        with_item_changes(two, "webhook", "3", {})
    named = with_item(FILE, "rule", {"name": "Evening", "on": True})
    assert tomllib.loads(with_item_changes(named, "rule", "Evening", {"on": False}))["rule"][0]["on"] is False


def test_dates_in_the_parts_of_a_tariff_are_written_as_dates() -> None:
    tariff = {"name": "a", "zones": {"day": "08:00-20:00", "night": "other"}, "part": [{"from": date(2026, 1, 1)}]}
    text = with_item(FILE, "tariff", tariff)
    assert "from = 2026-01-01\n" in text
    later = with_item_changes(text, "tariff", "a", {"part": [{"from": date(2027, 1, 1), "price": {"day": 1}}]})
    assert tomllib.loads(later)["tariff"] == [
        {**tariff, "part": [{"from": date(2027, 1, 1), "price": {"day": 1}}]},
    ]


def test_every_table_of_the_hub_is_shown_with_what_its_keys_hold_and_without_secrets() -> None:
    text = FILE + '[[notification]]\nurl = "tgram://123:secret/456"\n[meross]\nkey_file = "k"\n'
    tables = {one.table: one for one in configured_tables(text)}
    assert set(tables) == set(hub_tables()) and "device" not in tables
    (message,) = tables["notification"].items
    assert (message.keys, tables["notification"].is_list) == ({"url": HIDDEN}, True)
    fields = {(name, field.key): field for name, table in tables.items() for field in table.fields}
    assert {fields[place].kind for place in (("hub", "name"), ("web", "listen"))} == {"text"}
    assert (fields["weather", "source"].kind, fields["weather", "source"].options[1]) == ("choice", "fixed")
    assert (fields["metrics", "open"].kind, fields["weather", "latitude"].kind) == ("flag", "number")
    assert fields["notification", "url"].kind == "secret" and fields["notification", "events"].kind == "list"
    assert [key for place, key in fields if place == "hub" and fields[place, key].is_local] == ["data", "profiles"]
    assert all(fields["mqtt", one].is_local for one in ("cafile", "certfile", "keyfile", "password_file"))
    assert fields["influx", "cafile"].is_local and fields["web", "tls"].at_start and not fields["hub", "name"].at_start
    assert all(not one.is_there for one in configured_tables("no TOML"))


@pytest.mark.parametrize(
    ("table", "item", "keys", "says"),
    [
        ("hub", None, {"data": "/tmp/x"}, "set there: unclouded config set hub.data"),
        ("webhook", "", {**WEBHOOK, "token_file": "/etc/passwd"}, "hub's computer"),
        ("weather", None, {"url": "mqtts://a?password_file=/etc/passwd"}, "names a file"),
        ("hub", None, {"nam": "x"}, "Did you mean name"),
        ("hub", None, {"name": f"a{HIDDEN}"}, "hidden"),
        ("device", None, {"name": "x"}, "by its id"),
        ("webhook", None, {}, "is a list"),
        ("hub", "1", {}, "has no items"),
    ],
)
def test_what_cannot_be_set_over_the_network_is_refused(
    table: str, item: str | None, keys: dict[str, object], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        hub_change(HubEdit(table=table, item=item, keys=keys), is_local=False)
