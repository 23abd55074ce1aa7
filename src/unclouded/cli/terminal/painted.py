"""What a terminal shows, as pieces of text with the name of what each is; styles.py has the colours.

[("time", "    0.153 "), ("module", "mrs_http"), ("", ": httpd status = 1")]
"""

from collections.abc import Iterable, Sequence

from unclouded.app.console.connection import ConsoleStatus
from unclouded.app.console.log_text import LogText
from unclouded.cli.output.terminal.text_width import columns, in_lines
from unclouded.cli.output.value_text import number_text
from unclouded.core.model import Value
from unclouded.core.sessions.session import Logged
from unclouded.core.text.printable import printable
from unclouded.core.times import duration_text

Painted = Sequence[tuple[str, str]]  # what it is, text

STATES = {"online": "good", "waiting": "warning", "connecting": "warning"}  # others: error
BETWEEN = "  "
SENTENCES = ("good", "warning", "error", "note")


def plain(text: str, what: str = "") -> Painted:
    """One line that is all the same."""
    return [(what, printable(text))]


def text_of(line: Painted) -> str:
    """The text of a line without its colours."""
    return "".join(text for _, text in line)


def wrapped(line: Painted, width: int) -> list[Painted]:
    """A sentence in lines of at most ``width`` columns; answers and lines of the log stay as they are."""
    if len(line) != 1 or line[0][0] not in SENTENCES:
        return [line]
    ((what, text),) = line
    return [[(what, one)] for one in in_lines(text, width)]


def painted_log(line: Logged) -> Painted:
    """A line of the log: time and module first; the place in the source is left out."""
    read = LogText.of(line)
    if read is None:
        return [("source", f"{line.source or 'text'}: "), ("log", printable(line.text))]
    what = line.level if line.level in ("warning", "error") else "log"
    return [
        ("time", f"{read.at_s:10.3f} "),
        ("module", printable(read.module)),
        (what, printable(f": {read.text}")),
    ]


def painted_status(status: ConsoleStatus, now: float, width: int) -> Painted:
    """The state of a console in one line of at most ``width`` columns. ``now``: Unix seconds."""
    parts: list[tuple[str, str]] = [(STATES.get(status.state, "error"), f" {status.state} ")]
    if status.reason:
        parts.append(("", printable(status.reason)))
    elif status.state == "online":
        parts += [("", text) for text in _facts(status, now) if text]
    return _fitted(parts, width)


def _facts(status: ConsoleStatus, now: float) -> Iterable[str]:
    """What is known of the plug, the most important first."""
    values, info = status.values, status.info
    yield " ".join(info[name] for name in ("product", "version") if info.get(name))
    power_W = values.get("power_W")
    yield number_text(power_W, "W") if isinstance(power_W, int | float) else ""
    yield _relay(values.get("on"))
    yield _wifi(values.get("wifi"))
    uptime = values.get("uptime_s")
    if isinstance(uptime, int | float):
        yield f"up {duration_text(uptime + now - status.read_at['uptime_s'])}"
    reason = status.start.get("reset_reason", "")
    yield f"reset {reason.removeprefix('HAL_').removesuffix('_RESET')}" if reason else ""


def _relay(value: Value | None) -> str:
    return {True: "relay on", False: "relay off"}.get(value, "") if isinstance(value, bool) else ""


def _wifi(value: Value | None) -> str:
    """As the plug names the state of its Wi-Fi; the name of having none is shortened."""
    return {"disconnect": "no Wi-Fi"}.get(value, f"Wi-Fi {value}") if isinstance(value, str) else ""


def _fitted(parts: Sequence[tuple[str, str]], width: int) -> Painted:
    """As many of them as there is room for; the last one is cut where it is the first that has none."""
    line: list[tuple[str, str]] = []
    room = width
    for what, text in parts:
        between = BETWEEN if line else ""
        if columns(between + text) > room:
            if len(line) == 1 and room > 20:
                line.append((what, f"{between}{text}"[: room - 1] + "…"))
            break
        line.append((what, between + text))
        room -= columns(between + text)
    return line
