"""Pages of the docs that the families, the profiles and the API define."""

from collections.abc import Iterable, Iterator

import msgspec

from unclouded import families
from unclouded.app.protocols import profiles_of
from unclouded.app.reference.command_tables import safe_cell
from unclouded.app.reference.setting_meanings import SETTING_MEANINGS
from unclouded.app.simulation.simulation import shared_tables
from unclouded.core.family import Family
from unclouded.core.model import ActionSpec
from unclouded.core.profile import Profile
from unclouded.web.api.api import as_text

HEAD = """# Devices and their settings

Written by `python3 dev.py docs` from the families and profiles themselves. A setting is written in `session = { … }` of
a device or in `[session]` of a profile; times are in seconds, and a name with a dot is a key of a table inside. Without
`profile =` the product that the device reports selects one.

An action is called with `unclouded do DEVICE ACTION NAME=VALUE …`, or on the page of the device; one with a danger
needs `--yes` there, and a confirmation on the page. Simulated devices and their faults: [simulating](simulating.md).
"""


def api_document() -> str:
    """The OpenAPI document of the API."""
    return as_text()


def devices_page() -> str:
    """The page of the families: settings, profiles, actions, simulated kinds and their faults."""
    return HEAD + "".join(_family(families.family(name)) for name in families.NAMES)


def _family(family: Family) -> str:
    parts = [f"\n## {family.name}\n\n{family.words}.\n"]
    if family.controller is None:
        return parts[0] + "\nThis version decodes it (`unclouded decode`), but has no session for it yet.\n"
    meanings = SETTING_MEANINGS[family.name]
    parts += ["\n| setting | default | meaning |\n|---|---|---|\n"]
    parts += [f"| `{name}` | {_default(value)} | {meanings[name]} |\n" for name, value in settings_of(family.settings)]
    parts += ["\n| profile | for | points |\n|---|---|---|\n"]
    parts += [f"| `{one.name}` | {one.title} | {_points(one)} |\n" for one in profiles_of(family.name)]
    parts += [f"\nFor unknown products: `{family.generic}`.\n"]
    parts += ["\n| action | what it does | arguments | danger |\n|---|---|---|---|\n"] if family.actions else []
    parts += [_action(one) for one in family.actions]
    parts += [_simulated(family)] if family.sim_kinds else []
    return "".join(parts)


def _simulated(family: Family) -> str:
    kinds = family.sim_kinds.values()
    parts = ["\nSimulated:\n\n", *(f"- `unclouded sim {kind.name}`: {sentence(kind.words)}\n" for kind in kinds)]
    for names, dialects in shared_tables((kind.name, kind.dialects) for kind in kinds):
        parts += [f"\nGenerations of {_all(names)}, with `--dialect`; the first one is the usual one:\n\n"]
        parts += [f"- `{name}`: {text}.\n" for name, text in dialects.items()]
    for names, faults in shared_tables((kind.name, kind.faults) for kind in kinds):
        parts += [
            f"\nFaults of {_all(names)}:\n\n",
            *(f"- `{name}`: {sentence(text)}\n" for name, text in faults.items()),
        ]
    for names, asks in shared_tables((kind.name, kind.asks) for kind in kinds):
        parts += [f"\nQuestions that {_all(names)} can ask, with `--ask`:\n\n"]
        parts += [f"- `{name}`: {text}.\n" for name, text in asks.items()]
    return "".join(parts)


def _all(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def _action(action: ActionSpec) -> str:
    cells = (sentence(action.words), _arguments(action), action.danger or "–")
    return f"| `{action.name}` | {' | '.join(map(safe_cell, cells))} |\n"


def _arguments(action: ActionSpec) -> str:
    return "; ".join(f"`{name}`: {text}" for name, text in action.args.items()) or "–"


def settings_of(table: type[msgspec.Struct], before: str = "") -> Iterator[tuple[str, object]]:
    """Name and default of each setting; those of a table inside by their whole name."""
    for field in msgspec.structs.fields(table):
        if isinstance(field.default, msgspec.Struct):
            yield from settings_of(type(field.default), f"{before}{field.name}.")
        else:
            yield f"{before}{field.name}", field.default


def _default(value: object) -> str:
    """A setting's default as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if value is msgspec.NODEFAULT:  # a table
        return "{}"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'


def _points(profile: Profile) -> str:
    return ", ".join(row.point.key for row in profile.points) or "each wire key becomes a point of its own"
