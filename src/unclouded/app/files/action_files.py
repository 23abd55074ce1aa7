"""Files that an action names: read on this computer and uploaded to the hub, which sends them to the device."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from unclouded.app.access.hub_client import HubClient
from unclouded.core.errors import CommandError
from unclouded.core.model import LARGEST_UPDATE

LONGEST_NAME = 100  # characters

Action = Mapping[str, Any]  # Any: the API's JSON


def with_uploaded_files(
    hub: HubClient,
    action: Action | None,
    args: Mapping[str, str],
    confirmed: bool,
    report: Callable[[str], None] = lambda text: None,
) -> dict[str, str]:
    """The arguments, with each file that they name uploaded and replaced by its name on the hub.

    Nothing is uploaded for a command that the hub will refuse. ``report``: called with what each file is, as a line.
    Raises CommandError.
    """
    if action is None or (action["danger"] and not confirmed) or any(name not in action["args"] for name in args):
        return dict(args)
    files = {name: _read(args[name]) for name in action["files"] if name in args}
    return {**args, **{name: _upload(hub, args[name], data, report) for name, data in files.items()}}


def _read(place: str) -> bytes:
    """Raises CommandError."""
    try:
        with Path(place).expanduser().open("rb") as file:
            data = file.read(LARGEST_UPDATE + 1)
    except OSError as error:
        raise CommandError(f"The file {place} cannot be read: {error.strerror}.") from None
    except RuntimeError:  # ~name
        raise CommandError(f"The file {place} cannot be read: no user here has that home folder.") from None
    if len(data) > LARGEST_UPDATE:
        raise CommandError(f"The file {place} is too long: the limit is {LARGEST_UPDATE} bytes.")
    return data


def _upload(hub: HubClient, place: str, data: bytes, report: Callable[[str], None]) -> str:
    """The name of the file on the hub; another file of that name is kept."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(place).name)[-LONGEST_NAME:].lstrip(".") or "file"
    kept = hub.put(f"/api/updates/{quote(name)}", data, beside="true")
    report(f"{kept['name']}: {kept['firmware']['text']}")
    return str(kept["name"])
