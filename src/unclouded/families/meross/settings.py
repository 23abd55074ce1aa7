"""The [session] table of Meross profiles."""

import msgspec

from unclouded.core.seconds import Period, TimeLimit


class MerossSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``key``: what the plug was bound with; secret. ``uuid``: the plug that must answer; "" = any.

    ``poll_s``: between two System.All. ``answer_timeout_s``: for an answer, where the link itself does not
    wait. ``confirm_s``: for a command to be confirmed.
    """

    key: str = ""
    uuid: str = ""
    electricity_poll_s: Period = 10.0
    consumption_poll_s: Period = 60.0
    poll_s: Period = 300.0
    answer_timeout_s: TimeLimit = 5.0
    confirm_s: TimeLimit = 10.0

    def __repr__(self) -> str:
        return f"MerossSettings(uuid={self.uuid!r})"
