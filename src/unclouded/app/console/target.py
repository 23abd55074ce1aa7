"""Where a console is: a device of a hub, or a link that no hub holds."""

from collections.abc import Iterator

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient, device_path
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import DeviceTable, links_of
from unclouded.app.console.typed_command import ACTION, FAMILY
from unclouded.core.errors import CommandError


def is_link(target: str) -> bool:
    """Whether it is the address of a link or the path of a port, and not the id of a device."""
    return ":" in target or target.startswith(("/", "."))


def link_of(target: str) -> str:
    """The address of a link; the path of a port is one of a serial line."""
    return target if ":" in target else f"serial:{target}"


def device_on(link: str, config: Config) -> str:
    """The device of a running hub that holds this link; "" where none does."""
    if not is_running(config):
        return ""
    return next((device.id for device in config.devices if link in _consoles(device)), "")


def check_console(hub: HubClient, device: str) -> None:
    """Raises CommandError where the device is not known, or has no console."""
    found = hub.get(device_path(device))
    if all(action["name"] != ACTION for action in found["actions"]):
        raise CommandError(
            f"{device} has no console: it is a device of {found['family']}. A console is a device, or a channel of one,"
            f' with family = "{FAMILY}" and the link of its serial line.'
        )


def _consoles(device: DeviceTable) -> Iterator[str]:
    """The links of the device's consoles."""
    for family, link in [(device.family, device.link), *((wire.family, wire.link) for wire in device.channel)]:
        if family == FAMILY:
            yield from links_of(link)
