"""The bundle of a device for a bug report: one zip file of readable files, without anything personal.

    README.txt           what is inside, what was left out, how to open it
    bundle.json          versions, counts
    configuration.json   the device's tables, and what of the hub matters to it
    devices.json         the device and its parts: states, points, versions
    readings.jsonl       their newest values
    frames/1.jsonl …     the last frames of each channel, as a capture: replay, decode and conform open the zip
    wire.json            statistics of its wires
    events.jsonl         states, outcomes of commands, warnings
    log.jsonl            the hub's log, as far as it names the device
    doctor.json          what `doctor` found

What goes in is listed here; texts are those of the program (text_cleaning.py). Before it is written, the whole of it is
searched for everything that is known to be private.
"""

import contextlib
import importlib.metadata
import io
import os
import platform
import sqlite3
import ssl
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from unclouded import VERSION, families
from unclouded.app.dump.bundle_cleaner import BundleCleaner
from unclouded.app.dump.bundle_configuration import channel_title, configuration_fields
from unclouded.app.dump.bundle_device import BundleDevice
from unclouded.app.dump.bundle_frames import cleaned_frames
from unclouded.app.dump.scanning import found_in
from unclouded.app.dump.source import BundleSource
from unclouded.core.errors import CommandError
from unclouded.core.finding import counts
from unclouded.core.times import iso

FORMAT = 1  # of the bundle
MARK = "unclouded_bundle"  # the key by which bundle.json is recognised
DATED = (1980, 1, 1, 0, 0, 0)  # of all files inside: the zip says nothing of when or where it was made
OF_HUB = ("version", "uptime_s", "store")  # of what a hub says of itself
LIBRARIES = ("serialx", "msgspec", "aiomqtt", "cryptography", "starlette", "uvicorn", "h11")  # whose version matters


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """``files``: name -> content. ``inside``, ``left_out``: for people."""

    files: Mapping[str, bytes]
    inside: Mapping[str, str]
    left_out: Sequence[str]


def bundle_of(source: BundleSource, now: float, with_raw: bool = False) -> Bundle:
    """``now``: Unix seconds. ``with_raw``: keep raw values of data points that no profile names.

    Raises CommandError where something private would be in it.
    """
    return _Maker(source, with_raw).bundle(now)


def zipped(bundle: Bundle) -> bytes:
    """As a zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in bundle.files.items():
            archive.writestr(zipfile.ZipInfo(name, DATED), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Write it, readable by its owner only; no existing file is replaced. Raises CommandError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(zipped(bundle))
    except FileExistsError:
        raise CommandError(f"{path} exists already. Name another file with --output.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}. Name another with --output.") from None


# --- inside -----------------------------------------------------------------------------------------


class _Maker:
    """Makes the files of one bundle, with the same pseudonyms in all of them."""

    def __init__(self, source: BundleSource, with_raw: bool) -> None:
        self._source = source
        self._cleaner = BundleCleaner(source)
        self._device = BundleDevice(self._cleaner, source, with_raw)
        self._inside: dict[str, str] = {}
        self._left_out = [self._cleaner.text.text(one) for one in source.missing]

    def bundle(self, now: float) -> Bundle:
        files = dict(self._files())
        about = {
            MARK: FORMAT,
            "unclouded": VERSION,
            "made": iso(now),
            "versions": versions(),
            "families": sorted({str(view["family"]) for view in self._source.devices}),
            "hub": {key: self._source.hub[key] for key in OF_HUB if key in self._source.hub},
            "files": self._inside,
            "left_out": self._left_out,
        }
        readme = _readme(self._inside, self._left_out)
        files = {"README.txt": readme.encode(), "bundle.json": _json(about), **files}
        self._scan(files)
        return Bundle(files=files, inside=self._inside, left_out=tuple(self._left_out))

    # --- inside --------------------------------------------------------------------------------

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for name, about, content in self._tables():
            if content:
                self._inside[name] = about
                is_lines = name.endswith(".jsonl") and isinstance(content, list)
                yield name, _lines(content) if is_lines else _json(content)
        yield from self._captures()

    def _tables(self) -> Iterator[tuple[str, str, Any]]:  # Any: JSON values
        source, device = self._source, self._device
        configuration = configuration_fields(self._cleaner, source.config, source.table)
        yield "configuration.json", "configuration of the device", configuration
        yield "devices.json", f"{_count(source.devices, 'device')} with points", list(device.devices())
        yield "readings.jsonl", f"{len(source.readings)} newest values", list(device.readings())
        yield "wire.json", "statistics of its wires", self._wire()
        yield "events.jsonl", _count(source.events, "event"), list(device.events())
        yield "log.jsonl", f"{_count(source.log, 'line')} of the hub's log", list(device.log())
        yield "doctor.json", "what doctor found", self._findings()

    def _captures(self) -> Iterator[tuple[str, bytes]]:
        cleaner = self._cleaner
        points = self._device.kept_points()
        for number, one in enumerate(cleaned_frames(self._source.frames, cleaner.words, cleaner.pseudonyms, points), 1):
            name = f"frames/{number}.jsonl"
            self._inside[name] = f"{one.count} frames of {one.family}, a capture"
            self._left_out += one.left_out
            yield name, one.data

    def _wire(self) -> Mapping[str, object]:
        return {channel_title(self._source.table, name): dict(stats) for name, stats in self._source.wire.items()}

    def _findings(self) -> Mapping[str, object]:
        found = self._source.findings
        text = self._cleaner.text.text
        lines = [
            {"check": one.check, "level": one.level, "text": text(f"{one.subject}: {one.text}")}
            for one in found
            if one.level != "ok"
        ]
        return {"counts": counts(found), "findings": lines}

    def _scan(self, files: Mapping[str, bytes]) -> None:
        """What is known to be private must not be in any byte. Raises CommandError."""
        strong = self._cleaner.words.strong()
        for name, data in files.items():
            if found_in(data, strong):
                raise CommandError(
                    f"Something private would be in {name}, so nothing was written. Please report that, nothing else."
                )


def versions() -> Mapping[str, str]:
    """Of what the program runs on; the system without the name of the computer."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    found |= {"openssl": ssl.OPENSSL_VERSION, "sqlite": sqlite3.sqlite_version}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _count(items: Sequence[object], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _lines(values: Sequence[Any]) -> bytes:  # Any: JSON values
    return b"".join(msgspec.json.encode(one) + b"\n" for one in values)


def _readme(inside: Mapping[str, str], left_out: Sequence[str]) -> str:
    listed = "\n".join(f"  {name:<20} {about}" for name, about in inside.items())
    missing = "\n".join(f"  - {one}" for one in left_out) or "  - nothing else"
    known = ", ".join(families.NAMES)
    return f"""A bundle for a bug report, made by `unclouded dump` of version {VERSION}.

Names, addresses, places, ids, keys, passwords and texts of the owner are replaced: the same word has the same
replacement everywhere in this file. Look into it before you send it on.

Inside:
{listed}

Left out:
{missing}

To open it: unclouded replay FILE, unclouded decode FILE, unclouded conform FAMILY --as controller --link replay:FILE
Families: {known}
"""
