"""The retained messages of the companions: what is on the broker, what should be, and how one becomes the other. Pure.

A hub that starts knows less of a device than the run before it: points, and sub-devices, come with the device's first
reports. So what an earlier run announced stays until it is certain that it is gone:

    a device          removed as soon as the hub does not have it, or has another one in its place
    a sub-device      kept for KEPT_S while the device before it is there: it may join again
    a point           kept until its device has been available for SETTLED_S in this run

A device that no run has announced waits until it has reported who it is: before that its identity may change.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from unclouded.core.model import Device
from unclouded.publish.mqtt.companion import Companion

SETTLED_S = 60.0  # s for which a device is available before it is taken for complete
KEPT_S = 86_400.0  # s of a run after which a sub-device that has not joined is forgotten

Change = tuple[str, Sequence[bytes]]  # a topic, and the messages to publish on it in order


class Announcements:
    """Of one run. ``started``: monotonic seconds."""

    def __init__(self, companions: Sequence[Companion], started: float) -> None:
        self._companions = companions
        self._started = started
        self._published: list[dict[str, bytes]] = [{} for _ in companions]
        self._left: list[dict[str, bytes]] = [{} for _ in companions]  # of earlier runs, not yet replaced

    @property
    def topics(self) -> set[str]:
        """Every topic that holds one."""
        return {topic for one in (*self._published, *self._left) for topic in one}

    def found(self, retained: Mapping[str, bytes], devices: Sequence[Device]) -> None:
        """What is retained on the broker when a run begins."""
        for companion, left in zip(self._companions, self._left, strict=True):
            current = companion.topics(devices)
            left.update({topic: one for topic, one in retained.items() if companion.is_own(topic, one, current)})

    def changes(
        self,
        devices: Sequence[Device],
        known: Collection[str],
        unsettled: Collection[str],
        commands: bool,
        now: float,
    ) -> Iterator[Change]:
        """What to publish so that these devices are announced.

        ``known``: the ids of those that have reported who they are; ``unsettled``: of those not yet complete.
        """
        for place, companion in enumerate(self._companions):
            yield from self._of_companion(place, companion, devices, known, unsettled, commands, now)

    def all(self) -> Iterator[Change]:
        """Everything once more, for a program that has started."""
        for published in self._published:
            for topic, payload in published.items():
                yield topic, [payload]

    # --- inside --------------------------------------------------------------------------------

    def _of_companion(
        self,
        place: int,
        companion: Companion,
        devices: Sequence[Device],
        known: Collection[str],
        unsettled: Collection[str],
        commands: bool,
        now: float,
    ) -> Iterator[Change]:
        published, left = self._published[place], self._left[place]
        wanted = companion.messages(devices, commands)
        waiting = companion.topics([one for one in devices if one.id in unsettled])
        unknown = companion.topics([one for one in devices if one.id not in known])
        certain = companion.topics([one for one in devices if one.id in known])
        for topic, after in wanted.items():
            if topic in unknown and topic not in certain and topic not in published and topic not in left:
                continue
            before = published.get(topic) or left.get(topic, b"")
            if topic in waiting and before:
                after = companion.kept(before, after)
            if published.get(topic) != after:
                published[topic] = after
                yield topic, companion.transition(before, after)
            if topic not in waiting:
                left.pop(topic, None)
        for topic in [one for one in published if one not in wanted]:
            before = published.pop(topic)
            left.pop(topic, None)
            yield topic, companion.transition(before, b"")
        for topic in [one for one in left if one not in wanted]:
            if now - self._started >= KEPT_S or not companion.may_return(left[topic], wanted.keys(), devices):
                yield topic, companion.transition(left.pop(topic), b"")
