"""A server as a child process. It ends with this process, also when that is killed, where the system can do so."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from unclouded.core.errors import CommandError

LOG_TAIL = 2000  # bytes of the log that an error shows
WAIT_S = 30.0
PAUSE_S = 0.02
OTHER_USERS = ("postgres", "nobody")


class ServerFailed(CommandError):
    """A private server did not start or end; the text has the end of its log."""


class ServerProcess:
    """One server. Start it in a thread that lives as long as the server: it ends with the thread."""

    def __init__(
        self, command: Sequence[object], log: Path, user: str = "", end: signal.Signals = signal.SIGTERM
    ) -> None:
        """``user``: whose it is, "" = ours. ``end``: the signal that ends it at once and in order."""
        self._command = [str(word) for word in command]
        self._log = log
        self._user = user
        self._end = end
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process, also when it has ended. It was started before."""
        if self._process is None:
            raise ServerFailed(f"{self._command[0]} was not started.")
        return self._process.pid

    def start(self) -> None:
        """Start it. Raises OSError."""
        identity = (
            {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []} if self._user else {}
        )
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [*_ending_with_us(self._end), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C of a terminal is for us, who then end it
                **identity,  # type: ignore[call-overload]
            )

    def stop(self) -> None:
        """End it in order, and wait for it."""
        self._send(self._end)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._send(signal.SIGKILL)

    def wait_until(self, is_ready: Callable[[], bool]) -> bool:
        """Wait until it is ready: True; False where it has ended before. Raises ServerFailed after half a minute."""
        deadline = time.monotonic() + WAIT_S
        while not is_ready():
            if not self.is_running:
                return False
            if time.monotonic() > deadline:
                raise self.failed("is not ready")
            time.sleep(PAUSE_S)
        return True

    def failed(self, what: str) -> ServerFailed:
        """The error, with the end of the log."""
        return ServerFailed(f"{Path(self._command[0]).name} {what}. The end of its log: {self.log_tail()}")

    def log_tail(self) -> str:
        """The end of its log, since its last start."""
        data = self._log.read_bytes()[self._log_start :][-LOG_TAIL:] if self._log.exists() else b""
        return data.decode("utf-8", "replace").strip()

    def _send(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(WAIT_S)


class PrivateServer(ABC):
    """A server of this process, as a context: started at its beginning, closed at its end, also of a failed start."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it can be used. Raises CommandError."""

    @abstractmethod
    def close(self) -> None:
        """End it, and remove what is temporary."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def other_user() -> str:
    """Who runs what refuses to run as root; "" where we are not root."""
    if os.geteuid() != 0:
        return ""
    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in OTHER_USERS if name in known), "")


def _ending_with_us(number: signal.Signals) -> list[str]:
    """setpriv is of util-linux: elsewhere, a server outlives us when we are killed."""
    program = shutil.which("setpriv")
    return [program, "--pdeathsig", number.name.removeprefix("SIG"), "--"] if program else []
