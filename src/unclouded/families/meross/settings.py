"""The [session] table of Meross profiles."""

import msgspec


class MerossSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``key``: what the plug was bound with; secret. ``uuid``: the plug that must answer; "" = any.

    ``poll_s``: between two System.All. ``answer_timeout_s``: for an answer, where the link itself does not
    wait. ``confirm_s``: for a command to be confirmed.
    """

    key: str = ""
    uuid: str = ""
    electricity_poll_s: float = 10.0
    consumption_poll_s: float = 60.0
    poll_s: float = 300.0
    answer_timeout_s: float = 5.0
    confirm_s: float = 10.0

    def __repr__(self) -> str:
        return f"MerossSettings(uuid={self.uuid!r})"
