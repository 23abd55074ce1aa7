"""The site of the documentation: its sources and what is done to the pages; sphinx itself runs in `dev.py package`."""

from pathlib import Path

import pytest
from tools.site import fetched, finish, index_of, write_sources

README = """# Unclouded

![The page](docs/pictures/now.png)

- [The store](docs/store.md), [energy](docs/energy.md#flags)
- [Changes](CHANGELOG.md) and the [licence](LICENSE)
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "lines").mkdir(parents=True)
    (folder / "store.md").write_text("See [energy](energy.md) and [the tests](../tests/test_site.py).")
    (folder / "energy.md").write_text("# Energy")
    (folder / "lines" / "meter.md").write_text("[the store](../store.md)")
    return folder


def test_links_out_of_the_docs_become_words(docs: Path, tmp_path: Path) -> None:
    write_sources(docs, README, tmp_path / "source")
    assert (tmp_path / "source/store.md").read_text() == "See [energy](energy.md) and the tests."
    assert (tmp_path / "source/lines/meter.md").read_text() == "[the store](../store.md)"
    index = (tmp_path / "source/index.md").read_text()
    assert "![The page](pictures/now.png)" in index and "[energy](energy.md#flags)" in index
    assert "Changes and the licence" in index


def test_every_page_is_in_the_contents_in_the_order_of_the_readme(docs: Path) -> None:
    (docs / "appendix.md").touch()
    contents = index_of(README, docs).split("```{toctree}")
    assert contents[1].split("\n\n")[1].split("\n") == ["store", "energy", "appendix", "```", ""][:4]
    assert "lines/meter" in contents[2]


def test_inline_scripts_become_a_file(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    (tmp_path / "_static").mkdir()
    for name in ("index.html", "lines/meter.html"):
        (tmp_path / name).write_text("<script>\n  theme = 1;\n</script><p>")
    (tmp_path / "objects.inv").touch()
    finish(tmp_path)
    assert (tmp_path / "lines/meter.html").read_text() == '<script src="../_static/theme.js"></script><p>'
    assert (tmp_path / "_static/theme.js").read_text() == "theme = 1;\n"
    assert not (tmp_path / "objects.inv").exists()


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>', 1),
        ("a.html", '<img alt="" src="//cdn.example/x.png">', 1),
        ("a.html", '<a href="https://example.org/">a link</a><img src="x.png">', 0),
        ("a.css", "@import 'https://fonts.example/x.css';", 1),
        ("a.css", "body { background: url(x.png) }", 0),
    ],
)
def test_what_is_fetched_from_elsewhere_is_found(tmp_path: Path, name: str, text: str, count: int) -> None:
    (tmp_path / name).write_text(text)
    assert len(list(fetched(tmp_path))) == count
