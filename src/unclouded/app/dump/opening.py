"""Opens what `dump` has written: the captures inside."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.recording.capture import CaptureReader

ZIP = b"PK\x03\x04"
MARK = "unclouded_bundle"
FORMAT = 1
LARGEST = 64 * 1024 * 1024  # bytes of all files inside that are read
MOST_CHANNELS = 16
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a damaged zip, and what is inside, may raise.
DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)


class BundleCapture(msgspec.Struct, frozen=True, kw_only=True):
    """One channel. ``name``: of the file inside; ``family``: of its frames; ``data``: the capture."""

    name: str
    family: str
    data: bytes


def is_bundle(path: Path) -> bool:
    """Whether it is a zip with a description such as `dump` writes."""
    try:
        with path.open("rb") as file:
            if file.read(len(ZIP)) != ZIP:
                return False
        with zipfile.ZipFile(path) as archive:
            return "bundle.json" in archive.namelist()
    except DAMAGE:
        return False


def captures_in(path: Path) -> list[BundleCapture]:
    """The capture of each channel, the longest first. Raises CommandError."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = list(_captures(path, archive))
    except DAMAGE as error:
        raise CommandError(f"The bundle {path} is damaged: {str(error).rstrip('.')}.") from None
    if not found:
        raise CommandError(f"The bundle {path} has no frames: nothing had gone over the wire.")
    return sorted(found, key=lambda one: -len(one.data))


def _captures(path: Path, archive: zipfile.ZipFile) -> Iterator[BundleCapture]:
    """What all of them unpack to is limited together. A name that is there twice counts once."""
    left = LARGEST
    about = _read(archive, "bundle.json", left)
    _check(path, about)
    left -= len(about)
    names = dict.fromkeys(name for name in archive.namelist() if name.startswith("frames/") and name[-1] != "/")
    for name in islice(names, MOST_CHANNELS):
        data = _read(archive, name, left)
        left -= len(data)
        yield _capture(name, data)


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file inside, of at most so many bytes, whatever its directory says."""
    if archive.getinfo(name).compress_type not in METHODS:
        raise ValueError(f"{name} is compressed in another way than `dump` does it")
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"its files are larger than {LARGEST} bytes")
    return data


def _check(path: Path, about: bytes) -> None:
    fields = msgspec.json.decode(about)
    number = fields.get(MARK) if isinstance(fields, dict) else None
    if not isinstance(number, int):
        raise ValueError("bundle.json is not that of a bundle")
    if number > FORMAT:
        raise CommandError(f"The bundle {path} was made by a newer version of Unclouded. Install that one.")


def _capture(name: str, data: bytes) -> BundleCapture:
    return BundleCapture(name=name, family=CaptureReader(data.splitlines()).header.family, data=data)
