"""The faults of a simulated MSS310, by the names of ``--fault``."""

from collections.abc import Collection, Mapping

from unclouded.core.session import WireAction
from unclouded.core.session_parts import refuse_action

FAULTS: Mapping[str, str] = {
    "closes": "It closes the connection without an answer.",
    "truncates": "It cuts its answers off in the middle.",
    "late": "It takes seven seconds for each answer.",
    "wrong_id": "Its answers carry the messageId of another request.",
    "quirky_headers": "Its HTTP headers are malformed.",
    "midnight_bug": "At midnight its day goes on from yesterday's total.",
    "stuck_relay": "Its relay does not move: it acknowledges and stays as it is.",
    "never_pushes": "It never sends anything unasked.",
}


class PlugFaults:
    """Those of one plug; each can be switched by the action ``set_fault``."""

    def __init__(self, faults: Collection[str]) -> None:
        self._on = set(faults)

    def __contains__(self, name: str) -> bool:
        return name in self._on

    def set(self, action: WireAction) -> None:
        name = action.args.get("name", "")
        if action.name != "set_fault" or name not in FAULTS:
            raise refuse_action(action)
        (self._on.add if action.args.get("state", "on") == "on" else self._on.discard)(name)
