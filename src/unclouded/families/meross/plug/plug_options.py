"""Identity and options of a simulated plug, and the faults that it can have."""

from collections.abc import Mapping

import msgspec

from unclouded.families.meross.plug.dialects import DIALECTS, USUAL, PlugDialect
from unclouded.families.meross.plug.wifi_networks import USUAL_NETWORKS, AirNetwork

REPLAY_WINDOW_S = 30  # of the fault of that name; docs/protocols/meross.md §1.2
FAULTS: Mapping[str, str] = {
    "closes": "It closes the connection without an answer.",
    "resets": "It resets every fifth connection instead of an answer.",
    "truncates": "It cuts its answers off in the middle.",
    "late": "It takes seven seconds for each answer.",
    "slow": "It takes 20 to 200 ms for each answer, as real plugs do.",
    "wrong_id": "Its answers carry the messageId of another request.",
    "quirky_headers": "Its HTTP headers are malformed.",
    "needs_from": "It does not answer a request without `from`.",
    "replay_window": "It refuses requests whose timestamp is off its clock by more than 30 s.",
    "clear_text": "It does not encrypt HTTP and lists no encryption, whatever its dialect.",
    "encrypts": "It encrypts HTTP, whatever its dialect.",
    "clock_unset": "It reaches no time server: its clock counts from its start until it is set.",
    "zeros_without_clock": "While its clock or its zone is not set, it measures 0.",
    "waits_for_ntp": "It reaches no time server, and connects to no server before.",
    "midnight_bug": "At midnight its day goes on from yesterday's total.",
    "stuck_relay": "Its relay does not move: it acknowledges and stays as it is.",
    "never_pushes": "It never sends anything unasked.",
    "slow_scan": "It takes 40 s to scan for Wi-Fi networks.",
    "scan_misses": "Its first scan shows no network.",
    "needs_all_fields": "It joins a Wi-Fi only when it is given channel, encryption and cipher, too.",
    "download_fails": "An update is downloaded half.",
    "update_reverts": "After an update it starts with the old firmware again.",
}


class PlugOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: what it was bound with; "" = any signature is accepted. ``unconfigured``: it opens its access point.

    ``host``, ``port``: the server that it was bound to; "" = the one that its link was made for. ``http_host``,
    ``http_port``: where it serves HTTP, as it reports it. ``networks``: the Wi-Fi around it. ``replay_window_s``: how
    old a request's timestamp may be; 0 = any.
    """

    uuid: str
    key: str = ""
    dialect: str = USUAL
    timezone: str = ""
    unconfigured: bool = False
    host: str = ""
    port: int = 0
    http_host: str = "127.0.0.1"
    http_port: int = 80
    networks: tuple[AirNetwork, ...] = USUAL_NETWORKS
    replay_window_s: int = 0
    faults: frozenset[str] = frozenset()

    @property
    def row(self) -> PlugDialect:
        return DIALECTS[self.dialect]

    def __repr__(self) -> str:
        return f"PlugOptions(uuid={self.uuid!r}, dialect={self.dialect!r})"
