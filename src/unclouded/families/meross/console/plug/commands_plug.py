"""The answers of ``meross …`` about the plug itself.

Made up: the answers of ``e2p`` with a value, ``switch`` and ``led``; ``YES`` of ``fac``; the lines of the history; that
``energy:cur`` is today's Wh, ``last`` yesterday's, ``now`` what was used since the start; the unit of the interval of
``test relay`` (seconds); how the heap and the tasks change. Source: docs/protocols/meross.md §1.9.5.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from unclouded.families.meross.console.plug import config_store
from unclouded.families.meross.console.plug.boot_log import WATCHDOG_RESET
from unclouded.families.meross.console.plug.commands_system import address
from unclouded.families.meross.console.plug.shell_context import INVALID, Handler, ShellContext
from unclouded.families.meross.console.wire.answer_types import HistoryDay
from unclouded.families.meross.plug.debug_report import duration, local_text, sun_text
from unclouded.families.meross.plug.network_state import PlugPhase
from unclouded.families.meross.plug.state.wifi_networks import HIGHEST_CHANNEL
from unclouded.families.meross.wire.time_rules import local_offset

CRASH_S = 0.5  # until the watchdog restarts the board
PING_S = 0.001
SCAN_S = 2.0
HEAP_BYTES, FREE_BYTES, LOW_BYTES = 184_320, 83_536, 80_496
CONNECTION_BYTES, RULE_BYTES = 9_216, 96  # of the heap
MOST_MOVES, LONGEST_INTERVAL_S = 1_000, 3_600
E2P = """meross e2p uuid               - read uuid
meross e2p uuid {uuid}        - write uuid
meross e2p mac                - read mac
meross e2p mac  {mac}         - write mac""".splitlines()
TASKS = """cli R 7 748 10|IDLE R 0 235 11|Tmr Svc B 19 468 12|mrs_main B 5 848 2|mrs_atf B 4 808 14|mrs_timer B 4 800 13
httpd_proc B 4 931 15|lwIP B 6 457 8|inband B 6 956 3|fw_agent B 6 987 5|SYSLOG B 1 89 1|net B 6 942 4|wfw B 6 238 6
dhcpd B 4 147 9""".replace("\n", "|").split("|")
SERVER_TASK = "mrs_mqtt B 4 702 16"  # made up
SCAN_FORM = "{:<4}{:<33}{:<20}{:<8}{:<8}{:<8}{:<8}{:<8}{:<8}{:<10}"
SCAN_TITLES = ("Ch", "SSID", "BSSID", "Auth", "Cipher", "RSSI", "WPS_EN", "CM", "DPID", "SR")
PROTECTED, OPEN = (9, 8), (0, 1)  # authentication and cipher
LED_STATES = {"on": "{}", "off": "off", "quick": "flashing {} quickly", "slow": "flashing {} slowly"}


def _hardware(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    hardware = shell.plug.hardware()
    values = {
        "model": hardware.type,
        "local": hardware.sub_type,
        "hw version": hardware.version,
        "chipset": hardware.chip_type,
        "uuid": hardware.uuid,
        "mac": hardware.mac_address,
    }
    return ["hardware info", *(f"{name:<10}:{value}" for name, value in values.items())]


def _firmware(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    firmware = shell.plug.firmware()
    return ["firmware info", f"fw version:{firmware.version}", f"buildDate :{firmware.compile_time}"]


def _network(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    driver = [shell.output.driver_command(id) for id in (0xD5, 0xD2)]
    return [
        "network info:",
        f"ip:       :{address(shell.plug)}",
        *driver,
        f"router mac:{shell.plug.firmware().wifi_mac}",
    ]


def _tasks(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    tasks = [*TASKS, SERVER_TASK] if shell.plug.contact.is_online else TASKS
    if shell.plug.settings.is_set_up:
        tasks = [task for task in tasks if not task.startswith("dhcpd")]
    rows = (task.rsplit(" ", 4) for task in tasks)
    return ["task info:", "name       | status | prio | stack | id", *("\t".join([f"{n:<11}", *r]) for n, *r in rows)]


def _heap(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    plug = shell.plug
    used = CONNECTION_BYTES * plug.contact.is_online + RULE_BYTES * (len(plug.timers.rules) + len(plug.triggers.rules))
    free = FREE_BYTES - used - plug.unix(now) % 8 * 16
    shell.lowest_free = min(free, shell.lowest_free or LOW_BYTES)
    return ["heap info:", f"total:{HEAP_BYTES}", f"free: {free}", f"low:  {shell.lowest_free}"]


def _time(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    plug = shell.plug
    unix = plug.clock.unix(now)
    offset = local_offset(plug.settings.time_rule, unix)
    return [
        "time info:",
        f"local time   :{local_text(unix, offset)} ,local offset:{offset}",
        f"utc timestamp:{int(unix)}",
        f"system uptime:{duration(plug.clock.uptime(now))}",
    ]


def _sun(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    settings, unix = shell.plug.settings, shell.plug.clock.unix(now)
    offset = local_offset(settings.time_rule, unix)
    sun = sun_text(unix, offset, settings.latitude, settings.longitude).split(";")
    rise, set_ = (":".join(f"{int(part):02}" for part in text.split(":")) for text in sun)
    place = f"latitude:{settings.latitude},longitude:{settings.longitude},tz:{offset}/3600.0"
    return [place, f"sunrise {rise}", f"sunset  {set_}"]


# --- identity -----------------------------------------------------------------------------------------


def _e2p(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    return E2P


def _identity(name: str, write: config_store.Write) -> Handler:
    def handle(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
        if args and not write(shell.plug, args[0], now):
            return INVALID
        shell.changed(now)
        return [f"{name}:{getattr(shell.plug, name)}"]

    return handle


def _factory(state: bool | None) -> Handler:
    def handle(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
        if state is not None:
            shell.plug.settings.is_factory = state
            shell.changed(now)
            return ()
        return [f"In fac mode:{'YES' if shell.plug.settings.is_factory else 'NO'}"]

    return handle


# --- what it measures ---------------------------------------------------------------------------------


def _power(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    plug = shell.plug
    voltage, current, power = plug.measured()
    today, yesterday = _last_days(shell, now)
    return [
        "--------------runtime----------------",
        f"energy:cur:{today},last:{yesterday},now:{plug.used_since_start_Wh}",
        f"p:{power}",
        f"v:{voltage} (ratio:{plug.ratios.voltage_ratio})",
        f"i:{current} (ratio:{plug.ratios.electricity_ratio})",
        "pulse unit:0",
        "max current:0",
        "report status:todo",
        *(f"report time[{number}] 00:00" for number in range(3)),
        "--------------history data----------------",
        *(list(_history(shell)) or ["no data"]),
    ]


def _last_days(shell: ShellContext, now: float) -> tuple[int, int]:
    """The energy of today and yesterday, by the plug's own days."""
    unix = shell.plug.clock.unix(now)
    local = datetime.fromtimestamp(unix + local_offset(shell.plug.settings.time_rule, unix), UTC).date()
    by_date = {day.date: day.value for day in shell.plug.energy.days}
    return _of(local, by_date), _of(local - timedelta(days=1), by_date)


def _of(day: date, by_date: Mapping[str, int]) -> int:
    return by_date.get(day.isoformat(), 0)


def _history(shell: ShellContext) -> Iterator[str]:
    for slot in range(shell.plug.dialect.day_slots):
        day = shell.plug.energy.slot(slot)
        if day is not None:
            yield str(HistoryDay(slot + 1, day.date, day.time, day.value))


# --- what takes its time ------------------------------------------------------------------------------


def _ping(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    """The answers come from the log, behind the prompt."""
    target = args[0]
    shell.later(now, lambda at: _log_ping(shell, f"send seq(0x0001) {target}", 194, at))
    shell.later(now + PING_S, lambda at: _log_ping(shell, f"recv seq(0x0001) {target}, 1 ms", 256, at))
    return ()


def _log_ping(shell: ShellContext, text: str, number: int, now: float) -> None:
    shell.output.log("ping", f"ping_{text[:4]}", number, f"[ping]: ping: {text}", now)


def _scan(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    if shell.later(now + SCAN_S, lambda at: _scanned(shell, at)):
        shell.has_prompt = False
    return ()


def _scanned(shell: ShellContext, now: float) -> None:
    lines = [SCAN_FORM.format(*SCAN_TITLES)]
    for one in shell.plug.options.networks:
        if one.channel <= HIGHEST_CHANNEL:
            security = PROTECTED if one.password else OPEN
            values = (one.channel, one.ssid, one.bssid, *security, one.signal // 2 - 100, 1, 0, 0, 0)
            lines.append(SCAN_FORM.format(*values))
    lines += ["[MRS Scan Event Callback]: Scan Done!", shell.output.driver_command(0xD8)]
    shell.output.answer(lines, now)
    shell.output.prompt(now)


def _switch(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    uuid, state = args
    if uuid.lower() != shell.plug.uuid.lower() or state not in ("on", "off"):
        return INVALID
    shell.events.append(shell.device.ask_relay(state == "on", now))
    return ()


def _test_relay(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    """Moved and back again, so many times, each in one interval."""
    count, interval = (config_store.whole_number(text) for text in args)
    if count is None or interval is None:
        return INVALID
    if 0 < count <= MOST_MOVES and 0 < interval <= LONGEST_INTERVAL_S:
        shell.later(now, _mover(shell, 2 * count, interval / 2))
        return ()
    return INVALID


def _mover(shell: ShellContext, moves: int, every_s: float) -> Callable[[float], None]:
    def move(now: float) -> None:
        shell.events.append(shell.device.ask_relay(not shell.plug.settings.onoff, now))
        if moves > 1:
            shell.later(now + every_s, _mover(shell, moves - 1, every_s))

    return move


def _led(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    colour, state = args
    if colour not in ("red", "green") or state not in LED_STATES:
        return INVALID
    shell.plug.led_command = LED_STATES[state].format(colour)
    shell.changed(now)
    return ()


def _crash(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    if shell.plug.network.phase is not PlugPhase.STARTING:
        shell.restart_at(now + CRASH_S, WATCHDOG_RESET)
    return ("system crash test....",)


PLUG: Mapping[str, Handler] = {
    "meross hw": _hardware,
    "meross fw": _firmware,
    "meross net": _network,
    "meross task": _tasks,
    "meross mem": _heap,
    "meross time": _time,
    "meross sun": _sun,
    "meross e2p": _e2p,
    "meross e2p uuid": _identity("uuid", config_store.write_uuid),
    "meross e2p mac": _identity("mac", config_store.write_mac),
    "meross ping": _ping,
    "meross power": _power,
    "meross scan": _scan,
    "meross switch": _switch,
    "meross led": _led,
    "meross crash": _crash,
    "meross fac": _factory(None),
    "meross fac 0": _factory(False),
    "meross fac 1": _factory(True),
    "meross test relay": _test_relay,
}
