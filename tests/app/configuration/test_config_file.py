"""The file of a configuration on the disk: replaced as a whole or not at all, earlier versions kept."""

import errno
import os
from pathlib import Path

import pytest

from unclouded.app.configuration.config_file import MOST_BACKUPS, ConfigurationFile, ConfigVersion
from unclouded.app.configuration.edits.editor import ConfigEditor
from unclouded.core.errors import ConfigError, EditConflict, StoreError

OLD = '[[device]]\nid = "a"\nname = "A"\n'
NEW = OLD.replace('"A"', '"B"')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "unclouded.toml"
    file.write_text(OLD)
    file.chmod(0o640)
    return file


def editor(path: Path) -> ConfigEditor[str]:
    return ConfigEditor(path, lambda text, before: text)


def edit(path: Path, text: str = NEW) -> ConfigVersion:
    one = editor(path)
    return one.edit(one.version().revision, lambda _: text).after


def modes(folder: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}


def test_a_change_keeps_the_mode_and_a_backup_for_the_owner_only(path: Path) -> None:
    edit(path)
    assert path.read_text() == NEW
    assert modes(path.parent) == {"unclouded.toml": 0o640, "unclouded.toml.backups": 0o700}
    (backup,) = editor(path).backups()
    assert editor(path).file.backup(backup.name) == OLD
    assert modes(path.parent / "unclouded.toml.backups") == {backup.name: 0o600}


def test_only_the_newest_backups_are_kept(path: Path) -> None:
    for number in range(MOST_BACKUPS + 5):
        edit(path, OLD + f"# {number}\n")
    kept = [editor(path).file.backup(one.name) for one in editor(path).backups()]
    assert len(kept) == MOST_BACKUPS and kept[0] == OLD + f"# {MOST_BACKUPS + 3}\n"


def test_a_clock_that_is_set_back_does_not_cost_the_newest_backups(path: Path) -> None:
    """A computer without a clock of its own starts in 1970 until it has asked for the time."""
    folder = path.with_name("unclouded.toml.backups")
    folder.mkdir()
    for number in range(MOST_BACKUPS):
        (folder / f"2036-01-01T00-00-00.{number:06}Z.toml").write_text(f"# {number} of a later clock\n")
    for number in range(3):
        edit(path, OLD + f"# {number}\n")
    kept = [editor(path).file.backup(one.name) for one in editor(path).backups()]
    assert kept[:4] == [OLD + "# 1\n", OLD + "# 0\n", OLD, f"# {MOST_BACKUPS - 1} of a later clock\n"]
    assert len(kept) == MOST_BACKUPS


@pytest.mark.parametrize("is_killed", [False, True])
def test_no_part_of_a_version_becomes_a_backup(path: Path, is_killed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full, or the power is cut, while the backup is written."""

    class Cut(BaseException):
        pass

    def fail(*_: object) -> None:
        raise Cut if is_killed else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        if is_killed:
            patch.setattr(Path, "unlink", fail)
        with pytest.raises((Cut, StoreError)):
            edit(path)
    assert path.read_text() == OLD and editor(path).backups() == []
    edit(path)
    (backup,) = editor(path).backups()
    assert editor(path).file.backup(backup.name) == OLD
    assert [one.name for one in path.with_name("unclouded.toml.backups").iterdir()] == [backup.name]


def test_the_same_version_is_kept_once(path: Path) -> None:
    for _ in range(3):
        edit(path)
        path.write_text(OLD)  # by hand
    assert [editor(path).file.backup(one.name) for one in editor(path).backups()] == [OLD]


def test_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "etc" / "hub.toml"
    link.parent.mkdir()
    link.symlink_to(path)
    edit(link)
    assert link.is_symlink() and path.read_text() == NEW


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_before_the_file_has_its_name_leaves_the_old_version(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, crash)
        patch.setattr(Path, "unlink", crash)  # a killed process deletes nothing either
        with pytest.raises(Crash):
            edit(path)
    assert path.read_text() == OLD
    edit(path)  # what the crash left behind is no obstacle
    assert path.read_text() == NEW
    assert {one.name for one in path.parent.iterdir()} == {"unclouded.toml", "unclouded.toml.backups"}


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EBUSY, "Mount the folder"),
        (errno.EROFS, "file system is read-only"),
        (errno.ENOSPC, "Free some space"),
        (errno.EPERM, "write access to the folder"),
    ],
)
def test_a_file_that_cannot_be_replaced_says_what_to_do(
    path: Path, number: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreError, match=says):
        edit(path)
    assert path.read_text() == OLD and not path.with_name(".unclouded.toml.new").exists()


def test_a_read_only_file_is_not_replaced_although_its_folder_would_allow_it(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(StoreError, match=r"read-only.*chmod u\+w"):
        edit(path)
    assert "read-only" in editor(path).file.why_not_writable()
    path.chmod(0o644)
    assert editor(path).file.why_not_writable() == ""


def test_the_owner_of_the_file_must_not_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(StoreError, match=r"belongs to another user.*chown"):
        edit(path)
    assert path.read_text() == OLD


def test_what_is_no_file_of_text_is_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        ConfigurationFile(path).read()
    with pytest.raises(ConfigError, match="cannot be read"):
        ConfigurationFile(tmp_path / "none.toml").read()
    assert "ordinary" in ConfigurationFile(tmp_path).why_not_writable()


def test_what_would_never_end_is_not_read(path: Path) -> None:
    """A reload must not wait for a program that writes into a pipe, nor read a device without an end."""
    path.unlink()
    os.mkfifo(path)
    for file in (path, Path("/dev/zero"), path.parent):
        with pytest.raises(ConfigError, match="not an ordinary file"):
            ConfigurationFile(file).read()


def test_a_name_of_a_backup_leads_nowhere_else(path: Path) -> None:
    edit(path)
    for name in ("../unclouded.toml", "/etc/passwd", ""):
        with pytest.raises(Exception, match="There is no backup"):
            editor(path).file.backup(name)


# --- two editors --------------------------------------------------------------------------------------


def test_the_second_editor_gets_what_the_first_has_changed(path: Path) -> None:
    one, other = editor(path), editor(path)
    seen, also_seen = one.version().revision, other.version().revision
    one.edit(seen, lambda _: NEW)
    with pytest.raises(EditConflict, match=r"Changed: name of a\.") as error:
        other.edit(also_seen, lambda _: OLD.replace('"A"', '"C"'))
    assert error.value.changes == [{"device": "a", "key": "name", "before": "A", "after": "B"}]
    assert path.read_text() == NEW
    other.edit(error.value.revision, lambda text: text + "# mine\n")
    assert path.read_text() == NEW + "# mine\n"


def test_a_revision_of_an_earlier_run_is_found_among_the_backups(path: Path) -> None:
    seen = editor(path).version().revision
    edit(path)
    with pytest.raises(EditConflict, match="name of a"):
        editor(path).edit(seen, lambda text: text)
    with pytest.raises(EditConflict) as error:
        editor(path).edit("long ago", lambda text: text)
    assert error.value.changes == []


def test_a_change_by_hand_between_reading_and_writing_is_not_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = OLD.replace('"A"', '"by hand"')

    def save(draft: Path, data: bytes, like: os.stat_result) -> None:
        path.write_text(by_hand)  # a person saves while the new version is being written

    monkeypatch.setattr(ConfigurationFile, "_write_draft", lambda self, *more: save(*more))
    with pytest.raises(EditConflict, match="name of a"):
        edit(path)
    assert path.read_text() == by_hand


def test_an_invalid_result_is_not_written(path: Path) -> None:
    def check(text: str, before: str) -> None:
        assert before == OLD
        raise ConfigError("line 3: no")

    one = ConfigEditor(path, check)
    with pytest.raises(ConfigError, match="line 3"):
        one.edit(one.version().revision, lambda _: NEW)
    assert path.read_text() == OLD and one.backups() == []


def test_a_backup_is_restored_and_what_it_replaces_is_kept(path: Path) -> None:
    edit(path)
    one = editor(path)
    (backup,) = one.backups()
    assert one.restore(one.version().revision, backup.name).after.text == OLD
    assert path.read_text() == OLD and [one.file.backup(kept.name) for kept in one.backups()] == [NEW, OLD]


FIRST = "# mine\n"


def first(path: Path) -> ConfigEditor[str]:
    return ConfigEditor(path, lambda text, before: text, FIRST)


def test_a_file_that_is_not_there_is_made_by_the_first_change(tmp_path: Path) -> None:
    path = tmp_path / "unclouded.toml"
    one = first(path)
    seen = one.version()
    assert seen.text == FIRST and one.file.why_not_writable() == "" and not path.exists()
    done = one.edit(seen.revision, lambda text: text + NEW)
    assert path.read_text() == FIRST + NEW == one.version().text and done.after == one.version()
    assert modes(tmp_path) == {"unclouded.toml": 0o600, "unclouded.toml.backups": 0o700}


def test_a_file_that_was_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "unclouded.toml"
    one = first(path)
    seen = one.version()

    def late(text: str) -> str:
        path.write_text(OLD)
        return text + NEW

    for change in (late, lambda text: text + NEW):
        with pytest.raises(EditConflict):
            one.edit(seen.revision, change)
        assert path.read_text() == OLD


def test_a_file_that_is_gone_or_cannot_be_made_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        editor(tmp_path / "unclouded.toml").version()
    one = first(tmp_path / "none" / "unclouded.toml")
    assert "read-only" in one.file.why_not_writable()
    with pytest.raises(StoreError):
        one.edit(one.version().revision, lambda text: text + NEW)
    broken = tmp_path / "link.toml"
    broken.symlink_to(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        first(broken).version()
