"""Of a device whose product no profile lists: what its data points are, by those of similar products. Pure.

    first report ──► reports are held for HELD_S ──► matched ──► points with names ──► the reports, read by these
    later, a data point that none was seen of ──► after LATER_S matched again ──► one more point; no other changes

What was found is kept in the hub's memory (MEMORY_KEY), so that a restart neither renames a point nor waits.
See docs/catalogue.md.
"""

import msgspec

from unclouded.core.profile import MatchedProduct, ProductReports
from unclouded.core.sessions.session import Reported

MEMORY_KEY = "matched"
HELD_S = 2.0  # s in which an MCU reports the state of all its data points
LATER_S = 10.0
MOST_HELD = 256  # reports; more are read at once
MOST_MATCHES = 50  # of one device in one run


class ProductMatching:
    """Collects what a device or sub-device reports, and says when it is to be matched.

    ``product``: its id, "" = not known. ``memory``: what an earlier run has kept under MEMORY_KEY.
    """

    def __init__(self, product: str, memory: bytes = b"") -> None:
        self.product = product
        self.matched = _read(memory, product)
        self.deadline: float | None = None  # when it is to be matched, on the hub's clock
        self._reports = ProductReports(self.matched.seen if self.matched else ())
        self._held: list[tuple[Reported, float]] = []
        self._is_asked = False  # the question is being answered
        self._matches = 0

    @property
    def is_holding(self) -> bool:
        """Whether reports wait for the first match."""
        return self.matched is None

    @property
    def has_held(self) -> bool:
        """Whether reports wait for the product to be known."""
        return bool(self._held)

    def receive(self, reported: Reported, now: float) -> bool:
        """Take over a report; whether it is held."""
        is_new = self._reports.add(reported.values, reported.types)
        if is_new and self.deadline is None and self._matches < MOST_MATCHES:
            self.deadline = now + (HELD_S if self.is_holding else LATER_S)
        waits = self.is_holding and (self._is_asked or self.deadline is not None)
        if not waits or len(self._held) >= MOST_HELD:
            return False
        self._held.append((reported, now))
        return True

    def question(self) -> MatchedProduct:
        """What is to be matched now: what was seen, and the rows that are named already."""
        self.deadline = None
        self._is_asked = True
        self._matches += 1
        known = self.matched or MatchedProduct(product=self.product)
        return msgspec.structs.replace(known, seen=self._reports.points())

    def settle(self, matched: MatchedProduct) -> list[tuple[Reported, float]]:
        """It was matched. Returns the reports that were held, oldest first."""
        self.matched = matched
        self._is_asked = False
        return self.take_held()

    def take_held(self) -> list[tuple[Reported, float]]:
        """The reports that wait, oldest first; they wait no more."""
        held, self._held = self._held, []
        return held

    def forget(self) -> None:
        """What was matched is of no use: it is as if nothing was seen yet."""
        self.matched = None
        self._reports = ProductReports()

    def memory(self) -> bytes:
        """The matched product as JSON, as it is kept over restarts; empty where there is none."""
        return msgspec.json.encode(self.matched) if self.matched else b""


def _read(memory: bytes, product: str) -> MatchedProduct | None:
    """What was kept, if it is of this product."""
    try:
        kept = msgspec.json.decode(memory, type=MatchedProduct) if memory else None
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return kept if kept is not None and kept.product == product else None
