"""The fenced blocks of the documentation, and the command lines in them.

Each block names what it is: ``sh`` commands, ``console`` commands after ``$`` and what they print, ``toml``, ``json``,
``text`` and so on. In ``text``, a line that begins with ``unclouded`` and a verb is a command too; two spaces end it.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from unclouded.cli import VERBS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")), *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>.*)\n(?P<text>(?:.*\n)*?) *```$", re.MULTILINE)
COMMENT = re.compile(r"(?:^|\s)#(?:\s.*)?$")
COMMAND = re.compile(rf"unclouded (?:{'|'.join(VERBS)})\b")


class Block(NamedTuple):
    """``line``: of its first line in the page. The indent of its fence is not in ``text``."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{title(self.page)}:{self.line}"


class CommandLine(NamedTuple):
    """``printed``: what stands below it in a console."""

    block: Block
    text: str
    printed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.block}: {self.text}"

    def commands(self) -> Iterator[list[str]]:
        """The words of each command of it: of a pipe several. Redirections and what sets variables are left out."""
        text = re.sub(r"^\w+=\$\((.*)\)$", r"\1", self.text.removesuffix("&"))
        words: list[str] = []
        for word in [*shlex.split(text), "|"]:
            if word == "|" or word == "&&":
                yield words
                words = []
            elif word == ">" or word == ">>":
                yield words
                return
            elif words or not re.match(r"^\w+=", word):
                words.append(word)


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def blocks(*kinds: str) -> Sequence[Block]:
    """All of these kinds; of all kinds where none is named."""
    return [block for page in PAGES for block in _blocks(page) if not kinds or block.kind in kinds]


@cache
def command_lines() -> Sequence[CommandLine]:
    return [line for block in blocks("sh", "console", "text") for line in _lines(block)]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in FENCE.finditer(text):
        inner = re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        yield Block(page, text.count("\n", 0, found.start("text")) + 1, found["kind"], inner)


def _lines(block: Block) -> Iterator[CommandLine]:
    rows = block.text.replace("\\\n", " ").splitlines()
    if block.kind == "text":
        rows = [row.partition("  ")[0] for row in rows if COMMAND.match(row)]
    if block.kind == "console":
        starts = [number for number, row in enumerate(rows) if row.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            yield CommandLine(block, rows[start].removeprefix("$ "), tuple(rows[start + 1 : end]))
        return
    for row in rows:
        if line := COMMENT.sub("", row).strip():
            yield CommandLine(block, line)
