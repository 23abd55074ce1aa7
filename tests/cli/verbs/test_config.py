"""`config`: edits on the file while no hub runs, and through the hub that runs."""

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from place import place_in
from unclouded.cli import cli
from unclouded.cli.output.hub.configuration_text import reload_lines
from unclouded.core.errors import UncloudedError
from unclouded.core.model import Device
from unclouded.core.views.configuration import ReloadView
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store

TEXT = """\
[hub]
data = "{data}"

# In the cellar.
[[device]]
id = "pump"
family = "tuya_wifi"
link = "tcp://127.0.0.1:9"   # the bridge
parent = "meter"

[[device]]
id = "meter"
family = "emporia"
link = "tcp://127.0.0.1:10"
"""


class Editor:
    """A person with a configuration who types commands."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "unclouded.toml"
        self.data = folder / "data"
        self.file.write_text(TEXT.format(data=self.data))

    def types(self, *words: str, given: str = "") -> Result:
        return CliRunner().invoke(cli, ["config", *words, "--config", str(self.file)], input=given)

    def run(self, *words: str) -> Any:  # Any: JSON
        done = self.types(*words, "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fails(self, *words: str) -> str:
        done = self.types(*words)
        assert isinstance(done.exception, UncloudedError), done.output
        return str(done.exception)


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


def test_keys_are_set_and_removed_and_what_was_changed_is_printed(editor: Editor) -> None:
    done = editor.types("set", "pump", "name=Wärme pump", "scale.power_W=0.5", "session.heartbeat_s=10", "parent=")
    assert done.stdout.splitlines() == [
        'pump: parent "meter" -> -',
        'pump: name - -> "Wärme pump"',
        "pump: scale.power_W - -> 0.5",
        "pump: session.heartbeat_s - -> 10",
        "No hub runs with this configuration; it counts when one is started.",
    ], (done.output, done.exception)
    assert "# In the cellar." in editor.file.read_text() and "# the bridge" in editor.file.read_text()


def test_what_the_page_shows_of_a_device_is_set_and_a_colour_that_is_none_is_refused(editor: Editor) -> None:
    editor.run("set", "pump", "critical=true", "favourite=true", "colour=9")
    keys = editor.run("show", "pump")[0]["keys"]
    assert (keys["critical"], keys["favourite"], keys["colour"]) == (True, True, 9)
    for wrong in ("colour=10", "colour=-1", "colour=red", "colour=1.5", "critical=yes"):
        assert wrong.partition("=")[0] in editor.fails("set", "pump", wrong)
    editor.run("set", "pump", "colour=")
    assert "colour" not in editor.run("show", "pump")[0]["keys"]


def test_tables_of_the_hub_are_set_appended_and_removed(editor: Editor) -> None:
    lines = editor.types("set", "hub.name=Casa Olivos", "hub.timezone=Europe/Madrid").stdout.splitlines()
    assert 'hub.name - -> "Casa Olivos"' in lines and 'hub.timezone - -> "Europe/Madrid"' in lines, lines
    editor.run("set", "weather.source=fixed", "weather.values.temp=21", "weather.values.thigh.1=24")
    assert editor.run("show", "weather")[0]["keys"]["values"] == {"temp": 21, "thigh.1": 24}
    editor.run("append", "webhook", "url=http://10.0.0.5/a", "content=readings")
    editor.run("set", "webhook.1.interval_s=5", 'webhook.1.content=["states"]')
    (item,) = editor.run("show", "webhook")[0]["items"]
    assert (item["item"], item["keys"]["interval_s"], item["keys"]["content"]) == ("1", 5, ["states"])
    assert "[[webhook]] 1 (line" in editor.types("show").stdout
    editor.run("unset", "webhook.1")
    editor.run("unset", "weather")
    editor.run("set", "hub.name=")
    assert "name" not in editor.run("show", "hub")[0]["keys"] and not editor.run("show", "weather")[0]["is_there"]
    editor.run("set", "pump", "room=Cellar")
    editor.run("rename-room", "Cellar", "Wine cellar")
    assert editor.run("show", "pump")[0]["keys"]["room"] == "Wine cellar"
    for words, says in (
        (("set", "hub.nme=x"), "Did you mean name"),
        (("set", "hub.name=x", "web.tls=true"), "one table at a time"),
        (("set", "webhook.url=x"), "webhook.ITEM.KEY"),
        (("set", "pump"), "which keys of pump"),
        (("set", "weather.source=sun"), "`source` in [weather]"),
        (("append", "hub", "name=x"), "has no items"),
        (("unset", "mqqt"), "There is no table"),
        (("rename-room", "Attic", "Loft"), "no room 'Attic'"),
    ):
        assert says in editor.fails(*words), words


def test_a_device_is_added_renamed_and_removed(editor: Editor) -> None:
    (added,) = editor.run("add", "Küche <b>", "family=tuya_wifi", "link=tcp://127.0.0.1:11", "produces=true")
    assert added["device"] == "kuche_b" and not added["running"]
    (renamed,) = editor.run("set", "meter", "id=main", "room=Hall")
    assert renamed["device"] == "main"
    shown = {one["id"]: one["keys"] for one in editor.run("show")[0]["devices"]}
    assert shown["pump"]["parent"] == "main" and shown["kuche_b"]["produces"] is True
    assert "counts inside main" in editor.fails("remove", "main", "--history", "keep")
    assert "--history keep, or --history delete" in editor.fails("remove", "pump")
    editor.run("remove", "pump", "--history", "keep")
    assert [one["id"] for one in editor.run("show")[0]["devices"]] == ["main", "kuche_b"]
    assert editor.run("show", "main")[0]["keys"]["room"] == "Hall"
    assert "There are: main, kuche_b" in editor.fails("show", "pump")


async def store_of(editor: Editor, *devices: Device) -> None:
    editor.data.mkdir()
    store = Store(editor.data / "store.sqlite")
    store.open()
    store.deliver(devices)
    await store.close()


async def test_the_history_is_deleted_with_that_of_sub_devices_and_of_no_other(editor: Editor) -> None:
    known = {"pump": "a", "pump_1": "a/1", "meter": "b"}
    await store_of(
        editor, *(Device(id=id, identity=one, family="f", link="l", profile="") for id, one in known.items())
    )
    done = await asyncio.to_thread(editor.types, "remove", "pump", "--history", "delete")
    assert done.exit_code == 0, done.exception
    with StoreReader(editor.data / "store.sqlite") as reader:
        assert [one.id for one in reader.devices()] == ["meter"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "pump", "nam=x"), "Did you mean name?"),
        (("set", "pump", "name"), "KEY=VALUE"),
        (("set", "pump", "name.x=1"), "have keys behind a dot"),
        (("set", "pump", "scale.power_W=x"), "`scale` of device pump must be a number"),
        (("set", "pump", "link=nowhere"), "is not a link"),
        (("set", "pmp", "name=x"), "Did you mean pump?"),
        (("add", "Pump", "id=pump", "family=tuya_wifi", "link=tcp://h:1"), "already"),
        (("restore", "../x"), "There is no backup"),
        (("reload",), "unclouded run"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(editor: Editor, words: tuple[str, ...], says: str) -> None:
    before = editor.file.read_text()
    assert says in editor.fails(*words)
    assert editor.file.read_text() == before


def test_a_broken_file_is_shown_with_its_problem_and_restored(editor: Editor) -> None:
    right = editor.file.read_text()
    editor.run("set", "pump", "name=P")
    editor.file.write_text("[[device]\n")
    assert "not TOML" in editor.run("show")[0]["problem"]
    assert "not TOML" in editor.fails("set", "pump", "name=Q")
    names = [one["name"] for one in editor.run("backups")]
    editor.run("restore", names[-1])
    assert editor.file.read_text() == right
    assert editor.types("backups").stdout.startswith(editor.run("backups")[0]["name"])


def test_it_is_asked_what_happens_to_the_history(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    from unclouded.cli.verbs import config

    monkeypatch.setattr(config, "_is_asked", lambda: True)
    done = editor.types("remove", "pump", given="n\n")
    assert "Delete the stored history of pump as well?" in done.output and done.exit_code == 0
    assert "pump: removed" in done.output


# --- with a hub ---------------------------------------------------------------------------------------


def test_a_running_hub_applies_what_is_typed_and_what_a_signal_asks_for(tmp_path: Path) -> None:
    with place_in(tmp_path) as place:
        place.configure('[web]\nlisten = "off"\n' + TEXT.partition("\n\n")[2])
        hub, ready = place.hub()
        assert ready["devices"] == ["pump", "meter"]
        (done,) = place.ask("config", "set", "pump", "name=Pump", "room=Cellar")
        assert done["running"] and done["described"] == ["pump"] and done["kept"] == 2
        place.config.write_text(place.config.read_text().replace('"Cellar"', '"Attic"'))
        waiting = place.ask("check")[-1]["reload"]
        assert waiting["dry_run"] and waiting["described"] == ["pump"]
        assert place.ask("config", "reload", "--dry-run")[0] == waiting
        assert place.ask("devices")[0]["room"] == "Cellar", "nothing was done"
        place.config.write_text(place.config.read_text() + "\n[hubb]\n")
        hub.send_signal(signal.SIGHUP)
        wait_for(place.log, "there is no key `hubb`")
        place.config.write_text(place.config.read_text().replace("[hubb]\n", ""))
        hub.send_signal(signal.SIGHUP)
        wait_for(place.log, "reloaded by SIGHUP. changed: room of pump.")
        (error,) = place.ask("config", "set", "pump", "link=nowhere", code=2)
        assert "is not a link" in error["error"]["message"]
        assert place.ask("devices")[0]["room"] == "Attic"


def wait_for(log: Any, text: str) -> None:
    until = time.monotonic() + 60
    while text not in log("run"):
        assert time.monotonic() < until, log("run")
        time.sleep(0.02)


def test_what_a_hub_would_refuse_is_not_valid(tmp_path: Path) -> None:
    file = tmp_path / "unclouded.toml"
    weather = '[weather]\nsource = "mqtt"\nurl = "mqtt://u:secret@127.0.0.1:9"\ntopic = "w"\n'
    file.write_text(f'[hub]\ndata = "{tmp_path}"\n{weather}')
    done = CliRunner().invoke(cli, ["check", "--config", str(file)])
    assert isinstance(done.exception, UncloudedError) and "has a user name" in str(done.exception)
    assert "is valid" not in done.output and "secret" not in str(done.exception)


def test_what_is_applied_is_not_called_no_difference() -> None:
    nothing = ReloadView(revision="a", running=True, changed=[], kept=2)
    assert list(reload_lines(nothing)) == ["Nothing is different in the file.", "Running on: 2 devices."]
    applied = msgspec.structs.replace(nothing, applied=("metrics",))
    assert list(reload_lines(applied)) == ["Running on: 2 devices.", "Applied: metrics."]
