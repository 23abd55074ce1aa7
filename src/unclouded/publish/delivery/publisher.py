"""A publisher with one or several other ends over HTTP; each has its own buffer, so that none waits for another."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from unclouded.core.model import Alert, Fact, PublicHub
from unclouded.core.publisher import PublisherState, PublisherStatus
from unclouded.publish.delivery.delivery import Delivery
from unclouded.publish.delivery.http_post import HttpPost

WORST: Sequence[PublisherState] = ("failed", "waiting", "starting", "running")


class DeliveryTarget:
    """One other end. ``choose``: which facts it gets, in the form that its Delivery encodes."""

    def __init__(
        self,
        delivery: Delivery[Fact],
        post: Callable[[], HttpPost],
        choose: Callable[[Sequence[Fact]], Sequence[Fact]],
    ) -> None:
        self.delivery = delivery
        self._post = post
        self._choose = choose

    def take(self, facts: Sequence[Fact]) -> None:
        """The facts of a batch but alerts: what the configuration chooses is delivered."""
        self.delivery.put(self._choose([one for one in facts if not isinstance(one, Alert)]))

    def take_alerts(self, facts: Sequence[Fact]) -> None:
        """The alerts of a batch: what the configuration chooses is delivered."""
        self.delivery.put(self._choose([one for one in facts if isinstance(one, Alert)]))

    async def run(self) -> None:
        """Send until cancelled."""
        async with self._post() as post:
            await self.delivery.run(post)


class DeliveryPublisher:
    """Facts are delivered once their times can be trusted, alerts at once."""

    def __init__(self, hub: PublicHub, targets: Sequence[DeliveryTarget]) -> None:
        self._hub = hub
        self._targets = targets

    async def run(self) -> None:
        unsubscribe = [self._hub.subscribe(one.take, stamped=True) for one in self._targets]
        unsubscribe += [self._hub.subscribe(one.take_alerts) for one in self._targets]
        try:
            async with asyncio.TaskGroup() as group:
                for one in self._targets:
                    group.create_task(one.run(), name=f"publish.{one.delivery.title}")
        finally:
            for end in unsubscribe:
                end()

    def status(self) -> PublisherStatus:
        """That of the worst, with the counts of all together."""
        found = [one.delivery.status() for one in self._targets]
        counts: Counter[str] = Counter()
        for one in found:
            counts.update(one.counts)
        state = min((one.state for one in found), key=WORST.index)
        return PublisherStatus(state=state, text=" ".join(one.text for one in found if one.text), counts=counts)
