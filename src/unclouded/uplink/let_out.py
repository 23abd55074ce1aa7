"""What a home lets out: a filter that comes before every encoder. A device with ``nothing`` is in no byte of anything.

Source: docs/protocols/fleet.md §11
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from unclouded.uplink.contents.catalogue import SentCatalogue
from unclouded.uplink.contents.events import WindowEvent
from unclouded.uplink.messages import LetOut

DeviceLevel = Literal["nothing", "energy", "quarter", "minute", "raw"]
DEVICE_LEVELS: tuple[DeviceLevel, ...] = ("nothing", "energy", "quarter", "minute", "raw")  # each includes those before


class LetOutRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chose. ``level``: of devices that ``devices`` (id or identity -> level) does not name."""

    level: DeviceLevel = "quarter"
    devices: Mapping[str, DeviceLevel] = {}
    names: bool = False
    events: bool = False
    questions: bool = False
    control: bool = False


class HomeNames(msgspec.Struct, frozen=True, kw_only=True):
    """How one device of the store is called: ``number``; every id that it ever had, its identity; name and room."""

    number: int
    ids: tuple[str, ...]
    name: str = ""
    room: str = ""


class LetOutFilter:
    """The rules for the devices of a store. Made again when devices or rules change."""

    def __init__(self, rules: LetOutRules, devices: Iterable[HomeNames]) -> None:
        raise NotImplementedError

    @property
    def rules(self) -> LetOutRules:
        raise NotImplementedError

    def message(self) -> LetOut:
        """As ``hello`` says it."""
        raise NotImplementedError

    def levels(self) -> tuple[str, ...]:
        """The levels of the outbox that are sent at all; () where nothing is."""
        raise NotImplementedError

    def level_of(self, number: int) -> DeviceLevel:
        """Of a device, by number: the lowest of the levels of all ids that it had; of an unknown one ``nothing``."""
        raise NotImplementedError

    def lets_out(self, number: int, level: DeviceLevel) -> bool:
        """Whether windows of a level may contain this device."""
        raise NotImplementedError

    def device(self, id: str) -> int | None:
        """The number of the device that a command of the fleet names (see SentDevice.id), None: of none let out."""
        raise NotImplementedError

    def catalogue(self, whole: SentCatalogue) -> SentCatalogue:
        """Without devices that are not let out; without names, ids are numbers, and names, rooms, labels are empty."""
        raise NotImplementedError

    def events(self, events: Iterable[WindowEvent]) -> list[WindowEvent]:
        """Without events of, or that mention, devices that are not let out; without names, texts that hold one are left
        out."""
        raise NotImplementedError
