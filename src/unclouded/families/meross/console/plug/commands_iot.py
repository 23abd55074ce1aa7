"""The answers of ``meross iot …``: the connection to the server, the rules, an update.

No source shows them for a plug that is bound. Made up: all values of ``status`` then, a line of JSON for each rule, the
answers of ``upgrade`` and of ``log off``, and the messages that ``log on`` prints.
Source: docs/protocols/meross.md §1.9.6.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from unclouded.families.meross.console.plug import config_store
from unclouded.families.meross.console.plug.commands_system import IN_WIFI
from unclouded.families.meross.console.plug.shell_context import INVALID, Handler, ShellContext
from unclouded.families.meross.console.plug.shell_output import CUT_BY

SCHEMES = ("http://", "https://")
LONGEST_DUMP = 512  # characters of a message


def _status(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    plug = shell.plug
    settings, firmware = plug.settings, plug.firmware()
    second = firmware.second_server or "", firmware.second_port or 0
    return [
        f"wifi status:{'connected' if plug.network.phase in IN_WIFI else 'disconnect'}",
        f"iot status:{'online' if plug.contact.is_online else 'offline'}",
        "iot info:",
        f"primary   host: {firmware.server}:{firmware.port}",
        f"secondary host: {second[0]}:{second[1]}",
        f"user id       :{config_store.user_id(plug)}",
        f"user key      :{settings.key}",
        f"bind id       :{settings.bind_id}",
    ]


def _unbind(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    is_online = shell.plug.contact.is_online
    shell.output.answer([f"device unbind via cli [{'Online' if is_online else 'Offline'}]"], now)
    shell.output.log("mrs_main", "mrs_main_proc", 172, "event factory reset", now)
    if not is_online:
        shell.output.log("mrs_event", "mrs_iot_event_send_primary", 116, "event not init", now, "warning")
    shell.has_prompt = False
    shell.events += shell.device.unbind(now)
    return ()


def _upgrade(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    if not args[0].startswith(SCHEMES):
        return INVALID
    shell.events += shell.device.update_from(args[0], now)
    return (f"upgrade url:{args[0]}",)


def _rules(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    timers, triggers = (
        [config_store.json_text(rule) for rule in store.rules] for store in (shell.plug.timers, shell.plug.triggers)
    )
    return ["timer rules info:", *timers, "autooff rules info:", *triggers]


def _log(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    """The number is the state before: the published 0 stands behind ``log on``."""
    if args[0] not in ("on", "off"):
        return INVALID
    before, shell.dumps_messages = shell.dumps_messages, args[0] == "on"
    return (f"mrs_protocol_set_log:protocol package dump {int(before)}",)


def dump(shell: ShellContext, direction: str, data: bytes, now: float) -> None:
    """Print a message of the plug, as ``log on`` asks for."""
    text = data[:LONGEST_DUMP].decode("utf-8", "replace")
    shell.output.log("mrs_protocol", "mrs_protocol_dump", 44, f"{direction} {text}", now)


def _debug(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    lines = list(_printed(msgspec.to_builtins(shell.plug.debug(now)), 0))
    if "cuts-lines" in shell.device.faults:
        key = '"sysOnlineT'
        lines = [line[: line.index(key) + len(key)] + CUT_BY if key in line else line for line in lines]
    return [*(shell.output.driver_command(id) for id in (0xD5, 0xD2)), "", *lines]


def _printed(value: Mapping[str, object], depth: int) -> Iterator[str]:
    """JSON as the plug's library prints it: tabs, and one behind each colon."""
    tabs, last = "\t" * (depth + 1), len(value) - 1
    if not depth:
        yield "{"
    for number, (name, one) in enumerate(value.items()):
        comma = "," if number < last else ""
        if isinstance(one, dict):
            yield f'{tabs}"{name}":\t{{'
            yield from _printed(one, depth + 1)
            yield f"{tabs}}}{comma}"
        else:
            yield f'{tabs}"{name}":\t{msgspec.json.encode(one).decode()}{comma}'
    if not depth:
        yield "}"


IOT: Mapping[str, Handler] = {
    "meross iot status": _status,
    "meross iot unbind": _unbind,
    "meross iot upgrade": _upgrade,
    "meross iot rule": _rules,
    "meross iot log": _log,
    "meross iot dbg": _debug,
}
