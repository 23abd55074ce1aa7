"""The files for updates: the facts of a file are those of the sent bytes, and its name reaches no other file."""

import contextlib
import hashlib
import os
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.meross.firmware.firmware_examples import fota
from unclouded.app.files.update_files import MOST_FILES, MOST_UPLOADS, UpdateFiles
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import LARGEST_UPDATE
from unclouded.core.sessions.session import AskBlock, AskFile, Refusal
from unclouded.hub.services.services import Files, Services

FIRMWARE = bytes(range(256)) * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "updates"


@pytest.fixture
def update_files(folder: Path) -> UpdateFiles:
    return UpdateFiles(folder)


def names(update_files: UpdateFiles) -> list[str]:
    return sorted(file.name for file in update_files.files())


def test_a_file_is_stored_listed_and_deleted(update_files: UpdateFiles, folder: Path) -> None:
    assert update_files.files() == []
    kept = update_files.put("pump-1.0.2.bin", FIRMWARE)
    assert (kept.name, kept.size) == ("pump-1.0.2.bin", 1280) and kept.md5 == hashlib.md5(FIRMWARE).hexdigest()
    assert update_files.files() == [kept] == UpdateFiles(folder).files()
    assert folder.stat().st_mode & 0o77 == 0, "no other user may read it"
    assert update_files.remove("pump-1.0.2.bin") == kept and update_files.files() == []
    assert update_files.remove("pump-1.0.2.bin") is None


def test_a_file_of_the_same_name_replaces_the_other_or_is_stored_beside_it(update_files: UpdateFiles) -> None:
    update_files.put("fw.bin", b"one")
    beside = update_files.put("fw.bin", b"two", beside=True)
    assert beside.name == f"{hashlib.md5(b'two').hexdigest()[:8]}-fw.bin"
    assert update_files.put("fw.bin", b"two", beside=True) == beside, "the same again is the same"
    assert update_files.put("fw.bin", b"one", beside=True).name == "fw.bin"
    assert len(update_files.files()) == 2
    update_files.put("fw.bin", b"three")
    assert {file.size for file in update_files.files()} == {3, 5}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "../x", "a/b", "/etc/passwd", "a\\b", "a b", "ü.bin", "a\0b", "a\n", "x" * 101, "%2e"],
)
def test_a_name_that_could_lead_elsewhere_is_refused(update_files: UpdateFiles, folder: Path, name: str) -> None:
    with pytest.raises(CommandError, match="is not a valid file name"):
        update_files.put(name, b"x")
    with pytest.raises(CommandError, match="is not a valid file name"), update_files.holding([name]):
        pass
    assert update_files.remove(name) is None
    assert not folder.exists()


def test_links_and_pipes_in_the_folder_are_not_followed(
    update_files: UpdateFiles, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    update_files.put("good.bin", b"good")
    (folder / "link.bin").symlink_to(secret)
    (folder / "dir.bin").mkdir()
    os.mkfifo(folder / "pipe.bin")
    assert names(update_files) == ["good.bin"]
    for name in ("link.bin", "dir.bin", "pipe.bin"):
        with pytest.raises((CommandError, StoreError)), update_files.holding([name]):
            pass
        assert update_files.remove(name) is None
    update_files.put("link.bin", b"mine")  # takes the place of the link, not of what it leads to
    assert secret.read_bytes() == b"secret" and (folder / "link.bin").read_bytes() == b"mine"


def test_what_is_empty_or_too_long_is_refused(update_files: UpdateFiles, folder: Path) -> None:
    with pytest.raises(CommandError, match="empty"):
        update_files.put("a.bin", b"")
    with pytest.raises(CommandError, match="the limit is 16777216"):
        update_files.put("a.bin", bytes(LARGEST_UPDATE + 1))
    update_files.put("b.bin", bytes(LARGEST_UPDATE))
    with (folder / "by-hand.bin").open("wb") as file:
        file.truncate(LARGEST_UPDATE + 1)
    assert names(update_files) == ["b.bin"]


def test_an_upload_in_pieces_is_stored_as_a_whole_or_not_at_all(update_files: UpdateFiles, folder: Path) -> None:
    with update_files.begin("fw.bin") as upload:
        for start in range(0, len(FIRMWARE), 100):
            upload.write(FIRMWARE[start : start + 100])
        assert names(update_files) == [], "nothing before its end"
        kept = upload.keep()
    assert (kept.size, kept.md5) == (len(FIRMWARE), hashlib.md5(FIRMWARE).hexdigest())
    with update_files.begin("fw.bin") as upload:
        upload.write(b"half")
    with pytest.raises(CommandError, match="the limit is"), update_files.begin("long.bin") as upload:
        for _ in range(17):
            upload.write(bytes(1024 * 1024))
    assert sorted(path.name for path in folder.iterdir()) == ["fw.bin"] and update_files.files() == [kept]


def test_an_upload_does_not_hold_its_bytes_in_memory(update_files: UpdateFiles) -> None:
    piece = bytes(64 * 1024)
    tracemalloc.start()
    try:
        with update_files.begin("fw.bin") as upload:
            for _ in range(LARGEST_UPDATE // len(piece)):
                upload.write(piece)
            upload.keep()
        UpdateFiles(update_files._folder).files()  # the checksum of a file that another hub stored
        assert tracemalloc.get_traced_memory()[1] < 2 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_the_number_of_uploads_at_the_same_time_is_limited(update_files: UpdateFiles) -> None:
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(update_files.begin("fw.bin")) for _ in range(MOST_UPLOADS)]
        with pytest.raises(StoreError, match="Try again"):
            update_files.begin("fw.bin")
        uploads[0].discard()
        uploads[0].discard()
        update_files.begin("fw.bin").discard()
    assert update_files.put("fw.bin", b"x").size == 1


def test_a_file_put_there_by_hand_is_listed_as_it_is(update_files: UpdateFiles, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "by-hand.bin").write_bytes(b"one")
    assert update_files.files()[0].md5 == hashlib.md5(b"one").hexdigest()
    (folder / "by-hand.bin").write_bytes(b"another")
    assert update_files.files()[0].md5 == hashlib.md5(b"another").hexdigest()


def test_a_file_that_changes_while_its_checksum_is_made_is_not_listed(
    update_files: UpdateFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    (folder / "growing.bin").write_bytes(b"one")
    read = UpdateFiles._read_facts

    def while_it_grows(files: UpdateFiles, name: str, looks: Any) -> Any:
        found = read(files, name, looks)
        with (folder / name).open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(UpdateFiles, "_read_facts", while_it_grows)
    assert update_files.files() == []
    monkeypatch.undo()
    assert update_files.files()[0].md5 == hashlib.md5(b"onemore").hexdigest()


def test_the_facts_of_a_file_are_those_of_the_sent_bytes_whatever_happens_to_it(
    update_files: UpdateFiles, folder: Path
) -> None:
    update_files.put("fw.bin", FIRMWARE)
    with update_files.holding(["fw.bin"]):
        (folder / "fw.bin").write_bytes(b"22 other bytes in here")
        with update_files.holding(["fw.bin"]):  # a second device: from the same bytes
            pass
        sent = b"".join(update_files.block("fw.bin", offset, 100) for offset in range(0, 1400, 100))
        facts = update_files.facts("fw.bin")
        assert (facts["size"], facts["md5"]) == (len(sent), hashlib.md5(sent).hexdigest())
        assert sent == FIRMWARE
    with update_files.holding(["fw.bin"]):
        assert update_files.facts("fw.bin")["size"] == 22


def test_a_file_that_is_being_sent_cannot_be_deleted(update_files: UpdateFiles) -> None:
    update_files.put("fw.bin", FIRMWARE)
    with update_files.holding(["fw.bin"]):
        changes: tuple[Callable[[], object], ...] = (
            lambda: update_files.put("fw.bin", b"new"),
            lambda: update_files.remove("fw.bin"),
        )
        for change in changes:
            with pytest.raises(CommandError, match="being sent to a device now"):
                change()
        assert update_files.put("fw.bin", FIRMWARE).name == "fw.bin", "nothing changes"
        assert update_files.put("fw.bin", b"new", beside=True).name != "fw.bin"
    update_files.remove("fw.bin")


def test_only_the_newest_are_kept_and_those_in_use(update_files: UpdateFiles, folder: Path) -> None:
    for number in range(MOST_FILES):
        update_files.put(f"fw{number}.bin", b"%d" % number)
        os.utime(folder / f"fw{number}.bin", (number, number))
    with update_files.holding(["fw0.bin"]):
        update_files.put("new.bin", b"new")
    assert "fw0.bin" in names(update_files) and "new.bin" in names(update_files)
    update_files.put("newer.bin", b"newer")
    assert (
        "fw0.bin" not in names(update_files)
        and "fw1.bin" not in names(update_files)
        and len(names(update_files)) == MOST_FILES
    )


def test_unfinished_files_are_deleted(update_files: UpdateFiles, folder: Path) -> None:
    update_files.put("fw.bin", b"x")
    (folder / ".new-1234").write_bytes(b"half")
    assert names(update_files) == ["fw.bin"]
    assert names(UpdateFiles(folder)) == ["fw.bin"] and not (folder / ".new-1234").exists()


def test_files_stored_at_once_under_one_name_do_not_replace_each_other(
    update_files: UpdateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda number: time.sleep(0.01))  # a slow disk
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda number: update_files.put("fw.bin", b"%d" % number, beside=True), range(8)))
    assert len({file.name for file in kept}) == 8
    assert sorted(kept, key=str) == sorted(update_files.files(), key=str)


def test_a_hub_starts_although_a_file_cannot_be_deleted(folder: Path) -> None:
    (folder / ".new-made-by-hand").mkdir(parents=True)
    assert names(UpdateFiles(folder)) == []


def test_an_unusable_folder_is_reported_as_text(tmp_path: Path) -> None:
    (tmp_path / "updates").write_text("a file stands where the folder should be")
    update_files = UpdateFiles(tmp_path / "updates")
    assert update_files.files() == []
    with pytest.raises(StoreError, match=r"fw\.bin cannot be stored: "):
        update_files.put("fw.bin", b"x")


def test_the_hub_answers_devices_from_files_that_an_update_named(update_files: UpdateFiles) -> None:
    update_files.put("fw.bin", b"0123456789")
    services = Services(lambda: 0.0, files=cast("Files", update_files))
    assert services.answer(AskFile("fw.bin")) == Refusal("No running update has named the file 'fw.bin'.")
    with services.holding(["fw.bin"]):
        facts = {"size": 10, "md5": "781e5e245d69b566979b86e28d23f2c7", "target": "", "damage": ""}
        assert services.answer(AskFile("fw.bin")) == facts
        assert services.answer(AskBlock(8, 4, "fw.bin")) == b"89"
        assert services.answer(AskBlock(10, 4, "fw.bin")) == b""
        assert isinstance(services.answer(AskBlock(-1, 4, "fw.bin")), Refusal)
        assert isinstance(services.answer(AskFile("other.bin")), Refusal)
    with pytest.raises(CommandError, match=r"keeps no file 'gone.bin'.*It has: fw.bin"), services.holding(["gone.bin"]):
        pass


def test_sessions_get_the_kind_and_the_damage_of_a_file(update_files: UpdateFiles, folder: Path) -> None:
    whole = fota(b"program")
    update_files.put("plug.bin", whole)
    (folder / "by_hand.bin").write_bytes(whole[:-1])
    with update_files.holding(["plug.bin", "by_hand.bin"]):
        facts = update_files.facts("plug.bin"), update_files.facts("by_hand.bin")
    assert [(fact["target"], fact["damage"]) for fact in facts] == [
        ("a Meross plug of hardware 2", ""),
        ("a Meross plug of hardware 2", "image 1 is cut off: it ends at 183 of 182 bytes"),
    ]


def test_a_hub_without_update_files_reports_it() -> None:
    services = Services(lambda: 0.0)
    assert services.answer(AskFile("fw.bin")) == Refusal("This hub has no update files.")
    with services.holding([]):
        pass
    with pytest.raises(CommandError, match="no update files"):
        services.holding(["fw.bin"])


@given(st.text(max_size=12), st.binary(min_size=1, max_size=4))
def test_nothing_is_written_outside_whatever_the_name_of_a_file(name: str, data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        update_files = UpdateFiles(Path(place) / "updates")
        try:
            update_files.put(name, data)
        except CommandError:
            assert not list(Path(place).rglob("*"))
        else:
            assert [path.name for path in Path(place).rglob("*")] == ["updates", name]
