"""A hub to back up: a kettle with readings and a counter, an admitted plug, a key, pairings, passwords of the page."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from unclouded.app.backup.making import BackupMade, BackupPlace, write_backup
from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

METER = "energy_import_Wh"
KETTLE = Device(
    id="kettle",
    identity="toy:kettle",
    family="toy",
    link="toy:",
    profile="",
    points=(Point(key=METER, kind="counter", exponent=-3),),
)
NOON = 1_795_953_600.0
MADE = NOON + 3600
Members = dict[str, bytes]


def make_home(folder: Path, values: int = 50, start: float = NOON) -> BackupPlace:
    """The configuration and the data folder of a hub."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "unclouded.toml").write_text(f'[hub]\nname = "Home"\ntimezone = "Europe/Berlin"\ndata = "{data}"\n')
    write_values(data, values, start)
    for name, text in (
        ("state/admitted.json", "{}"),
        ("state/web.json", "passwords"),
        ("ca/ca.pem", "authority"),
        ("publish/homekit/accessory.state", "pairings"),
        ("publish/homekit/with a space", "no"),
        ("updates/firmware.bin", "no"),
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)
    return BackupPlace(str(folder / "unclouded.toml"), str(data), "Home", "Europe/Berlin")


def write_values(data: Path, values: int, start: float = NOON) -> None:
    with closing(open_to_write(data / "store.sqlite")) as db:
        readings = [Reading("kettle", METER, float(one), start + one) for one in range(values)]
        ledger = Ledger(identity="toy:kettle", point=METER, total=(values - 1) * 1000)
        StoreWriter(db, lambda: start + values).write([KETTLE, ledger, *readings])


def made(place: BackupPlace, file: Path, passphrase: str = "") -> BackupMade:
    return write_backup(place, file, MADE, passphrase)


def total_of(data: Path) -> int:
    with closing(open_to_write(data / "store.sqlite")) as db:
        return int(db.execute("SELECT total FROM ledger").fetchone()[0])


def members_of(file: Path) -> Members:
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def rewritten(
    file: Path,
    change: Callable[[Members], Members | None] = lambda members: None,
    manifest: Callable[[dict[str, Any]], None] = lambda manifest: None,
    infos: Mapping[str, Mapping[str, Any]] = {},
    sums: bool = True,
) -> None:
    """Write a backup again, as anyone can who knows its form: changed members, with a manifest and sums to match.

    ``infos``: what the headers of members say instead.
    """
    members = members_of(file)
    members = change(members) or members
    described = json.loads(members.pop("unclouded-backup/manifest.json"))
    listed = members.pop("unclouded-backup/SHA256SUMS")
    described["members"] = [
        {"name": name.removeprefix("unclouded-backup/"), "size": len(data)} for name, data in members.items()
    ]
    manifest(described)
    members = {"unclouded-backup/manifest.json": json.dumps(described).encode(), **members}
    if sums:
        lines = [
            f"{hashlib.sha256(data).hexdigest()}  {name.removeprefix('unclouded-backup/')}\n"
            for name, data in members.items()
        ]
        listed = "".join(lines).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in {**members, "unclouded-backup/SHA256SUMS": listed}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in infos.get(name, {}).items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    raw = out.getvalue()
    end = len(raw.rstrip(b"\0"))
    raw = raw[: -(-end // 512) * 512] + bytes(1024)
    file.write_bytes(gzip.compress(raw, 1, mtime=0))
