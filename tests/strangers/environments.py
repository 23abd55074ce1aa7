"""Third-party ends in environments of their own: .strangers/NAME, beside .venv.

An end from PyPI is a venv with what its lock file names, hashes included; one from npm is a folder with node_modules.
One that needs another Python than ours gets that from the system, or lives with that of a Debian suite in a root of
its own (debootstrap and chroot, so only for root).
``.strangers/NAME.json`` records what was installed, or why it could not be. Only the standard library.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = ROOT / ".strangers"
LOCKS = HERE / "locks"
CHOSEN = "UNCLOUDED_STRANGERS"  # environment variable: names, comma-separated, that `dev.py strangers` runs
INSTALL_TIMEOUT_S = 600
UV_SETTINGS = {"UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "1", "UV_PYTHON_DOWNLOADS": "never"}
NPM_FLAGS = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000")


class CannotInstall(Exception):
    """The end is not to be had here; says why in one line."""


@dataclass(frozen=True)
class Stranger:
    """One row of strangers.toml."""

    name: str
    version: str
    licence: str
    registry: str
    weight: str
    requires: list[str]
    end: str
    ours: str
    tests: str
    programs: Sequence[str] = ()
    python: str = ""  # its version, where it is not ours
    suite: str = ""  # of Debian, which has that Python

    @property
    def is_heavy(self) -> bool:
        return self.weight == "heavy"

    @property
    def place(self) -> Path:
        return FOLDER / self.name

    @property
    def root(self) -> Path:
        """The root folder that it sees."""
        return self.place / "root" if self.suite else Path("/")

    @property
    def lock_file(self) -> Path:
        """requirements.txt with hashes, or package-lock.json."""
        return LOCKS / (f"{self.name}.txt" if self.registry == "PyPI" else f"{self.name}/package-lock.json")

    @property
    def record(self) -> dict[str, str]:
        """What the last installation left: ``program`` or ``reason``, and ``of``; {} = there was none of this lock."""
        try:
            record: dict[str, str] = json.loads((FOLDER / f"{self.name}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return record if record.get("of") == self._fingerprint() else {}

    @property
    def missing(self) -> str:
        """Why its tests cannot run here; "" = they can."""
        if self.is_heavy and self.name not in os.environ.get(CHOSEN, "").split(","):
            return f"heavy: python3 dev.py strangers {self.name}"
        record = self.record
        if "program" in record:
            return ""
        reason = record.get("reason", "is not installed")
        return f"{self.name} {reason}: python3 dev.py strangers {self.name}"

    def install(self) -> None:
        """Install it unless this lock file is installed already. Raises CannotInstall."""
        if "program" in self.record:
            return
        FOLDER.mkdir(exist_ok=True)
        try:
            for program in self.programs:
                if shutil.which(program) is None:
                    raise CannotInstall(f"needs {program} (Debian: apt install {program})")
            record = {"program": str(self._install())}
        except CannotInstall as problem:
            self._write({"reason": str(problem)})
            raise
        self._write(record)

    def _install(self) -> Path:
        shutil.rmtree(self.place, ignore_errors=True)
        return self._python() if self.registry == "PyPI" else self._node()

    def _python(self) -> Path:
        uv = Path(sys.executable).with_name("uv")
        if self.suite:
            return self._in_suite(uv)
        python = self.place / "bin" / "python"
        _run([uv, "venv", "-q", "--python", _interpreter(self.python), self.place])
        _run([uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", self.lock_file])
        return python

    def _in_suite(self, uv: Path) -> Path:
        """Debian's Python of another suite, in a root folder; the program enters it by chroot."""
        if os.geteuid() != 0:
            raise CannotInstall("needs root, for chroot")
        sid = Path("/usr/share/debootstrap/scripts/sid")
        include = "--include=python3,ca-certificates"
        _run(["debootstrap", "--variant=minbase", include, self.suite, self.root, "", *([sid] if sid.exists() else [])])
        for file in ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt"):
            if Path(file).exists():
                shutil.copy(file, f"{self.root}{file}")
        shutil.copy(uv, self.root / "usr" / "bin" / "uv")
        shutil.copy(self.lock_file, self.root / "lock.txt")
        enter = ["chroot", self.root, "/usr/bin/uv"]
        _run([*enter, "venv", "-q", "--python", "/usr/bin/python3", "/end"])
        _run([*enter, "pip", "install", "-q", "--python", "/end/bin/python", "--require-hashes", "-r", "/lock.txt"])
        program = self.place / "python"
        program.write_text(f'#!/bin/sh\nexec chroot {self.root} /end/bin/python "$@"\n')
        program.chmod(0o755)
        return program

    def _node(self) -> Path:
        sys.path.insert(0, str(ROOT))
        import hatch_build

        node = hatch_build.system_node() or hatch_build.packaged_node()
        if node is None:
            raise CannotInstall("needs Node and npm (Debian: apt install npm)")
        shutil.copytree(self.lock_file.parent, self.place)
        try:
            hatch_build.npm("ci", *NPM_FLAGS, folder=self.place)
        except hatch_build.NoPage as problem:
            raise CannotInstall(f"could not be installed: {_reason(str(problem))}") from None
        return node

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.lock_file.read_bytes() + f"{sys.version}{ROOT}".encode()).hexdigest()

    def _write(self, record: dict[str, str]) -> None:
        text = json.dumps({**record, "of": self._fingerprint()})
        (FOLDER / f"{self.name}.json").write_text(text, "utf-8")


def strangers() -> dict[str, Stranger]:
    """All of strangers.toml, by name."""
    rows = tomllib.loads((HERE / "strangers.toml").read_text("utf-8"))
    return {name: Stranger(name=name, **row) for name, row in rows.items()}


def _interpreter(version: str) -> str:
    """The Python of this version; ours where none is named. Raises CannotInstall."""
    if not version:
        return sys.executable
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python{version}"))
    for program in (shutil.which(f"python{version}"), *(str(one) for one in kept)):
        if program and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
            return program
    raise CannotInstall(f"needs Python {version}")


def _run(command: list[object]) -> None:
    words = [str(word) for word in command]
    env = {**UV_SETTINGS, **os.environ}
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=INSTALL_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CannotInstall(f"could not be installed: {problem}") from None
    if done.returncode:
        raise CannotInstall(f"could not be installed: {_reason(done.stderr)}")


def _reason(text: str) -> str:
    """The first error and the last cause that uv or npm print, without addresses of registries."""
    errors = re.findall(r"^(?:npm )?error:? (.+)", text, re.MULTILINE)
    causes = re.findall(r"^ *cause: (.+)", text, re.MULTILINE)
    found = [*errors[:1], *causes[-1:]] or text.splitlines()[-1:] or ["no reason was given"]
    return ": ".join(re.sub(r"\S*://\S*", "…", one.strip()) for one in found)
