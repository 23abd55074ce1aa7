"""What the checks look at: the configuration, the chosen devices, the computer, and the hub that runs."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.access.hub_client import ABOUT, HubClient, is_listening
from unclouded.app.admissions import Admissions
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import DeviceTable, links_of
from unclouded.app.doctor.computer import Computer
from unclouded.core.errors import CommandError, ConfigError, LinkError

ANSWER_S = 3.0  # of a hub; each check has 5 s and more


class Wire(msgspec.Struct, frozen=True):
    """One link of a device."""

    device: str
    family: str
    link: str
    uuid: str = ""


class DoctorContext(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """``config`` None: there is none, or it is invalid, which ``why_none`` says. ``is_named``: the command named one.

    ``data``: the data folder. ``devices``: those that were chosen, admitted ones too; ``chosen``: whether any were.
    """

    data: Path
    config: Config | None = None
    why_none: str = ""
    is_named: bool = False
    devices: tuple[DeviceTable, ...] = ()
    chosen: bool = False
    computer: Computer = Computer()

    @property
    def control(self) -> Path:
        return self.data / "control"

    @property
    def is_locked(self) -> bool:
        """Whether the data folder is there, and this user may not look into it, or not speak to its hub."""
        is_closed = os.path.lexists(self.data) and not os.access(self.data, os.R_OK | os.X_OK)
        return is_closed or (os.path.lexists(self.control) and not os.access(self.control, os.R_OK | os.W_OK))

    @property
    def hub(self) -> HubClient | None:
        """The hub that runs on the data folder."""
        return HubClient(self.control, answer_s=ANSWER_S) if is_listening(self.control) else None

    @cached_property
    def is_hub_hanging(self) -> bool:
        """Whether it accepts connections and answers none; it is waited for once, not in each check."""
        hub = self.hub
        return hub is not None and not hub.works()

    def about_hub(self) -> dict[str, Any] | None:  # Any: the API's JSON
        """What the running hub says of itself; None where none runs. Raises LinkError where it hangs."""
        hub = self.answering_hub()
        return None if hub is None else hub.get(ABOUT)

    def answering_hub(self) -> HubClient | None:
        """The hub that runs. Raises LinkError where it hangs, or is another user's."""
        if self.is_locked:
            raise LinkError(f"you may not look into {self.data}, and a hub may run there")
        if self.is_hub_hanging:
            raise LinkError("the hub does not answer")
        return self.hub

    def locking_process(self) -> int | None:
        """The process that has opened the lock. The lock itself is not tried: a hub might start meanwhile."""
        holders, _ = self.computer.holders_of(self.data / "lock")
        return holders[0].pid if holders else None

    def wires(self) -> Iterator[Wire]:
        """The links of the chosen devices."""
        for device in self.devices:
            for link in links_of(device.link):
                yield Wire(device.id, device.family, link, device.uuid)
            for channel in device.channel:
                for link in links_of(channel.link):
                    yield Wire(device.id, channel.family, link, device.uuid)


def chosen_devices(config: Config, ids: Sequence[str]) -> tuple[DeviceTable, ...]:
    """The configured and the admitted devices of these ids, all where none is named. Raises CommandError."""
    known = [*config.devices, *_admitted(config)]
    names = [one.id for one in known]
    for id in ids:
        if id not in names:
            raise CommandError(
                f"There is no device {id!r}. There are: {', '.join(names) or 'none'}.{did_you_mean(id, names)}"
            )
    return tuple(one for one in known if not ids or one.id in ids)


def _admitted(config: Config) -> list[DeviceTable]:
    """None where their file is damaged, which a check names."""
    try:
        return Admissions(config).devices(config.devices) if config.broker is not None else []
    except ConfigError:
        return []
