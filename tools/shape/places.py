"""Citations of files, modules and packages: each must be there.

Read in the code and in the pages of the documentation:

    core/sessions/link.py, link.py           a file, by as much of its path as is written
    `core/sessions/link`, `core/sessions/`   in backticks: a module or package; `core/model.Point`: with a name in it
    unclouded.core.sessions.link             a module, also as text
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

KINDS = {".py", ".md", ".toml", ".ts", ".tsx", ".css", ".sql", ".yml"}
FOLDERS = ("src/unclouded", "tests", "bench", "tools", "examples", "docs", "frontend/src")
ENDING = re.compile(r"\.py\b(?!/)")
PATH = re.compile(r"(?<![\w/.{*<…-])(?:[\w-]+/)*\w+$")
LONGEST = 120  # characters of a path that is written down


class Places:
    """The files of a project, by each end of their paths: ``core/model.py`` is one of ``src/unclouded/core/model.py``.

    ``packages``: the top-level packages, whose names begin the citation of a module.
    """

    def __init__(self, paths: Iterable[str], packages: Iterable[str]) -> None:
        self._modules: set[str] = set()
        self._packages: set[str] = set()
        for folder, name in {(folder, name) for folder, _, name in (path.rpartition("/") for path in paths)}:
            parts = folder.split("/")
            if name.endswith(".py"):
                self._modules.update("/".join([*parts[at:], name[:-3]]) for at in range(len(parts) + 1))
            for end in range(1, len(parts) + 1):
                self._packages.update("/".join(parts[at:end]) for at in range(end))
        self._known = self._modules | self._packages
        names = "|".join(sorted(packages))
        self._ticked = re.compile(rf"`((?:{names})(?:/[a-z_]+)*)/?(?:\.[A-Z]\w*)?`")
        self._dotted = re.compile(rf"unclouded\.(?<![\w./]unclouded\.)((?:{names})\b(?:\.[a-z]\w*)*)(?![/(\w])")

    def missing(self, text: str) -> Iterator[str]:
        """What a text cites that is not there."""
        for ending in ENDING.finditer(text):
            path = PATH.search(text, max(0, ending.start() - LONGEST), ending.start())
            if path and path[0] not in self._modules:
                yield f"{path[0]}.py"
        yield from (hit[1] for hit in self._ticked.finditer(text) if hit[1] not in self._known)
        yield from (hit[0] for hit in self._dotted.finditer(text) if not self._leads_somewhere(hit[1].split(".")))

    def _leads_somewhere(self, parts: list[str]) -> bool:
        """Is this a package, a module, or names inside of a module?"""
        ways = ["/".join(["unclouded", *parts[:end]]) for end in range(1, len(parts) + 1)]
        return ways[-1] in self._packages or not self._modules.isdisjoint(ways)


def missing_places(project: Path) -> list[str]:
    """Each citation in the project of a place that is not there, with the file that it stands in.

    Not read: pages that are made from tables of products and checks, the history of changes, recordings, profiles,
    what makes the site of the documentation, and the tests of these tools, whose files are made up.
    """
    files = [path for folder in FOLDERS for path in (project / folder).rglob("*") if path.suffix in KINDS]
    files += [path for path in project.iterdir() if path.suffix in KINDS and path.name != "CHANGELOG.md"]
    named = {path.relative_to(project).as_posix(): path for path in files}
    packages = [path.name for path in (project / "src" / "unclouded").iterdir() if (path / "__init__.py").exists()]
    places = Places(named, packages)
    passed = (
        "docs/supported/",
        "docs/conformance.md",
        "src/unclouded/profiles/",
        "tests/captures/",
        "tests/tools/",
        "tools/site.py",
    )
    return [
        f"{name}: {one}"
        for name, path in sorted(named.items())
        if not name.startswith(passed)
        for one in places.missing(path.read_text("utf-8"))
    ]
