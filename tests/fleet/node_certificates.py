"""Certificates for the nodes of a private NATS."""

import datetime
from pathlib import Path

from unclouded.fleet.folder.certificates import FleetAuthority
from unclouded.fleet.local_servers.nats import HOST
from unclouded.fleet.nats_server.configuration_file import TlsFiles


def node_certificates(folder: Path) -> tuple[TlsFiles, str]:
    """One certificate for all nodes, written into ``folder``, and its authority as PEM."""
    authority = FleetAuthority.make(now := datetime.datetime.now(datetime.UTC))
    files = TlsFiles(folder / "node.pem", folder / "node.key", folder / "authority.pem")
    chain, key = authority.issue([HOST], now)
    for path, text in ((files.chain, chain), (files.key, key), (files.authority, authority.pem)):
        path.write_text(text)
    return files, authority.pem
