"""The answers of the chip maker's part of the shell, and of ``config``.

Made up: ``stat`` in the form of lwIP's statistics, ``config read``, and that ``config write`` and ``config reset``
print nothing. Source: docs/protocols/meross.md §1.9.4, §1.9.7.
"""

from collections.abc import Iterator, Mapping, Sequence

from unclouded.families.meross.console.plug import config_store
from unclouded.families.meross.console.plug.shell_context import INVALID, Handler, ShellContext
from unclouded.families.meross.plug.network_state import PlugPhase
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug

REBOOT_S = 0.05
OWN_NETWORK = ("static", "10.10.10.1", "255.255.255.0", "10.10.10.1")
IN_WIFI = (PlugPhase.CONNECTING, PlugPhase.PAIRED)
STATISTICS = (
    "xmit",
    "recv",
    "fw",
    "drop",
    "chkerr",
    "lenerr",
    "memerr",
    "rterr",
    "proterr",
    "opterr",
    "err",
    "cachehit",
)
PROTOCOLS = ("LINK", "ETHARP", "IP", "UDP", "TCP")


def address(plug: SimulatedPlug) -> str:
    """Its address in the Wi-Fi; "" where it is in none."""
    return plug.options.http_host if plug.network.phase in IN_WIFI else ""


def _ip(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    own = address(shell.plug)
    station = ("dhcp", own, "255.255.255.0", f"{own.rpartition('.')[0]}.1") if own else OWN_NETWORK
    lines = []
    for name, settings in (
        ("lo0", ("static", "127.0.0.1", "255.0.0.0", "127.0.0.1")),
        ("ap1", OWN_NETWORK),
        ("st2", station),
    ):
        lines += ["", *_interface(name, *settings)]
    return lines


def _interface(name: str, mode: str, ip: str, netmask: str, gateway: str) -> Iterator[str]:
    yield f"interface: {name}"
    yield f"mode:      {mode}"
    yield f"{mode}:"
    yield f"  ip      {ip}"
    yield f"  netmask {netmask}"
    yield f"  gateway {gateway}"


def _statistics(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    """The counts of messages stand for those of frames."""
    stats = shell.device.stats()
    lines = []
    for protocol in PROTOCOLS:
        counts = dict.fromkeys(STATISTICS, 0)
        if protocol in ("LINK", "IP", "TCP"):
            counts |= {"xmit": int(stats["frames_out"]), "recv": int(stats["frames_in"])}
        lines += ["", protocol, *(f"\t{name}: {count}" for name, count in counts.items())]
    return lines


def _versions(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    return "CM4 Image Ver: SDK_V4.6.2", "N9 Image  Ver: 20170823172833"


def _reboot(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    shell.restart_at(now + REBOOT_S)
    return ()


# --- config -------------------------------------------------------------------------------------------


def _show(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    groups = args or config_store.GROUP_NAMES
    if args and args[0] not in config_store.INITIAL:
        return INVALID
    title = f"show group {args[0]}" if args else "show all group"
    items = ((group, item) for group in groups for item in config_store.INITIAL[group])
    return [title, *(config_store.shown(shell.plug, group, item, now) for group, item in items)]


def _read(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    group, item = args
    if item not in config_store.INITIAL.get(group, {}):
        return INVALID
    return [config_store.shown(shell.plug, group, item, now)]


def _write(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    group, item, value = args
    is_written = config_store.write(shell.plug, group, item, value, now)
    shell.changed(now)
    return () if is_written else INVALID


def _reset(shell: ShellContext, args: Sequence[str], now: float) -> Sequence[str]:
    is_reset = config_store.reset(shell.plug, args[0], now)
    shell.changed(now)
    return () if is_reset else INVALID


SYSTEM: Mapping[str, Handler] = {
    "ip": _ip,
    "stat": _statistics,
    "ver": _versions,
    "reboot": _reboot,
    "config show": _show,
    "config read": _read,
    "config write": _write,
    "config reset": _reset,
}
