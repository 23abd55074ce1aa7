"""The files for updates: what is told of a file is what is sent, and nobody gets at anything else through its name."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.update_files import MOST_FILES, UpdateFiles
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import LARGEST_UPDATE
from unclouded.core.session import AskBlock, AskFile, Refusal
from unclouded.hub.services import Services

FIRMWARE = bytes(range(256)) * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "updates"


@pytest.fixture
def shelf(folder: Path) -> UpdateFiles:
    return UpdateFiles(folder)


def names(shelf: UpdateFiles) -> list[str]:
    return sorted(file.name for file in shelf.files())


def test_a_file_is_kept_told_and_forgotten(shelf: UpdateFiles, folder: Path) -> None:
    assert shelf.files() == []
    kept = shelf.put("pump-1.0.2.bin", FIRMWARE)
    assert (kept.name, kept.size) == ("pump-1.0.2.bin", 1280) and kept.md5 == hashlib.md5(FIRMWARE).hexdigest()
    assert shelf.files() == [kept] == UpdateFiles(folder).files()
    assert folder.stat().st_mode & 0o77 == 0, "nobody else may look"
    assert shelf.remove("pump-1.0.2.bin") == kept and shelf.files() == []
    assert shelf.remove("pump-1.0.2.bin") is None


def test_a_name_that_another_file_has_is_its_new_one_or_stands_beside_it(shelf: UpdateFiles) -> None:
    shelf.put("fw.bin", b"one")
    beside = shelf.put("fw.bin", b"two", beside=True)
    assert beside.name == f"{hashlib.md5(b'two').hexdigest()[:8]}-fw.bin"
    assert shelf.put("fw.bin", b"two", beside=True) == beside, "the same again is the same"
    assert shelf.put("fw.bin", b"one", beside=True).name == "fw.bin"
    assert len(shelf.files()) == 2
    shelf.put("fw.bin", b"three")
    assert {file.size for file in shelf.files()} == {3, 5}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "../x", "a/b", "/etc/passwd", "a\\b", "a b", "ü.bin", "a\0b", "a\n", "x" * 101, "%2e"],
)
def test_a_name_that_could_lead_elsewhere_is_no_name(shelf: UpdateFiles, folder: Path, name: str) -> None:
    with pytest.raises(CommandError, match="is not a valid file name"):
        shelf.put(name, b"x")
    with pytest.raises(CommandError, match="is not a valid file name"), shelf.holding([name]):
        pass
    assert shelf.remove(name) is None
    assert not folder.exists()


def test_links_and_pipes_in_the_folder_are_not_followed(shelf: UpdateFiles, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    shelf.put("good.bin", b"good")
    (folder / "link.bin").symlink_to(secret)
    (folder / "dir.bin").mkdir()
    os.mkfifo(folder / "pipe.bin")
    assert names(shelf) == ["good.bin"]
    for name in ("link.bin", "dir.bin", "pipe.bin"):
        with pytest.raises((CommandError, StoreError)), shelf.holding([name]):
            pass
        assert shelf.remove(name) is None
    shelf.put("link.bin", b"mine")  # takes the place of the link, not of what it leads to
    assert secret.read_bytes() == b"secret" and (folder / "link.bin").read_bytes() == b"mine"


def test_what_is_empty_or_too_long_is_refused(shelf: UpdateFiles, folder: Path) -> None:
    with pytest.raises(CommandError, match="empty"):
        shelf.put("a.bin", b"")
    with pytest.raises(CommandError, match="the limit is 16777216"):
        shelf.put("a.bin", bytes(LARGEST_UPDATE + 1))
    shelf.put("b.bin", bytes(LARGEST_UPDATE))
    with (folder / "by-hand.bin").open("wb") as file:
        file.truncate(LARGEST_UPDATE + 1)
    assert names(shelf) == ["b.bin"]


def test_a_file_put_there_by_hand_is_taken_as_it_is(shelf: UpdateFiles, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "by-hand.bin").write_bytes(b"one")
    assert shelf.files()[0].md5 == hashlib.md5(b"one").hexdigest()
    (folder / "by-hand.bin").write_bytes(b"another")
    assert shelf.files()[0].md5 == hashlib.md5(b"another").hexdigest()


def test_what_is_told_of_a_file_is_what_is_sent_whatever_becomes_of_it(shelf: UpdateFiles, folder: Path) -> None:
    shelf.put("fw.bin", FIRMWARE)
    with shelf.holding(["fw.bin"]):
        (folder / "fw.bin").write_bytes(b"somebody wrote over it")
        with shelf.holding(["fw.bin"]):  # a second device: from the same bytes
            pass
        sent = b"".join(shelf.block("fw.bin", offset, 100) for offset in range(0, 1400, 100))
        assert (len(sent), hashlib.md5(sent).hexdigest()) == tuple(shelf.facts("fw.bin").values())
        assert sent == FIRMWARE
    with shelf.holding(["fw.bin"]):
        assert shelf.facts("fw.bin")["size"] == 22


def test_a_file_that_is_being_sent_stays(shelf: UpdateFiles) -> None:
    shelf.put("fw.bin", FIRMWARE)
    with shelf.holding(["fw.bin"]):
        for change in (lambda: shelf.put("fw.bin", b"new"), lambda: shelf.remove("fw.bin")):
            with pytest.raises(CommandError, match="being sent to a device now"):
                change()
        assert shelf.put("fw.bin", FIRMWARE).name == "fw.bin", "nothing changes"
        assert shelf.put("fw.bin", b"new", beside=True).name != "fw.bin"
    shelf.remove("fw.bin")


def test_only_the_newest_are_kept_and_those_in_use(shelf: UpdateFiles, folder: Path) -> None:
    for number in range(MOST_FILES):
        shelf.put(f"fw{number}.bin", b"%d" % number)
        os.utime(folder / f"fw{number}.bin", (number, number))
    with shelf.holding(["fw0.bin"]):
        shelf.put("new.bin", b"new")
    assert "fw0.bin" in names(shelf) and "new.bin" in names(shelf)
    shelf.put("newer.bin", b"newer")
    assert "fw0.bin" not in names(shelf) and "fw1.bin" not in names(shelf) and len(names(shelf)) == MOST_FILES


def test_what_was_not_written_to_its_end_is_swept_away(shelf: UpdateFiles, folder: Path) -> None:
    shelf.put("fw.bin", b"x")
    (folder / ".new-1234").write_bytes(b"half")
    assert names(shelf) == ["fw.bin"]
    assert names(UpdateFiles(folder)) == ["fw.bin"] and not (folder / ".new-1234").exists()


def test_of_files_that_come_at_once_under_one_name_none_takes_the_place_of_another(
    shelf: UpdateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda number: time.sleep(0.01))  # a slow disk
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda number: shelf.put("fw.bin", b"%d" % number, beside=True), range(8)))
    assert len({file.name for file in kept}) == 8
    assert sorted(kept, key=str) == sorted(shelf.files(), key=str)


def test_what_cannot_be_swept_away_keeps_no_hub_from_starting(folder: Path) -> None:
    (folder / ".new-made-by-hand").mkdir(parents=True)
    assert names(UpdateFiles(folder)) == []


def test_a_folder_that_cannot_be_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "updates").write_text("a file stands where the folder should be")
    shelf = UpdateFiles(tmp_path / "updates")
    assert shelf.files() == []
    with pytest.raises(StoreError, match=r"fw\.bin cannot be stored: "):
        shelf.put("fw.bin", b"x")


def test_the_house_answers_devices_from_files_that_an_update_named(shelf: UpdateFiles) -> None:
    shelf.put("fw.bin", b"0123456789")
    services = Services(lambda: 0.0, files=shelf)
    assert services.answer(AskFile("fw.bin")) == Refusal("No running update has named the file 'fw.bin'.")
    with services.holding(["fw.bin"]):
        assert services.answer(AskFile("fw.bin")) == {"size": 10, "md5": "781e5e245d69b566979b86e28d23f2c7"}
        assert services.answer(AskBlock(8, 4, "fw.bin")) == b"89"
        assert services.answer(AskBlock(10, 4, "fw.bin")) == b""
        assert isinstance(services.answer(AskBlock(-1, 4, "fw.bin")), Refusal)
        assert isinstance(services.answer(AskFile("other.bin")), Refusal)
    with pytest.raises(CommandError, match=r"keeps no file 'gone.bin'.*It has: fw.bin"), services.holding(["gone.bin"]):
        pass


def test_a_house_without_a_shelf_says_so() -> None:
    services = Services(lambda: 0.0)
    assert services.answer(AskFile("fw.bin")) == Refusal("Nobody keeps files for updates here.")
    with services.holding([]):
        pass
    with pytest.raises(CommandError, match="Nobody keeps"):
        services.holding(["fw.bin"])


@given(st.text(max_size=12), st.binary(min_size=1, max_size=4))
def test_whatever_a_file_is_called_nothing_is_written_outside(name: str, data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        shelf = UpdateFiles(Path(place) / "updates")
        try:
            shelf.put(name, data)
        except CommandError:
            assert not list(Path(place).rglob("*"))
        else:
            assert [path.name for path in Path(place).rglob("*")] == ["updates", name]
