"""Changes to the text of a configuration: what a person wrote stays, whatever is changed beside it."""

import tomllib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.configuration.edits import text_edits
from unclouded.app.configuration.edits.device_changes import DeviceChanges
from unclouded.app.configuration.edits.device_edits import with_changes, with_device, with_room, without_device
from unclouded.app.configuration.edits.table_edits import Table, merged, value_text
from unclouded.app.configuration.edits.text_blocks import blocks_of, text_of
from unclouded.core.errors import CommandError, ConfigError

FILE = """\
# My home
[hub]
timezone = "Europe/Madrid"   # where we live

# The meter in the hall.
[[device]]
id = "meter"      # never change it
link = [
  "serial:///dev/ttyUSB0",   # the cable
]
family = "emporia"

[device.scale]    # behind a transformer
power_W = 40      # 200:5

# The pump has no comment of its own: this one is followed by a blank line.

[[device]]
id = "pump"
parent = "meter"
session = { poll_s = 5 }
family = "tuya_wifi"
link = "tcp://10.0.0.2:1"

[web]
listen = "off"
"""


def read(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=Decimal)


def lines_lost(before: str, after: str) -> list[str]:
    left = after.splitlines()
    return [line for line in before.splitlines() if line not in left]


def test_one_key_is_changed_and_every_other_byte_stays() -> None:
    after = with_changes(FILE, "meter", {"name": "Zähler <b>&amp;</b> 👩‍👩‍👧", "scale": {"power_W": Decimal("0.5")}})
    assert lines_lost(FILE, after) == ["power_W = 40      # 200:5"]
    assert "power_W = 0.5      # 200:5" in after.splitlines()
    assert 'name = "Zähler <b>&amp;</b> 👩‍👩‍👧"' in after.splitlines()
    assert read(after)["device"][0]["scale"] == {"power_W": Decimal("0.5")}


def test_characters_that_turn_a_line_around_are_written_as_numbers() -> None:
    after = with_changes(FILE, "pump", {"name": "a\u202eb\nc\x1b[2J"})
    assert r'name = "a\u202eb\nc\u001b[2J"' in after
    assert read(after)["device"][1]["name"] == "a\u202eb\nc\x1b[2J"
    with pytest.raises(CommandError, match="half of another"):
        with_changes(FILE, "pump", {"name": "\ud800"})


def test_a_device_under_another_id_stays_the_parent() -> None:
    after = read(with_changes(FILE, "meter", {"id": "main"}))
    assert [one["id"] for one in after["device"]] == ["main", "pump"]
    assert after["device"][1]["parent"] == "main"


def test_a_device_is_removed_with_its_comment_and_no_other() -> None:
    after = without_device(FILE, "pump")
    assert "# The pump has no comment of its own" in after
    assert lines_lost(FILE, after) == [
        'id = "pump"',
        'parent = "meter"',
        "session = { poll_s = 5 }",
        'family = "tuya_wifi"',
        'link = "tcp://10.0.0.2:1"',
    ]
    with pytest.raises(CommandError, match="pump counts inside meter"):
        without_device(FILE, "meter")
    alone = without_device(after, "meter")
    assert "The meter in the hall" not in alone and "# My home" in alone
    assert read(alone) == {"hub": {"timezone": "Europe/Madrid"}, "web": {"listen": "off"}}


def test_a_device_is_added_behind_the_others() -> None:
    table = {"id": "lamp", "family": "meross", "link": ["broker:", "http://10.0.0.3"], "uuid": "1901"}
    after = with_device(FILE, table)
    assert [one["id"] for one in read(after)["device"]] == ["meter", "pump", "lamp"]
    assert lines_lost(FILE, after) == [] and after.index("lamp") < after.index("[web]")
    with pytest.raises(CommandError, match="already"):
        with_device(after, table)
    assert read(with_device("", table))["device"] == [table]
    assert with_device("# nothing yet", table).startswith("# nothing yet\n\n[[device]]\n")


def test_line_ends_of_windows_stay() -> None:
    after = with_changes(FILE.replace("\n", "\r\n"), "pump", {"room": "Cellar", "channel": None})
    assert "\n" not in after.replace("\r\n", "") and 'room = "Cellar"\r\n' in after


def test_channels_are_found_again_by_their_names() -> None:
    first = '[[device.channel]] # one\nname = "x" # the first\nfamily = "f"\nlink = "l"\n'
    second = '[[device.channel]]\nname = "y"\nfamily = "g"\nlink = "m"\n'
    text = f'[[device]]\nid = "a"\n\n{first}\n{second}'
    y, z = {"name": "y", "family": "g", "link": "n"}, {"name": "z", "family": "h", "link": "o"}
    after = with_changes(text, "a", {"channel": [y, z]})
    assert read(after)["device"][0]["channel"] == [y, z] and "the first" not in after
    assert read(with_changes(text, "a", {"channel": None, "link": "k", "family": "f"}))["device"] == [
        {"id": "a", "link": "k", "family": "f"}
    ]
    assert read(with_changes('[[device]]\nid = "a"', "a", {"channel": [y, z], "room": "r"}))["device"] == [
        {"id": "a", "channel": [y, z], "room": "r"}
    ]


def test_channels_are_added_below_a_last_line_without_an_end() -> None:
    for text in ('[[device]]\nid = "a"\n# end', '[[device]]\nid = "a"'):
        after = with_changes(text, "a", {"channel": [{"name": "x", "link": "l"}]})
        assert text in after and read(after)["device"][0]["channel"] == [{"name": "x", "link": "l"}]


def test_a_form_that_cannot_be_changed_is_refused_and_says_so() -> None:
    with pytest.raises(CommandError, match=r"Write each as a \[\[device\]\] table"):
        with_changes('device = [{ id = "a" }, { id = "b" }]', "a", {"name": "A"})
    with pytest.raises(CommandError, match=r"no device 'meterr'.*Did you mean meter\?"):
        with_changes(FILE, "meterr", {})
    with pytest.raises(ConfigError, match="not TOML"):
        with_changes("[[device]", "a", {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), object()])
def test_what_toml_has_no_form_of_is_refused(value: object) -> None:
    with pytest.raises(CommandError, match="cannot hold"):
        with_changes(FILE, "pump", {"scale": {"power_W": value}})


# --- any file, any changes ----------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-5, 500) | st.decimals(0, 1000, places=2).map(lambda one: one + 0)
maps = st.dictionaries(st.sampled_from(["power_W", "energy_import_Wh", "a b", "x.y"]), numbers | texts, max_size=3)
patches = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | st.none(),
        "room": texts | st.none(),
        "produces": st.booleans() | st.none(),
        "colour": st.integers(0, 9) | st.none(),
        "scale": maps | st.none() | st.dictionaries(st.sampled_from(["power_W", "x.y"]), st.none(), max_size=1),
        "session": maps | st.none(),
    },
)
comments = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8).map(lambda text: f"# {text}")


@st.composite
def files(draw: st.DrawFn) -> str:
    """Tables in any order, each form of a table within a table, comments everywhere."""
    lines: list[str] = draw(st.lists(comments, max_size=2))
    for number in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            lines += [f"[extra{number}]", f"text = '''\n[[device]]\n# no comment'''{'  ' + draw(comments)}"]
        lines += draw(st.lists(comments | st.just(""), max_size=3))
        lines += [f"[[device]] {draw(comments)}", f'id = "d{number}"  {draw(comments)}']
        inner = draw(maps)
        form = draw(st.sampled_from(["none", "inline", "dotted", "table", "far"]))
        written = [f"{value_text(key)} = {value_text(value)}" for key, value in inner.items()]
        lines += [f"scale = {{ {', '.join(written)} }}"] if form == "inline" else []
        lines += [f"scale.{one} # dotted" for one in written] if form == "dotted" else []
        lines += [f"name = {value_text(draw(texts))} # name"] if draw(st.booleans()) else []
        lines += [f"[apart{number}]", "n = [\n[1],\n]"] if form == "far" else []
        lines += ["[device.scale]", *written] if form in ("table", "far") else []
    return draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""])


edits = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["change", "change", "rename", "remove", "add"]), patches), max_size=5
)


def applied(text: str, devices: list[Table], change: tuple[int, str, Table], number: int) -> tuple[str, list[Table]]:
    """One change in the text, and in the model."""
    which, kind, patch = change
    own = devices[which % len(devices)] if devices else {}
    patch = {**patch, "id": f"r{number}"} if kind == "rename" else patch
    if kind == "add" or not devices:
        new = merged({"id": f"n{number}"}, patch)
        return with_device(text, new), [*devices, new]
    if kind == "remove":
        return without_device(text, own["id"]), [one for one in devices if one is not own]
    return with_changes(text, own["id"], patch), [merged(one, patch) if one is own else one for one in devices]


@given(files(), edits)
@settings(max_examples=40, deadline=None)
def test_any_changes_give_what_the_model_gives_and_keep_all_other_lines(text: str, changes: list[Any]) -> None:
    before = read(text)
    devices: list[Table] = before["device"]
    removed = any(kind == "remove" for _, kind, _ in changes)
    new = text
    for number, change in enumerate(changes):
        new, devices = applied(new, devices, change, number)
        assert read(new).get("device", []) == devices
    assert {key: value for key, value in read(new).items() if key != "device"} == {
        key: value for key, value in before.items() if key != "device"
    }
    headers = [line for line in text.splitlines() if line.startswith(("[[device]] #", "# "))]
    assert removed or [line for line in new.splitlines() if line in headers] == headers


@given(files())
@settings(max_examples=25, deadline=None)
def test_blocks_are_the_whole_text(text: str) -> None:
    assert text_of(blocks_of(text)) == text


def test_a_comment_within_a_table_that_is_removed_stays() -> None:
    text = FILE.replace("# The pump has", "# Measured in May.\n\n# The pump has")
    after = with_changes(text, "meter", {"scale": None})
    assert "# Measured in May." in after and "[device.scale]" not in after


def test_what_the_text_and_the_model_do_not_agree_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_edits, "edited", lambda blocks, *more: list(blocks))
    with pytest.raises(CommandError, match="Change it by hand"):
        with_changes(FILE, "pump", {"name": "P"})


def test_a_byte_order_mark_is_no_obstacle_and_stays() -> None:
    for start in ("", '[[device]]\nid = "first"\n\n', "# mine\n"):
        text = f"\ufeff{start}{FILE}".replace("\n", "\r\n")
        changed = with_changes(text, "pump", {"name": "P"})
        for after in (with_device(text, {"id": "new"}), changed, without_device(text, "pump")):
            assert after.startswith("\ufeff") and after.count("\ufeff") == 1
        assert read(changed.removeprefix("\ufeff"))["device"][-1]["name"] == "P"
        assert lines_lost(text, changed) == []


def test_the_name_and_room_of_a_sub_device_are_those_of_its_gateway() -> None:
    before = '[[device]]\nid = "gateway"\nfamily = "tuya_gateway"\n\n# next\n[[device]]\nid = "pump"\n'
    changes = DeviceChanges(["gateway", "gateway_a4c1", "pump"], configured=["gateway", "pump"])
    named = changes.changed("gateway_a4c1", {"name": " Door ", "room": "Hall"})
    after = named.text(before)
    assert tomllib.loads(after)["device"][0]["parts"] == {"a4c1": {"name": "Door", "room": "Hall"}}
    assert after.endswith('# next\n[[device]]\nid = "pump"\n') and named.device == "gateway_a4c1"
    again = changes.changed("gateway_a4c1", {"room": None}).text(after)
    assert tomllib.loads(again)["device"][0]["parts"] == {"a4c1": {"name": "Door"}}
    with pytest.raises(CommandError, match="only its name and room"):
        changes.changed("gateway_a4c1", {"link": "tcp://127.0.0.1:8"})
    with pytest.raises(CommandError, match="gateway_of_no_one"):
        changes.changed("gateway_of_no_one", {"name": "x"}).text(before)


GATEWAY = """[[device]]
id = "gateway"
room = "Cellar"
link = "tcp://192.168.1.30:6638"

[device.parts.a4c1] # the door
name = "Door"
room = "Cellar"

[device.parts.b7d2]
room = "Attic"
"""


def test_a_room_is_renamed_in_sub_devices_too() -> None:
    assert with_room(GATEWAY, "Cellar", "Wine cellar") == GATEWAY.replace('"Cellar"', '"Wine cellar"')
    assert with_room(GATEWAY, "Attic", "Loft") == GATEWAY.replace("Attic", "Loft")
    none = read(with_room(GATEWAY, "Cellar", ""))["device"][0]
    assert "room" not in none and none["parts"]["a4c1"] == {"name": "Door"}
    with pytest.raises(CommandError, match="There are: Cellar, Attic"):
        with_room(GATEWAY, "Kitchen", "Cellar")


def test_a_room_that_only_a_gateway_names_is_renamed_in_the_file() -> None:
    changes = DeviceChanges(["gateway", "gateway_c9"], (), ["gateway"])
    after = changes.room_renamed("Hall", "Entrance", ["gateway_c9"]).text(GATEWAY)
    assert read(after)["device"][0]["parts"]["c9"] == {"room": "Entrance"}
