"""What is different between two versions of a configuration, as the second of two editors sees it."""

import pytest

from unclouded.app.configuration.edits.differences import differences, shown
from unclouded.app.configuration.edits.editor import change_text

OLD = """
[web]
listen = "off"
[[device]]
id = "a"
link = "mqtts://user:pass@h?password=1&client=x"
[[device]]
id = "b"
link = "tcp://h:2"
parent = "a"
scale = { power_W = 2, voltage_V = 1 }
session = { key = "k1", poll_s = 5 }
"""


def texts(new: str) -> list[tuple[str, object, object]]:
    return [(change_text(one), one.before, one.after) for one in differences(OLD, new)]


def test_keys_within_tables_are_named_and_secrets_are_hidden() -> None:
    new = OLD.replace("power_W = 2", "power_W = 2.5").replace('"k1"', '"k2"').replace('"off"', '"0.0.0.0:1"')
    assert texts(new) == [
        ("scale.power_W of b", 2, 2.5),
        ("session.key of b", "…", "…"),
        ("web.listen", "off", "0.0.0.0:1"),
    ]
    (change,) = differences(OLD, OLD.replace("pass@h?password=1", "word@h?password=2"))
    assert "pass" not in str(change.before).replace("password=…", "") and "word@" not in str(change.after)


@pytest.mark.parametrize(
    ("url", "shown_as"),
    [
        ("https://hooks.example/services/T0/s3cret?k=a", "https://hooks.example/…?k=…"),
        ("http://10.0.0.2:8086/api/v2/write?org=o", "http://10.0.0.2:8086/api/v2/write?org=…"),
        ("http://me:s3cret@10.0.0.2/", "http://…@10.0.0.2/"),
        ("mqtts://broker.example:8883", "mqtts://broker.example:8883"),
        ("tgram://s3cret/5", "tgram://…"),
    ],
)
def test_of_an_address_nothing_is_shown_that_may_be_a_secret(url: str, shown_as: str) -> None:
    assert shown({"url": url}, "webhook") == {"url": shown_as}


def test_another_id_on_the_same_wire_is_one_change() -> None:
    new = OLD.replace('id = "b"', 'id = "c"\nname = "C"')
    assert texts(new) == [("id of c", "b", "c"), ("name of c", None, "C")]


def test_what_is_added_and_removed_is_shown_as_a_whole() -> None:
    start = OLD.index('[[device]]\nid = "b"')
    gone, new = OLD[:start], OLD[:start] + '[[device]]\nid = "n"\nlink = "tcp://h:9"\n'
    assert texts(gone)[0][0] == "b (removed)"
    assert texts(new)[1] == ("n (new)", None, {"id": "n", "link": "tcp://h:9"})
    assert differences(OLD, "not [toml") == []
