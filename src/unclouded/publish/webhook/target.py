"""One address that facts are sent to."""

import ssl
from collections.abc import Callable, Sequence
from functools import partial

from unclouded.core.model import Fact
from unclouded.publish.delivery.delivery import Delivery, RequestParts
from unclouded.publish.delivery.http_post import HttpPost
from unclouded.publish.delivery.outbox import Outbox
from unclouded.publish.delivery.publisher import DeliveryTarget
from unclouded.publish.webhook.body import DELIVERY, SIGNATURE, chosen, signature, webhook_body

MOST_WAITING = 10_000  # facts
MOST_IN_REQUEST = 500
TYPE = {"Content-Type": "application/json"}


def webhook_target(
    url: str,
    secret: str,
    token: str,
    context: ssl.SSLContext | None,
    content: Sequence[str],
    devices: Sequence[str],
    interval_s: float,
    hub: str,
    wall: Callable[[], float],
    new_id: Callable[[], str],
) -> DeliveryTarget:
    """``hub``: the name of the home. ``secret``: signs each request; "" = none. ``new_id``: an id of a delivery."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    post = partial(HttpPost, url, {**TYPE, **bearer}, context, token)

    def encode(facts: Sequence[Fact]) -> RequestParts:
        delivery = new_id()
        body = webhook_body(facts, content, hub, delivery, wall())
        signed = {SIGNATURE: signature(secret.encode(), body)} if secret else {}
        return RequestParts(body, {DELIVERY: delivery, **signed}, len(facts))

    outbox: Outbox[Fact] = Outbox(MOST_WAITING)
    delivery = Delivery[Fact](f"webhook {post().host}", outbox, encode, interval_s, MOST_IN_REQUEST)
    return DeliveryTarget(delivery, post, lambda facts: chosen(facts, content, devices))
