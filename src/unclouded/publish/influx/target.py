"""One database that readings are written to."""

import base64
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from unclouded.core.model import Fact, Reading
from unclouded.publish.delivery.delivery import Delivery, RequestParts
from unclouded.publish.delivery.http_post import HttpPost
from unclouded.publish.delivery.outbox import Outbox
from unclouded.publish.delivery.publisher import DeliveryTarget
from unclouded.publish.influx.line_protocol import line_protocol, without_suspect

MOST_WAITING = 20_000  # readings
MOST_IN_REQUEST = 5_000
TYPE = {"Content-Type": "text/plain; charset=utf-8"}


def influx_target(
    url: str,
    token: str,
    user: str,
    context: ssl.SSLContext | None,
    measurement: str,
    devices: Sequence[str],
    interval_s: float,
) -> DeliveryTarget:
    """``token`` "": without authentication; with a ``user`` it is the password (Basic), else a token of InfluxDB 2."""
    post = partial(HttpPost, url, {**TYPE, **authorization(token, user)}, context, token)
    chosen = dict.fromkeys(devices)
    outbox: Outbox[Fact] = Outbox(MOST_WAITING)
    delivery = Delivery[Fact](f"influx {post().host}", outbox, _encoder(measurement), interval_s, MOST_IN_REQUEST)
    return DeliveryTarget(delivery, post, lambda facts: without_suspect(facts, chosen))


def authorization(token: str, user: str) -> dict[str, str]:
    """The header that InfluxDB expects."""
    if not token:
        return {}
    if user:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}
    return {"Authorization": f"Token {token}"}


def _encoder(measurement: str) -> Callable[[Sequence[Fact]], RequestParts | None]:
    def encode(facts: Sequence[Fact]) -> RequestParts | None:
        body = line_protocol(measurement, cast(Sequence[Reading], facts))  # what ``choose`` let through
        return RequestParts(body, {}, len(facts)) if body else None

    return encode
