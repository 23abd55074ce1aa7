"""The log of a Meross console: bytes a second, beside a plain per-byte parser and a reader by regular expressions.

    python bench/console.py [--json] [--lines N] [--rounds N]

Log lines as a busy plug prints them, at 256-byte reads, all in turns in the same run: our line reader (lines, log
lines, cut ones, prompts), our session, and two parsers as they are usually written, which read nothing but whole log
lines. The line reader and both parsers have time, module, level, function, line and text of every log line; the session
has an event with text, module and level for each, and makes sure that every byte belongs to a line and that no line has
a word that stands before secrets. The median counts. A line carries 11,520 bytes a second at most.
"""

import re
import statistics
import time
from collections.abc import Callable

from _common import arguments, report, spin
from unclouded.core.sessions.session import Ambient, LinkPath, Logged
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.wire.lines import ConsoleLines, LineKind

READ = 256  # bytes a read
LINE_BYTES_PER_S = 115_200 / 10
PLACES = (
    ("mrs_http", "info", "mrs_http_handle_event", 33, "httpd status = 1"),
    ("mrs_timer", "info", "mrs_timer_nvdm_load_rules", 556, "load 0 rules"),
    ("mrs_event", "warning", "mrs_iot_event_send_primary", 116, "event not init"),
    ("ping", "info", "ping_recv", 256, "[ping]: ping: recv seq(0x0001) 127.0.0.1, 1 ms"),
    ("mrs_main", "info", "mrs_main_wifi_init_done_handler", 34, "WiFi Init Done: port = 1"),
)

Feed = Callable[[bytes], int]  # bytes -> how many log lines were read
LOG = re.compile(
    r"\[T: (?P<at>\d+) M: (?P<module>.*?) C: (?P<level>\w+) F: (?P<function>.*?) L: (?P<line>\d+)\]: "
    r"(?P<text>[^\r\n]*)\r?\n"
)


class PerByteParser:
    """What firmware does: a state for each byte, a field for each mark."""

    MARKS = ("[T: ", " M: ", " C: ", " F: ", " L: ", "]: ")

    def __init__(self) -> None:
        self._fields: list[str] = []
        self._field = ""

    def feed(self, data: bytes) -> int:
        found = 0
        for byte in data:
            letter = chr(byte)
            if letter == "\n":
                self._fields.append(self._field.rstrip("\r"))
                if len(self._fields) == len(self.MARKS) + 1:
                    _, at, module, level, function, line, text = self._fields
                    self.values = (int(at), module, level, function, int(line), text)
                    found += 1
                self._fields, self._field = [], ""
                continue
            self._field += letter
            place = len(self._fields)
            if place < len(self.MARKS) and self._field.endswith(self.MARKS[place]):
                self._fields.append(self._field[: -len(self.MARKS[place])])
                self._field = ""
        return found


class RegexReader:
    """A buffer of text, a pattern for a whole line, then the values by name."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, data: bytes) -> int:
        self._buffer += data.decode("utf-8", "replace")
        found = end = 0
        while (match := LOG.search(self._buffer, end)) is not None:
            values = match.groupdict()
            self.values = {**values, "at": int(values["at"]), "line": int(values["line"])}
            found += 1
            end = match.end()
        self._buffer = self._buffer[end:]
        return found


def line_reader() -> Feed:
    one = ConsoleLines()
    return lambda data: sum(line.kind is LineKind.LOG for line in one.feed(data))


def session() -> Feed:
    one = ConsoleSession(ConsoleSettings(), Ambient(wall=lambda now: now, token=bytes))
    one.up(LinkPath(), 0.0)
    return lambda data: sum(type(event) is Logged for event in one.receive(data, 1.0))


def stream(count: int) -> bytes:
    lines = []
    for number in range(count):
        module, level, function, line, text = PLACES[number % len(PLACES)]
        lines.append(f"[T: {number * 7} M: {module} C: {level} F: {function} L: {line}]: {text}\r\n")
    return "".join(lines).encode()


def rate(feed: Feed, data: bytes, count: int) -> float:
    started = time.perf_counter()
    found = sum(feed(data[at : at + READ]) for at in range(0, len(data), READ))
    seconds = time.perf_counter() - started
    assert found == count, f"{found} of {count} log lines were read"
    return len(data) / seconds


def main() -> None:
    options = arguments(__doc__ or "", lines=20_000, rounds=5)
    before = spin()
    data = stream(options.lines)
    contestants: dict[str, Callable[[], Feed]] = {
        "per_byte_parser": lambda: PerByteParser().feed,
        "regular_expression": lambda: RegexReader().feed,
        "line_reader": line_reader,
        "session": session,
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, make in contestants.items():
            rates[name].append(rate(make(), data, options.lines))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    figures: dict[str, object] = {f"{name}_bytes_per_s": round(value) for name, value in medians.items()}
    figures["lines_that_one_core_follows"] = round(medians["session"] / LINE_BYTES_PER_S)
    for ours in ("line_reader", "session"):
        for name in ("per_byte_parser", "regular_expression"):
            figures[f"{ours}_to_{name}"] = round(medians[ours] / medians[name], 2)
    report("console", figures, before, options.json)


if __name__ == "__main__":
    main()
