"""Changes of many devices at once take as long as so many single ones: comparisons are counted, not seconds."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unclouded.app.configuration.checks.values import check_devices
from unclouded.app.configuration.config import parse_config
from unclouded.app.configuration.edits.differences import differences
from unclouded.app.device_factory import DeviceFactory
from unclouded.hub.node import NodeSpec
from unclouded.hub.spec_changes import spec_changes

SMALL, LARGE = 60, 240  # devices
MOST = 1.3  # times the growth of the number


def text(count: int, name: str, is_chain: bool = False) -> str:
    """A configuration of so many devices."""
    tables = [
        f'[[device]]\nid = "{name}{one}"\nfamily = "emporia"\nlink = "tcp://10.0.0.{one}:1"\n'
        + (f'parent = "{name}{one + 1}"\n' if is_chain and one + 1 < count else "")
        for one in range(count)
    ]
    return "\n".join(tables)


class RunningNode:
    """A device that runs with a spec."""

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        self.id = spec.id

    def runs_as(self, spec: NodeSpec) -> bool:
        return self.spec.channels[0].link == spec.channels[0].link


def specs(count: int, name: str) -> list[NodeSpec]:
    return list(DeviceFactory(parse_config(text(count, name), "u.toml", env={})).nodes())


def cost(work: Callable[[], object]) -> int:
    """Calls and lines of Python that the work takes."""
    steps = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def renamed_specs(count: int) -> Callable[[], object]:
    nodes: Any = {one.id: RunningNode(one) for one in reversed(specs(count, "a"))}
    new = specs(count, "b")
    return lambda: spec_changes(nodes, new)


def renamed_texts(count: int) -> Callable[[], object]:
    old = "".join(f"[[device]]{one}\n" for one in reversed(text(count, "a").split("[[device]]")[1:]))
    assert len(differences(old, text(count, "b"))) == count
    return lambda: differences(old, text(count, "b"))


def parents(count: int) -> Callable[[], object]:
    devices = parse_config(text(count, "a", is_chain=True), "u.toml", env={}).devices
    return lambda: check_devices(devices, "u.toml")


@pytest.mark.parametrize("made", [renamed_specs, renamed_texts, parents])
def test_the_cost_of_many_devices_is_linear(made: Callable[[int], Callable[[], object]], tmp_path: Path) -> None:
    made(2)()
    small, large = cost(made(SMALL)), cost(made(LARGE))
    assert large / small < MOST * LARGE / SMALL, (small, large)


def test_devices_on_the_same_wires_are_renamed_once_each() -> None:
    nodes: Any = {one.id: RunningNode(one) for one in specs(3, "a")}
    changes = spec_changes(nodes, [*specs(2, "b"), *specs(1, "a")])
    assert (changes.kept, changes.renamed) == (("a0",), {"a1": "b1"})
    assert (changes.added, changes.removed) == (("b0",), ("a2",))
