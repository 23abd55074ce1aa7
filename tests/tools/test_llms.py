"""llms.txt is made of the readme and the pages, and names every page."""

import pytest
from tools.llms import PROJECT, about, llms_text


def test_it_is_that_of_the_pages() -> None:
    written = (PROJECT / "llms.txt").read_text("utf-8")
    assert written == llms_text(), "Run: python3 dev.py docs --no-pictures"


def test_it_names_every_page() -> None:
    text = llms_text()
    missing = [page.name for page in sorted((PROJECT / "docs").glob("*.md")) if f"(docs/{page.name})" not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("# A\n\nOne *word*. Two.\n", "One word."),
        ("# A\n\n![x](y.png)\n\nSee [the page](a.md): it says all.\n", "See the page: it says all."),
        ("# A\n\nWritten by `x dev.py docs` from y. It lists z.\n", "It lists z."),
        ("# A\n\n" + "word " * 100, " ".join(["word"] * 44) + " …"),
    ],
)
def test_a_page_is_about_its_first_sentence(page: str, what: str) -> None:
    assert about(page) == what
