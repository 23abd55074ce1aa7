"""Identity and options of a simulated plug, and the faults that it can have."""

from collections.abc import Mapping

import msgspec

from unclouded.families.meross.plug.state.dialects import DIALECTS, USUAL, PlugDialect
from unclouded.families.meross.plug.state.wifi_networks import USUAL_NETWORKS, AirNetwork

REPLAY_WINDOW_S = 30  # of the fault of that name; docs/protocols/meross.md §1.2
FAULTS: Mapping[str, str] = {
    "closes-connections": "It closes the connection without an answer.",
    "resets-connections": "It resets every fifth connection instead of an answer.",
    "truncates-answers": "It cuts its answers off in the middle.",
    "answers-after-7-s": "It takes seven seconds for each answer.",
    "answers-slowly": "It takes 20 to 200 ms for each answer, as real plugs do.",
    "sends-wrong-id": "Its answers carry the messageId of another request.",
    "sends-malformed-headers": "Its HTTP headers are malformed.",
    "needs-from": "It does not answer a request without `from`.",
    "refuses-old-requests": "It refuses requests whose timestamp is off its clock by more than 30 s.",
    "never-encrypts": "It does not encrypt HTTP and lists no encryption, whatever its dialect.",
    "always-encrypts": "It encrypts HTTP, whatever its dialect.",
    "reaches-no-ntp": "It reaches no time server: its clock counts from its start until it is set.",
    "measures-zero-without-clock": "While its clock or its zone is not set, it measures 0.",
    "waits-for-ntp": "It reaches no time server, and connects to no server before.",
    "keeps-total-at-midnight": "At midnight its day goes on from yesterday's total.",
    "has-stuck-relay": "Its relay does not move: it acknowledges and stays as it is.",
    "never-pushes": "It never sends anything unasked.",
    "scans-slowly": "It takes 40 s to scan for Wi-Fi networks.",
    "misses-first-scan": "Its first scan shows no network.",
    "needs-all-wifi-fields": "It joins a Wi-Fi only when it is given channel, encryption and cipher, too.",
    "stops-during-download": "An update is downloaded half.",
    "keeps-old-version": "After an update it starts with the old firmware again.",
}


class PlugOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: what it was bound with; "" = any signature is accepted. ``unconfigured``: it opens its access point.

    ``host``, ``port``: the server that it was bound to; "" = the one that its link was made for. ``http_host``,
    ``http_port``: where it serves HTTP, as it reports it. ``networks``: the Wi-Fi around it. ``replay_window_s``: how
    old a request's timestamp may be; 0 = any. ``timezone``: that it was given before this run; its clock is then set.
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
