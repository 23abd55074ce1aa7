"""What every unit of systemd says that Unclouded writes: what a server never needs of its computer, and how words are
quoted. Source: systemd.exec(5), systemd.syntax(7).
"""

CONFINED = """NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
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


def quoted(word: object) -> str:
    """A word of a setting: percent signs are doubled; dollar signs mean something only in arguments of a program."""
    text = str(word)
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if set(plain) & set(" \t'\";") or plain != text else plain
