"""What a module answers when its MCU asks: time, network, weather, records, and all the small services.

    device 0c 1c 22 24 2b 0e 0f ─► Asked ─► answer() ─► the frame that the MCU waits for
    device 04 05 20 25 28 2a 2c 2d 2f 34 35 37/00 60 …  ─► answered at once
    device 34/0b record ─► Asked for the time, where the record needs it ─► Reported(at=…) ─► stored? ─► 34/0b 00

An answer keeps its place in line with the questions. What nobody has typed is not answered, as real modules do.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from unclouded.core.session import (
    Ambient,
    Answer,
    Asked,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    Event,
    Identified,
    LocalTime,
    Network,
    Question,
    Refusal,
    Rejected,
    Remember,
)
from unclouded.core.session_parts import Timers
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import RequestQueue
from unclouded.families.tuya.local_time import moment_of
from unclouded.families.tuya.messages import Bare, NetworkStatus, Result, frame_of
from unclouded.families.tuya.wifi.commands import WIFI, wifi_redact
from unclouded.families.tuya.wifi.messages import Mode, ResetMode, Signal, clock
from unclouded.families.tuya.wifi.module_notifications import ModuleNotifications, Then
from unclouded.families.tuya.wifi.module_start import HEARTBEAT, SMALLEST_BUFFER, ModuleStart, WifiSettings
from unclouded.families.tuya.wifi.product_info import (
    features_of,
    mode_of,
    module_info,
    recorded,
    signal_of,
    test_of,
    unix_of,
    whole_of,
)
from unclouded.families.tuya.wifi.service_messages import (
    BluetoothTest,
    Features,
    FileReady,
    FreeMemory,
    Mac,
    RecordReport,
    Sub,
    SubResult,
    WeatherAnswer,
    WeatherNames,
    WifiCredentials,
)

QUESTIONS = 32  # questions of the MCU that may wait for the house
PAIRING_S = 180.0  # a module that was reset can be paired for three minutes; docs/protocols/tuya_wifi.md §2.3.2
RECORDS = 32  # that are remembered, to know one that comes again
FAILED, INVALID = 2, 3  # results of a record; docs/protocols/tuya_wifi.md §2.5.5
STREAMS = frozenset({0x28, 0x30, 0x3C})
NO_VOICE: Mapping[int, int] = {0x60: 0, 0x61: 1, 0x62: 0, 0x63: 0, 0x64: 0}  # idle, muted, volume 0, no test, asleep
VOICE_MORE, FAILS = 0x65, 1  # its sub-commands have no layout in any source; a result is our reading
ONLY_KIND: Mapping[int, Network] = {0: Network.PAIRING_BOTH, 1: Network.PAIRING_AP}  # by product field n
BAD_FORMAT = 1  # of a 20


class ModuleServices:
    """What was asked and not yet answered. ``unasked``: what the MCU is told beside."""

    def __init__(
        self,
        settings: WifiSettings,
        pace: RequestQueue,
        timers: Timers,
        start: ModuleStart,
        ambient: Ambient,
        counts: Counter[str],
    ) -> None:
        self.buffer = settings.mcu_buffer  # bytes of a frame that the MCU can take; 0 = any
        self._settings = settings
        self._pace = pace
        self._timers = timers
        self._start = start
        self._ambient = ambient
        self._counts = counts
        self._mac = bytes.fromhex(settings.mac.replace(":", "")) or ambient.memory.get("mac", b"")
        self._asked = 0
        self._records: deque[bytes] = deque(maxlen=RECORDS)
        self.unasked = ModuleNotifications(settings, pace, timers, lambda: self.buffer, self._ask)
        self.forget()

    def forget(self) -> None:
        """The connection is gone: nobody waits for answers, nobody wants notices."""
        self._questions: dict[int, Then] = {}
        self.unasked.forget()
        self._tells_resets = False
        self._pairing_until = float("-inf")

    # --- what comes in ---------------------------------------------------------------------------

    def begin(self, now: float) -> list[Event]:
        """A new connection: how is the network? And the time, where it is told unasked."""
        self.unasked.begin(now)
        return self._ask(AskNetwork(), self._know_network)

    def hear(self, message: Message, frame: Frame, now: float) -> list[Event] | None:
        """What comes of a message; None = it is none of ours."""
        match message:
            case Bare(command=0x0C | 0x1C as command):
                return self._time(command)
            case Bare(command=0x24 | 0x2B | 0x0E | 0x0F as command):
                return self._question(command)
            case Bare(command=0x04):
                return self._reset(Bare(0x04), self._pairing_kind(Network.PAIRING_EZ), now)
            case ResetMode(mode=mode):
                chosen = Network.PAIRING_AP if mode else Network.PAIRING_EZ
                return self._reset(Bare(0x05), self._pairing_kind(chosen), now)
            case Bare(command=0x25):
                self._start.stop_heartbeats()
                return self._say(Bare(0x25))
            case Bare(command=0x2D):
                return self._tell_mac()
            case Bare(command=0x2F):
                return self._say(Result(0x2F, 1))  # there is no infrared light here
            case Bare(command=0x03 | 0x21 | 0x2E):
                return []  # acknowledgements
            case Mode(pins=pins):
                return self._mode(pins)
            case WifiCredentials():
                return self._credentials(message, now)
            case WeatherNames(names=names):
                return [*self._say(WeatherAnswer(True)), *self.unasked.want_weather(now, names)]
            case Features(fields=fields):
                return self._features(fields)
            case RecordReport():
                return self._record(message)
            case Sub(command=0x34 | 0x35):
                return self._sub(message, now)
            case Sub(command=0x37) | FileReady():
                return self._file(frame)
        return self._other(frame, now)

    def taken(self) -> list[Event]:
        """The values of a 22 are with the house; once they are stored too, the MCU may forget them."""
        keep = self._promise()
        return self._ask(AskStored(), lambda value: keep(Result(0x23, int(not isinstance(value, Refusal)))))

    def answer(self, id: int, value: Answer | Refusal) -> list[Event]:
        """The house's answer; a second one is ignored."""
        then = self._questions.pop(id, None)
        return then(value) if then else []

    # --- one kind after the other ----------------------------------------------------------------

    def _time(self, command: int) -> list[Event]:
        keep = self._promise()
        return self._ask(
            AskTime(local=command == 0x1C),
            lambda value: keep(clock(command, value if isinstance(value, LocalTime) else None)),
        )

    def _question(self, command: int) -> list[Event]:
        keep = self._promise()
        match command:
            case 0x24:
                return self._ask(AskSignal(), lambda value: keep(Signal(signal_of(value))))
            case 0x0E:
                return self._ask(AskSignal(), lambda value: keep(test_of(signal_of(value))))
            case 0x0F:
                return self._ask(AskMemory(), lambda value: keep(FreeMemory(whole_of(value, 2**32 - 1))))
        return self._ask(
            AskNetwork(),
            lambda value: [*self._know_network(value), *keep(NetworkStatus(self._start.network, 0x2B))],
        )

    def _pairing_kind(self, chosen: Network) -> Network:
        """How a reset module pairs: product field n overrides it. docs/protocols/tuya_wifi.md §2.4.3, §2.4.7"""
        n = self._start.product.get("n")
        return ONLY_KIND.get(n, chosen) if type(n) is int else chosen

    def _reset(self, message: Message, pairing: Network, now: float) -> list[Event]:
        """The MCU wants to pair: a module would restart and come back through these states."""
        self._say(message)
        self._pairing_until = now + self._pairing_s()
        if self._tells_resets:
            self._pace.ask(self.unasked.told(SubResult(0x34, 0x05, 0), 0x34))
        for status in (pairing.value, Network.NO_ROUTER.value, Network.ROUTER.value, self._start.network):
            self._start.tell_network(status)
        return []

    def _pairing_s(self) -> float:
        """How long it may be paired: mt is in minutes, 3 to 10, for mode 2 only. docs/protocols/tuya_wifi.md §2.4.3"""
        product = self._start.product
        minutes = product.get("mt")
        chosen = product.get("m") == 2 and isinstance(minutes, int) and 3 <= minutes <= 10
        return 60.0 * minutes if chosen and isinstance(minutes, int) else PAIRING_S

    def _credentials(self, message: WifiCredentials, now: float) -> list[Event]:
        """Nothing of it is kept: the network that the MCU brings is not needed here."""
        whole = message.is_whole()
        if message.command == 0x2C:
            self._say(Result(0x2C, int(whole)))
            pairs = whole
        else:
            pairs = whole and now < self._pairing_until
            self._say(Result(0x2A, 0 if pairs else 1 if whole else 2))
        if pairs:
            for status in (Network.NO_ROUTER.value, Network.ROUTER.value, self._start.network):
                self._start.tell_network(status)
        return []

    def _tell_mac(self) -> list[Event]:
        """An address of our own making, the same one for ever: locally administered, for one station."""
        if self._mac:
            return self._say(Mac(True, self._mac))
        token = self._ambient.token(6)
        self._mac = bytes(((token[0] & 0xFC) | 0x02,)) + token[1:]
        return [*self._say(Mac(True, self._mac)), Remember("mac", self._mac)]

    def _mode(self, pins: bytes) -> list[Event]:
        """Who drives LED and key; as an event of old MCUs a 02 means something else, that nobody knows."""
        if not pins or not self._start.asks_mode:
            return []
        self._start.pins = pins
        return [Identified({"mode": mode_of(pins)})]

    def _features(self, fields: Mapping[str, Any] | None) -> list[Event]:  # Any: JSON values
        if fields is None:
            return self._say(SubResult(0x37, 0, 1))
        size = fields.get("buf")
        if type(size) is int and size >= SMALLEST_BUFFER and not self._settings.mcu_buffer:
            self.buffer = size
        self._say(SubResult(0x37, 0, 0))
        product = self._start.product
        words = features_of(product, fields)
        return [Identified({"features": words})] if product and words else []

    def _sub(self, message: Sub, now: float) -> list[Event] | None:
        match message.command, message.sub:
            case 0x34, 0x01:
                return [*self._say(SubResult(0x34, 0x01, 0)), *self.unasked.want_time(message.data[0], now)]
            case 0x34, 0x03:
                return [*self._say(SubResult(0x34, 0x03, 0)), *self.unasked.want_weather(now)]
            case 0x34, 0x04:
                self._tells_resets = True
                return self._say(SubResult(0x34, 0x04, 0))
            case 0x34, 0x07:
                return self._say(module_info(message.data))
            case 0x34, 0x02 | 0x05:
                return []  # what they acknowledge is said
            case 0x35, 0x01:
                return self._say(BluetoothTest(0, 0))  # there is no Bluetooth here
            case 0x35, 0x05:
                return self._say(SubResult(0x35, 0x05, 0))
        return None

    def _other(self, frame: Frame, now: float) -> list[Event] | None:
        if frame.command in STREAMS:
            return self._stream(frame, now)
        if frame.command in NO_VOICE:
            return self._say(Result(frame.command, NO_VOICE[frame.command]))
        match frame.command, frame.payload[:1]:
            case 0x65, sub if sub:
                return self._say(SubResult(VOICE_MORE, sub[0], FAILS))
            case 0x20, _:
                return self._say(WeatherAnswer(False, BAD_FORMAT))
            case 0x34, b"\x0b":
                return self._say(SubResult(0x34, 0x0B, INVALID))
        return None

    def _file(self, frame: Frame) -> list[Event]:
        """File transfer by 37 is not spoken here: no answer, as a module would that does not know it."""
        self._counts["file_frames"] += 1
        first = self._counts["file_frames"] == 1
        words = (
            f"{WIFI.name_of(frame.command, frame.payload)}: file transfer by 37 is not spoken here, and not answered"
        )
        return [Rejected(words, wifi_redact("device", bytes(frame)))] if first else []

    def _stream(self, frame: Frame, now: float) -> list[Event]:
        """A block of a map: taken, while heartbeats wait. A recording of the wire keeps it."""
        self._say(Result(frame.command, 0))
        if self._timers.at(HEARTBEAT) is not None:
            self._timers.set(HEARTBEAT, now + self._settings.heartbeat_s)
        self._counts["map_bytes"] += len(frame.payload)
        self._counts["map_blocks"] += 1
        first = self._counts["map_blocks"] == 1
        words = "a map, which is taken and not drawn: record the wire to keep it"
        return [Rejected(words, wifi_redact("device", bytes(frame)))] if first else []

    # --- records ---------------------------------------------------------------------------------

    def _record(self, record: RecordReport) -> list[Event]:
        """Values of an earlier time. Stored first, then acknowledged: the MCU may forget them then."""
        keep = self._promise()
        at = unix_of(record.time)
        if record.kind > 2 or (record.kind and at is None) or not record.points:
            return keep(SubResult(0x34, 0x0B, INVALID))
        number = self._number()  # of the second question; other questions may come before it

        def kept(value: Answer | Refusal) -> list[Event]:
            return keep(SubResult(0x34, 0x0B, FAILED if isinstance(value, Refusal) else 0))

        def tell(at: float | None) -> list[Event]:
            return [*recorded(record, at, self._has_come(record)), *self._ask(AskStored(), kept, number)]

        def then(value: Answer | Refusal) -> list[Event]:
            if not (isinstance(value, LocalTime) and value.trusted):
                return keep(SubResult(0x34, 0x0B, FAILED))
            return tell(value.unix if record.kind == 0 or at is None else moment_of(at, value))

        return tell(at) if record.kind == 2 else self._ask(AskTime(), then)

    def _has_come(self, record: RecordReport) -> bool:
        """Was this very record told before? Its answer was lost then. Only by a time of its own can it be known."""
        data = record.payload()
        known = record.kind != 0 and data in self._records
        self._records.append(data)
        return known

    # --- inside ----------------------------------------------------------------------------------

    def _know_network(self, value: Answer | Refusal) -> list[Event]:
        known = {status.value for status in Network}
        status = value if isinstance(value, int) and value in known else self._start.network
        if status != self._start.network and self._start.is_online:
            self._start.tell_network(status)
        self._start.network = status
        return []

    def _say(self, message: Message) -> list[Event]:
        return self._promise()(message)

    def _promise(self) -> Callable[[Message], list[Event]]:
        """A place among the answers; call it with what is to be said there."""
        promise = self._pace.promise()

        def keep(message: Message) -> list[Event]:
            self._pace.keep(promise, bytes(frame_of(message)))
            return []

        return keep

    def _number(self) -> int:
        self._asked += 1
        return self._asked

    def _ask(self, question: Question, then: Then, number: int = 0) -> list[Event]:
        number = number or self._number()
        events: list[Event] = []
        if len(self._questions) >= QUESTIONS:
            oldest = self._questions.pop(next(iter(self._questions)))
            events = oldest(Refusal("The house did not answer in time."))
        self._questions[number] = then
        return [*events, Asked(number, question)]
