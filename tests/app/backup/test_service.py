"""Backups of a hub at the times of its configuration, and for clients of its API; the work is done in processes."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.backup.backup_home import make_home
from unclouded.app.backup import service as backup_service
from unclouded.app.backup.service import RETRY_S, START_S, BackupService
from unclouded.app.backup.work import make_in, staged_from, verified
from unclouded.app.backup.worker import MakeWork, StageWork, VerifyWork
from unclouded.app.configuration.config import Config, load_config, parse_config
from unclouded.core.errors import CommandError, ConfigError, StoreError

DAY = 86_400.0


class BackupHub:
    """A service with clocks that a test sets, and the events that it reports. ``at``: Unix seconds."""

    def __init__(self, folder: Path) -> None:
        place = make_home(folder / "home")
        self.file = Path(place.config)
        self.folder = folder / "backups"
        with self.file.open("a") as file:
            file.write(f'[backup]\nfolder = "{self.folder}"\nkeep = 2\nweeks = 0\nmonths = 0\n')
        self.at = 1_796_000_400.0  # 02:00 on 30 November in Berlin
        self.is_known = True
        self.events: list[tuple[str, str]] = []
        self.service = BackupService(
            self.config,
            lambda: self.at if self.is_known else None,
            lambda: self.at,
            lambda kind, text: self.events.append((kind, text)),
        )

    def config(self) -> Config:
        return load_config(self.file)

    async def after(self, seconds: float) -> list[str]:
        """What was reported by a look so much later."""
        self.at += seconds
        self.events.clear()
        await self.service.look()
        return [kind for kind, _ in self.events]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupHub:
    """Its workers do their work here, at the time of the test."""
    hub = BackupHub(tmp_path)

    async def answer(work: object) -> bytes:
        def done() -> object:
            match work:
                case MakeWork(place=place, folder=folder, keeping=keeping):
                    return make_in(place, Path(folder), None, keeping)
                case VerifyWork(file=file, temporary=temporary):
                    return verified(Path(file), "", Path(temporary))
                case StageWork(file=file, data=data):
                    return staged_from(Path(data), Path(file), None)
            raise AssertionError(work)

        return msgspec.json.encode(await asyncio.to_thread(done))

    monkeypatch.setattr(backup_service, "_answer", answer)
    monkeypatch.setattr("unclouded.app.backup.work.time.time", lambda: hub.at)
    return hub


async def test_backups_are_made_each_night_also_after_a_night_that_was_missed(hub: BackupHub) -> None:
    hub.folder.mkdir()
    assert await hub.after(START_S - 1) == []  # the start belongs to the devices
    hub.is_known = False
    assert await hub.after(1) == []
    hub.is_known = True
    assert await hub.after(1) == ["backup"]  # there was none yet
    assert (await hub.service.view()).next == "2026-12-01T02:30:00.000Z"
    assert await hub.after(DAY - 3600) == []
    assert await hub.after(3 * 3600) == ["backup"]  # 03:30 in Berlin
    assert await hub.after(60) == []
    assert await hub.after(5 * DAY) == ["backup"]  # the computer was off
    assert "deleted: unclouded-2026-11-30T" in hub.events[0][1]
    assert len(list(hub.folder.iterdir())) == 2
    hub.service = BackupService(hub.config, lambda: hub.at, lambda: hub.at, lambda *_: None)
    assert await hub.after(3600) == []  # a restart makes none


async def test_a_failure_is_reported_once_and_tried_again(hub: BackupHub) -> None:
    assert await hub.after(2 * START_S) == ["backup_failed"]
    assert "Make it, or mount its disk" in hub.events[0][1] or "Is its disk there" in hub.events[0][1]
    assert await hub.after(RETRY_S / 2) == []
    assert await hub.after(RETRY_S) == []  # the same reason
    assert (await hub.service.view()).problem != ""
    hub.folder.mkdir()
    assert await hub.after(RETRY_S) == ["backup"]
    assert (await hub.service.view()).problem == ""


async def test_a_backup_is_verified_and_put_back_at_the_next_start(hub: BackupHub) -> None:
    hub.folder.mkdir()
    hub.at += 0.7
    made = await hub.service.make()
    found = await hub.service.verify(made.name)
    assert (found.devices, found.at) == (1, made.at)
    staged = (await hub.service.stage(made.name)).staged
    assert staged is not None
    assert staged.name == made.name
    assert (await hub.service.unstage()).staged is None
    for name in ("../home/unclouded.toml", "holiday.jpg", made.name.replace("2026", "2025")):
        with pytest.raises(CommandError, match="There is no backup"):
            await hub.service.verify(name)
        with pytest.raises(CommandError, match="There is no backup"):
            await anext(hub.service.stored(name))
    assert b"".join([piece async for piece in hub.service.stored(made.name)]) == (hub.folder / made.name).read_bytes()


async def test_a_backup_is_sent_by_a_process_of_its_own_and_one_at_a_time(hub: BackupHub, tmp_path: Path) -> None:
    file = tmp_path / "sent.tar.gz"
    pieces = hub.service.pieces()
    data = await anext(pieces)
    with pytest.raises(StoreError, match="Another backup"):
        await anext(hub.service.pieces())
    data += b"".join([piece async for piece in pieces])
    file.write_bytes(data)
    assert verified(file, "").devices == 1
    (Path(hub.config().data) / "store.sqlite").unlink()
    with pytest.raises(StoreError, match="There is no store"):
        await anext(hub.service.pieces())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("every = '1 month'", "write 12 hours, 1 day or 1 week"),
        ("at = '3:30'", "write 03:30"),
        ("keep = 0", "keep"),
        ("folder = ''", "write the folder"),
    ],
)
def test_a_wrong_table_is_refused_in_words(text: str, reason: str) -> None:
    folder = "" if text.startswith("folder") else "folder = '/backups'\n"
    with pytest.raises(ConfigError, match=reason):
        parse_config(f"[backup]\n{folder}{text}\n", "unclouded.toml", env={})
