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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from unclouded import VERSION, families
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables import ChannelTable, DeviceTable, links_of
from unclouded.app.doctor.finding import Finding
from unclouded.app.doctor.running import counts
from unclouded.app.dump.bundle_frames import cleaned_frames
from unclouded.app.dump.frame_cleaning import KeptPoints
from unclouded.app.dump.json_cleaning import PRIVATE
from unclouded.app.dump.private_words import PrivateWords, private_words
from unclouded.app.dump.product_facts import OWN_PROFILE, PERSONAL, public_info
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.scanning import found_in
from unclouded.app.dump.source import BundleSource, View
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import is_field, program_words
from unclouded.app.protocols import actions_of, settings_of
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.times import iso
from unclouded.links.url import PRINTABLE_KEYS, parse
from unclouded.profiles import ProfileLibrary

FORMAT = 1  # of the bundle
MARK = "unclouded_bundle"  # the key by which bundle.json is recognised
DATED = (1980, 1, 1, 0, 0, 0)  # of all files inside: the zip says nothing of when or where it was made
TEXT_KINDS = ("text", "raw")
SHOWN_PRIVATELY = frozenset({"user", "cafile", "password_file"})  # settings of links
LIBRARIES = ("serialx", "msgspec", "aiomqtt", "cryptography", "starlette", "uvicorn", "h11")  # whose version matters
HIDDEN = "…"


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
        self._with_raw = with_raw
        self._words: PrivateWords = private_words(source)
        self._pseudonyms = Pseudonyms()
        words = self._words
        self._text = TextCleaner(self._pseudonyms, program_words(), words.known, words.public, words.secrets)
        self._library = ProfileLibrary(settings_of, source.config.profiles, actions_of)
        self._inside: dict[str, str] = {}
        self._left_out = [self._text.text(one) for one in source.missing]

    def bundle(self, now: float) -> Bundle:
        files = dict(self._files())
        about = {
            MARK: FORMAT,
            "unclouded": VERSION,
            "made": iso(now),
            "versions": versions(),
            "families": sorted({str(view["family"]) for view in self._source.devices}),
            "hub": self._hub(),
            "files": self._inside,
            "left_out": self._left_out,
        }
        readme = _readme(self._inside, self._left_out)
        files = {"README.txt": readme.encode(), "bundle.json": _json(about), **files}
        self._scan(files)
        return Bundle(files=files, inside=self._inside, left_out=tuple(self._left_out))

    def _files(self) -> Iterator[tuple[str, bytes]]:
        source = self._source
        parts: list[tuple[str, str, object, bool]] = [
            ("configuration.json", "configuration of the device", self._configuration(), False),
            ("devices.json", f"{len(source.devices)} devices with their points", list(self._devices()), False),
            ("readings.jsonl", f"{len(source.readings)} newest values", list(self._readings()), True),
            ("wire.json", "statistics of its wires", self._wire(), False),
            ("events.jsonl", f"{len(source.events)} events", list(map(self._event, source.events)), True),
            ("log.jsonl", f"{len(source.log)} lines of the hub's log", list(map(self._log_line, source.log)), True),
            ("doctor.json", "what doctor found", self._doctor(source.findings), False),
        ]
        for name, about, content, is_lines in parts:
            if content:
                self._inside[name] = about
                yield name, _lines(content) if is_lines and isinstance(content, list) else _json(content)
        yield from self._captures()

    def _captures(self) -> Iterator[tuple[str, bytes]]:
        found = cleaned_frames(self._source.frames, self._words, self._pseudonyms, self._kept_points())
        for number, one in enumerate(found, 1):
            name = f"frames/{number}.jsonl"
            self._inside[name] = f"{one.count} frames of {one.family}, a capture"
            self._left_out += one.left_out
            yield name, one.data

    def _scan(self, files: Mapping[str, bytes]) -> None:
        """What is known to be private must not be in any byte. Raises CommandError."""
        for name, data in files.items():
            if found_in(data, self._words.strong()):
                raise CommandError(
                    f"Something private would be in {name}, so nothing was written. Please report that, nothing else."
                )

    # --- configuration ---------------------------------------------------------------------------

    def _configuration(self) -> Mapping[str, object]:
        table = self._source.table
        own = {} if table is None else {"device": self._device_table(table)}
        return {**own, "hub": _hub_tables(self._source.config)}

    def _device_table(self, table: DeviceTable) -> Mapping[str, object]:
        wires = {"channel": [self._channel_table(one) for one in table.channel]} if table.channel else {}
        given = {key: True for key in ("name", "uuid", "parent", "identity", "replaces", "room") if getattr(table, key)}
        return {
            "family": table.family,
            "link": [self._link(one) for one in links_of(table.link)] if table.link else [],
            "profile": self._profile(table.profile),
            "record": bool(table.record),
            "produces": table.produces,
            "scale": {self._text.plain(key): str(value) for key, value in table.scale.items()},
            "session": self._settings(table.session),
            "given": given,
            **wires,
        }

    def _channel_table(self, table: ChannelTable) -> Mapping[str, object]:
        return {
            "name": self._channel(table.name),
            "family": table.family,
            "link": [self._link(one) for one in links_of(table.link)],
            "profile": self._profile(table.profile),
            "record": bool(table.record),
            "session": self._settings(table.session),
        }

    def _settings(self, value: object) -> object:
        """A table of settings: names, numbers and switches, and texts that are words of the program."""
        if isinstance(value, Mapping):
            return {self._key(str(key)): self._setting(str(key), one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._settings(one) for one in value]
        if isinstance(value, int | float | Decimal) or value is None:
            shown = float(value) if isinstance(value, Decimal) else value
            return HIDDEN if str(value) in self._words.known or str(value) in self._words.secrets else shown
        return value if isinstance(value, str) and self._text.is_public(value) else HIDDEN

    def _key(self, key: str) -> str:
        return key if is_field(key) else self._text.plain(key)

    def _setting(self, key: str, value: object) -> object:
        is_private = PRIVATE.fullmatch(key) or PERSONAL.fullmatch(key)
        return HIDDEN if is_private and not isinstance(value, bool) else self._settings(value)

    def _link(self, link: str) -> str:
        """Its scheme and settings; where it leads to as a pseudonym."""
        try:
            url = parse(link)
        except ConfigError:
            return HIDDEN
        shown = PRINTABLE_KEYS - SHOWN_PRIVATELY
        query = "&".join(f"{key}={value if key in shown else HIDDEN}" for key, value in url.query.items())
        place = self._text.plain(url.place.rpartition("@")[2])
        return f"{url.scheme}:{'//' if url.has_host else ''}{place}{'?' if query else ''}{query}"

    def _profile(self, name: str) -> str:
        """Its name, if it comes with the program."""
        if not name:
            return ""
        return name if _is_shipped(self._library, name) else OWN_PROFILE

    def _channel(self, name: str) -> str:
        names = [one.name for one in self._source.table.channel] if self._source.table else []
        return f"channel {names.index(name) + 1}" if name in names else ""

    # --- what the hub knows ----------------------------------------------------------------------

    def _devices(self) -> Iterator[Mapping[str, object]]:
        for view in self._source.devices:
            is_shipped = _is_shipped(self._library, view["profile"])
            yield {
                "id": self._text.plain(view["id"]),
                "family": view["family"],
                "state": view["state"],
                "since": view["since"],
                "reason": self._text.text(view["reason"]),
                "profile": self._profile(view["profile"]),
                "parent": self._text.plain(view["parent"]),
                "produces": view["produces"],
                "product": next(iter(_product(view)), ""),
                "info": public_info(view["info"]),
                "points": [self._point(point, is_shipped) for point in view["points"]],
                "actions": [one["name"] for one in view["actions"]],
                "schedule": len(view.get("schedule") or ()),
            }

    def _point(self, point: View, is_shipped: bool) -> Mapping[str, object]:
        """Its options and limits; labels and options of an owner's profile are the owner's."""
        options = [self._option(one) for one in point["options"]] if is_shipped else len(point["options"])
        kept = ("kind", "unit", "access", "exponent", "minimum", "maximum", "confidence")
        key = point["key"] if is_shipped else self._text.plain(point["key"])
        return {"key": key, **{name: point[name] for name in kept if name in point}, "options": options}

    def _option(self, option: str) -> str:
        private = any(word.lower() in option.lower() for word in self._words.strong())
        return HIDDEN if private else option

    def _readings(self) -> Iterator[Mapping[str, object]]:
        points = {(view["id"], one["key"]): one for view in self._source.devices for one in view["points"]}
        shipped = {view["id"] for view in self._source.devices if _is_shipped(self._library, view["profile"])}
        for one in self._source.readings:
            point = points.get((one["device"], one["point"]))
            is_shipped = one["device"] in shipped
            yield {
                "at": one["at"],
                "device": self._text.plain(one["device"]),
                "point": one["point"] if is_shipped else self._text.plain(one["point"]),
                "value": self._shown_value(one, point, is_shipped),
                "quality": one["quality"],
                "flags": [self._text.plain(flag) for flag in one["flags"]],
            }

    def _shown_value(self, reading: View, point: View | None, is_shipped: bool) -> object:
        """Numbers and switches; options of a shipped profile; of everything else its length."""
        value = reading["value"]
        if PERSONAL.fullmatch(reading["point"]):
            return HIDDEN
        if not isinstance(value, str):
            return value
        if point is not None and point["kind"] not in TEXT_KINDS and is_shipped and value in point["options"]:
            return self._option(value)
        return f"{HIDDEN} ({len(value)} characters)"

    def _wire(self) -> Mapping[str, object]:
        return {self._channel(name): dict(stats) for name, stats in self._source.wire.items()}

    def _event(self, event: View) -> Mapping[str, object]:
        return {
            "at": event["at"],
            "device": self._text.plain(event["device"]),
            "kind": self._text.plain(event["kind"]),
            "text": self._text.text(event["words"]),
            "data": self._settings(event.get("data") or {}),
        }

    def _log_line(self, line: View) -> Mapping[str, object]:
        return {"at": line["at"], "level": line["level"], "text": self._text.text(line["text"])}

    def _hub(self) -> Mapping[str, object]:
        """Whether one runs, which version, and the counters of its store."""
        hub = self._source.hub
        return {key: hub[key] for key in ("version", "uptime_s", "store") if key in hub}

    def _doctor(self, findings: Sequence[Finding]) -> Mapping[str, object]:
        lines = [
            {"check": one.check, "level": one.level, "text": self._text.text(f"{one.subject}: {one.text}")}
            for one in findings
            if one.level != "ok"
        ]
        return {"counts": counts(findings), "findings": lines}

    def _kept_points(self) -> Mapping[str, KeptPoints]:
        """By the profiles of the device and of its parts."""
        return {str(view["info"].get("sub_id", "")): self._kept_of(view) for view in self._source.devices}

    def _kept_of(self, view: View) -> KeptPoints:
        if not _is_shipped(self._library, view["profile"]):
            return KeptPoints(with_raw=self._with_raw)
        rows = self._library.get(view["profile"]).points
        personal = {row.wire.partition(".")[0] for row in rows if PERSONAL.fullmatch(row.point.key)}
        decoded = {row.wire.partition(".")[0] for row in rows if "." in row.wire}
        return KeptPoints(frozenset(decoded - personal), frozenset(personal), self._with_raw)


def _product(view: View) -> Iterable[str]:
    from unclouded.app.dump.private_words import public_products

    return public_products([str(view["info"].get("product", ""))])


def _is_shipped(library: ProfileLibrary, name: str) -> bool:
    """Whether a profile comes with the program."""
    try:
        library.get(name)
    except ConfigError:
        return False
    return not library.is_own(name)


def _hub_tables(config: Config) -> Mapping[str, object]:
    """What of the other tables matters: no name, no address, no place."""
    offset = datetime.now(UTC).astimezone(config.zone).utcoffset()
    broker, web = config.broker, config.web
    return {
        "utc_offset_s": offset.total_seconds() if offset is not None else None,
        "broker": None if broker is None else {"old_tls": broker.old_tls, "old_ciphers": broker.old_ciphers},
        "web": {"tls": web.tls, "off": web.listen == "off"},
        "weather": config.weather.source if config.weather is not None else None,
        "own_profiles": config.profiles is not None,
        "devices": len(config.devices),
    }


def versions() -> Mapping[str, str]:
    """Of what the program runs on; the system without the name of the computer."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    found |= {"openssl": ssl.OPENSSL_VERSION, "sqlite": sqlite3.sqlite_version}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


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
