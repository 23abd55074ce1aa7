"""The configuration file of nats-server: operator mode, limits, TLS, one node or several.

Without JetStream, without monitoring on an address that others reach, and without a user who needs no token. Accounts
are kept by the ``full`` resolver, which takes newer tokens while it runs: so a revocation needs no reload.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from unclouded.fleet.keys.roles import LARGEST_PAYLOAD

MOST_CONNECTIONS = 65_536  # of a node; LimitNOFILE of its unit is higher
OPEN_FILES = MOST_CONNECTIONS + 4096
LARGEST_PENDING = "16MB"  # that wait for one slow client before it is disconnected
PING_EVERY = "4m"  # 70 kB a day and hub
CLUSTER = "unclouded"


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files of one end: its chain, its key, and the authority that signs the others."""

    chain: Path
    key: Path
    authority: Path


class NatsTrust(msgspec.Struct, frozen=True):
    """Whose tokens count. ``accounts``: their tokens by public key; ``system``: the public key of the system's."""

    operator: str
    system: str
    accounts: Mapping[str, str]


class NatsNode(msgspec.Struct, frozen=True, kw_only=True):
    """One nats-server. ``listen``, ``cluster_listen``, ``monitor``: host:port, "" = none.

    ``routes``: host:port of the cluster ports of the other nodes. ``accounts``: the folder of newer account tokens.
    """

    name: str
    listen: str
    accounts: Path
    tls: TlsFiles | None = None
    cluster_listen: str = ""
    cluster_tls: TlsFiles | None = None
    routes: tuple[str, ...] = ()
    monitor: str = ""
    most_connections: int = MOST_CONNECTIONS


def configuration_text(node: NatsNode, trust: NatsTrust) -> str:
    """The file."""
    lines = [
        "# Written by `unclouded fleet init`. It holds no secrets; key files are named only.",
        f"server_name: {_quoted(node.name)}",
        f"listen: {_quoted(node.listen)}",
        f"max_payload: {LARGEST_PAYLOAD}",
        f"max_connections: {node.most_connections}",
        f"max_pending: {LARGEST_PENDING}",
        f'ping_interval: "{PING_EVERY}"',
        "ping_max: 2",
        *([f"http: {_quoted(node.monitor)}"] if node.monitor else []),
        *_tls(node.tls),
        *_trust(node, trust),
        *_cluster(node),
    ]
    return "\n".join(lines) + "\n"


# --- inside -----------------------------------------------------------------------------------------


def _tls(files: TlsFiles | None, verifies: bool = False, indent: str = "") -> list[str]:
    """``timeout``: when thousands of hubs come back at once, a handshake waits for its turn."""
    if files is None:
        return []
    lines = [f"  cert_file: {_quoted(files.chain)}", f"  key_file: {_quoted(files.key)}", "  timeout: 20"]
    lines += ['  min_version: "1.2"']
    lines += [f"  ca_file: {_quoted(files.authority)}", "  verify: true"] if verifies else []
    return [indent + line for line in ("tls {", *lines, "}")]


def _trust(node: NatsNode, trust: NatsTrust) -> list[str]:
    """A token that the file names replaces none that is newer: a revocation outlasts restarts."""
    return [
        f"operator: {_quoted(trust.operator)}",
        f"system_account: {_quoted(trust.system)}",
        "resolver {",
        "  type: full",
        f"  dir: {_quoted(node.accounts)}",
        "  allow_delete: false",
        '  interval: "2m"',
        "}",
        "resolver_preload {",
        *(f"  {public}: {_quoted(token)}" for public, token in sorted(trust.accounts.items())),
        "}",
    ]


def _cluster(node: NatsNode) -> list[str]:
    """``no_advertise``: hubs have the list of servers from the fleet, not private addresses of a cluster."""
    if not node.cluster_listen:
        return []
    return [
        "cluster {",
        f"  name: {_quoted(CLUSTER)}",
        f"  listen: {_quoted(node.cluster_listen)}",
        "  no_advertise: true",
        *_tls(node.cluster_tls, verifies=True, indent="  "),
        "  routes: [",
        *(f"    {_quoted(f'nats-route://{route}')}" for route in node.routes),
        "  ]",
        "}",
    ]


def _quoted(value: object) -> str:
    """Its form of a string: that of JSON, for what can be printed."""
    text = str(value)
    if not text.isprintable():
        raise ValueError(f"{text!r} cannot stand in the configuration of nats-server")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
