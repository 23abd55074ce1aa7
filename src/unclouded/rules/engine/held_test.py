"""A test that must hold for some time before it is true, and, once true, may end by another test.

true after ``for_s`` of the beginning test; with an end test: false after ``until_for_s`` of that
not known: false at once, and the time begins again
"""


class HeldTest:
    """``since``: the moment (monotonic seconds) since which the test that would change it has held; None: it does not.

    ``until_for_s`` 0: it ends at once.
    """

    __slots__ = ("for_s", "is_true", "since", "until_for_s")

    def __init__(self, for_s: float = 0.0, until_for_s: float = 0.0) -> None:
        self.for_s = for_s
        self.until_for_s = until_for_s
        self.is_true = False
        self.since: float | None = None

    def feed(self, begins: bool, ends: bool, now: float) -> None:
        """``begins``: the beginning test holds; ``ends``: that which ends it does."""
        if not (ends if self.is_true else begins):
            self.since = None
        elif self.since is None:
            self.since = now
        self.tick(now)

    def lose(self) -> None:
        """What is tested is not known."""
        self.is_true, self.since = False, None

    def tick(self, now: float) -> None:
        """Time has passed."""
        deadline = self.deadline()
        if deadline is not None and now >= deadline:
            self.is_true, self.since = not self.is_true, None

    def deadline(self) -> float | None:
        """When it changes, unless what is tested changes before."""
        if self.since is None:
            return None
        return self.since + (self.until_for_s if self.is_true else self.for_s)
