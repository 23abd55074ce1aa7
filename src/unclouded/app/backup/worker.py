"""The process of one piece of work on backups: ``python -m unclouded.app.backup.worker``."""

import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from unclouded.app.backup.making import BackupPlace
from unclouded.app.backup.passphrase import passphrase_of
from unclouded.app.backup.reading import is_encrypted
from unclouded.app.backup.work import Keeping, make_in, staged_from, stream, verified
from unclouded.app.worker_process import worker_main


class StreamWork(msgspec.Struct, frozen=True, tag="stream"):
    """Write a backup to stdout."""

    place: BackupPlace
    passphrase_file: str


class MakeWork(msgspec.Struct, frozen=True, tag="make"):
    """Make a backup in a folder; the answer is a BackupDone."""

    place: BackupPlace
    passphrase_file: str
    folder: str
    keeping: Keeping


class VerifyWork(msgspec.Struct, frozen=True, tag="verify"):
    """Read a backup and check its store; the answer is its manifest."""

    file: str
    passphrase_file: str
    temporary: str


class StageWork(msgspec.Struct, frozen=True, tag="stage"):
    """Stage a backup for the next start; the answer is its manifest."""

    file: str
    passphrase_file: str
    data: str


BackupWork = StreamWork | MakeWork | VerifyWork | StageWork


def work(options: bytes, out: BinaryIO) -> None:
    """Carries out a BackupWork (JSON) in this process and writes its answer: the archive itself, or JSON."""
    asked = msgspec.json.decode(options, type=BackupWork)
    passphrase_file = Path(asked.passphrase_file) if asked.passphrase_file else None
    match asked:
        case StreamWork(place=place):
            for piece in stream(place, passphrase_file):
                out.write(piece)
        case MakeWork(place=place, folder=folder, keeping=keeping):
            out.write(msgspec.json.encode(make_in(place, Path(folder), passphrase_file, keeping)))
        case VerifyWork(file=file, temporary=temporary):
            passphrase = passphrase_of(passphrase_file) if is_encrypted(Path(file)) else ""
            out.write(msgspec.json.encode(verified(Path(file), passphrase, Path(temporary))))
        case StageWork(file=file, data=data):
            out.write(msgspec.json.encode(staged_from(Path(data), Path(file), passphrase_file)))


if __name__ == "__main__":
    sys.exit(worker_main(work))
