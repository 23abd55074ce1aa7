"""Our client of a console with one rule broken, and what the checks must find. For test_console.py."""

from collections.abc import Callable, Mapping, Sequence

from conformance.broken_ends import BrokenEnd
from conformance.console_ends import client
from conformance.mutants import AlterBytes, ByteMutant, alone, as_it_is
from unclouded.conformance.meross_console.client_checks import CLIENT_CHECKS, DRIVER_LINE, LOG_LINE
from unclouded.core.sessions.session import Event, Out, Session

Into = Callable[[bytes], bytes]


def _ids(*names: str) -> frozenset[str]:
    return frozenset(f"client.{name}" for name in names)


def _client(*found: str, out: AlterBytes = alone, into: Into = as_it_is, **settings: object) -> BrokenEnd:
    return BrokenEnd(_ids(*found), lambda: ByteMutant(client(**settings), out, into))


def with_command(behind: bytes, more: bytes) -> AlterBytes:
    """It is typed behind each such command."""
    return lambda data: (data, more) if data == behind else (data,)


def impatient(data: bytes) -> Sequence[bytes]:
    """With each Return it types a command."""
    return (b"meross mem\r", data) if data == b"\r" else (data,)


class Reacting(ByteMutant):
    """Where it receives this, it types that at once."""

    def __init__(self, inner: Session, seen: bytes, typed: bytes) -> None:
        super().__init__(inner, into=self._see)
        self._seen, self._typed, self._due = seen, typed, 0

    def _see(self, data: bytes) -> bytes:
        self._due += self._seen in data
        return data

    def outgoing(self, now: float) -> list[Out]:
        due, self._due = self._due, 0
        return [*[Out(self._typed)] * due, *super().outgoing(now)]


class Confused(ByteMutant):
    """What is so makes it unresponsive for UNRESPONSIVE_S."""

    def __init__(self, inner: Session, is_so: Callable[[bytes], bool]) -> None:
        super().__init__(inner)
        self._is_so, self._until = is_so, 0.0

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if self._is_so(data) and now >= self._until:
            self._until = now + UNRESPONSIVE_S
        return () if now < self._until else super().receive(data, now, path, re)


class EchoNeeding(ByteMutant):
    """It receives nothing until its command has come back."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner, self._type, self._see)
        self._waiting = b""

    def _type(self, data: bytes) -> Sequence[bytes]:
        self._waiting = data.strip()
        return (data,)

    def _see(self, data: bytes) -> bytes:
        if self._waiting not in data:
            return b""
        self._waiting = b""
        return data


class OnceConnected(ByteMutant):
    """After the third Return it receives nothing more."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner, self._type, lambda data: data if self._count < 3 else b"")
        self._count = 0

    def _type(self, data: bytes) -> Sequence[bytes]:
        self._count += data == b"\r"
        return (data,)


UNRESPONSIVE_S = 130.0  # longer than a check waits, shorter than two
GOES_ON = tuple(check.id.partition("client.")[2] for check in CLIENT_CHECKS if ".goes-on." in check.id)
CONFUSING: Mapping[str, Callable[[bytes], bool]] = {
    "lf": lambda data: len(data) > 1 and data.endswith(b"\n") and not data.endswith(b"\r\n"),
    "cr": lambda data: len(data) > 1 and data.endswith(b"\r"),
    "prompts": lambda data: data == b"$ $ ",
    "log": lambda data: data.startswith(LOG_LINE),
    "driver": lambda data: data.startswith(DRIVER_LINE),
    "cut": lambda data: LOG_LINE in data and not data.startswith(LOG_LINE),
    "escapes": lambda data: data.startswith(b"\x1b"),
    "binary": lambda data: data.startswith(b"\x80"),
    "long": lambda data: data.startswith(b"xxx"),
    "byte-by-byte": lambda data: data == b"f",
}


def _confused(name: str) -> BrokenEnd:
    return BrokenEnd(_ids(f"goes-on.{name}"), lambda: Confused(client(), CONFUSING[name]))


def _reacting(found: str, seen: bytes, typed: bytes) -> BrokenEnd:
    return BrokenEnd(_ids(found), lambda: Reacting(client(), seen, typed))


def _more(found: str, typed: bytes) -> BrokenEnd:
    """It types this too, and does not wait with it."""
    return _client(found, "typed.one-at-a-time", out=with_command(b"meross power\r", typed))


BROKEN_CLIENTS: Mapping[str, BrokenEnd] = {
    "ends lines with LF": _client("typed.end", line_end="lf"),
    "types a letter with an accent": _client(
        *("typed.plain", "typed.known", "typed.one-at-a-time"), out=with_command(b"meross power\r", b"\xe9\r")
    ),
    "types what is not known": _client(
        *("typed.known", "typed.one-at-a-time", "list.unknown"), out=with_command(b"meross power\r", b"erase\r")
    ),
    "begins factory mode": _more("typed.no-danger", b"meross fac 1\r"),
    "reads a password": _more("typed.no-secrets", b"config read STA WpaPsk\r"),
    "types two commands": _client("typed.one-at-a-time", out=with_command(b"meross power\r", b"meross mem\r")),
    "does not read which plug it is": _client(
        *("typed.identity", "start.identity"), out=lambda data: (data.replace(b"meross hw", b"meross fw"),)
    ),
    "types no Return": _client("silence.return", out=lambda data: () if data == b"\r" else (data,)),
    "types a command into silence": _client(
        *("silence.only-return", "foreign.u-boot", "foreign.linux", "foreign.realtek"), out=impatient
    ),
    "types Return each 0.5 s": _client("silence.no-flood", wake_s=0.5),
    "does not come back": BrokenEnd(
        _ids(*GOES_ON, "list.unknown", "start.waits", "start.identity", "foreign.realtek"),
        lambda: OnceConnected(client()),
    ),
    "needs an echo": BrokenEnd(_ids("goes-on.no-echo", "goes-on.byte-by-byte"), lambda: EchoNeeding(client())),
    **{f"is confused by {name}": _confused(name) for name in CONFUSING},
    "types while the board starts": _reacting("start.waits", b"NOR_init", b"meross mem\r"),
    "types what the device lists": _reacting("list.unknown", b"erase  -", b"meross erase\r"),
    "types into U-Boot": _reacting("foreign.u-boot", b"U-Boot", b"4\r"),
    "types into Linux": _reacting("foreign.linux", b"BusyBox", b"ls\r"),
    "types Return into a Realtek shell": _reacting("foreign.realtek", b"$8710c>", b"\r"),
}
