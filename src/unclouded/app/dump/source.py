"""What a bundle is made of, gathered from a hub that runs, or from the configuration and the store. Nothing is cleaned.

hub    devices, readings, frames, statistics of the wires, events, its log
store  the device as it was last, its last readings, its events; frames of a capture that `record` names
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.access.hub_client import HubClient, device_path
from unclouded.app.configuration.config import Config, is_there
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.app.doctor.context import DoctorContext, chosen_devices
from unclouded.app.doctor.running import configured, examine
from unclouded.app.dump.shown_frames import ChannelFrames, channel_frames
from unclouded.core.errors import CommandError, StoreError, WireError
from unclouded.core.finding import Finding
from unclouded.core.views.json_lines import device_json, reading_json
from unclouded.recording.capture import CaptureLine, CaptureReader
from unclouded.store.reading.reader import StoreReader, UnknownDevice
from unclouded.web.history.history import event_view

View = Mapping[str, Any]  # Any: the API's JSON
MOST_FRAMES = 1_000
MOST_EVENTS = 300
RECORDED_BYTES = 1_048_576  # of the end of a capture that are read


class BundleSource(msgspec.Struct, frozen=True, kw_only=True):
    """``devices``: the device first, then its parts. ``others``: the other devices of the hub, by id their names.

    ``table``: of the configuration, or of a plug that was admitted; None = it is in neither. ``missing``: what could
    not be had, as sentences.
    """

    config: Config
    table: DeviceTable | None
    devices: Sequence[View]
    others: Mapping[str, str] = {}
    readings: Sequence[View] = ()
    frames: Sequence[ChannelFrames] = ()
    wire: Mapping[str, Mapping[str, float]] = {}
    events: Sequence[View] = ()
    log: Sequence[View] = ()
    hub: View = {}
    findings: Sequence[Finding] = ()
    missing: Sequence[str] = ()


def gathered(config: Config, device: str) -> BundleSource:
    """All that there is of a device, or of a part of one. Raises CommandError for one that is not known."""
    context = configured(config, ())
    hub = context.hub
    if context.is_hub_hanging:
        source = _of_store(config, device, "The hub does not answer")
    else:
        source = _of_hub(config, hub, device) if hub is not None else _of_store(config, device, "No hub runs")
    return msgspec.structs.replace(source, findings=tuple(examine(_narrowed(context, source.table))))


# --- a hub that runs --------------------------------------------------------------------------------


def _of_hub(config: Config, hub: HubClient, device: str) -> BundleSource:
    views = {str(one["id"]): one for one in hub.get("/api/devices")}
    table = _table(config, device)
    if device not in views:
        raise CommandError(f"The hub has no device {device!r}. It has: {', '.join(views) or 'none'}.")
    own = [device, *(id for id in views if id.startswith(f"{device}_") and _is_part(views[id], views[device]))]
    frames = hub.get(device_path(device, "frames"), limit=str(MOST_FRAMES))
    channels = _channels(table, views[device])
    return BundleSource(
        config=config,
        table=table,
        devices=[views[id] for id in own],
        others={id: one["name"] for id, one in views.items() if id not in own},
        readings=hub.get("/api/readings", device=own),
        frames=channel_frames(frames, channels),
        wire=hub.get(device_path(device, "wire")),
        events=_events(hub, own),
        log=_log(hub, device),
        hub={key: value for key, value in hub.get("/api/hub").items() if key in ("version", "uptime_s", "store")},
        missing=() if frames else ("Nothing has gone over its wire since the hub was started.",),
    )


def _is_part(view: View, owner: View) -> bool:
    return bool(view["link"] == owner["link"] or str(view["identity"]).startswith(str(owner["identity"])))


def _log(hub: HubClient, device: str) -> Sequence[View]:
    """Of a hub that keeps it."""
    try:
        lines: Sequence[View] = hub.get(device_path(device, "log"))
    except CommandError:  # one of another version
        return ()
    return lines


def _events(hub: HubClient, ids: Sequence[str]) -> list[View]:
    """Of the device and of its parts, the oldest first."""
    found: list[View] = []
    for id in ids:
        try:
            found += hub.get("/api/events", device=id, limit=str(MOST_EVENTS))
        except CommandError:  # the store has nothing of it yet
            continue
    return sorted(found, key=lambda one: str(one["at"]))[-MOST_EVENTS:]


# --- no hub -----------------------------------------------------------------------------------------


def _of_store(config: Config, device: str, why: str) -> BundleSource:
    """``why``: no hub is asked. Raises CommandError where neither the configuration nor the store has the device."""
    table = _table(config, device)
    source = BundleSource(
        config=config,
        table=table,
        devices=(),
        others={one.id: one.name for one in chosen_devices(config, ()) if one.id != device},
        frames=list(_recorded(config, table)) if table is not None else (),
        missing=(f"{why}: frames are those of a capture that `record` names, and there are no statistics and no log.",),
    )
    try:
        with StoreReader(config.store) as reader:
            return _with_stored(source, reader, device)
    except UnknownDevice:
        if table is None:
            raise
    except StoreError as error:
        source = msgspec.structs.replace(source, missing=(*source.missing, str(error)))
    if table is None:
        raise CommandError(f"There is no device {device!r} in {config.where}, and the store cannot be read.")
    return source


def _with_stored(source: BundleSource, reader: StoreReader, device: str) -> BundleSource:
    known = reader.known(device)
    id = known.id or device
    events = reader.newest_events(device, limit=MOST_EVENTS)
    readings = [reading_json(one) for one in reader.latest() if one.device == id]
    return msgspec.structs.replace(
        source,
        devices=[msgspec.to_builtins(device_json(known.device, None))],
        readings=msgspec.to_builtins(readings),
        events=msgspec.to_builtins([event_view(one) for one in reversed(events)]),
    )


def _recorded(config: Config, table: DeviceTable) -> Iterator[ChannelFrames]:
    """The last lines of the captures that the configuration has made of the device."""
    wires = [(one.name, one.family, one.record) for one in table.channel] or [("", table.family, table.record)]
    for name, family, record in wires:
        file = config.base / record
        if record and is_there(file):
            began, lines = _last_lines(file)
            yield ChannelFrames(name, family, began, lines)


def _last_lines(file: Path) -> tuple[float, list[CaptureLine]]:
    with file.open("rb") as opened:
        head = opened.readline()
        size = file.stat().st_size
        if size > RECORDED_BYTES:
            opened.seek(size - RECORDED_BYTES)
            opened.readline()  # the rest of a line
        try:
            reader = CaptureReader([head, *opened])
            lines = deque(reader, maxlen=MOST_FRAMES)
        except WireError:
            return time.time(), []
    return reader.header.started_at or 0.0, list(islice(lines, MOST_FRAMES))


# --- both -------------------------------------------------------------------------------------------


def _table(config: Config, device: str) -> DeviceTable | None:
    """The table of the device, or of the one that it is a part of."""
    tables = chosen_devices(config, ())
    owners = [one for one in tables if device == one.id or device.startswith(f"{one.id}_")]
    return max(owners, key=lambda one: len(one.id), default=None)


def _channels(table: DeviceTable | None, view: View) -> dict[str, str]:
    """The family of each channel by its name."""
    if table is None:
        return {"": str(view["family"])}
    return {one.name: one.family for one in table.channel} or {"": table.family}


def _narrowed(context: DoctorContext, table: DeviceTable | None) -> DoctorContext:
    devices = () if table is None else (table,)
    return msgspec.structs.replace(context, devices=devices, chosen=True)
