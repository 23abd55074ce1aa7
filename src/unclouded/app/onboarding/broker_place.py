"""Where a new broker can listen: the usual port, else one of the next; plugs get the port with the address."""

import socket
from collections.abc import Sequence

from unclouded.core.errors import CommandError

PORTS = range(8883, 8893)
BROKER_PLACES = tuple(f"0.0.0.0:{port}" for port in PORTS)
NO_ADDRESS = (
    "This computer has no address in a network that plugs could connect to. Connect it to your network, then try again."
)


def free_place(places: Sequence[str]) -> str:
    """The first HOST:PORT that no other program uses. Raises CommandError."""
    for place in places:
        host, _, port = place.rpartition(":")
        try:
            with socket.create_server((host, int(port))):
                return place
        except OSError:
            continue
    raise CommandError(
        f"Other programs use all ports from {PORTS.start} to {PORTS.stop - 1}, so no broker for plugs can listen. Stop "
        "one of them, or set `listen` and `host` in [broker]."
    )
