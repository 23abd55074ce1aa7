"""The colours of a terminal on a console; without colours where NO_COLOR is set."""

import os

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from unclouded.cli.terminal.painted import Painted

STYLE = Style.from_dict(
    {
        "good": "ansigreen",
        "warning": "ansiyellow",
        "error": "ansired",
        "title": "bold",
        "note": "ansibrightblack",
        "time": "ansibrightblack",
        "module": "ansicyan",
        "source": "ansibrightblack",
        "log": "",
        "prompt": "bold",
        "danger": "ansired",
        "bottom-toolbar": "noreverse",
        "bottom-toolbar.text": "",
    }
)


def formatted(line: Painted) -> FormattedText:
    """A line as prompt_toolkit takes it, each part with the class of its colour."""
    return FormattedText([(f"class:{what}" if what else "", text) for what, text in line])


def colour_depth() -> ColorDepth | None:
    """None = what the terminal can."""
    return ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None
