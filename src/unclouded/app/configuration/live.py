"""The configuration of a running hub: shown, edited and applied without a restart (web's ConfigurationSource).

    edit ──► the file, checked as a whole ──► Composition.prepare ──► Hub.reconfigure: only what changed restarts
    reload: SIGHUP, the API, the command line ──┘
    a file that is invalid: the hub runs on with what it has

All changes of one hub are made one after another; reading and checking are done in a thread, so that no wire waits.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from unclouded.app.composition import Composition, PreparedDevices
from unclouded.app.configuration.checks.problems import check_new_problems, texts
from unclouded.app.configuration.config import Config, config_of
from unclouded.app.configuration.config_file import ConfigVersion
from unclouded.app.configuration.edits.device_changes import DeviceChange, DeviceChanges, History
from unclouded.app.configuration.edits.differences import differences
from unclouded.app.configuration.edits.editor import ConfigEditor, Edit, change_text
from unclouded.app.configuration.edits.hub_changes import hub_change
from unclouded.app.configuration.edits.hub_tables import configured_tables
from unclouded.app.configuration.shown import backup_views, configured_devices
from unclouded.app.publishing.registry import changed_tables
from unclouded.app.weather.live_weather import weather_of
from unclouded.core.errors import CommandError, ConfigError, StoreError, UncloudedError
from unclouded.core.model import Device
from unclouded.core.views.configuration import (
    ConfigBackupView,
    ConfigurationView,
    EditOrigin,
    HubEdit,
    ReloadView,
)
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.spec_changes import SpecChanges

log = logging.getLogger("unclouded.configuration")

READ_WHEN_USED = (
    "backup",
    "calendar",
    "costs",
    "feed",
    "rule",
    "tariff",
)  # tables that count as soon as they are there

Note = Callable[[str, Mapping[str, Any]], None]  # a sentence, and JSON of what was done


class HistoryStore(Protocol):
    """Where the history of devices is."""

    async def erase(self, identities: Sequence[str], who: str) -> bool:
        """Delete all data of devices that report no more. Raises StoreError."""


class CheckedText(msgspec.Struct, frozen=True):
    """A text that is valid. ``warnings``: what is at risk with it."""

    config: Config
    prepared: PreparedDevices
    warnings: tuple[str, ...]


class LiveConfiguration:
    """``note``: takes what was changed, for the events of the hub."""

    def __init__(self, composition: Composition, hub: Hub, store: HistoryStore, note: Note) -> None:
        # called with the configuration that now counts, and the ids that devices had -> those that they have
        self.on_applied: Callable[[Config, Mapping[str, str]], None] = lambda config, renamed: None
        self._composition = composition
        self._hub = hub
        self._store = store
        self._note = note
        self._editor = ConfigEditor(Path(composition.config.where), self._strictly_checked, composition.config.start)
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[ReloadView]] = set()
        self._requested = asyncio.Event()
        self._running = self._version()
        self._warnings: tuple[str, ...] = ()

    async def run(self) -> None:
        """Carry out what ``request_reload`` asks for, until cancelled."""
        while True:
            await self._requested.wait()
            self._requested.clear()
            try:
                await self.reload(EditOrigin("SIGHUP"))
            except UncloudedError as error:
                log.error("The configuration was not reloaded: %s", error)

    def request_reload(self) -> None:
        """Reload soon; the log has the result. For a handler of signals."""
        self._requested.set()

    async def close(self) -> None:
        """The hub ends: no change goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- ConfigurationSource -------------------------------------------------------------------

    async def view(self) -> ConfigurationView:
        return await asyncio.to_thread(self._view)

    async def backups(self) -> Sequence[ConfigBackupView]:
        return await asyncio.to_thread(lambda: backup_views(self._editor))

    async def reload(self, origin: EditOrigin, dry_run: bool = False) -> ReloadView:
        return await self._finished(self._reload(origin, dry_run))

    async def restore(self, revision: str, backup: str, origin: EditOrigin) -> ReloadView:
        return await self._finished(self._restore(revision, backup, origin))

    async def add(self, revision: str, keys: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        return await self._finished(self._change(revision, self._changes().added(keys, origin.is_local), origin))

    async def change(self, revision: str, device: str, patch: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        return await self._finished(
            self._change(revision, self._changes().changed(device, patch, origin.is_local), origin)
        )

    async def change_hub(self, revision: str, edit: HubEdit, origin: EditOrigin) -> ReloadView:
        return await self._finished(self._change(revision, hub_change(edit, origin.is_local), origin))

    async def rename_room(self, revision: str, room: str, name: str, origin: EditOrigin) -> ReloadView:
        inside = [one.id for one in self._hub.devices() if one.room == room]
        return await self._finished(self._change(revision, self._changes().room_renamed(room, name, inside), origin))

    async def remove(self, revision: str, device: str, history: History, origin: EditOrigin) -> ReloadView:
        admitted = self._changes().admitted(device)
        if admitted is not None and all(one.id != device for one in self._composition.config.devices):
            return await self._finished(self._forget(device, history, origin))
        uuid = next((one.uuid for one in self._composition.config.devices if one.id == device), "")
        return await self._finished(self._change(revision, self._changes().removed(device, uuid), origin, history))

    # --- inside --------------------------------------------------------------------------------

    async def _reload(self, origin: EditOrigin, dry_run: bool) -> ReloadView:
        async with self._lock:
            self._must_be_whole()
            version = await asyncio.to_thread(self._editor.version)
            checked = await asyncio.to_thread(self._checked, version.text)
            if dry_run:
                return self._what_it_would_do(version, checked)
            return await self._apply(version, checked, origin, "reloaded")

    async def _restore(self, revision: str, backup: str, origin: EditOrigin) -> ReloadView:
        async with self._lock:
            edit = await asyncio.to_thread(self._edited, lambda: self._editor.restore(revision, backup))
            return await self._apply(edit.after, edit.checked, origin, f"restored from {backup}")

    async def _finished(self, work: Coroutine[Any, Any, ReloadView]) -> ReloadView:
        """The work goes on to its end though its client is gone: devices must not be left stopped. Any: asyncio's."""
        task = asyncio.create_task(work, name="configuration.change")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def _changes(self) -> DeviceChanges:
        admissions = self._composition.admissions
        admitted = [] if admissions is None else admissions.devices(self._composition.config.devices)
        configured = [one.id for one in self._composition.config.devices]
        return DeviceChanges([one.id for one in self._hub.devices()], admitted, configured)

    def _version(self) -> ConfigVersion:
        """The version that the hub was started with; an empty one where there is no file."""
        try:
            return self._editor.version()
        except ConfigError:
            return ConfigVersion("", "")

    def _must_be_whole(self) -> None:
        if not self._composition.config.runs_broker:
            raise CommandError(
                "This process runs only some devices of the configuration. Start the hub: unclouded run."
            )

    def _view(self) -> ConfigurationView:
        version, problem = self._editor.version(), ""
        try:
            checked = self._checked(version.text)
            is_applied = version.revision == self._running.revision
            waiting = checked.prepared.needs_restart if is_applied else self._composition.at_next_start(checked.config)
        except ConfigError as error:
            problem, waiting = str(error), self._composition.needs_restart
        return ConfigurationView(
            file=str(self._editor.file.path.absolute()),
            revision=version.revision,
            running=self._running.revision,
            unwritable=self._editor.file.why_not_writable(),
            problem=problem,
            needs_restart=waiting,
            devices=configured_devices(version.text, self._changes().admitted_tables),
            tables=configured_tables(version.text),
        )

    def _checked(self, text: str) -> CheckedText:
        """The same checks as those of `check`. Raises ConfigError."""
        path, data = Path(self._composition.config.where), str(self._composition.config.data)
        config = config_of(text, path, data)
        weather_of(config)
        return CheckedText(config, self._composition.prepare(config), texts(config))

    def _strictly_checked(self, text: str, before: str) -> CheckedText:
        """The same, and the change must not cut off a device. Raises ConfigError."""
        checked = self._checked(text)
        check_new_problems(checked.config, before)
        return checked

    def _edited(self, edit: Callable[[], Edit[CheckedText]]) -> Edit[CheckedText]:
        self._must_be_whole()
        return edit()

    async def _change(
        self, revision: str, change: DeviceChange, origin: EditOrigin, history: History = "keep"
    ) -> ReloadView:
        async with self._lock:
            edit = await asyncio.to_thread(self._edited, lambda: self._editor.edit(revision, change.text))
            if (admissions := self._composition.admissions) is not None:
                change.settle(admissions)
            view = await self._apply(edit.after, edit.checked, origin, change.done, history)
            return msgspec.structs.replace(view, device=change.device)

    async def _forget(self, device: str, history: History, origin: EditOrigin) -> ReloadView:
        """A plug that was admitted, and is not in the file."""
        async with self._lock:
            described = [one for one in self._hub.devices() if one.id == device]
            await self._hub.forget(device)
            await self._erase(described, history, origin)
            self._report(f"{device} removed", origin, {"removed": [device]})
            return ReloadView(revision=self._running.revision, running=True, changed=[], removed=(device,))

    async def _apply(
        self, version: ConfigVersion, checked: CheckedText, origin: EditOrigin, done: str, history: History = "keep"
    ) -> ReloadView:
        """Run with a version that was checked."""
        before, running = self._composition.config, self._running
        checked = await self._with_new_broker(version, checked)
        prepared = checked.prepared

        async def make() -> Sequence[NodeSpec]:
            nonlocal prepared
            if not self._composition.is_current(prepared):
                prepared = await asyncio.to_thread(self._composition.prepare, checked.config)
            return prepared.specs

        result = await self._hub.reconfigure(make)
        self._composition.take(prepared, self._hub)
        self.on_applied(prepared.config, result.changes.renamed)
        self._running = version
        view = _reload_view(running, version, checked, result.changes, applied_keys(before, prepared.config))
        self._report(done, origin, _summary(view))
        await self._erase(result.removed, history, origin)
        return view

    async def _with_new_broker(self, version: ConfigVersion, checked: CheckedText) -> CheckedText:
        """A broker that is new starts at once. Where it cannot, it waits for the next start, and a warning says why."""
        if not self._composition.gains_broker(checked.config):
            return checked
        try:
            await self._composition.start_broker(checked.config)
        except (UncloudedError, OSError) as error:
            log.warning("The broker for plugs could not be started: %s", error)
            return msgspec.structs.replace(checked, warnings=(*checked.warnings, str(error)))
        return await asyncio.to_thread(self._checked, version.text)

    def _what_it_would_do(self, version: ConfigVersion, checked: CheckedText) -> ReloadView:
        running, new = self._composition.config, checked.prepared.config
        if self._composition.gains_broker(checked.config):
            new = msgspec.structs.replace(new, broker=checked.config.broker)  # it starts at once
        changes = self._hub.compare(checked.prepared.specs)
        view = _reload_view(self._running, version, checked, changes, applied_keys(running, new))
        waiting = self._composition.at_next_start(checked.config)
        return msgspec.structs.replace(view, dry_run=True, needs_restart=waiting)

    async def _erase(self, devices: Sequence[Device], history: History, origin: EditOrigin) -> None:
        identities = [one.identity for one in devices if one.identity]
        if history == "keep" or not identities:
            return
        try:
            await self._store.erase(identities, origin.who)
        except StoreError as error:
            raise StoreError(f"The device was removed, but its history is still there: {error}") from None
        self._hub.drop_history(devices)
        self._report(f"history of {', '.join(one.id for one in devices)} deleted", origin, {})

    def _report(self, done: str, origin: EditOrigin, summary: Mapping[str, Any]) -> None:
        text = f"Configuration: {done} by {origin.who}."
        details = "; ".join(f"{key.replace('_', ' ')}: {_listed(value)}" for key, value in summary.items() if value)
        log.info("%s%s", text, f" {details}." if details else "")
        self._note(text, summary)


def applied_keys(before: Config, after: Config) -> tuple[str, ...]:
    """The keys of the hub that are different and count at once."""
    pairs = {
        "hub.name": (before.tables.hub.name, after.tables.hub.name),
        "hub.timezone": (before.zone, after.zone),
        "hub.profiles": (before.profiles, after.profiles),
        "weather": (before.weather, after.weather),
        "broker": (before.broker, after.broker),
        "retention": (before.retention, after.retention),
        **{name: (getattr(before.tables, name), getattr(after.tables, name)) for name in READ_WHEN_USED},
    }
    return (*(key for key, (old, new) in pairs.items() if old != new), *changed_tables(before, after))


def _reload_view(
    before: ConfigVersion, after: ConfigVersion, checked: CheckedText, changes: SpecChanges, applied: tuple[str, ...]
) -> ReloadView:
    return ReloadView(
        revision=after.revision,
        running=True,
        changed=differences(before.text, after.text),
        added=changes.added,
        removed=changes.removed,
        renamed=changes.renamed,
        restarted=changes.restarted,
        described=changes.described,
        kept=len(changes.kept),
        applied=applied,
        needs_restart=checked.prepared.needs_restart,
        warnings=checked.warnings,
    )


def _summary(view: ReloadView) -> dict[str, Any]:
    """What an event says of it; never a value, which may be secret."""
    return {
        "changed": [change_text(one) for one in view.changed],
        "added": list(view.added),
        "removed": list(view.removed),
        "renamed": dict(view.renamed),
        "restarted": list(view.restarted),
        "needs_restart": list(view.needs_restart),
    }


def _listed(value: object) -> str:
    return ", ".join(f"{old} to {new}" for old, new in value.items()) if isinstance(value, dict) else ", ".join(value)  # type: ignore[arg-type]  # lists of texts
