"""Writes what the docs show of the command line: every verb with its options, and a picture of the demo.

python -m unclouded.cli.reference docs
"""

import asyncio
import io
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

from unclouded.cli import VERBS, cli
from unclouded.cli.table import LiveView

PICTURE_S = 75.0  # s that the demo runs before its picture is taken
WIDTH = 100

HEAD = """# The command line

Written by `python3 dev.py docs` from the commands themselves.

Every verb takes `--json`: one object per line on stdout, everything else on stderr. Exit codes: 0 done,
1 the device or the wire said no, 2 the caller's words are off.
"""


def reference() -> str:
    """The whole page."""
    context = click.Context(cli, info_name="unclouded", max_content_width=100, terminal_width=100)
    parts = [HEAD]
    for name in VERBS:
        command = cli.get_command(context, name)
        if command is not None:
            help_text = command.get_help(click.Context(command, info_name=name, parent=context))
            parts.append(f"\n## {name}\n\n```text\n{help_text}\n```\n")
    return "".join(parts)


async def picture() -> str:
    """The live table of a demo that has run for a while, as SVG."""
    from unclouded.demo import demo

    view = LiveView("Demo")
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as (house, _):
            house.hub.subscribe(lambda facts: view.feed(*facts))
            view.feed(*house.hub.snapshot())
            await asyncio.sleep(PICTURE_S)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(view.render(time.time(), WIDTH))
    return console.export_svg(title="unclouded demo")


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    (docs / "cli.md").write_text(reference(), "utf-8")
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "pictures" / "demo.svg").write_text(asyncio.run(picture()), "utf-8")
