"""Whether a plug can be reached, as events: each cause is reported once."""

from unclouded.core.sessions.session import Event, Offline, Online, Waiting


class Reachability:
    """The state that was reported last."""

    def __init__(self) -> None:
        self.is_online = False
        self._reason = ""  # the cause that was reported last

    def online(self) -> list[Event]:
        """The right plug has answered."""
        self._reason = ""
        if self.is_online:
            return []
        self.is_online = True
        return [Online()]

    def lost(self, reason: str, now: float, refused: bool, foreign: bool) -> list[Event]:
        """No path is good. ``refused``: the plug answers, but refuses; ``foreign``: another plug answers."""
        events: list[Event] = []
        if reason != self._reason:
            if self.is_online or foreign:
                events.append(Offline(reason))
            if refused or not (self.is_online or foreign):
                events.append(Waiting(reason, now))
        self.is_online, self._reason = False, reason
        return events

    def down(self, reason: str) -> list[Event]:
        """The last path is down."""
        self.is_online, self._reason = False, ""
        return [Offline(reason)]
