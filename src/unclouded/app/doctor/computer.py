"""What the doctor reads of a computer: files below its root, processes, and who holds a file or a port.

    /proc/123/comm          the name of a process
    /proc/123/fd/7          ──► /dev/ttyUSB0, or socket:[4711]
    /proc/net/tcp           "… 00000000:1F9B 00000000:0000 0A … 4711 …"      address and port in hex, 0A = listens

Of other users' processes only root can see which files they hold. Source: proc(5).
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

COMMAND_TIMEOUT_S = 3.0
LISTENS = "0A"  # the state of a TCP socket in /proc/net/tcp
TCP, UDP = ("tcp", "tcp6"), ("udp", "udp6")  # files in /proc/net
SOCKET = re.compile(r"socket:\[(\d+)\]")


class Holder(msgspec.Struct, frozen=True):
    """A process that holds something."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


class Computer(msgspec.Struct, frozen=True, kw_only=True):
    """``root``: where its files begin; another one in tests."""

    root: Path = Path("/")

    def path(self, text: str | Path) -> Path:
        """A file by its absolute path."""
        return self.root / str(text).lstrip("/")

    def read(self, path: str | Path) -> str:
        """The text of a small file without blanks around it; "" where it cannot be read."""
        try:
            return self.path(path).read_text("utf-8", "replace").strip("\0\n\t ")
        except OSError:
            return ""

    def processes(self) -> Iterator[Holder]:
        """All running processes, in the order of their numbers; those that have ended meanwhile are left out."""
        for entry in sorted(self._numbers(), key=int):
            name = self.read(f"/proc/{entry}/comm")
            if name:
                yield Holder(int(entry), name)

    def is_running(self, *names: str) -> bool:
        """Whether a process of one of these names runs."""
        return any(one.name in names for one in self.processes())

    def holders_of(self, file: Path) -> tuple[list[Holder], bool]:
        """The other processes that have opened a file; and whether all processes could be seen."""
        target = str(file.resolve())
        return self._holding(lambda link: link == target)

    def holders_of_port(self, port: int, kinds: Sequence[str] = TCP) -> tuple[list[Holder], bool]:
        """The processes that listen on a port, this one too; and whether all processes could be seen."""
        inodes = {inode for kind in kinds for inode in self._inodes(kind, port)}
        if not inodes:
            return [], True
        return self._holding(lambda link: (found := SOCKET.fullmatch(link)) is not None and found[1] in inodes, True)

    def output(self, *command: str) -> str | None:
        """What a program of this computer prints; None where it is not there, fails or takes too long."""
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *command[1:]], capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    # --- inside --------------------------------------------------------------------------------

    def _numbers(self) -> list[str]:
        try:
            return [entry.name for entry in self.path("/proc").iterdir() if entry.name.isdecimal()]
        except OSError:
            return []

    def _holding(self, wanted: Callable[[str], bool], with_own: bool = False) -> tuple[list[Holder], bool]:
        found, saw_all = [], True
        for process in self.processes():
            links = self._opened(process.pid)
            saw_all = saw_all and links is not None
            if any(map(wanted, links or ())) and (with_own or process.pid != os.getpid()):
                found.append(process)
        return found, saw_all

    def _opened(self, pid: int) -> list[str] | None:
        """What a process has opened; None where that is not shown."""
        folder = self.path(f"/proc/{pid}/fd")
        try:
            entries = list(folder.iterdir())
        except FileNotFoundError:  # it has ended
            return []
        except OSError:
            return None
        links = []
        for entry in entries:
            with contextlib.suppress(OSError):
                links.append(str(entry.readlink()))
        return links

    def _inodes(self, kind: str, port: int) -> Iterator[str]:
        for line in self.read(f"/proc/net/{kind}").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or not fields[1].upper().endswith(f":{port:04X}"):
                continue
            if kind in UDP or fields[3].upper() == LISTENS:
                yield fields[9]
