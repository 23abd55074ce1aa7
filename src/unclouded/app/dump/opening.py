"""Opens what `dump` has written: the captures inside."""

import zipfile
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.recording.capture import CaptureReader

ZIP = b"PK\x03\x04"
MARK = "unclouded_bundle"
FORMAT = 1
LARGEST = 64 * 1024 * 1024  # bytes of a file inside
MOST_CHANNELS = 16


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
    except (OSError, zipfile.BadZipFile):
        return False


def captures_in(path: Path) -> list[BundleCapture]:
    """The capture of each channel, the longest first. Raises CommandError."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, _read(archive, "bundle.json"))
            names = [name for name in archive.namelist() if name.startswith("frames/")][:MOST_CHANNELS]
            found = [_capture(name, _read(archive, name)) for name in names]
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, NotImplementedError, RuntimeError) as error:
        raise CommandError(f"The bundle {path} is damaged: {error}.") from None
    if not found:
        raise CommandError(f"The bundle {path} has no frames: nothing had gone over the wire.")
    return sorted(found, key=lambda one: -len(one.data))


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file inside; what it unpacks to is limited, whatever its directory says."""
    with archive.open(name) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"{name} is larger than {LARGEST} bytes")
    return data


def _check(path: Path, about: bytes) -> None:
    number = msgspec.json.decode(about).get(MARK)
    if not isinstance(number, int):
        raise ValueError("bundle.json is not that of a bundle")
    if number > FORMAT:
        raise CommandError(f"The bundle {path} was made by a newer version of Unclouded. Install that one.")


def _capture(name: str, data: bytes) -> BundleCapture:
    return BundleCapture(name=name, family=CaptureReader(data.splitlines()).header.family, data=data)
