"""What a home lets out: a filter that comes before every encoder. A device with ``nothing`` is in no byte of anything.

Source: docs/protocols/fleet.md §11
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.uplink.contents.catalogue import SentCatalogue, SentControl, SentDevice, SentSeries
from unclouded.uplink.contents.events import WindowEvent
from unclouded.uplink.messages import LetOut
from unclouded.uplink.sent_events import each_text, is_let_out, without_addresses

DeviceLevel = Literal["nothing", "energy", "quarter", "minute", "raw"]
DEVICE_LEVELS: tuple[DeviceLevel, ...] = ("nothing", "energy", "quarter", "minute", "raw")  # each includes those before
NOTHING, ENERGY = 0, 1


class LetOutRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chose. ``level``: of devices that ``devices`` (id or identity -> level) does not name.

    ``gone``: identity -> level of devices that were in the configuration; more is never let out of them.
    """

    level: DeviceLevel = "quarter"
    devices: Mapping[str, DeviceLevel] = {}
    gone: Mapping[str, DeviceLevel] = {}
    names: bool = False
    events: bool = False
    questions: bool = False
    control: bool = False


class HomeNames(msgspec.Struct, frozen=True, kw_only=True):
    """How one device of the store is called: ``number``; every id that it ever had, its identity; name and room.

    ``ids``: the current id first, the identity last.
    """

    number: int
    ids: tuple[str, ...]
    name: str = ""
    room: str = ""


class LetOutFilter:
    """The rules for the devices of a store. Made again when devices or rules change."""

    def __init__(self, rules: LetOutRules, devices: Iterable[HomeNames]) -> None:
        self._rules = rules
        self._devices = {one.number: one for one in devices}
        self._ranks = {one.number: _rank(rules, one.ids) for one in self._devices.values()}
        kept = frozenset(text for one in self._devices.values() if self._ranks[one.number] for text in _texts(one))
        self._hidden = frozenset(
            text for one in self._devices.values() if not self._ranks[one.number] for text in _texts(one)
        )
        self._identities = frozenset(one.ids[-1] for one in self._devices.values() if self._ranks[one.number])
        self._names = frozenset() if rules.names else kept

    @property
    def rules(self) -> LetOutRules:
        return self._rules

    def message(self) -> LetOut:
        """As ``hello`` says it."""
        rules = self._rules
        levels = tuple(level for level in DEVICE_LEVELS[ENERGY:] if level in self.levels())
        return LetOut(levels, rules.names, rules.events, rules.questions, rules.control)

    def levels(self) -> tuple[str, ...]:
        """The levels of the outbox that are sent at all; () where nothing is."""
        ranks = [DEVICE_LEVELS.index(one) for one in (self._rules.level, *self._rules.devices.values())]
        found: tuple[str, ...] = DEVICE_LEVELS[ENERGY : max(ranks) + 1]
        if not found:
            return ()
        return ("catalogue", *found, *(("events",) if self._rules.events else ()))

    def level_of(self, number: int) -> DeviceLevel:
        """Of a device, by number: the lowest of the levels of all ids that it had; of an unknown one ``nothing``."""
        return DEVICE_LEVELS[self._ranks.get(number, NOTHING)]

    def lets_out(self, number: int, level: DeviceLevel) -> bool:
        """Whether windows of a level may contain this device."""
        return self._ranks.get(number, NOTHING) >= DEVICE_LEVELS.index(level) > NOTHING

    def levels_by_identity(self) -> dict[str, DeviceLevel]:
        """Of the devices that are in the configuration; see ``LetOutRules.gone``."""
        return {
            one.ids[-1]: self.level_of(number)
            for number, one in self._devices.items()
            if one.ids[0] in self._rules.devices
        }

    def text(self, text: str) -> str:
        """What may leave the home of a sentence: "" where it mentions what is not let out; without addresses."""
        return "" if _mentions(text, self._hidden | self._names) else without_addresses(text)

    def device(self, id: str) -> int | None:
        """The number of the device that a command of the fleet names (see SentDevice.id), None: of none let out."""
        if not self._rules.names:
            number = int(id) if id.isascii() and id.isdigit() and len(id) < 19 else NOTHING
            return number if self._ranks.get(number) else None
        current = (number for number, one in self._devices.items() if one.ids[:1] == (id,) and self._ranks[number])
        return next(current, None)

    def catalogue(self, whole: SentCatalogue) -> SentCatalogue:
        """Without devices that are not let out; without names, ids are numbers, and names, rooms, labels are empty.

        Of a device whose energy alone is let out, there are its counters, and nothing that can be set. Flags are those
        of all devices.
        """
        devices = [self._device(one) for one in whole.devices if self._ranks.get(one.number)]
        series = [self._series(one) for one in whole.series if self._is_needed(one)]
        return msgspec.structs.replace(whole, devices=tuple(devices), series=tuple(series))

    def events(self, events: Iterable[WindowEvent]) -> list[WindowEvent]:
        """Those of kinds, devices and the home that are let out, and that mention no device that is not.

        Without names, a text that mentions a device is left out.
        """
        if not self._rules.events:
            return []
        let_out = (one for one in events if is_let_out(one.kind, self._rules.names) and self._is_of_let_out(one))
        return [kept for one in let_out for kept in self._event(one)]

    # --- inside --------------------------------------------------------------------------------

    def _device(self, one: SentDevice) -> SentDevice:
        if self._ranks[one.number] == ENERGY:
            one = msgspec.structs.replace(one, main="", controls=())
        parent = one.parent if self._ranks.get(one.parent) else 0
        if self._rules.names:
            return msgspec.structs.replace(one, parent=parent)
        controls = one.controls and tuple(_unlabelled(control) for control in one.controls)
        product = "" if _mentions(one.product, self._names) else one.product
        hidden = {"name": "", "room": "", "identity": "", "product": product, "controls": controls}
        return msgspec.structs.replace(one, id=str(one.number), parent=parent, **hidden)

    def _is_needed(self, one: SentSeries) -> bool:
        rank = self._ranks.get(one.device, NOTHING)
        return rank > ENERGY or (rank == ENERGY and one.kind == "counter")

    def _series(self, one: SentSeries) -> SentSeries:
        return one if self._rules.names else msgspec.structs.replace(one, label="")

    def _is_of_let_out(self, one: WindowEvent) -> bool:
        return not one.device or bool(self._ranks.get(one.device))

    def _event(self, one: WindowEvent) -> Iterator[WindowEvent]:
        """The event, if it mentions no device that is hidden, or that is not in the store any more."""
        data = json.loads(one.data)
        if any(_mentions(text, self._hidden) for text in (one.text, *_strings(data))):
            return
        if "identities" in data and not (data["identities"] and self._identities.issuperset(data["identities"])):
            return
        cleaned = each_text(_without(data, self._names), without_addresses)
        yield msgspec.structs.replace(one, text=self.text(one.text), data=json.dumps(cleaned, separators=(",", ":")))


def _unlabelled(one: SentControl) -> SentControl:
    return msgspec.structs.replace(one, label="")


def _rank(rules: LetOutRules, ids: Sequence[str]) -> int:
    """``ids``: its current one first, its identity last."""
    chosen = [rules.devices[id] for id in ids if id in rules.devices] or [rules.level]
    if ids[0] not in rules.devices and ids[-1] in rules.gone:
        chosen += [rules.gone[ids[-1]], rules.level]
    return min(DEVICE_LEVELS.index(level) for level in chosen)


def _texts(one: HomeNames) -> Iterator[str]:
    """What a device is called, in small letters."""
    return (text.casefold() for text in (*one.ids, one.name, one.room) if text)


def _mentions(text: str, names: frozenset[str]) -> bool:
    """Whether any name is in a text, in any letters."""
    folded = text.casefold()
    return any(name in folded for name in names)


def _strings(thing: Any) -> Iterator[str]:  # Any: JSON
    """All texts in JSON, also keys."""
    match thing:
        case str():
            yield thing
        case list():
            for one in thing:
                yield from _strings(one)
        case dict():
            for key, one in thing.items():
                yield key
                yield from _strings(one)


def _without(thing: Any, names: frozenset[str]) -> Any:  # Any: JSON
    """JSON without the texts that mention a name."""
    match thing:
        case str():
            return "" if _mentions(thing, names) else thing
        case list():
            return [_without(one, names) for one in thing]
        case dict():
            return {key: _without(one, names) for key, one in thing.items() if not _mentions(key, names)}
    return thing
