"""A backup is made, checked and put back; what is none, or was changed, changes nothing."""

import gzip
import json
import os
import shutil
import signal
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.backup.backup_home import (
    MADE,
    NOON,
    Members,
    made,
    make_home,
    members_of,
    rewritten,
    total_of,
    write_values,
)
from unclouded.app.backup import age, making, restoring
from unclouded.app.backup.access import restore
from unclouded.app.backup.making import BackupPlace
from unclouded.app.backup.manifest import is_permitted
from unclouded.app.backup.restoring import apply_staged, stage, staged
from unclouded.app.backup.work import Keeping, make_in, verified
from unclouded.app.hub_process import locked
from unclouded.cli.verbs import backup as backup_verb
from unclouded.cli.verbs import restore as restore_verb
from unclouded.core.errors import CommandError, ConfigError, StoreError, UncloudedError
from unclouded.store.reading.reader import StoreReader

P = "unclouded-backup/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupPlace:
    monkeypatch.setattr(age, "LOG_N", 10)
    return make_home(tmp_path / "home")


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, but those of SQLite's own and the lock."""
    files = {one.relative_to(folder).as_posix(): one for one in folder.rglob("*") if one.is_file()}
    return {name: one.read_bytes() for name, one in files.items() if not name.endswith(("-shm", "-wal", "lock"))}


def test_any_tar_reads_a_backup_and_its_sums_agree(home: BackupPlace, tmp_path: Path) -> None:
    done = made(home, tmp_path / "one.tar.gz")
    members = members_of(tmp_path / "one.tar.gz")
    assert list(members) == [
        *(P + name for name in ("manifest.json", "README.txt", "unclouded.toml", "store.sqlite")),
        *([P + "store.sqlite-wal"] if P + "store.sqlite-wal" in members else []),
        *(P + name for name in ("state/admitted.json", "state/hub_id", "ca/ca.pem", "publish/homekit/accessory.state")),
        P + "SHA256SUMS",
    ]
    assert done.manifest.newest == NOON + 49
    assert done.manifest.left_out == ("publish/homekit/with a space",)
    assert stat.S_IMODE((tmp_path / "one.tar.gz").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        assert all(info.mode == 0o600 for info in tar)
    assert verified(tmp_path / "one.tar.gz", "", tmp_path) == done.manifest
    assert not list(tmp_path.glob(".verify-*"))


def test_a_file_that_is_removed_while_a_backup_is_made_is_not_in_it(
    home: BackupPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(home.state) / "admitted.json.new").touch()

    def removed_now(name: str) -> bool:
        (Path(home.state) / "admitted.json.new").unlink(missing_ok=True)
        return is_permitted(name)

    monkeypatch.setattr(making, "is_permitted", removed_now)
    made(home, tmp_path / "one.tar.gz")
    names = members_of(tmp_path / "one.tar.gz")
    assert P + "state/admitted.json" in names and P + "state/admitted.json.new" not in names


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_backup_is_put_back_on_another_computer_and_the_hub_goes_on(
    home: BackupPlace, tmp_path: Path, passphrase: str
) -> None:
    file = tmp_path / "one.tar.gz"
    made(home, file, passphrase)
    (tmp_path / "new").mkdir()
    done = restore(file, passphrase, tmp_path / "new" / "unclouded.toml", str(tmp_path / "new" / "data"), False)
    assert (done.aside, done.config_aside) == ("", "")
    data = tmp_path / "new" / "data"
    assert (tmp_path / "new" / "unclouded.toml").read_text() == Path(home.config).read_text()
    assert set(everything(data)) == {
        *("store.sqlite", "state/admitted.json", "state/hub_id", "ca/ca.pem", "publish/homekit/accessory.state")
    }
    for one in data.rglob("*"):
        assert stat.S_IMODE(one.stat().st_mode) in (0o600, 0o700) or one.name == "lock", one
    with StoreReader(data / "store.sqlite") as reader:
        assert len(list(reader.history("kettle"))) == 50
    write_values(data, 60)
    assert total_of(data) == 59_000


def test_what_was_there_is_kept_aside_and_passwords_of_the_page_stay(home: BackupPlace, tmp_path: Path) -> None:
    file, data = tmp_path / "one.tar.gz", Path(home.data)
    made(home, file)
    write_values(data, 90)
    Path(home.config).write_text(f'[hub]\ndata = "{data}"\n# mine\n')
    with pytest.raises(CommandError, match=r"newer than the backup.*--force"):
        restore(file, "", Path(home.config), None, False)
    assert total_of(data) == 89_000
    assert "mine" in Path(home.config).read_text()
    done = restore(file, "", Path(home.config), None, True)
    assert total_of(data) == 49_000
    assert (data / "state" / "web.json").read_text() == "passwords"
    assert total_of(Path(done.aside)) == 89_000
    assert "mine" in Path(done.config_aside).read_text()
    assert (data / "updates" / "firmware.bin").exists()
    assert not (data / "restore").exists()


def test_a_hub_that_runs_is_not_restored_over(home: BackupPlace, tmp_path: Path) -> None:
    made(home, tmp_path / "one.tar.gz")
    with locked(Path(home.data)), pytest.raises(ConfigError, match="Another hub runs"):
        restore(tmp_path / "one.tar.gz", "", Path(home.config), None, True)


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {one: data for one, data in members.items() if one != P + name}


def with_member(name: str, data: bytes = b"x") -> Callable[[Members], Members]:
    return lambda members: {**members, P + name: data}


def with_statement(statement: str) -> Callable[[Members], Members]:
    """Another statement carried out in the store."""

    def change(members: Members) -> Members:
        file = Path(os.environ["PYTEST_STORE"])
        file.write_bytes(members[P + "store.sqlite"])
        with closing(sqlite3.connect(file)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute(statement)
            db.commit()
        return without("store.sqlite-wal")({**members, P + "store.sqlite": file.read_bytes()})

    return change


def set_sizes(size: int) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        for one in manifest["members"]:
            if one["name"] == "store.sqlite":
                one["size"] = size

    return change


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "a path out of the folder": ({"change": with_member("../../x")}, "it contains '../../x'"),
    "an absolute path": ({"change": with_member("/etc/x")}, "it contains"),
    "a hidden file": ({"change": with_member("state/.x")}, "it contains"),
    "a foreign folder": ({"change": with_member("bin/x")}, "it contains"),
    "no store": ({"change": without("store.sqlite")}, "no store"),
    "a link": (
        {"infos": {P + "ca/ca.pem": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}}},
        "damaged",
    ),
    "a hard link": ({"infos": {P + "ca/ca.pem": {"type": tarfile.LNKTYPE, "linkname": "x", "size": 0}}}, "damaged"),
    "a device": ({"infos": {P + "ca/ca.pem": {"type": tarfile.CHRTYPE, "size": 0}}}, "damaged or was changed"),
    "another name in the header": ({"infos": {P + "ca/ca.pem": {"name": "/etc/x"}}}, "'/etc/x' is in the place of"),
    "a large file": ({"manifest": lambda one: one["members"].append({"name": "ca/x", "size": 2**40})}, "bytes long"),
    "a size that is no size": ({"manifest": set_sizes(-1)}, "it contains"),
    "a store that does not fit": ({"manifest": set_sizes(2**60)}, r"needs [\d,]+ bytes"),
    "a store that is shorter": ({"manifest": set_sizes(4096)}, "another size than its manifest"),
    "a sum that differs": ({"change": with_member("ca/ca.pem", b"authoritY"), "sums": False}, "SHA-256"),
    "a newer form": ({"manifest": lambda one: one.update(format=2, more=1)}, "made by a newer Unclouded"),
    "a store of another program": ({"change": with_statement("PRAGMA application_id = 7")}, "cannot be used"),
    "a newer store": ({"change": with_statement("PRAGMA user_version = 900")}, "newer Unclouded"),
    "a store with a trigger": (
        {"change": with_statement("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM ledger; END")},
        "it has a trigger",
    ),
    "a damaged store": (
        {"change": lambda one: {**one, P + "store.sqlite": one[P + "store.sqlite"][:9000] + bytes(30_000)}},
        "damaged|cannot be used",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_backup_that_was_changed_is_refused_and_changes_nothing(
    home: BackupPlace, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_STORE", str(tmp_path / "changed.sqlite"))
    changes, reason = HOSTILE[name]
    file = tmp_path / "one.tar.gz"
    made(home, file)
    rewritten(file, **changes)
    before = everything(Path(home.data))
    with pytest.raises(UncloudedError, match=reason):
        stage(Path(home.data), file, "", True)
    assert everything(Path(home.data)) == before
    assert staged(Path(home.data)) is None


def test_a_backup_that_is_written_anew_without_a_change_is_read(home: BackupPlace, tmp_path: Path) -> None:
    made(home, tmp_path / "one.tar.gz")
    rewritten(tmp_path / "one.tar.gz")
    verified(tmp_path / "one.tar.gz", "", tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"", "not a backup"),
        (lambda data: b"PK\x03\x04 a zip file", "not a backup"),
        (lambda data: gzip.compress(b"text" * 1000), "not a backup"),
        (lambda data: gzip.compress(bytes(5_000_000)), "not a backup"),
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: data[:-4], "damaged"),
        (lambda data: data + b"more", "something follows"),
        (lambda data: data[:3000] + bytes([data[3000] ^ 1]) + data[3001:], "damaged|not a backup"),
    ],
)
def test_foreign_and_damaged_files_are_refused(
    home: BackupPlace, tmp_path: Path, change: Callable[[bytes], bytes], reason: str
) -> None:
    file = tmp_path / "one.tar.gz"
    made(home, file)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(CommandError, match=reason):
        verified(file, "")


def test_a_disk_that_is_full_leaves_no_half_file_and_keeps_the_older_ones(
    home: BackupPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = Keeping(1, 0, 0)
    folder = tmp_path / "backups"
    now = MADE
    monkeypatch.setattr("unclouded.app.backup.work.time.time", lambda: now)
    with pytest.raises(StoreError, match="Make it, or mount its disk"):
        make_in(home, folder, None, keeping)
    folder.mkdir()
    (folder / "unclouded-2020-01-01T000000Z-00000000.tar.gz").write_text("of another hub")
    (folder / "holiday.jpg").write_text("not ours")
    first = Path(make_in(home, folder, None, keeping).file)
    older = folder / first.name.replace(first.name[10:20], "2026-01-01")
    older.write_bytes(first.read_bytes())
    (folder / f".{older.name}.999999999.partial").write_text("of a process that was killed")

    def full(*_: object, **__: object) -> object:
        yield b"half of it"
        raise OSError(28, "No space left on device")

    now = MADE + 86_400
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="No space left"):
        patch.setattr(making, "backup_pieces", full)
        make_in(home, folder, None, keeping)
    others = {"holiday.jpg", "unclouded-2020-01-01T000000Z-00000000.tar.gz"}
    assert {one.name for one in folder.iterdir()} == {first.name, older.name, *others}
    now = MADE + 10 * 86_400
    last = make_in(home, folder, None, keeping)
    assert len(last.pruned) == 2
    assert {one.name for one in folder.iterdir()} == others | {first.name, older.name, Path(last.file).name} - set(
        last.pruned
    )


def killed_at(step: int, data: Path) -> bool:
    """Put in place what is staged, in a process that is killed at the n-th change of a folder; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = step

        def counted(work: Callable[..., Any]) -> Callable[..., Any]:
            def counting(*args: Any, **more: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return work(*args, **more)

            return counting

        for name in ("rename", "rmdir", "unlink", "mkdir"):
            setattr(Path, name, counted(getattr(Path, name)))
        apply_staged(data)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_a_restore_that_is_killed_at_any_step_is_finished_by_the_next_start(tmp_path: Path) -> None:
    step = 0
    was_killed = True
    file = tmp_path / "one.tar.gz"
    made(make_home(tmp_path / "home", 5), file)
    make_home(tmp_path / "other", 9)
    while was_killed:
        data = tmp_path / str(step) / "data"
        shutil.copytree(tmp_path / "other", tmp_path / str(step))
        stage(data, file, "", True)
        was_killed = killed_at(step, data)
        apply_staged(data)
        assert total_of(data) == 4000
        (aside,) = data.glob("before-restore-*")
        assert total_of(aside) == 8000
        assert (data / "state" / "web.json").read_text() == "passwords"
        assert not (data / "restore").exists()
        assert apply_staged(data) is None
        step += 1
    assert step > 10


def test_a_process_that_is_killed_while_it_extracts_has_changed_nothing(home: BackupPlace, tmp_path: Path) -> None:
    file, data = tmp_path / "one.tar.gz", Path(home.data)
    made(home, file)
    before = everything(data)
    pid = os.fork()
    if pid == 0:
        restoring._sync = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
        stage(data, file, "", True)
        os._exit(0)
    os.waitpid(pid, 0)
    assert (data / "restore" / "files").exists()
    assert apply_staged(data) is None
    assert everything(data) == before
    assert not (data / "restore").exists()


def run(verb: Any, *args: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(verb.command, [str(one) for one in args])
    return done.exit_code, done.output + str(done.exception or "")


def test_backups_by_the_command_line(home: BackupPlace, tmp_path: Path) -> None:
    folder, secret = tmp_path / "backups", tmp_path / "passphrase"
    folder.mkdir()
    secret.write_text("correct horse\n")
    with Path(home.config).open("a") as config:
        config.write(f'[backup]\nfolder = "{folder}"\npassphrase_file = "{secret}"\n')
    where = ("--config", home.config)
    code, text = run(backup_verb, *where)
    assert code == 0, text
    (one,) = folder.iterdir()
    assert one.name.endswith(".tar.gz.age")
    assert "encrypted" in run(backup_verb, "list", *where)[1]
    assert json.loads(run(backup_verb, "list", "--json", *where)[1])["ours"] is True
    assert "is sound. A backup of Home, made 20" in run(backup_verb, "verify", one, *where)[1]
    assert "Give its passphrase" in run(backup_verb, "verify", "--quick", one, "--config", "/nowhere")[1]
    (tmp_path / "wrong").write_text("wrong horse")
    assert "The passphrase is wrong." in run(backup_verb, "verify", one, "--passphrase-file", tmp_path / "wrong")[1]
    assert "is kept" in run(backup_verb, one, *where)[1]
    code, text = run(restore_verb, one, "--config", home.config, "--passphrase-file", secret, "--json")
    assert code == 0, text
    assert json.loads(text)["restored"]["data"] == home.data
    assert "not a backup" in run(restore_verb, home.config, "--config", home.config)[1]
    assert "There is no backup" in run(restore_verb, tmp_path / "none", "--config", home.config)[1]
