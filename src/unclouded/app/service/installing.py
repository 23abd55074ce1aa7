"""Installing the hub as a service: what is written, what is run, and what stands in the way.

/etc/sysusers.d/unclouded.conf          the user unclouded
/etc/systemd/system/unclouded.service   the unit; of a user: ~/.config/systemd/user/unclouded.service
/var/lib/unclouded                      configuration and data, of that user only
"""

import contextlib
import grp
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from unclouded.app.configuration.config import data_folder
from unclouded.app.service.unit import NAME, SERIAL_GROUPS, STATE, SYSUSERS, USER, ServiceUnit
from unclouded.core.errors import CommandError

CONFIG = "unclouded.toml"
Run = Callable[[Sequence[str]], str]


class ServiceStatus(msgspec.Struct, frozen=True):
    """``unit``: its file. ``written``: no, yes, or edited by hand. ``enabled``, ``active``: as systemd names them."""

    unit: str
    written: str
    enabled: str
    active: str


class ServiceInstaller:
    """Installs the service of the system or of this user. ``root``: the file system; ``run`` runs a program."""

    def __init__(self, is_user: bool, root: Path = Path("/"), run: "Run | None" = None) -> None:
        self._is_user = is_user
        self._root = root
        self._run = run or _run
        own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user"
        folder = own if is_user else root / "etc/systemd/system"
        self.file = folder / NAME
        self._sysusers = root / "etc/sysusers.d/unclouded.conf"

    def unit(self, config: str = "", data: str = "") -> ServiceUnit:
        """The unit for this program. Raises CommandError where the service could not run it."""
        folder = (Path(data).absolute() if data else data_folder()) if self._is_user else Path(data or STATE).absolute()
        file = Path(config).absolute() if config else folder / CONFIG
        for path in (file, folder):
            if not str(path).isprintable():
                raise CommandError(
                    f"systemd cannot be given the path {str(path)!r}. Choose one of printable characters."
                )
        return ServiceUnit(
            program=self._program(), config=file, data=folder, group=_serial_group(), is_user=self._is_user
        )

    def install(self, unit: ServiceUnit, force: bool = False) -> list[str]:
        """Write the unit, start it where there is a configuration; sentences of what was done. Raises CommandError."""
        self._check_system()
        if self._written(unit) == "differs" and not force:
            raise CommandError(
                f"{self.file} is there and differs: it was edited, or written by another version. Compare it with"
                " `unclouded service show`; --force replaces it, and keeps the old one beside it."
            )
        done = []
        with _readable_errors():
            if not self._is_user:
                self._write(self._sysusers, SYSUSERS)
                self._run(["systemd-sysusers", str(self._sysusers)])
                done.append(f"The user {USER} is there.")
            if force and self.file.exists():
                self.file.replace(self.file.with_suffix(".service.old"))
            self._write(self.file, unit.text)
            done.append(f"{self.file} is written.")
            self._systemctl("daemon-reload")
            return [*done, *self._start(unit)]

    def uninstall(self) -> list[str]:
        """Stop the service and remove its unit; configuration and data stay. Raises CommandError."""
        self._check_system()
        if not self.file.exists():
            raise CommandError(f"The service is not installed: there is no {self.file}.")
        with _readable_errors():
            self._systemctl("disable", "--now", NAME)
            self.file.unlink()
            self._systemctl("daemon-reload")
        return [f"The service is stopped, {self.file} is removed. Configuration and data are still there."]

    def status(self, unit: ServiceUnit) -> ServiceStatus:
        """What is written, and what systemd says of it."""
        return ServiceStatus(str(self.file), self._written(unit), self._asked("is-enabled"), self._asked("is-active"))

    # --- inside --------------------------------------------------------------------------------

    def _program(self) -> Path:
        program = Path(sys.executable).with_name("unclouded")
        if not program.exists():
            raise CommandError(f"There is no program {program}. Install Unclouded with pipx, uv or pip first.")
        places = () if self._is_user else (program, Path(os.path.realpath(sys.executable)))  # uv keeps its own Python
        closed = next((folder for place in places if (folder := _closed_folder(place)) is not None), None)
        if closed is not None:
            raise CommandError(
                f"The user {USER} may not enter {closed}, where this program is installed. Install it for all users:"
                " `pipx install --global`, or `python3 -m venv /opt/unclouded` and pip in there."
            )
        return program

    def _written(self, unit: ServiceUnit) -> str:
        """Whether the unit is there: "no", "yes", "differs"."""
        with _readable_errors():
            if not self.file.exists():
                return "no"
            return "yes" if self.file.read_bytes() == unit.text.encode("utf-8") else "differs"

    def _check_system(self) -> None:
        if not self._has_systemd():
            raise CommandError(
                "This computer was not started by systemd. `unclouded service show` prints the unit; other service"
                " managers start `unclouded run`, and stop it with SIGTERM."
            )
        if not self._is_user and os.geteuid() != 0 and self._root == Path("/"):
            raise CommandError("Only root may install a service of the system: run it with sudo, or use --user.")

    def _has_systemd(self) -> bool:
        return (self._root / "run/systemd/system").is_dir()

    def _start(self, unit: ServiceUnit) -> list[str]:
        of_user = "--user " if self._is_user else ""
        if not (self._root / unit.config.relative_to("/")).exists():
            self._systemctl("enable", NAME)
            return [f"There is no {unit.config} yet. Write it, then: systemctl {of_user}start {NAME}"]
        self._systemctl("enable", "--now", NAME)
        more = ["It runs while you are logged in; without you, too, after: loginctl enable-linger"]
        return [f"The service is running. Its log: journalctl {of_user}-u {NAME}", *(more if self._is_user else [])]

    def _systemctl(self, *words: str) -> str:
        return self._run(["systemctl", *(["--user"] if self._is_user else []), *words])

    def _asked(self, word: str) -> str:
        """What ``systemctl is-…`` prints; its exit code says the same."""
        if not self._has_systemd():
            return "unknown: this computer was not started by systemd"
        try:
            return self._systemctl(word, NAME).strip()
        except CommandError as error:
            return str(error).rpartition(": ")[2]

    def _write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def _serial_group() -> str:
    names = {one.gr_name for one in grp.getgrall()}
    return next((name for name in SERIAL_GROUPS if name in names), "")


def _closed_folder(file: Path) -> Path | None:
    """The first folder above a file that others may not enter."""
    folders = [*reversed(file.parents)]
    return next((folder for folder in folders if not folder.stat().st_mode & stat.S_IXOTH), None)


def _run(words: Sequence[str]) -> str:
    """Raises CommandError with what the program printed."""
    program = shutil.which(words[0])
    if program is None:
        raise CommandError(f"There is no {words[0]} on this computer.")
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        printed = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise CommandError(f"{' '.join(words)}: {printed}")
    return done.stdout


@contextlib.contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}. Nothing more was done.") from None
