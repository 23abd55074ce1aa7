"""What an ingester has done since its start: for /metrics and for `fleet serve`'s log."""

import msgspec


class IngestCounters(msgspec.Struct):
    """``unknown``: messages of unknown versions or kinds. ``busy``: answers that asked a hub to wait.
    ``dropped``: messages of floods, unread.

    ``foreign``: messages of hubs that the database does not know, or that are revoked. ``store_s``: in transactions.
    """

    messages: int = 0
    message_bytes: int = 0
    windows: int = 0
    refused: int = 0
    states: int = 0
    reports: int = 0
    hellos: int = 0
    renewals: int = 0
    unknown: int = 0
    foreign: int = 0
    busy: int = 0
    dropped: int = 0
    batches: int = 0
    failed_batches: int = 0
    store_s: float = 0.0
    waiting: int = 0  # now
    differing_days: int = 0  # that were asked for again

    def as_mapping(self) -> dict[str, float]:
        """By name, for metrics."""
        return {name: float(getattr(self, name)) for name in self.__struct_fields__}
