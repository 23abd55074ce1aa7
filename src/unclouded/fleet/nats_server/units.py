"""Units of systemd for nats-server and `unclouded fleet serve`.

Both run as one user, who owns the folder of the fleet; nats-server cannot see the keys in it.
``systemd-analyze verify`` must be silent on them, and ``systemd-analyze security`` at most 3.0 (a test).
"""

from pathlib import Path

from unclouded.core.system.systemd_unit import CONFINED, quoted
from unclouded.fleet.nats_server.configuration_file import OPEN_FILES

USER = "unclouded-fleet"
NATS_UNIT = "unclouded-nats.service"
FLEET_UNIT = "unclouded-fleet.service"
FLEET_OPEN_FILES = 16_384

SYSUSERS = f"""# The user of {NATS_UNIT} and {FLEET_UNIT}. Written by `unclouded fleet init`.
u {USER} - "Unclouded fleet" {{folder}}
"""

HARDENING = f"""CapabilityBoundingSet={{capabilities}}
AmbientCapabilities={{capabilities}}
ProtectHome={{protect_home}}
PrivateDevices=yes
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
{CONFINED}"""


def nats_unit(program: Path, configuration: Path, folder: Path) -> str:
    """The unit of one nats-server. It writes only the folder of newer account tokens."""
    hidden = [f"InaccessiblePaths=-{quoted(folder / name)}" for name in ("keys", "offline")]
    lines = [
        *_head("NATS of an Unclouded fleet"),
        "[Service]",
        f"ExecStart={quoted(program)} -c {quoted(configuration)}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "Restart=always",
        "RestartSec=2",
        "KillSignal=SIGUSR2",  # lame duck: clients are sent away one after the other
        "TimeoutStopSec=150",
        f"LimitNOFILE={OPEN_FILES}",
        *hidden,
        *_user(folder, folder / "accounts", program, is_privileged=False),
    ]
    return "\n".join(lines) + "\n"


def fleet_unit(program: Path, folder: Path, is_privileged: bool) -> str:
    """The unit of `unclouded fleet serve`. ``is_privileged``: it listens on a port below 1024."""
    lines = [
        *_head("Unclouded fleet", f"Wants={NATS_UNIT} postgresql.service", f"After={NATS_UNIT} postgresql.service"),
        "[Service]",
        "Type=notify",
        "TimeoutStartSec=infinity",  # it waits for the database
        f"ExecStart={quoted(program)} fleet serve --fleet {quoted(str(folder).replace('$', '$$'))}",
        "Restart=always",
        "RestartSec=2",
        "RestartPreventExitStatus=2",  # an invalid configuration
        "TimeoutStopSec=30",
        "WatchdogSec=60",
        f"LimitNOFILE={FLEET_OPEN_FILES}",
        f"InaccessiblePaths=-{quoted(folder / 'offline')}",
        *_user(folder, folder, program, is_privileged),
    ]
    return "\n".join(lines) + "\n"


# --- inside -----------------------------------------------------------------------------------------


def _head(title: str, *more: str) -> list[str]:
    return [
        "# Written by `unclouded fleet init`. Changes of your own belong into a drop-in: systemctl edit",
        "[Unit]",
        f"Description={title}",
        "Wants=network-online.target",
        "After=network-online.target time-sync.target",
        *more,
        "",
    ]


def _user(folder: Path, written: Path, program: Path, is_privileged: bool) -> list[str]:
    in_homes = any(place.is_relative_to(home) for place in (folder, program) for home in ("/home", "/root"))
    capabilities = "CAP_NET_BIND_SERVICE" if is_privileged else ""
    hardening = HARDENING.format(protect_home="read-only" if in_homes else "yes", capabilities=capabilities)
    return [
        f"User={USER}",
        f"Group={USER}",
        f"ReadWritePaths={quoted(written)}",
        hardening,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
