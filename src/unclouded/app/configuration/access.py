"""Access of the command line to a configuration: through the hub that runs with it, else to its file.

A hub applies each change at once. Without one, what is changed counts when a hub starts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.checks.problems import check_new_problems, texts
from unclouded.app.configuration.checks.validation import admitted_devices, validate
from unclouded.app.configuration.config import Config, config_of
from unclouded.app.configuration.edits.device_changes import DeviceChange, DeviceChanges, History
from unclouded.app.configuration.edits.editor import ConfigEditor, Edit
from unclouded.app.configuration.edits.hub_changes import hub_change
from unclouded.app.configuration.edits.hub_tables import configured_tables
from unclouded.app.configuration.shown import backup_views, configured_devices
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.views.configuration import ConfigBackupView, ConfigurationView, HubEdit, ReloadView
from unclouded.hub.identity import with_parts

ORIGIN = "cli"
PATH = "/api/configuration"

T = TypeVar("T")


class ConfigurationAccess(Protocol):
    """Every change is on top of what the file is at that moment. Raises ConfigError, CommandError, StoreError."""

    def view(self) -> ConfigurationView:
        """What the file says, with its revision; secrets are blanked."""

    def add(self, keys: Mapping[str, Any]) -> ReloadView:  # Any: TOML values as JSON
        """A new device with these keys of its table."""

    def change(self, device: str, patch: Mapping[str, Any]) -> ReloadView:
        """Other values for keys of a device, by its id; None removes a key."""

    def change_hub(self, edit: HubEdit) -> ReloadView:
        """A change of the other tables."""

    def rename_room(self, room: str, name: str) -> ReloadView:
        """Another name for a room, for all devices in it."""

    def remove(self, device: str, history: History) -> ReloadView:
        """Remove a device; ``history``: whether what is stored of it stays."""

    def reload(self, dry_run: bool = False) -> ReloadView:
        """Run with what the file says now. ``dry_run``: only say what would change."""

    def backups(self) -> Sequence[ConfigBackupView]:
        """The earlier states of the file, the newest first."""

    def restore(self, backup: str) -> ReloadView:
        """Put back an earlier state, by its name."""


def access_to(path: Path, data: str | None) -> ConfigurationAccess:
    """``data``: a data folder that overrides that of the file. A file that is invalid can be shown and restored."""
    try:
        config = config_of(ConfigEditor(path, lambda text, before: None).version().text, path, data)
    except ConfigError:
        return FileAccess(path, data)
    return HubConfiguration(HubClient(config.control)) if is_running(config) else FileAccess(path, data)


def waiting_changes(config: Config) -> ReloadView | None:
    """What a reload would do to the hub that runs with this file; None where none does, or nothing is different."""
    if not is_running(config):
        return None
    hub = HubConfiguration(HubClient(config.control))
    view = hub.view()
    is_same = view.file == str(Path(config.where).absolute()) and view.revision != view.running
    return hub.reload(dry_run=True) if is_same else None


class HubConfiguration:
    """The configuration of a running hub."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    def view(self) -> ConfigurationView:
        return msgspec.convert(self._hub.get(PATH), ConfigurationView)

    def add(self, keys: Mapping[str, Any]) -> ReloadView:  # Any: TOML values as JSON
        return _reloaded(self._hub.post(f"{PATH}/devices", self._body(keys=keys)))

    def change(self, device: str, patch: Mapping[str, Any]) -> ReloadView:  # Any: TOML values as JSON
        return _reloaded(self._hub.patch(_device(device), self._body(keys=patch)))

    def change_hub(self, edit: HubEdit) -> ReloadView:
        path = f"{PATH}/hub/{quote(edit.table, safe='')}" + (f"/{quote(edit.item, safe='')}" if edit.item else "")
        if edit.keys is None:
            return _reloaded(self._hub.delete(path, revision=self._revision(), origin=ORIGIN))
        send = self._hub.post if edit.item == "" else self._hub.patch
        return _reloaded(send(path, self._body(keys=edit.keys)))

    def rename_room(self, room: str, name: str) -> ReloadView:
        return _reloaded(self._hub.post(f"{PATH}/rooms", self._body(room=room, name=name)))

    def remove(self, device: str, history: History) -> ReloadView:
        return _reloaded(self._hub.delete(_device(device), revision=self._revision(), history=history, origin=ORIGIN))

    def reload(self, dry_run: bool = False) -> ReloadView:
        return _reloaded(self._hub.post(f"{PATH}/reload", {"origin": ORIGIN, "dry_run": dry_run}))

    def backups(self) -> Sequence[ConfigBackupView]:
        return msgspec.convert(self._hub.get(f"{PATH}/backups"), list[ConfigBackupView])

    def restore(self, backup: str) -> ReloadView:
        return _reloaded(self._hub.post(f"{PATH}/restore", self._body(backup=backup)))

    def _revision(self) -> str:
        return str(self._hub.get(PATH)["revision"])

    def _body(self, **more: object) -> Mapping[str, object]:
        return {"revision": self._revision(), "origin": ORIGIN, **more}


class FileAccess:
    """The file alone, while no hub runs with it."""

    def __init__(self, path: Path, data: str | None = None) -> None:
        self._path = path
        self._data = data
        self._editor = ConfigEditor(path, self._checked)

    def view(self) -> ConfigurationView:
        version, problem, admitted = self._editor.version(), "", []
        try:
            config = self._config(version.text)
            admitted = admitted_devices(config)
            validate(config)
        except ConfigError as error:
            problem = str(error)
        return ConfigurationView(
            file=str(self._path.absolute()),
            revision=version.revision,
            running="",
            unwritable=self._editor.file.why_not_writable(),
            problem=problem,
            needs_restart=(),
            devices=configured_devices(version.text, admitted),
            tables=configured_tables(version.text),
        )

    def add(self, keys: Mapping[str, Any]) -> ReloadView:  # Any: TOML values as JSON
        return self._change(self._changes().added(keys))

    def change(self, device: str, patch: Mapping[str, Any]) -> ReloadView:  # Any: TOML values as JSON
        return self._change(self._changes().changed(device, patch))

    def change_hub(self, edit: HubEdit) -> ReloadView:
        return self._change(hub_change(edit))

    def rename_room(self, room: str, name: str) -> ReloadView:
        return self._change(self._changes().room_renamed(room, name))

    def remove(self, device: str, history: History) -> ReloadView:
        config = self._config(self._editor.version().text)
        uuid = next((one.uuid for one in config.devices if one.id == device), "")
        if self._changes().admitted(device) is not None:
            raise CommandError(f"{device} was admitted and is not in the file. Start the hub, and remove it then.")
        done = self._change(self._changes().removed(device, uuid))
        if history == "delete":
            _delete_history(config, device)
        return done

    def reload(self, dry_run: bool = False) -> ReloadView:
        raise CommandError(
            "No hub runs with this configuration. The change takes effect when one is started: unclouded run."
        )

    def backups(self) -> Sequence[ConfigBackupView]:
        return backup_views(self._editor)

    def restore(self, backup: str) -> ReloadView:
        """A hub that runs with the file as it was before applies it as well."""
        done = _view_of(self._editor.restore(self._editor.version().revision, backup))
        config = self._config(self._editor.version().text)
        return HubConfiguration(HubClient(config.control)).reload() if is_running(config) else done

    # --- inside --------------------------------------------------------------------------------

    def _config(self, text: str) -> Config:
        return config_of(text, self._path, self._data)

    def _changes(self) -> DeviceChanges:
        config = self._config(self._editor.version().text)
        admitted = admitted_devices(config)
        return DeviceChanges([one.id for one in (*config.devices, *admitted)], admitted)

    def _change(self, change: DeviceChange) -> ReloadView:
        edit = self._editor.edit(self._editor.version().revision, change.text)
        if edit.checked.broker is not None:
            from unclouded.app.admissions import Admissions

            change.settle(Admissions(edit.checked))
        return msgspec.structs.replace(_view_of(edit), device=change.device)

    def _checked(self, text: str, before: str) -> Config:
        config = self._config(text)
        validate(config)
        check_new_problems(config, before)
        return config


def _view_of(edit: Edit[Config]) -> ReloadView:
    return ReloadView(revision=edit.after.revision, running=False, changed=edit.changed, warnings=texts(edit.checked))


def _reloaded(answer: object) -> ReloadView:
    return msgspec.convert(answer, ReloadView)


def _device(id: str) -> str:
    return f"{PATH}/devices/{quote(id, safe='')}"


def _delete_history(config: Config, device: str) -> None:
    """Delete what the store has of a device and its sub-devices. Raises ConfigError where a hub uses the store."""
    from unclouded.app.hub_process import locked
    from unclouded.store.sink import Store

    async def delete() -> None:
        store = Store(config.store)
        store.open()
        try:
            devices = store.stored_state().devices
            own = next((one.identity for one in devices if one.id == device), "")
            for one in with_parts(devices, own):
                store.forget(one.identity, ORIGIN)
        finally:
            await store.close()

    if config.store.exists():
        with locked(config.data):
            asyncio.run(delete())
