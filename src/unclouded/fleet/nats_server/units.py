"""Units of systemd for nats-server and `unclouded fleet serve`.

Both run as one user, who owns the folder of the fleet; nats-server cannot see the keys in it.
``systemd-analyze verify`` must be silent on them, and ``systemd-analyze security`` at most 3.0 (a test).
"""

from pathlib import Path

from unclouded.fleet.nats_server.configuration_file import OPEN_FILES

USER = "unclouded-fleet"
NATS_UNIT = "unclouded-nats.service"
FLEET_UNIT = "unclouded-fleet.service"
FLEET_OPEN_FILES = 16_384

SYSUSERS = f"""# The user of {NATS_UNIT} and {FLEET_UNIT}. Written by `unclouded fleet init`.
u {USER} - "Unclouded fleet" {{folder}}
"""

HARDENING = """NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
KeyringMode=private
RemoveIPC=yes
UMask=0077"""


def nats_unit(program: Path, configuration: Path, folder: Path) -> str:
    """The unit of one nats-server. It writes only the folder of newer account tokens."""
    hidden = [f"InaccessiblePaths=-{_quoted(folder / name)}" for name in ("keys", "offline")]
    lines = [
        *_head("NATS of an Unclouded fleet"),
        "[Service]",
        f"ExecStart={_quoted(program)} -c {_quoted(configuration)}",
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
        f"ExecStart={_quoted(program)} fleet serve --fleet {_quoted(str(folder).replace('$', '$$'))}",
        "Restart=always",
        "RestartSec=2",
        "RestartPreventExitStatus=2",  # an invalid configuration
        "TimeoutStopSec=30",
        "WatchdogSec=60",
        f"LimitNOFILE={FLEET_OPEN_FILES}",
        f"InaccessiblePaths=-{_quoted(folder / 'offline')}",
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
        f"ReadWritePaths={_quoted(written)}",
        hardening,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]


def _quoted(word: object) -> str:
    """A word of a setting of systemd."""
    text = str(word)
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if set(plain) & set(" \t'\";") or plain != text else plain
