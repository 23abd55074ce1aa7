"""What a connection holds -> chunks: HTTP and MQTT with messages of plugs, telnet, raw bytes of a serial line.

What is recognised and cannot be read is counted: TLS, packets of Tuya's protocol on the local network.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputChunk, Mark
from unclouded.formats.lan_packets import ADVICE as LAN_ADVICE
from unclouded.formats.lan_packets import SIGNS as LAN_SIGNS
from unclouded.formats.packets.connections import End, PacketConnection, StreamPiece, StreamRun
from unclouded.formats.packets.http_messages import HEAD, messages_of
from unclouded.formats.packets.mqtt_messages import level_of, published
from unclouded.formats.packets.packet import PacketProblems
from unclouded.formats.packets.telnet import ENOUGH, TelnetFilter, is_escaped, negotiations
from unclouded.formats.reading import RefusedForm

TLS = re.compile(rb"\x16\x03[\x00-\x04][\x00-\x48].|[\x14\x15\x17]\x03[\x01-\x04][\x00-\x48].", re.DOTALL)
LAN_PORTS = {6666, 6667, 6668}
SERIAL_SIGN = re.compile(
    rb"\x55\xaa|\x55\x5a|\$[a-zA-Z]\r|\$[\x01\x02]|\"messageId\""
)  # what protocols of lines begin with
OTHER_PROTOCOL = re.compile(rb"SSH-|RFB |EHLO |220[ -]|\* OK|\x13BitTorrent")
BEGIN = 4_096  # bytes at the beginning of a run that show what it holds
CONFIG = "/config"
ENVELOPE = b'"messageId"'
ENCRYPTED = re.compile(rb"[A-Za-z0-9+/\r\n]{32,}={0,2}\s{0,4}")
TOPIC = re.compile(r"/appliance/[^/]{1,128}/(?P<way>subscribe|publish)")
DOUBLE_S = 0.05  # within which the same message from the broker's two sides counts once
MOST_LANES = 64
TLS_ADVICE = (
    "These connections are encrypted (TLS): nothing in them can be read. Capture the HTTP of a plug on the local "
    "network (port 80), or MQTT without TLS."
)
NO_DATA = (
    "There is no connection with bytes of a device in these packets. Capture the port of the plug or of the serial "
    "server."
)


class MessageChunks:
    """Chunks of all connections, and what was left out."""

    def __init__(self) -> None:
        self._chunks: list[tuple[tuple[float, int], InputChunk]] = []
        self._lanes: dict[tuple[str, str, int], str] = {}
        self._published: dict[tuple[Sender | None, bytes], float] = {}
        self.problems = PacketProblems()
        self.left_out: Counter[str] = Counter()

    @property
    def chunks(self) -> list[InputChunk]:
        """In the order of time, or of packets where there is none."""
        return [chunk for _, chunk in sorted(self._chunks, key=itemgetter(0))]

    def add_all(self, connections: Sequence[PacketConnection]) -> None:
        """Every connection; raw ones without a sign of a serial line only where none has one."""
        raw = [one for one in connections if not self._is_message(one)]
        signed = [one for one in raw if _has_sign(one)]
        for one in signed or [one for one in raw if one.protocol != "udp"]:
            self._raw(one)
        if signed and len(raw) > len(signed):
            self.left_out["other"] += len(raw) - len(signed)

    @property
    def refused(self) -> RefusedForm | None:
        """Why there are no chunks."""
        if self._chunks:
            return None
        if self.left_out["tls"]:
            return RefusedForm("tls", TLS_ADVICE)
        if self.left_out["lan"]:
            return RefusedForm("lan", LAN_ADVICE)
        return None

    @property
    def notes(self) -> list[str]:
        """A sentence for each kind of connections that was left out, with how many; [] = none was."""
        texts = {
            "tls": "encrypted (TLS), not readable: {}",
            "lan": "Tuya's protocol on the local network, which is encrypted; left out: {}",
            "encrypted": "messages that are encrypted by the plug's key: {}",
            "other": "without bytes of a device, left out: {}",
        }
        counts = ((text, self.left_out[name]) for name, text in texts.items() if self.left_out[name])
        return [text.format(f"{count} connection{'s' if count > 1 else ''}") for text, count in counts]

    # --- which protocol it is ------------------------------------------------------------------

    def _is_message(self, connection: PacketConnection) -> bool:
        """Reads a connection that is not raw bytes, or leaves it out."""
        runs = [run for _, run in connection.each_run()]
        if not runs:
            return True
        if connection.protocol == "serial":
            return False
        begins = [run.data[:BEGIN] for run in runs]
        if any(TLS.match(begin) for begin in begins):
            self.left_out["tls"] += 1
        elif connection.ports & LAN_PORTS or any(begin[:4] in LAN_SIGNS for begin in begins):
            self.left_out["lan"] += 1
        elif any(HEAD.match(begin) for begin in begins):
            self._http(connection)
        elif any(level_of(begin) for begin in begins) or _has_topic(runs):
            self._mqtt(connection, max(level_of(begin) for begin in begins))
        elif any(OTHER_PROTOCOL.match(begin) for begin in begins):
            self.left_out["other"] += 1
        else:
            return False
        return True

    # --- messages ------------------------------------------------------------------------------

    def _http(self, connection: PacketConnection) -> None:
        asked: list[bool] = []
        answers = 0
        found = [(run, message) for _, run in connection.each_run() for message in messages_of(run.data)]
        count, is_encrypted = 0, False
        for run, message in sorted(found, key=lambda one: not one[1].is_request):
            if message.is_request:
                is_ours = message.path.startswith(CONFIG)
                asked.append(is_ours)
            else:
                is_ours = answers < len(asked) and asked[answers]
                answers += 1
            if message.body and (is_ours or ENVELOPE in message.body):
                self._message(
                    run, message.begin, message.body, "controller" if message.is_request else "device", message.is_cut
                )
                count += 1
                is_encrypted |= ENCRYPTED.fullmatch(message.body) is not None
        self.left_out["other"] += not count
        self.left_out["encrypted"] += is_encrypted

    def _mqtt(self, connection: PacketConnection, level: int) -> None:
        count = 0
        for _, run in connection.each_run():
            for message in published(run, level):
                topic = TOPIC.fullmatch(message.topic)
                if topic is None and ENVELOPE not in message.payload:
                    continue
                count += 1
                sender: Sender | None = None
                if topic is not None:
                    sender = "controller" if topic["way"] == "subscribe" else "device"
                if not self._is_double(run.piece_at(message.begin).t, sender, message.payload):
                    self._message(run, message.begin, message.payload, sender, message.is_cut)
        self.left_out["other"] += not count

    def _is_double(self, t: float | None, sender: Sender | None, payload: bytes) -> bool:
        """Whether the broker only passes on what another connection brought."""
        if t is None:
            return False
        last = self._published.get((sender, payload))
        self._published[sender, payload] = t
        return last is not None and abs(t - last) <= DOUBLE_S

    def _message(self, run: StreamRun, begin: int, body: bytes, sender: Sender | None, is_cut: bool) -> None:
        self._add(run.piece_at(begin), body, sender=sender, mark="cut" if is_cut else "")

    # --- raw bytes -----------------------------------------------------------------------------

    def _raw(self, connection: PacketConnection) -> None:
        data = {end: b"".join(run.data for run in runs) for end, runs in connection.runs.items()}
        is_telnet = sum(map(negotiations, data.values())) >= ENOUGH and all(map(is_escaped, data.values()))
        if is_telnet:
            self.left_out["telnet"] += 1
        for end, runs in connection.runs.items():
            lane = self._lane(connection, end)
            undo = TelnetFilter() if is_telnet else None
            gap = connection.protocol == "tcp"
            for piece in _pieces(runs):
                found = piece.data if undo is None else undo.feed(piece.data)
                if found:
                    self._add(piece, found, lane=lane, gap=gap or piece.is_after_gap)
                    gap = False

    def _lane(self, connection: PacketConnection, end: End) -> str:
        """The direction: of all connections between two computers to a port, since devices open one after another."""
        if connection.protocol == "serial":
            return end[0]
        client = connection.ends[0] if connection.server == connection.ends[1] else connection.ends[1]
        way = "from" if end == client else "to"
        key = f"{way} {client[0]}", connection.server[0], connection.server[1]
        if key not in self._lanes and len(self._lanes) < MOST_LANES:
            self._lanes[key] = f"{way} {client[0]}, {connection.server[0]}:{connection.server[1]}"
        return self._lanes.get(key, way)

    def _add(
        self,
        piece: StreamPiece,
        data: bytes,
        *,
        sender: Sender | None = None,
        lane: str = "",
        gap: bool = False,
        mark: Mark = "",
    ) -> None:
        order = piece.t if piece.t is not None else 0.0, piece.number
        self._chunks.append((order, InputChunk(piece.t, sender, data, lane, piece.line, 0, gap, mark)))


def _pieces(runs: Iterable[StreamRun]) -> Iterator[StreamPiece]:
    return (piece for run in runs for piece in run.pieces)


def _has_sign(connection: PacketConnection) -> bool:
    if connection.protocol == "serial":
        return True
    return any(SERIAL_SIGN.search(run.data) is not None for _, run in connection.each_run())


def _has_topic(runs: Iterable[StreamRun]) -> bool:
    return any(
        b"/appliance/" in run.data and run.data[:1] in b"\x30\x31\x32\x33\x34\x35\x3a\x3b\x3c\x3d" for run in runs
    )
