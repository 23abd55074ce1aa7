"""Our console with one rule broken, and what the checks must find. For test_console.py."""

import re
from collections.abc import Callable, Mapping, Sequence

from conformance.broken_ends import BrokenEnd
from conformance.console_ends import console
from conformance.mutants import AlterBytes, ByteMutant, alone, as_it_is, unresponsive_after
from unclouded.conformance.meross_console.answer_checks import ANSWERS
from unclouded.conformance.meross_console.shell_checks import BINARY, CONTROL, KEY, LONG
from unclouded.core.sessions.session import Session

LAST_LINES = {  # the beginning of a line that each answer must have
    "ip": b"interface:",
    "ver": b"N9 Image",
    "config show": b"show all group",
    "meross hw": b"chipset",
    "meross fw": b"buildDate",
    "meross net": b"router mac",
    "meross task": b"task info:",
    "meross mem": b"low:",
    "meross time": b"utc timestamp",
    "meross sun": b"sunset",
    "meross power": b"pulse unit",
    "meross fac": b"In fac mode",
    "meross iot status": b"bind id",
    "meross iot rule": b"timer rules",
    "meross iot dbg": b"\t",
}


def _ids(*names: str) -> frozenset[str]:
    return frozenset(f"console.{name}" for name in names)


def _console(
    *found: str, out: AlterBytes = alone, into: Callable[[bytes], bytes] = as_it_is, faults: str = ""
) -> BrokenEnd:
    return BrokenEnd(_ids(*found), lambda: ByteMutant(console(*faults.split()), out, into))


def replacing(old: str, new: str) -> AlterBytes:
    """In what it prints."""
    return lambda data: (re.sub(old.encode(), new.encode(), data),)


def without_line(head: bytes) -> AlterBytes:
    return lambda data: () if data.startswith(head) else (data,)


def with_line(head: bytes, more: bytes) -> AlterBytes:
    return lambda data: (data, more) if data.startswith(head) else (data,)


def prompts(change: Callable[[bytes], Sequence[bytes]]) -> AlterBytes:
    return lambda data: change(data) if data == b"$ " else (data,)


def in_turn(head: bytes, old: bytes, new: bytes) -> AlterBytes:
    """Every second line that begins so is changed."""
    count = [0]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] += data.startswith(head)
        return (data.replace(old, new) if data.startswith(head) and count[0] % 2 else data,)

    return alter


def backwards() -> AlterBytes:
    """The log's clock jumps."""
    count = [10_000]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] -= data.startswith(b"[T: ")
        return (re.sub(rb"^\[T: \d+ M", b"[T: %d M" % count[0], data),)

    return alter


def lost(typed: bytes) -> Callable[[bytes], bytes]:
    """What is typed so is not received."""
    return lambda data: b"" if data == typed else data


def lost_prompts(every: int) -> AlterBytes:
    count = [0]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] += data == b"$ "
        return () if data == b"$ " and count[0] % every == 0 else (data,)

    return alter


def only_lines(data: bytes) -> bytes:
    """It takes whole lines only."""
    return data if data.endswith((b"\r", b"\n")) else b""


def first_line(data: bytes) -> bytes:
    """Of several lines at once it takes the first."""
    return data.split(b"\r")[0] + b"\r" if data.count(b"\r") == 2 else data


class Frozen(ByteMutant):
    """What it prints once stays so: lines that begin so."""

    def __init__(self, inner: Session, head: bytes) -> None:
        super().__init__(inner, self._same)
        self._head, self._first = head, b""

    def _same(self, data: bytes) -> Sequence[bytes]:
        if not data.startswith(self._head):
            return (data,)
        self._first = self._first or data
        return (self._first,)


def _frozen(head: bytes, *found: str) -> BrokenEnd:
    return BrokenEnd(_ids(*found), lambda: Frozen(console(), head))


class Changing(ByteMutant):
    """What it prints is changed once this was typed."""

    def __init__(self, inner: Session, typed: bytes, change: AlterBytes) -> None:
        super().__init__(inner, self._print, self._type)
        self._typed, self._change, self._is_due = typed, change, False

    def _type(self, data: bytes) -> bytes:
        self._is_due = self._is_due or data == self._typed
        return data

    def _print(self, data: bytes) -> Sequence[bytes]:
        return self._change(data) if self._is_due else (data,)


def _changing(found: str, typed: bytes, change: AlterBytes) -> BrokenEnd:
    return BrokenEnd(_ids(found), lambda: Changing(console(), typed, change))


def no_prompt_after(head: bytes) -> AlterBytes:
    """The prompt behind a line that begins so is not printed."""
    last = [b""]

    def alter(data: bytes) -> Sequence[bytes]:
        is_lost = data == b"$ " and last[0].startswith(head)
        last[0] = data
        return () if is_lost else (data,)

    return alter


def one_return() -> Callable[[bytes], bytes]:
    """Return alone is received once."""
    count = [0]

    def into(data: bytes) -> bytes:
        count[0] += data == b"\r"
        return b"" if data == b"\r" and count[0] > 1 else data

    return into


WITH_VALUES = {"meross hw": ("model",), "meross sun": ("sun",), "meross iot dbg": ("debug",)}

BROKEN_CONSOLES: Mapping[str, BrokenEnd] = {
    **{
        f"lacks a line of {command}": _console(
            f"answer.{name}",
            *(f"value.{one}" for one in WITH_VALUES.get(command, ())),
            out=without_line(LAST_LINES[command]),
        )
        for command, name in ANSWERS.items()
    },
    "takes Return once": _console("prompt.return", into=one_return()),
    "prints the prompt twice": _console("prompt.each", out=prompts(lambda data: (data, data))),
    "prints no prompt after ver": _console("prompt.after-answer", "answer.ver", out=no_prompt_after(b"N9 Image")),
    "has a prompt of one character": _console("prompt.form", "prompt.each", out=prompts(lambda data: (b"$\r\n", data))),
    "ends lines with LF": _console("lines.end", out=replacing("\r\n", "\n")),
    "prints 3,000 characters": _console(
        "lines.text", "lines.length", out=with_line(b"fw version", b"x" * 3_000 + b"\r\n")
    ),
    "has another firmware each time": _console("answers.same", out=in_turn(b"fw version", b"2.1.7", b"2.1.8")),
    "does not list ver": _console("list.first", out=without_line(b"ver ")),
    "does not list scan": _console("list.meross", out=without_line(b"scan")),
    "does not list write": _console("list.config", out=without_line(b"write")),
    "does not list upgrade": _console("list.iot", out=without_line(b"upgrade")),
    "lists erase": _console("list.known", out=with_line(b"reboot", b"erase  - erase all\r\n")),
    **{
        f"shows no usage of {name}": _console(f"usage.{name}", out=replacing(f"meross {form}", "no"))
        for name, form in {
            "switch": "switch <",
            "led": "led red/",
            "test": "test relay count",
            "upgrade": "iot upgrade <",
            "e2p": "e2p (?:uuid|mac)(?: {2,}| [{])",
        }.items()
    },
    "prints no prompt after an unknown command": _console("typed.unknown", out=no_prompt_after(b"command not")),
    "takes whole lines only": _console("typed.byte-by-byte", "typed.pause", into=only_lines),
    "takes no pause": _console("typed.pause", into=lost(b"meros")),
    "takes one space": _console("typed.spaces", into=lambda data: data.replace(b"  ", b"_")),
    "takes one line at once": _console("typed.at-once", into=first_line),
    **{
        f"is unresponsive after {name}": _console(f"typed.{name}", into=unresponsive_after(typed.__eq__))
        for name, typed in {
            "long": LONG,
            "control": CONTROL,
            "key": KEY,
            "binary": BINARY,
            "returns": b"\r" * 20,
        }.items()
    },
    "prints one more line": _console("answer.known", out=with_line(b"fw version", b"what:1\r\n")),
    "has no chip": _console("value.model", out=replacing("^chipset.*", "chipset   :\r")),
    "has another MAC": _console(
        *("value.identity", "value.e2p-mac", "value.setting"), out=replacing("^mac       :02", "mac       :06")
    ),
    "has firmware 2.1": _console("value.firmware", out=replacing(r"version:2\.1\.7", "version:2.1")),
    "has another UUID in e2p": _console("value.e2p-uuid", out=replacing("^uuid:19", "uuid:29")),
    "has another MAC in e2p": _console("value.e2p-mac", out=replacing("^mac:02", "mac:06")),
    "has another UUID in its settings": _console("value.settings", out=replacing("uuid: 19", "uuid: 29")),
    "has no group network": _console("value.groups", out=without_line(b"[network]")),
    "shows more than a group": _console("value.group", out=with_line(b"[factory]dev.fac.locale", b"[AP]BW: 0\r\n")),
    "shows no MAC": _console("value.setting", out=replacing(r"fac\.mac: .*", "fac.mac: \r")),
    "has less free than ever": _console("value.memory", out=replacing(r"^free: \d+", "free: 1")),
    "has no task cli": _console("value.tasks", out=without_line(b"cli ")),
    "has an uptime that stands": _frozen(b"system uptime", "value.uptime", "restart.uptime"),
    "has a clock that stands": _frozen(b"utc timestamp", "value.utc"),
    "has a sunrise at 29:00": _console("value.sun", out=replacing(r"^sunrise \d\d", "sunrise 29")),
    "has a ratio 0": _console("value.ratios", out=replacing("ratio:188", "ratio:0")),
    "measures too much power": _console("value.power", out=replacing(r"^p:\d+", "p:9000000")),
    "has the address of no interface": _console("value.address", out=replacing(r"^ip: {7}:", "ip:       :10.0.0.9")),
    "reports no cloud": _console("value.debug", out=without_line(b'\t"cloud"')),
    "gets no reply to a ping": _console("ping", out=replacing("ping: recv.*", "\r")),
    "ends no scan": _console("scan", out=replacing("Scan Done!", "Done")),
    "logs verbosely": _console("log.form", "ping", out=replacing("C: info", "C: verbose")),
    "has a log whose clock falls": _console("log.clock", "restart.log", out=backwards()),
    "does not answer iot log": _console("log.dump", out=without_line(b"mrs_protocol")),
    "writes nothing": _console("setting", into=lambda data: b"" if data.startswith(b"config write") else data),
    "switches nothing": _console("switch", into=lambda data: b"" if data.startswith(b"meross switch 1") else data),
    "does not start again": _console("restart.printed", into=lost(b"reboot\r")),
    "has a log whose clock runs on": _console("restart.log", out=replacing(r"^\[T: ", "[T: 99")),
    "names another reason": _console("restart.reason", out=replacing("HAL_WDT_SOFTWARE_RESET", "HAL_POWER_ON")),
    "prints no prompt after a start": _changing("restart.prompt", b"reboot\r", prompts(lambda data: ())),
    "has an uptime that runs on": _console("restart.uptime", out=replacing("uptime:0h", "uptime:9h")),
    "is another one after a start": _changing("restart.identity", b"reboot\r", replacing("mss310", "mss311")),
}
