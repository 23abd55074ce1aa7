"""The certificates of the broker and the page; ca.py makes them when the first one is needed.

The library that makes them takes 9 MB: a hub with neither a broker nor TLS on its page does not load it.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path

from unclouded.links.broker.certificate_kinds import BROKER, Certificates, Purpose


def prepare(folder: Path, hosts: Sequence[str], now: datetime.datetime, purpose: Purpose = BROKER) -> Certificates:
    """The certificates for these hosts, made or renewed where needed: see ca.prepare. Raises ConfigError."""
    from unclouded.links.broker import ca

    return ca.prepare(folder, hosts, now, purpose)
