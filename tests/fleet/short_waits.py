"""Short waits of hubs and of servers of the fleet, for stories that are about what comes after them."""

import importlib
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

SHORT: Mapping[str, object] = {  # s
    "unclouded.core.system.retry_delays.FIRST_DELAY_S": 0.1,
    "unclouded.core.system.retry_delays.MAX_DELAY_S": 0.4,
    "unclouded.uplink.pace.TIMEOUT_S": 0.6,
    "unclouded.uplink.pace.LONGEST_TIMEOUT_S": 2.0,
    "unclouded.uplink.session.LOOK_S": 0.2,
    "unclouded.uplink.session.HELLO_SPREAD_S": 0.05,
    "unclouded.fleet.ingest.ingester.AWAY_S": (0.1, 0.3),
    "unclouded.fleet.ingest.greeter.HELLOS_PER_S": 1000.0,
    "unclouded.fleet.calls.dispatcher.AGAIN_S": 1.0,
    "unclouded.fleet.calls.dispatcher.CommandDispatcher.__init__.__defaults__": (0.5,),
    "unclouded.fleet.calls.dispatcher.LOOK_S": 0.3,
    "unclouded.fleet.base.connections.CONNECT_S": 1,
    "psycopg_pool.base.AttemptWithBackoff.INITIAL_DELAY": 0.1,
}


def shortened() -> Iterator[tuple[object, str, object]]:
    """What SHORT names: object, attribute, value."""
    for name, value in SHORT.items():
        *owner, attribute = name.split(".")
        module = list(takewhile(str.islower, owner))
        found: Any = importlib.import_module(".".join(module))
        for part in owner[len(module) :]:
            found = getattr(found, part)
        assert hasattr(found, attribute), name
        yield found, attribute, value
