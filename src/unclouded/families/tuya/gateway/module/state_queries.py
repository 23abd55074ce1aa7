"""What was perhaps lost on the line is asked for again: reports have no acknowledgement.

    start, noise, or it is time ─► 0b ─► 0d of each ─► who did not report what it has? ─► 29 ─► 0d, or 29 again

Source: docs/protocols/tuya_gateway.md §2.4.1, §2.4.4; when to ask is our choice.
"""

from collections.abc import Callable, Collection, Mapping

from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID
from unclouded.families.tuya.gateway.wire.sub_device_messages import PointsQuery
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Bare, frame_of

DUMP_S = 3.0  # for the first reports after 0b; and REPORT_S for each sub-device
REPORT_S = 0.1  # between two reports of an MCU; docs/protocols/tuya_gateway.md §1.7.3
ANSWER_S = 2.0  # until a query is sent again
SPACING_S = 0.1  # between two queries of a round
TRIES = 8  # of one query in a round
QUIET_S = 1.0  # of a line without noise before what was lost is asked for
LEAST_ROUND_S = 30.0  # between two rounds, and SHARE times as long as the reports take
SHARE = 4
POINTS = 32  # in one query

Known = Callable[[], Mapping[str, Collection[str]]]  # by part that may report, the data points that it has


class _Query:
    """One part. ``missing``: points that it has not reported since the round began."""

    def __init__(self, missing: Collection[str], at: float) -> None:
        self.missing = set(missing)
        self.at = at
        self.tries = TRIES


class StateQueries:
    """The rounds of queries. ``known``: see Known; part "" is the gateway itself."""

    def __init__(self, settings: GatewaySettings, parts: EndpointParts, known: Known) -> None:
        self._resync_s = settings.resync_s
        self._queue = parts.queue
        self._known = known
        self._open: dict[str, _Query] = {}
        self._answers = self._asked = 0  # queries by 29, of all rounds of this connection
        self.forget()

    def forget(self) -> None:
        """There is no MCU any more."""
        self._open.clear()
        self._round_at: float | None = None
        self._began = float("-inf")
        self._answers = self._asked = 0

    def begin(self, now: float) -> None:
        """The MCU is there: it reports all that it has."""
        self._round(now)

    def noise(self, now: float) -> None:
        """Something could not be read: a report may have been lost."""
        if self._began > float("-inf"):
            gap_s = max(LEAST_ROUND_S, SHARE * REPORT_S * len(self._known()))
            self._round_at = earliest(self._round_at, max(now + QUIET_S, self._began + gap_s))

    def ask(self, part: str, points: Collection[str], now: float) -> None:
        """Ask one part for some of its points."""
        query = self._open.setdefault(part, _Query((), now))
        query.missing |= set(points)
        query.at, query.tries = now, TRIES

    def reported(self, part: str, points: Collection[str]) -> None:
        """A part has reported these: they need not be asked for any more."""
        query = self._open.get(part)
        if query is not None:
            before = len(query.missing)
            query.missing.difference_update(points)
            self._answers += query.tries < TRIES and len(query.missing) < before
            if not query.missing:
                del self._open[part]

    def drop(self, part: str) -> None:
        """This sub-device is gone: it is not asked any more."""
        self._open.pop(part, None)

    def tick(self, now: float) -> None:
        """Begins a round that is due, and asks parts again that have not reported all."""
        if self._round_at is not None and self._round_at <= now:
            self._round(now)
        for part, query in list(self._open.items()):
            if query.at <= now:
                self._ask(part, query, now)

    def deadline(self) -> float | None:
        """When a round begins or a part is asked again, in monotonic seconds; None = neither is to come."""
        return earliest(self._round_at, *(query.at for query in self._open.values()))

    # --- inside ----------------------------------------------------------------------------------

    @property
    def _lacks_queries(self) -> bool:
        """An MCU that never answered one of several queries by 29 does not know them."""
        return not self._answers and self._asked > TRIES

    def _round(self, now: float) -> None:
        """Every part is to report all that it has; those that have not are asked, one after the other."""
        known = self._known()
        self._queue.add(Request(bytes(frame_of(Bare(codes.QUERY_ALL))), aside=True))
        self._began = now
        self._round_at = now + self._resync_s if self._resync_s else None
        first = now + DUMP_S + REPORT_S * len(known)
        asked = [(part, points) for part, points in known.items() if points]
        self._open = {part: _Query(points, first + at * SPACING_S) for at, (part, points) in enumerate(asked)}

    def _ask(self, part: str, query: _Query, now: float) -> None:
        if not query.tries or self._lacks_queries:
            del self._open[part]
            return
        query.tries -= 1
        query.at = now + ANSWER_S
        self._asked += 1
        points = tuple(sorted(map(int, query.missing))[:POINTS])
        self._queue.add(Request(bytes(frame_of(PointsQuery(part or GATEWAY_ID, points))), aside=True))
