"""Make a site of docs/ for reading offline: `python3 dev.py site [--out DIR]`. The hub serves it at /docs/.

    README.md ─► index, with its list of pages as the contents        docs/*.md ─► a page each
    links to files outside of docs/ become plain words                inline scripts become files, for the hub's policy

Fails where a page links to one that is not there, or the result fetches anything from elsewhere.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
OUT = HERE / "src" / "unclouded" / "web" / "documentation"
LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)\s]+)\)")
ELSEWHERE = re.compile(r"(?<!!)\[([^\]]+)\]\((?!docs/|https?:|#)[^)\s]+\)")
TO_PAGE = re.compile(r"\]\(docs/([\w/-]+)\.md")
INLINE = re.compile(r"<script>\s*(.*?)\s*</script>", re.DOTALL)
FETCHED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+""")
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")
NOT_SERVED = (".doctrees", ".buildinfo", "objects.inv", "_sources")
SCRIPT = "_static/theme.js"

SETTINGS = """
project = "Unclouded"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Unclouded"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"footer_icons": []}
myst_heading_anchors = 6
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
"""


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py site", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder [default: where the hub finds it]")
    out = parser.parse_args(words).out
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "source", Path(folder) / "built"
        write_sources(HERE / "docs", (HERE / "README.md").read_text("utf-8"), source)
        (source / "conf.py").write_text(SETTINGS)
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(source), str(built)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr.replace(f"{source}/", "docs/"), file=sys.stderr)
            return 1
        finish(built)
        if problems := sorted(fetched(built)):
            print("\n".join(problems), file=sys.stderr)
            return 1
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(built, out)
    pages = sum(1 for _ in out.rglob("*.html"))
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {pages} pages, {size / 1e6:.1f} MB")
    return 0


def write_sources(docs: Path, readme: str, target: Path) -> None:
    """The pages, with an index made of the readme."""
    shutil.copytree(docs, target)
    for file in target.rglob("*.md"):
        text = file.read_text("utf-8")
        outside = [found for found in LINK.finditer(text) if not is_inside(file.parent / found[2], target)]
        for found in outside:
            text = text.replace(found[0], found[1])
        file.write_text(text, "utf-8")
    (target / "index.md").write_text(index_of(readme, target), "utf-8")


def is_inside(goal: Path, root: Path) -> bool:
    """Whether a link stays in the folder of the docs; one that leaves it becomes its words."""
    return goal.resolve().is_relative_to(root.resolve())


def index_of(readme: str, pages: Path) -> str:
    """The readme as the first page. Its list of documentation is the order of the contents; what it lacks follows."""
    named = list(dict.fromkeys(TO_PAGE.findall(readme)))
    rest = sorted(str(file.relative_to(pages).with_suffix("")) for file in pages.rglob("*.md"))
    lines = "\n".join([*named, *(name for name in rest if name not in named and "/" not in name)])
    nested = "\n".join(name for name in rest if name not in named and "/" in name)
    text = ELSEWHERE.sub(r"\1", readme).replace("](docs/", "](")
    contents = f"```{{toctree}}\n:hidden:\n:caption: Pages\n\n{lines}\n```\n"
    return f"{text}\n{contents}\n```{{toctree}}\n:hidden:\n:caption: Tables\n:maxdepth: 1\n\n{nested}\n```\n"


def finish(built: Path) -> None:
    """Leave out what no browser needs; put inline scripts, which the hub's policy forbids, into a file."""
    for name in NOT_SERVED:
        path = built / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for file in built.rglob("*.map"):
        file.unlink()
    scripts: dict[str, None] = {}
    for page in built.rglob("*.html"):
        text = page.read_text("utf-8")
        scripts.update(dict.fromkeys(INLINE.findall(text)))
        up = "../" * (len(page.relative_to(built).parts) - 1)
        page.write_text(INLINE.sub(f'<script src="{up}{SCRIPT}"></script>', text), "utf-8")
    (built / SCRIPT).write_text("\n".join(scripts) + "\n", "utf-8")


def fetched(built: Path) -> Iterable[str]:
    """What a browser would fetch from elsewhere."""
    for file in built.rglob("*"):
        if file.suffix in (".html", ".css"):
            pattern = FETCHED if file.suffix == ".html" else IN_STYLES
            for found in pattern.findall(file.read_text("utf-8")):
                yield f"{file.relative_to(built)} fetches from elsewhere: {found[:120]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
