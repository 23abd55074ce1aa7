"""Writes what the docs say of the program itself: every verb, every family, the API, and a picture of the demo.

python -m unclouded.cli.reference docs
"""

import asyncio
import io
import re
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec
from rich.console import Console

from unclouded import families
from unclouded.app.device_factory import settings_of
from unclouded.cli import VERBS, cli
from unclouded.cli.sim import shared
from unclouded.cli.table import LiveView
from unclouded.core.family import Family
from unclouded.core.profile import Profile
from unclouded.profiles import ProfileLibrary
from unclouded.web.api import as_text

PICTURE_S = 75.0  # s that the demo runs before its picture is taken
WIDTH = 100

HEAD = """# The command line

Written by `python3 dev.py docs` from the commands themselves.

Every verb takes `--json`: one object per line on stdout, everything else on stderr. Exit codes: 0 done,
1 the device or the wire said no, 2 the caller's words are off.
"""

DEVICES_HEAD = """# Devices and their settings

Written by `python3 dev.py docs` from the families and profiles themselves. A setting stands in `session = { … }` of a
device or in `[session]` of a profile; times are in seconds. Without `profile =` the product that the device names on
the wire picks one.
"""


def reference() -> str:
    """The whole page."""
    context = cli.make_context("unclouded", [], resilient_parsing=True, terminal_width=100)
    parts = [HEAD]
    for name in VERBS:
        command = cli.get_command(context, name)
        if command is not None:
            parts += _helps(command, name, name, context)
    return "".join(parts)


def _helps(command: click.Command, name: str, title: str, parent: click.Context) -> list[str]:
    """What a verb says of itself, and the words that go behind it."""
    context = click.Context(command, info_name=name, parent=parent)
    parts = [f"\n{'##' if title == name else '###'} {title}\n\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for word, below in command.commands.items():
            parts += _helps(below, word, f"{title} {word}", context)
    return parts


def devices() -> str:
    """The page of the families: settings, profiles, actions, simulated kinds and their faults."""
    return DEVICES_HEAD + "".join(_family(families.family(name)) for name in families.NAMES)


def _family(family: Family) -> str:
    parts = [f"\n## {family.name}\n\n{family.words}.\n"]
    if family.controller is None:
        return parts[0] + "\nThis version decodes it (`unclouded decode`), but does not speak it yet.\n"
    parts += ["\n| setting | default |\n|---|---|\n"]
    settable = [field for field in msgspec.structs.fields(family.settings) if field.type is not str]
    parts += [f"| `{field.name}` | {_shown(field.default)} |\n" for field in settable]
    shelf = ProfileLibrary(settings_of)
    profiles = [profile for name in shelf.names() if (profile := shelf.get(name)).family == family.name]
    parts += ["\n| profile | for | points |\n|---|---|---|\n"]
    parts += [f"| `{one.name}` | {one.title} | {_points(one)} |\n" for one in profiles]
    parts += [f"\nWhere the product is not known: `{family.generic}`.\n"]
    parts += [f"\nAction `{one.name}`: {one.words}. {one.danger}\n" for one in family.actions]
    parts += [_simulated(family)] if family.sim_kinds else []
    return "".join(parts)


def _simulated(family: Family) -> str:
    kinds = family.sim_kinds.values()
    parts = ["\nSimulated:\n\n", *(f"- `unclouded sim {kind.name}`: {kind.words}.\n" for kind in kinds)]
    for names, faults in shared((kind.name, kind.faults) for kind in kinds):
        parts += [f"\nFaults of {_all(names)}:\n\n", *(f"- `{name}`: {words}\n" for name, words in faults.items())]
    for names, asks in shared((kind.name, kind.asks) for kind in kinds):
        parts += [f"\nWhat {_all(names)} can be made to ask, with `--ask`:\n\n"]
        parts += [f"- `{name}`: {words}.\n" for name, words in asks.items()]
    return "".join(parts)


def _all(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(default: object) -> str:
    """A setting's default as TOML has it."""
    if isinstance(default, tuple):
        return f"[{', '.join(map(str, default))}]"
    return f"{default:g}" if isinstance(default, int | float) and not isinstance(default, bool) else str(default)


def _points(profile: Profile) -> str:
    return ", ".join(row.point.key for row in profile.points) or "every wire key becomes a point of its own"


async def picture() -> str:
    """The live table of a demo that has run for a while, as SVG."""
    from unclouded.app.demo import demo

    view = LiveView("Demo")
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as (running, _):
            running.hub.subscribe(lambda facts: view.feed(*facts))
            view.feed(*running.hub.snapshot())
            await asyncio.sleep(PICTURE_S)
            console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
            console.print(view.render(time.time(), WIDTH))
    drawn = console.export_svg(title="unclouded demo")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)  # no font from somebody's server


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    (docs / "cli.md").write_text(reference(), "utf-8")
    (docs / "devices.md").write_text(devices(), "utf-8")
    (docs / "openapi.json").write_text(as_text(), "utf-8")
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "pictures" / "demo.svg").write_text(asyncio.run(picture()), "utf-8")
