"""A configuration and its backups as the API and the command line show them."""

from collections.abc import Sequence
from typing import Any

from unclouded.app.configuration.edits.device_changes import table_keys
from unclouded.app.configuration.edits.device_edits import devices_of
from unclouded.app.configuration.edits.differences import shown
from unclouded.app.configuration.edits.editor import ConfigEditor
from unclouded.app.configuration.places import ConfigPlaces
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.core.errors import ConfigError
from unclouded.core.text.toml_text import read_toml
from unclouded.core.times import iso
from unclouded.core.views.configuration import ConfigBackupView, ConfiguredDevice


def configured_devices(text: str, admitted: Sequence[DeviceTable]) -> list[ConfiguredDevice]:
    """The devices of a text, then the plugs that were admitted; none where it is not TOML."""
    try:
        tables = devices_of(read_toml(text, ""))
    except ConfigError:
        tables = []
    places = ConfigPlaces(text)
    found = [
        ConfiguredDevice(id=str(one.get("id", "")), keys=shown(one), line=places.line(("device", number)))
        for number, one in enumerate(tables)
    ]
    known = {str(one.get("uuid", "")).lower() for one in tables}
    return found + [
        ConfiguredDevice(id=one.id, keys=shown(table_keys(one)), line=None, admitted=True)
        for one in admitted
        if one.uuid.lower() not in known
    ]


def backup_views(editor: ConfigEditor[Any]) -> list[ConfigBackupView]:
    """The backups, newest first. Any: whatever its check makes."""
    return [
        ConfigBackupView(name=one.name, at=iso(one.at), size=one.size, revision=one.revision)
        for one in editor.backups()
    ]
