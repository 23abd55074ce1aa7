"""What is remembered of rules, after devices got other ids: rules that name them go on, and so do timers."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from unclouded.core.errors import CommandError
from unclouded.rules.engine.remembering import digest_of
from unclouded.rules.engine.rule_memory import EngineMemory, RuleMemory, RunMemory
from unclouded.rules.rule import Rule
from unclouded.rules.text.renaming import with_ids

Rename = Callable[[str], str]


def renamed_memory(memory: EngineMemory, rules: Mapping[str, Rule], rename: Rename) -> EngineMemory:
    """``rules``: as they were before; ``rename``: the id that a device had -> the one that it has."""
    return replace(
        memory,
        rules={name: _renamed(one, rules.get(name), rename) for name, one in memory.rules.items()},
        timers=tuple(replace(one, device=rename(one.device)) for one in memory.timers),
        bases=tuple((rename(device), point, value) for device, point, value in memory.bases),
    )


# --- inside -------------------------------------------------------------------------------------------


def _renamed(memory: RuleMemory, rule: Rule | None, rename: Rename) -> RuleMemory:
    run = None if memory.run is None else _renamed_run(memory.run, rename)
    if rule is None or memory.digest != digest_of(rule):
        return replace(memory, run=run)
    try:
        digest = digest_of(replace(rule, keys=with_ids(rule.keys, rename)))
    except CommandError:  # the new id cannot stand in its text, so the rule did not follow
        digest = memory.digest
    return replace(memory, digest=digest, run=run)


def _renamed_run(run: RunMemory, rename: Rename) -> RunMemory:
    return replace(
        run,
        released=tuple((rename(device), point, until) for device, point, until in run.released),
        kept=tuple((rename(device), point, value) for device, point, value in run.kept),
        after=tuple((rename(device), point, value) for device, point, value in run.after),
    )
