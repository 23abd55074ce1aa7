"""Checks of the answer of each command: its lines, and whether its values fit together.

Source: docs/protocols/meross_console.md §3 to §5.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.meross_console.console_lines import ConsoleReply, Line, answer_to, row_of
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.console.wire.answer_form import whole_lines
from unclouded.families.meross.console.wire.answers import form_of
from unclouded.families.meross.console.wire.known_lines import known_line

Answered = Callable[[Line], Script[None]]
HISTORY = "data\\["  # days, which a new plug has none of
ALSO = {"meross iot rule": ("timer rules info:", "autooff rules info:")}
TASKS = {"cli", "IDLE"}
CLOCK_S = 5.0
UUID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
GROUPS = {"common", "STA", "AP", "network", "meross", "factory"}

# command -> the last part of the check's id
ANSWERS: Mapping[str, str] = {
    "ip": "ip",
    "ver": "ver",
    "config show": "config",
    **{f"meross {name}": name for name in ("hw", "fw", "net", "task", "mem", "time", "sun", "power", "fac")},
    "meross iot status": "status",
    "meross iot rule": "rule",
    "meross iot dbg": "dbg",
}


# --- the lines ---------------------------------------------------------------------------------------


def has_its_lines(command: str) -> Answered:
    """Each line that the command's answer has in the source."""

    def script(line: Line) -> Script[None]:
        reply, _ = yield from answer_to(line, command)
        forms = form_of(row_of(command)).lines
        texts = [text.strip() for text in whole_lines(reply.lines, form_of(row_of(command)).fits)]
        missing = [one.pattern.pattern for one in forms if not any(map(one.pattern.fullmatch, texts))]
        missing = [one for one in missing if not one.startswith(HISTORY)]
        missing += [one for one in ALSO.get(command, ()) if one not in texts]
        line.end.unknown += _unknown(command, reply, texts)
        line.require(not missing, f"{len(missing)} of its {len(forms)} lines are missing, such as {missing[:1]}.")

    return script


def _unknown(command: str, reply: ConsoleReply, texts: list[str]) -> list[str]:
    form = form_of(row_of(command))
    return [f"{command}: {text}" for text in texts if not form.fits(text) and known_line(text) is None]


def only_known_lines(line: Line) -> None:
    found = line.end.unknown
    line.require(not found, f"{len(found)} lines of answers are not known, such as {found[0][:80]!r}." if found else "")


# --- the values --------------------------------------------------------------------------------------


def _answer(line: Line, command: str) -> Script[Any]:  # Any: the struct of the command
    _, found = yield from answer_to(line, command)
    return found


def identity(line: Line) -> Script[None]:
    hardware = yield from _answer(line, "meross hw")
    line.facts |= {"model": hardware.model, "hardware": hardware.hardware, "chip": hardware.chip}
    line.require(UUID.fullmatch(hardware.uuid), "The UUID is not 32 hexadecimal digits.")
    mac = hardware.mac.replace(":", "").lower()
    line.require(hardware.uuid.lower().endswith(mac) and mac, "The UUID does not end with the MAC.")


def model(line: Line) -> Script[None]:
    hardware = yield from _answer(line, "meross hw")
    named = hardware.model and hardware.region and hardware.chip
    line.require(named, "Model, region or chip is empty.")
    line.require(hardware.hardware.startswith("2."), f"The hardware version is {hardware.hardware}.")


def firmware(line: Line) -> Script[None]:
    found = yield from _answer(line, "meross fw")
    line.facts["firmware"] = found.version
    parts = found.version.split(".")
    line.require(len(parts) == 3 and all(map(str.isdigit, parts)), f"The firmware version is {found.version!r}.")


def same_identity(name: str) -> Answered:
    """The identity of e2p is that of hw."""

    def script(line: Line) -> Script[None]:
        hardware = yield from _answer(line, "meross hw")
        found = yield from _answer(line, f"meross e2p {name}")
        line.require(
            getattr(found, name).lower() == getattr(hardware, name).lower(),
            f"meross e2p {name} and meross hw differ.",
        )

    return script


def settings_identity(line: Line) -> Script[None]:
    hardware = yield from _answer(line, "meross hw")
    found = yield from _answer(line, "config show")
    values = {one.key: one.value for one in found.entries}
    line.require(values.get("dev.fac.uuid", "").lower() == hardware.uuid.lower(), "dev.fac.uuid is not that of hw.")


def settings_groups(line: Line) -> Script[None]:
    found = yield from _answer(line, "config show")
    missing = sorted(GROUPS - {one.group for one in found.entries})
    line.require(not missing, f"config show has nothing of {', '.join(missing)}.")


def one_group(line: Line) -> Script[None]:
    found = yield from _answer(line, "config show factory")
    groups = sorted({one.group for one in found.entries})
    line.require(groups == ["factory"], f"config show factory shows {', '.join(groups) or 'nothing'}.")


def one_setting(line: Line) -> Script[None]:
    hardware = yield from _answer(line, "meross hw")
    reply, _ = yield from answer_to(line, "config read factory dev.fac.mac")
    shown = " ".join(one.text for one in reply.lines).lower()
    line.require(hardware.mac.lower() in shown, "config read factory dev.fac.mac does not show the MAC.")


def _known(line: Line, *values: object) -> None:
    """A line that is missing is another check's."""
    if any(value is None for value in values):
        line.skip("A value is missing in the answer.")


def memory(line: Line) -> Script[None]:
    heap = yield from _answer(line, "meross mem")
    _known(line, heap.low, heap.free, heap.total)
    line.require(0 < heap.low <= heap.free <= heap.total, f"low {heap.low}, free {heap.free}, total {heap.total}.")


def tasks(line: Line) -> Script[None]:
    found = yield from _answer(line, "meross task")
    missing = sorted(TASKS - {one.name for one in found.tasks})
    line.require(not missing, f"There is no task {', '.join(missing)}.")
    odd = {one.status for one in found.tasks} - {"R", "B", "S", "D"}
    line.require(not odd, f"A task has the status {min(odd)}." if odd else "")
    ids = [one.id for one in found.tasks]
    line.require(len(set(ids)) == len(ids), "Two tasks have one id.")


def clock_runs(name: str) -> Answered:
    """A script: this field of ``meross time`` moves with the clock, within 1.5 s."""

    def script(line: Line) -> Script[None]:
        first, began = getattr((yield from _answer(line, "meross time")), name), line.now
        yield from line.pause(CLOCK_S)
        second = getattr((yield from _answer(line, "meross time")), name)
        _known(line, first, second)
        off = second - first - (line.now - began)
        line.require(abs(off) <= 1.5, f"In {line.now - began:.0f} s it moved by {second - first} s.")

    return script


def sun(line: Line) -> Script[None]:
    found = yield from _answer(line, "meross sun")
    good = TIME.fullmatch(found.sunrise) and TIME.fullmatch(found.sunset)
    line.require(good, f"Sunrise is {found.sunrise!r}, sunset {found.sunset!r}.")


def ratios(line: Line) -> Script[None]:
    power = yield from _answer(line, "meross power")
    line.require(
        power.voltage_ratio and power.current_ratio, f"The ratios are {power.voltage_ratio} and {power.current_ratio}."
    )


def measures(line: Line) -> Script[None]:
    """Power is not more than voltage × current, with a margin for what changes meanwhile."""
    power = yield from _answer(line, "meross power")
    _known(line, power.power, power.voltage, power.current)
    most = power.voltage / 10 * power.current / 1000 * 1.1 + 2
    line.require(power.power / 1000 <= most, f"{power.power} mW is more than {power.voltage} × {power.current}.")


def address(line: Line) -> Script[None]:
    network = yield from _answer(line, "meross net")
    if not network.address:
        line.not_applicable("It has no address.")
    found = yield from _answer(line, "ip")
    addresses = {one.ip for one in found.interfaces}
    line.require(network.address in addresses, f"ip shows no interface with {network.address}.")


def debug(line: Line) -> Script[None]:
    found = yield from _answer(line, "meross iot dbg")
    empty = [name for name in ("system", "network", "cloud") if not getattr(found, name)]
    line.require(not empty, f"It has nothing of {', '.join(empty)}.")


# --- what comes later ----------------------------------------------------------------------------------


def ping(line: Line) -> Script[None]:
    found = yield from _answer(line, "meross ping 127.0.0.1")
    line.require(found.sent, "No line shows that a ping was sent.")
    line.require(found.replies, "No line shows a reply.")


def scan(line: Line) -> Script[None]:
    scanning = row_of("meross scan")
    reply, _ = yield from answer_to(line, "meross scan")
    texts = [one.text for one in reply.lines]
    line.require(any(scanning.until in text for text in texts), f"No line had {scanning.until!r}.")
    line.require(any(text.startswith("Ch ") for text in texts), "There is no table of networks.")


# --- the table ---------------------------------------------------------------------------------------


def _row(name: str, title: str, script: Answered, clause: str = "§4", grade: Grade = "must") -> Check:
    return row(f"console.{name}", title, clause, script, grade, timeout_s=120.0)


ANSWER_CHECKS: tuple[Check, ...] = (
    *(
        _row(f"answer.{name}", f"{command} is answered by its lines", has_its_lines(command))
        for command, name in ANSWERS.items()
    ),
    row(
        "console.answer.known",
        "Answers have no other lines",
        "§4",
        judged(only_known_lines),
        "deviation",
    ),
    _row("value.model", "Model, region and chip are named, and hardware is 2", model),
    _row("value.identity", "The UUID ends with the MAC", identity, "§3"),
    _row("value.firmware", "The firmware version has three numbers", firmware),
    _row("value.e2p-uuid", "meross e2p uuid is that of meross hw", same_identity("uuid"), "§3", "should"),
    _row("value.e2p-mac", "meross e2p mac is that of meross hw", same_identity("mac"), "§3", "should"),
    _row("value.settings", "dev.fac.uuid is the UUID of meross hw", settings_identity, "§5", "should"),
    _row("value.groups", "config show has all six groups", settings_groups, "§5"),
    _row("value.group", "config show factory shows that group", one_group, "§3", "should"),
    _row("value.setting", "config read shows one setting", one_setting, "§3", "should"),
    _row("value.memory", "low is not above free, nor free above total", memory),
    _row("value.tasks", "The task of the console runs, and each has its id", tasks),
    _row("value.uptime", "The uptime increases", clock_runs("uptime_s")),
    _row("value.utc", "The clock runs", clock_runs("utc")),
    _row("value.sun", "Sunrise and sunset are times of day", sun),
    _row("value.ratios", "The ratios are not 0", ratios),
    _row("value.power", "Power is not above voltage × current", measures, grade="should"),
    _row("value.address", "The address is that of an interface", address, grade="should"),
    _row("value.debug", "meross iot dbg has system, network and cloud", debug),
    _row("ping", "meross ping shows the request and the reply", ping),
    _row("scan", "meross scan shows a table, and its end", scan),
)
