"""What a new list of devices changes of the devices that run. Pure.

same id, same wires ─────────► kept: its session goes on; its name, room, parent … may be new (described)
same id, something else ─────► restarted
another id, same wires ──────► renamed: restarted under the new id; its identity, so its history, is the same
in one of the lists only ────► added, removed
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from unclouded.hub.node import DeviceNode, NodeSpec


class SpecChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of devices. ``renamed``: the old id -> the new one. ``described``: kept, with another name or place.

    ``kept`` includes those that are ``described``.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = {}
    restarted: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def stopped(self) -> tuple[str, ...]:
        """The devices that no longer run as they did."""
        return (*self.removed, *self.renamed, *self.restarted)

    @property
    def started(self) -> frozenset[str]:
        """The devices that begin again, by their new ids."""
        return frozenset((*self.added, *self.renamed.values(), *self.restarted))


def spec_changes(nodes: Mapping[str, DeviceNode], specs: Iterable[NodeSpec]) -> SpecChanges:
    """What the specs change; ``nodes``: the devices that run, by id."""
    new = {spec.id: spec for spec in specs}
    same = [id for id in new if id in nodes]
    kept = {id: new[id] for id in same if nodes[id].runs_as(new[id])}
    gone = [id for id in nodes if id not in new]
    renamed = _renamed([nodes[id] for id in gone], [spec for id, spec in new.items() if id not in nodes])
    new_names = frozenset(renamed.values())
    return SpecChanges(
        added=tuple(id for id in new if id not in nodes and id not in new_names),
        removed=tuple(id for id in gone if id not in renamed),
        renamed=renamed,
        restarted=tuple(id for id in same if id not in kept),
        described=tuple(id for id in kept if nodes[id].spec.described_by != new[id].described_by),
        kept=tuple(kept),
    )


def _renamed(gone: Iterable[DeviceNode], new: Iterable[NodeSpec]) -> dict[str, str]:
    """The old id -> the new one on the same wires. Only devices that are made of the same are compared."""
    candidates = defaultdict[tuple[str, ...], dict[str, DeviceNode]](dict)
    for node in gone:
        candidates[_made_of(node.spec)][node.id] = node
    found: dict[str, str] = {}
    for spec in new:
        like = candidates[_made_of(spec)]
        old = next((id for id, node in like.items() if node.runs_as(spec)), None)
        if old is not None:
            found[old] = spec.id
            del like[old]
    return found


def _made_of(spec: NodeSpec) -> tuple[str, ...]:
    return tuple(text for channel in spec.channels for text in (channel.link, channel.made_of))
