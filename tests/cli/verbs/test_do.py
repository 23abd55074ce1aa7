"""`do` with files: read on this computer, stored by the hub, named to the device."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api_story import BLINK, NOON, FakeHub, about, device
from unclouded.app.files.update_files import UpdateFiles
from unclouded.cli.verbs.do_ import command
from unclouded.core.model import Action, ActionSpec, OnProgress, Outcome, Progress
from unclouded.web.api.api import Api
from unclouded.web.server import serve, unix_socket

UPDATE = ActionSpec(
    name="update",
    words="sends its MCU new firmware",
    args={"file": "the firmware", "version": "what it will call itself"},
    danger="Wrong firmware can break it.",
    files=("file",),
)


class Updatable(FakeHub):
    """Its pump accepts updates in ten steps, and refuses the version bad."""

    def __init__(self) -> None:
        super().__init__("pump")
        self.publish(device("pump", actions=(UPDATE, BLINK)))

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        self.commands.append(command)
        for done in range(0, 101, 2):
            if progress is not None:
                progress(Progress(done, 100, f"{done} of 100 bytes"))
        bad = command.args.get("version") == "bad"
        return Outcome("refused" if bad else "confirmed", "It still says 1.0.0." if bad else "It is 1.0.2 now.", 5.0)


class Here:
    """A hub's API on its Unix socket, and a working folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = Updatable()
        self.update_files = UpdateFiles(folder / "data" / "updates")
        (folder / "data").mkdir()
        (folder / "unclouded.toml").write_text('[[device]]\nid = "pump"\nfamily = "tuya_wifi"\nlink = "pty:"')
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        api = Api(self.hub, about, None, lambda: NOON, self.update_files)
        with unix_socket(self.folder / "data" / "control") as sock:
            self._serving = self._loop.create_task(serve(api.app(), sock), name="serving")
            self._loop.call_soon(self._ready.set)
            try:
                self._loop.run_until_complete(self._serving)
            except asyncio.CancelledError:
                pass
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()

    def do(self, *words: str) -> Result:
        place = ["--config", str(self.folder / "unclouded.toml"), "--data", str(self.folder / "data")]
        return CliRunner().invoke(command, [*words, *place], standalone_mode=False)

    @property
    def kept(self) -> dict[str, str]:
        return {file.name: file.md5 for file in self.update_files.files()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.chdir(tmp_path)
    place = Here(tmp_path)
    try:
        yield place
    finally:
        place.close()


def test_the_actions_are_listed_with_their_arguments(here: Here) -> None:
    printed = here.do("pump").output.splitlines()
    assert printed[0].split("  ")[0] == "update" and printed[0].endswith("Danger: Wrong firmware can break it.")
    assert " ".join(printed[1].split()) == "file= the firmware (a file on this computer)"
    assert " ".join(printed[2].split()) == "version= what it will call itself"
    assert " ".join(printed[4].split()) == "times= how often"


def test_a_file_is_read_here_stored_by_the_hub_and_named_to_the_device(here: Here) -> None:
    Path("pump 1.0.2.bin").write_bytes(b"firmware")
    result = here.do("pump", "update", "file=./pump 1.0.2.bin", "version=1.0.2", "--yes")
    assert result.return_value == 0 and result.exception is None, result
    assert here.kept == {"pump_1.0.2.bin": hashlib.md5(b"firmware").hexdigest()}
    (command,) = here.hub.commands
    assert (
        isinstance(command, Action)
        and command.args == {"file": "pump_1.0.2.bin", "version": "1.0.2"}
        and command.confirmed
    )
    *steps, end = result.stdout.splitlines()
    assert steps[1] == "10 %   10 of 100 bytes" and len(steps) == 11
    assert result.stderr == "pump_1.0.2.bin: Of unknown kind: whether it is whole cannot be checked.\n"
    assert end == "pump update confirmed: It is 1.0.2 now. (5 ms)"


def test_another_file_of_that_name_is_kept(here: Here) -> None:
    here.update_files.put("fw.bin", b"another")
    Path("fw.bin").write_bytes(b"firmware")
    for _ in range(2):
        here.do("pump", "update", "file=fw.bin", "--yes")
    name = f"{hashlib.md5(b'firmware').hexdigest()[:8]}-fw.bin"
    assert set(here.kept) == {"fw.bin", name}
    assert [command.args["file"] for command in here.hub.commands if isinstance(command, Action)] == [name, name]


def test_a_missing_file_is_reported_and_nothing_is_done(here: Here) -> None:
    from unclouded.core.errors import CommandError

    result = here.do("pump", "update", "file=gone.bin", "--yes")
    assert isinstance(result.exception, CommandError), "exit code 2"
    assert str(result.exception) == "The file gone.bin cannot be read: No such file or directory."
    assert not here.hub.commands and not here.kept


def test_an_unknown_home_folder_is_reported(here: Here) -> None:
    from unclouded.core.errors import CommandError

    result = here.do("pump", "update", "file=~nobody-of-that-name/fw.bin", "--yes")
    assert isinstance(result.exception, CommandError) and "no user here has that home folder" in str(result.exception)


def test_a_name_that_is_too_long_is_cut_to_one_that_the_hub_accepts(here: Here) -> None:
    name = "x" * 50 + "." + "y" * 99
    Path(name).write_bytes(b"firmware")
    assert here.do("pump", "update", f"file={name}", "--yes").return_value == 0
    assert set(here.kept) == {"y" * 99}


def test_without_a_yes_no_file_is_sent(here: Here) -> None:
    Path("fw.bin").write_bytes(b"firmware")
    here.do("pump", "update", "file=fw.bin")
    here.do("pump", "update", "file=fw.bin", "speed=9", "--yes")
    here.do("pump", "blink", "file=fw.bin")
    assert not here.kept


def test_a_refusal_of_the_device_exits_with_1(here: Here) -> None:
    Path("fw.bin").write_bytes(b"firmware")
    result = here.do("pump", "update", "file=fw.bin", "version=bad", "--yes")
    assert result.return_value == 1 and "refused: It still says 1.0.0." in result.output


def test_every_line_is_json_with_json(here: Here) -> None:
    Path("fw.bin").write_bytes(b"firmware")
    lines = here.do("pump", "update", "file=fw.bin", "--yes", "--json").stdout.splitlines()
    assert len(lines) == 52 and lines[1] == '{"progress":2,"of":100,"text":"2 of 100 bytes"}'


def test_an_unknown_device_is_reported(here: Here) -> None:
    (here.folder / "unclouded.toml").write_text('[[device]]\nid = "fan"\nfamily = "tuya_wifi"\nlink = "pty:"')
    assert "There is no device 'fan'" in str(here.do("fan").exception)
