"""What the docs say is what the program does."""

import re
from pathlib import Path

import pytest

from unclouded.cli import VERBS
from unclouded.cli.reference import devices, reference

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_the_command_line_is_that_of_the_commands() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == reference(), "run: python3 dev.py docs"


def test_the_page_of_the_devices_is_that_of_the_families() -> None:
    assert (ROOT / "docs" / "devices.md").read_text("utf-8") == devices(), "run: python3 dev.py docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_verbs_in_examples_exist(page: Path) -> None:
    for verb in re.findall(r"^\s*unclouded ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
        assert verb in VERBS, f"{page.name} shows unclouded {verb}"
