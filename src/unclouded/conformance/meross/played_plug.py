"""The plug that we play against a hub: our simulated one, whose answers scripts change or hold back.

    hub ──► POST /config ──► the simulated plug ──► its answer ──► changed? ──► a reply, or closed

Source: docs/protocols/meross.md §1.1 to §1.8.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from unclouded.conformance.line import UNREADABLE, CheckLine, EmulatedEnd, LineEntry
from unclouded.conformance.meross import http_text
from unclouded.conformance.meross.frames import MerossFrame, MerossReader
from unclouded.core.errors import WireError
from unclouded.core.session import Asked, LinkPath, WireCommand
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.plug_options import PlugOptions
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import sign
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear

HubLine = CheckLine["PlayedPlug"]
UUID = "1901010000000000000002000000c0f0"
OTHER_UUID = "1901010000000000000002000000c0f1"
MEASURED = {"electricity.power": 67_379, "electricity.voltage": 2_387, "electricity.current": 418}
USUAL = "hw2"
Json = dict[str, Any]  # Any: JSON values
Change = Callable[[Json], Json | bytes | None]  # of an answer; bytes: that instead; None: closed


def unchanged(answer: Json) -> Json:
    return answer


def asked(frame: MerossFrame) -> list[str]:
    """The namespaces of a request: its own, and those in a Multiple."""
    if frame.envelope is None:
        return []
    found = [frame.header.namespace]
    try:
        if frame.is_from(namespaces.MULTIPLE):
            found += [str(one["header"]["namespace"]) for one in frame.payload["multiple"]]
    except UNREADABLE:
        return found
    return found


class PlayedPlug(EmulatedEnd):
    """``change``: what becomes of each answer. ``reply``: makes the HTTP reply of a body. ``delay_s``: before it.

    ``closes``: it closes every connection. ``is_mute``: it answers nothing, and leaves connections open.
    ``shut``: namespaces on which it closes, until that is changed. ``began``: the mark since
    which it is the plug that it is.
    """

    def __init__(self, line: HubLine, reader: MerossReader) -> None:
        self.line = line
        self._reader = reader
        reader.opened = self._opened
        self.device: MerossDevice | None = None
        self.shut: set[str] = set()
        self.began = 0
        self._path: LinkPath | None = None
        self._requests: dict[int, MerossFrame] = {}
        self.reset()

    def reset(self) -> None:
        self.change: Change = unchanged
        self.reply: Callable[[bytes], bytes] = http_text.reply
        self.delay_s = 0.0
        self.closes = self.is_mute = False

    # --- which plug it is --------------------------------------------------------------------------

    def connected(self, path: LinkPath) -> None:
        self._path = path
        self._reader.begin(is_stream=not path.asks)
        if self.device is None:
            self.become(USUAL)

    def become(self, dialect: str, *faults: str) -> None:
        """From now on it is a plug of this generation, which has just started."""
        options = PlugOptions(uuid=UUID, key=self.line.key, dialect=dialect, faults=frozenset(faults))
        self.device = MerossDevice(options, self.line.ambient)
        self._requests.clear()
        if self._path is not None:
            self.device.up(self._path, self.line.now)
        self.device.submit(WireCommand(MEASURED | {"consumption.today": 180}), self.line.now)

    # --- what it does by itself ------------------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame, device = entry.frame, self.device
        if frame is None or frame.http is None or device is None or self.is_mute:
            return
        if self.closes or self.shut & set(asked(frame)):
            self.line.send(b"", re=entry.re)
            return
        self._requests[entry.re] = frame
        self._take(device.receive(frame.http.body, self.line.now, entry.path, entry.re))

    def tick(self, now: float) -> None:
        if self.device is not None:
            self._take(self.device.tick(now))

    def deadline(self) -> float | None:
        return self.device.deadline() if self.device is not None else None

    def _take(self, events: Any) -> None:  # Any: Events
        """The world grants whatever the plug asks for."""
        device = self.device
        assert device is not None
        for event in events:
            if isinstance(event, Asked):
                self._take(device.answer(event.id, True, self.line.now))
        for out in device.outgoing(self.line.now):
            if out.re in self._requests:
                self._answer(out.data, out.re)

    def _answer(self, data: bytes, re: int) -> None:
        del self._requests[re]
        body, is_encrypted = self._opened(data)
        changed = self.change(msgspec.json.decode(body)) if body else None
        if changed is None:
            self.line.send(b"", re=re, after=self.delay_s)
            return
        clear = changed if isinstance(changed, bytes) else msgspec.json.encode(changed)
        sealed = bound_cipher(UUID, self.line.key).encrypt(clear) if is_encrypted else clear
        self.line.send(self.reply(sealed), re=re, after=self.delay_s, kept=clear)

    def _opened(self, body: bytes) -> tuple[bytes, bool]:
        if not body or is_clear(body):
            return body, False
        try:
            return bound_cipher(UUID, self.line.key).decrypt(body), True
        except WireError:
            return body, False


def signed(answer: Json, key: str, **header: Any) -> Json:  # Any: JSON
    """The answer with another header, signed with that key."""
    new = {**answer["header"], **header}
    return {**answer, "header": {**new, "sign": sign(new["messageId"], key, int(new["timestamp"]))}}
