"""A backup of a running hub as one file."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from unclouded.app.configuration.config import parse_config
from unclouded.app.hub_backup import HubBackup
from unclouded.core.errors import StoreError
from unclouded.core.model import Device, Reading
from unclouded.store.reader import StoreReader
from unclouded.store.sink import Store

KETTLE = Device(id="kettle", identity="toy:kettle", family="toy", link="toy:", profile="", points=(), actions=())


async def test_a_backup_is_made_while_the_store_is_written_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file, data = tmp_path / "unclouded.toml", tmp_path / "data"
    file.write_text(f'[hub]\ndata = "{data}"\n')
    config = parse_config(file.read_text(), str(file))
    (data / "state").mkdir(parents=True)
    (data / "state" / "meross.key").write_text("key of plugs")
    (data / "state" / "web.json").write_text("passwords")
    (data / ".backup-of-a-hub-that-was-killed").mkdir()
    store = Store(config.store)
    store.open()
    try:
        store.deliver([KETTLE, *(Reading("kettle", "power_W", 40.0 + one, 1_763_700_000.0 + one) for one in range(50))])
        await store.keep()
        backup = HubBackup(lambda: config, "1.2")
        pieces = backup.pieces()
        archive = await anext(pieces)
        with pytest.raises(StoreError, match="Another backup"):
            await anext(backup.pieces())
        store.deliver([Reading("kettle", "power_W", 1.0, 1_763_700_100.0)])
        async for piece in pieces:
            archive += piece
    finally:
        await store.close()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian's Python 3.11 has none
        tar.extractall(tmp_path / "out")
    out = tmp_path / "out" / "unclouded-backup"
    assert sorted(str(one.relative_to(out)) for one in out.rglob("*") if one.is_file()) == [
        "README.txt",
        "state/meross.key",
        "store.sqlite",
        "unclouded.toml",
    ]
    assert (out / "unclouded.toml").read_text() == file.read_text()
    with StoreReader(out / "store.sqlite") as reader:
        assert reader.since() == 1_763_700_000
        assert len(list(reader.history("kettle"))) == 50
    with sqlite3.connect(out / "store.sqlite") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(data.glob(".backup-*"))
