"""Writes the pages of the docs that the program itself defines: verbs, families, the API, and a picture of the demo.

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
from rich.console import Console

from unclouded.app.conformance.check_lists import conformance_page
from unclouded.app.products.supported_pages import FOLDER, supported_pages
from unclouded.app.reference.command_tables import PAGES, filled
from unclouded.app.reference.pages import api_document, devices_page
from unclouded.app.reference.points_page import points_page
from unclouded.cli import VERBS, cli
from unclouded.cli.output.terminal.live_table import LiveView
from unclouded.fleet.api.application import as_text as fleet_api_document

PICTURE_S = 75.0  # s that the demo runs before its picture is taken
WIDTH = 100

HEAD = """# The command line

Written by `python3 dev.py docs` from the commands themselves.

Every verb takes `--json`: one object per line on stdout, everything else on stderr. Exit codes: 0 done,
1 the device or the link failed, 2 the command or the configuration is invalid.
"""


def reference() -> str:
    """The page of the command line."""
    context = cli.make_context("unclouded", [], resilient_parsing=True, terminal_width=100)
    parts = [HEAD]
    for name in VERBS:
        command = cli.get_command(context, name)
        if command is not None:
            parts += _helps(command, name, name, context)
    return "".join(parts)


def _helps(command: click.Command, name: str, title: str, parent: click.Context) -> list[str]:
    """The help of a verb and of its sub-commands."""
    context = click.Context(command, info_name=name, parent=parent)
    parts = [f"\n{'##' if title == name else '###'} {title}\n\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for sub in command.commands or command.list_commands(context):
            below = command.get_command(context, sub)
            if below is not None:
                parts += _helps(below, sub, f"{title} {sub}", context)
    return parts


def write_supported(docs: Path) -> None:
    """The pages of the supported products; those of kinds that are no more are deleted."""
    pages = supported_pages()
    (docs / FOLDER).mkdir(exist_ok=True)
    for old in (docs / FOLDER).glob("*.md"):
        if f"{FOLDER}/{old.name}" not in pages:
            old.unlink()
    for name, page in pages.items():
        (docs / name).write_text(page, "utf-8")


async def picture() -> str:
    """The live table of a demo that has run for a while, as SVG."""
    from unclouded.app.demo.home import demo

    view = LiveView("Demo")
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as (running, _):
            running.hub.subscribe(lambda facts: view.feed(*facts))
            view.feed(*running.hub.snapshot())
            await asyncio.sleep(PICTURE_S)
            console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
            console.print(view.render(time.time(), WIDTH))
    drawn = console.export_svg(title="unclouded demo")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)  # no font from another server


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    (docs / "cli.md").write_text(reference(), "utf-8")
    (docs / "devices.md").write_text(devices_page(), "utf-8")
    (docs / "points.md").write_text(points_page(), "utf-8")
    (docs / "conformance.md").write_text(conformance_page(), "utf-8")
    write_supported(docs)
    (docs / "openapi.json").write_text(api_document(), "utf-8")
    (docs / "fleet_openapi.json").write_text(fleet_api_document(), "utf-8")
    for name in PAGES:
        protocol = docs / "protocols" / f"{name}.md"
        protocol.write_text(filled(protocol.read_text("utf-8")), "utf-8")
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "pictures" / "demo.svg").write_text(asyncio.run(picture()), "utf-8")
