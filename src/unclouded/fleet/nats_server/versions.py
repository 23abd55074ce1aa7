"""Versions of nats-server, and their known holes.

Source: CVE-2023-47090; the security advisories of NATS for 2.11.16 and 2.12.7 (2026)
"""

import re

VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:[-+].*)?")
Version = tuple[int, int, int]

# (name, what it is, versions that have it as ranges: first that has it, first that has it no more)
HOLES: tuple[tuple[str, str, tuple[tuple[Version, Version], ...]], ...] = (
    (
        "CVE-2023-47090",
        "a client without a token can connect",
        (((2, 2, 0), (2, 9, 23)), ((2, 10, 0), (2, 10, 2))),
    ),
    (
        "the advisories of 2026",
        "routes accept anyone, and a client can end the server",
        (((0, 0, 0), (2, 11, 16)), ((2, 12, 0), (2, 12, 7))),
    ),
)
SAFE = "2.11.16, 2.12.7 or newer"


def read_version(text: str) -> Version | None:
    """The version in a text as ``2.15.1`` or ``nats-server: v2.15.1``; None where there is none."""
    match = VERSION.fullmatch(text.strip().rpartition(" ")[2])
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))


def holes_of(version: Version) -> list[str]:
    """What is known of a version: ``name: what it is``."""
    return [
        f"{name}: {what}" for name, what, ranges in HOLES if any(first <= version < fixed for first, fixed in ranges)
    ]
