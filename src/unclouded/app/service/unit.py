"""The text of the systemd unit: of the system, with a user of its own, or of one user's session.

The system's unit may use serial ports and the network and write to its own folder, and nothing else of the machine.
``systemd-analyze verify`` must be silent on it, and ``systemd-analyze security`` at most 3.0 (a test).
"""

from pathlib import Path

import msgspec

from unclouded.core.system.systemd_unit import CONFINED, quoted

NAME = "unclouded.service"
USER = "unclouded"
STATE = Path("/var/lib/unclouded")  # configuration, store, keys
WATCHDOG_S = 60
OPEN_FILES = 8192

# Groups that own serial ports, by distribution; the first that there is.
SERIAL_GROUPS = ("dialout", "uucp")

SYSUSERS = f"""# The user of {NAME}. Written by `unclouded service install`.
u {USER} - "Unclouded hub" {STATE}
"""

HARDENING = """
# What the hub needs: its own folder, serial ports, the network. Everything else of the machine is out of its reach.
CapabilityBoundingSet=
AmbientCapabilities=
ProtectHome={protect_home}
DevicePolicy=closed
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyAMA rw
DeviceAllow=char-ttyS rw
DeviceAllow=char-pts rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
{confined}"""


class ServiceUnit(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between units. ``group``: that of serial ports, "" = none here. ``is_user``: of a user's session."""

    program: Path
    config: Path
    data: Path
    group: str = ""
    is_user: bool = False

    @property
    def text(self) -> str:
        """The unit file."""
        return "\n".join([*self._head(), *self._service(), *self._install()])

    def _head(self) -> list[str]:
        online = [] if self.is_user else ["Wants=network-online.target", "After=network-online.target time-sync.target"]
        return [
            "# Written by `unclouded service install`. Changes of your own belong into a drop-in:",
            f"# systemctl {'--user ' if self.is_user else ''}edit {NAME}",
            "[Unit]",
            "Description=Unclouded hub",
            *online,
            "StartLimitIntervalSec=300",
            "StartLimitBurst=5",
            "",
        ]

    def _service(self) -> list[str]:
        words = ("run", "--config", str(self.config), "--data", str(self.data))
        command = " ".join([quoted(str(self.program)), *(quoted(word.replace("$", "$$")) for word in words)])
        lines = [
            "[Service]",
            "Type=notify",
            f"ExecStart={command}",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "Restart=on-failure",
            "RestartSec=5",
            "RestartPreventExitStatus=2",  # an invalid configuration
            f"WatchdogSec={WATCHDOG_S}",
            "TimeoutStopSec=30",
            f"LimitNOFILE={OPEN_FILES}",
        ]
        if self.is_user:
            return [*lines, "NoNewPrivileges=yes", "UMask=0077", ""]
        lines += [f"User={USER}", f"Group={USER}"]
        lines += [f"SupplementaryGroups={self.group}"] if self.group else []
        lines += [f"StateDirectory={STATE.name}", "StateDirectoryMode=0700"]
        outside = sorted({folder for folder in (self.config.parent, self.data) if not folder.is_relative_to(STATE)})
        lines += [f"ReadWritePaths={quoted(str(folder))}" for folder in outside]
        in_homes = self._uses_homes()
        return [*lines, HARDENING.format(protect_home="read-only" if in_homes else "yes", confined=CONFINED), ""]

    def _install(self) -> list[str]:
        return ["[Install]", f"WantedBy={'default.target' if self.is_user else 'multi-user.target'}", ""]

    def _uses_homes(self) -> bool:
        places = (self.program, self.config, self.data)
        return any(place.is_relative_to(home) for place in places for home in ("/home", "/root", "/run/user"))
