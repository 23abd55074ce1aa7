"""What a new list of devices changes of the devices that run. Pure.

same id, same wires ─────────► kept: its session goes on; its name, room, parent … may be new (described)
same id, something else ─────► restarted
another id, same wires ──────► renamed: restarted under the new id; its identity, so its history, is the same
in one of the lists only ────► added, removed
"""

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
        """The devices that begin anew, by their new ids."""
        return frozenset((*self.added, *self.renamed.values(), *self.restarted))


def spec_changes(nodes: Mapping[str, DeviceNode], specs: Iterable[NodeSpec]) -> SpecChanges:
    """What the specs change; ``nodes``: the devices that run, by id."""
    new = {spec.id: spec for spec in specs}
    same = [id for id in new if id in nodes]
    kept = [id for id in same if nodes[id].runs_as(new[id])]
    gone = [id for id in nodes if id not in new]
    renamed: dict[str, str] = {}
    for id, spec in new.items():
        old = next((one for one in gone if one not in renamed and nodes[one].runs_as(spec)), None)
        if id not in nodes and old is not None:
            renamed[old] = id
    return SpecChanges(
        added=tuple(id for id in new if id not in nodes and id not in renamed.values()),
        removed=tuple(id for id in gone if id not in renamed),
        renamed=renamed,
        restarted=tuple(id for id in same if id not in kept),
        described=tuple(id for id in kept if nodes[id].spec.described_by != new[id].described_by),
        kept=tuple(kept),
    )
