"""What a module answers when its MCU asks: time, network, weather, records, and all the small services.

    device 0c 1c 22 24 2b 0e 0f ─► Asked ─► answer() ─► the frame that the MCU waits for
    device 04 05 20 25 28 2a 2c 2d 2f 34 35 37/00 60 …  ─► answered at once
    device 34/0b record ─► Asked for the time, where the record needs it ─► Reported(at=…) ─► stored? ─► 34/0b 00

An answer keeps its place in the order of the questions. What has no known meaning is not answered, as real modules do.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from unclouded.core.sessions.session import (
    Ambient,
    Answer,
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
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.local_time import moment_of
from unclouded.families.tuya.messages import Bare, NetworkStatus, Result, frame_of
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI, wifi_redact
from unclouded.families.tuya.wifi.messages import Mode, ResetMode, Signal, clock
from unclouded.families.tuya.wifi.module.buffer import McuBuffer
from unclouded.families.tuya.wifi.module.notifications import ModuleNotifications
from unclouded.families.tuya.wifi.module.settings import WifiSettings, notice
from unclouded.families.tuya.wifi.module.start import HEARTBEAT, ModuleStart
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
    UnixRecord,
    WeatherAnswer,
    WeatherNames,
    WifiCredentials,
)

PAIRING_S = 180.0  # a module that was reset can be paired for three minutes; docs/protocols/tuya_wifi.md §2.3.2
RECORDS = 32  # that are remembered, to know one that comes again
FAILED, INVALID = 2, 3  # results of a record; docs/protocols/tuya_wifi.md §2.5.5
STREAMS = frozenset({codes.MAP, codes.MAPS, codes.MAP_16_BIT})
NO_VOICE: Mapping[int, int] = {
    codes.VOICE: 0,  # idle
    codes.MICROPHONE: 1,  # muted
    codes.VOLUME: 0,
    codes.AUDIO_TEST: 0,  # there is none
    codes.WAKE_TEST: 0,  # asleep
}
FAILS = 1  # as 34/04 says it; that 34/01 and VOICE_EXTENSIONS fail with the same number is our reading
TIME_KINDS = (0, 1)  # of time notices: GMT, local
ONLY_KIND: Mapping[int, Network] = {0: Network.PAIRING_BOTH, 1: Network.PAIRING_AP}  # by product field n
BAD_FORMAT = 1  # of a 20


class ModuleServices:
    """The module's side of all services. ``unasked``: what the MCU is sent unasked."""

    def __init__(
        self,
        settings: WifiSettings,
        parts: EndpointParts,
        start: ModuleStart,
        buffer: McuBuffer,
        ambient: Ambient,
    ) -> None:
        self._buffer = buffer
        self._settings = settings
        self._parts = parts
        self._queue = parts.queue
        self._timers = parts.timers
        self._questions = parts.questions
        self._ids = parts.ids
        self._counts = parts.counts
        self._start = start
        self._ambient = ambient
        self._mac = bytes.fromhex(settings.mac.replace(":", "")) or ambient.memory.get("mac", b"")
        self._records: deque[bytes] = deque(maxlen=RECORDS)
        self.unasked = ModuleNotifications(settings, parts, lambda: buffer.size)
        self.forget()

    def forget(self) -> None:
        """The connection is gone: the MCU waits for no answers and no notices."""
        self.unasked.forget()
        self._reports_resets = False

    # --- what comes in ---------------------------------------------------------------------------

    def begin(self, now: float) -> list[Event]:
        """A new connection: how is the network? And the time, where it is sent unasked."""
        self.unasked.begin(now)
        return self._questions.ask(AskNetwork(), self._know_network, now)

    def received(self, message: Message, frame: Frame, now: float) -> list[Event] | None:
        """What comes of a message; None = it is none of ours."""
        match message:
            case Bare(command=codes.GMT | codes.LOCAL_TIME as command):
                return self._time(command, now)
            case Bare(command=codes.SIGNAL | codes.NETWORK_QUERY | codes.WIFI_TEST | codes.MEMORY as command):
                return self._state(command, now)
            case Bare(command=codes.RESET):
                return self._reset(Bare(codes.RESET), self._pairing_kind(Network.PAIRING_EZ), now)
            case ResetMode(mode=mode):
                chosen = Network.PAIRING_AP if mode else Network.PAIRING_EZ
                return self._reset(Bare(codes.RESET_MODE), self._pairing_kind(chosen), now)
            case Bare(command=codes.STOP_HEARTBEATS):
                self._start.stop_heartbeats(now)
                return self._send(Bare(codes.STOP_HEARTBEATS))
            case Bare(command=codes.MAC):
                return self._send_mac()
            case Bare(command=codes.INFRARED_TEST):
                return self._send(Result(codes.INFRARED_TEST, 1))  # there is no infrared light here
            case Bare(command=codes.NETWORK | codes.WEATHER | codes.INFRARED):
                return []  # acknowledgements
            case Mode(pins=pins):
                return self._mode(pins)
            case WifiCredentials():
                return self._credentials(message, now)
            case WeatherNames(names=names):
                return [*self._send(WeatherAnswer(True)), *self.unasked.switch_weather_on(now, names)]
            case Features(fields=fields):
                return self._features(fields)
            case RecordReport():
                return self._record(message, now)
            case UnixRecord(milliseconds=milliseconds):  # no source describes an answer
                return recorded(message, milliseconds / 1000, self._is_repeated(message))
            case Sub(command=codes.EXTENDED | codes.BLUETOOTH):
                return self._sub(message, now)
            case Sub(command=codes.FEATURES) | FileReady():
                return self._file(frame)
        return self._other(frame, now)

    def taken(self, now: float, answered: Callable[[bool], None]) -> list[Event]:
        """The hub has the values of a 22; once they are stored too, the MCU may forget them."""

        def result(value: Answer | Refusal) -> Message:
            is_stored = not isinstance(value, Refusal)
            answered(is_stored)
            return Result(codes.SYNC_RESULT, int(is_stored))

        return self._answer_by(AskStored(), now, result)

    # --- one kind after the other ----------------------------------------------------------------

    def _time(self, command: int, now: float) -> list[Event]:
        question = AskTime(local=command == codes.LOCAL_TIME)
        return self._answer_by(
            question, now, lambda value: clock(command, value if isinstance(value, LocalTime) else None)
        )

    def _state(self, command: int, now: float) -> list[Event]:
        match command:
            case codes.SIGNAL:
                return self._answer_by(AskSignal(), now, lambda value: Signal(signal_of(value)))
            case codes.WIFI_TEST:
                return self._answer_by(AskSignal(), now, lambda value: test_of(signal_of(value)))
            case codes.MEMORY:
                return self._answer_by(AskMemory(), now, lambda value: FreeMemory(whole_of(value, 2**32 - 1)))
        return self._answer_by(AskNetwork(), now, partial(self._network_answer, self._start.network.pairing))

    def _network_answer(self, pairing: int | None, value: Answer | Refusal) -> Message:
        """``pairing``: what was so when the MCU asked."""
        self._set_network(value)
        return NetworkStatus(self._start.network.status_while(pairing), codes.NETWORK_QUERY)

    def _pairing_kind(self, chosen: Network) -> Network:
        """How a reset module pairs: product field n overrides it. docs/protocols/tuya_wifi.md §2.4.3, §2.4.7"""
        n = self._start.product.get("n")
        return ONLY_KIND.get(n, chosen) if type(n) is int else chosen

    def _reset(self, message: Message, pairing: Network, now: float) -> list[Event]:
        """The MCU asks for pairing: as a module that restarts, and then can be paired for a while."""
        self._send(message)
        self._start.pair(pairing.value, now, self._pairing_s())
        if self._reports_resets:
            self._queue.add(notice(self._settings, SubResult(codes.EXTENDED, codes.RESET_NOTICE, 0)), first=True)
        return []

    def _pairing_s(self) -> float:
        """How long it may be paired: mt is in minutes, 3 to 10, for mode 2 only. docs/protocols/tuya_wifi.md §2.4.3"""
        product = self._start.product
        minutes = product.get("mt")
        chosen = product.get("m") == 2 and isinstance(minutes, int) and 3 <= minutes <= 10
        return 60.0 * minutes if chosen and isinstance(minutes, int) else PAIRING_S

    def _credentials(self, message: WifiCredentials, now: float) -> list[Event]:
        """None of it is kept: the hub needs no Wi-Fi that the MCU names."""
        whole = message.is_whole()
        if message.command == codes.CONNECTION_TEST:
            self._send(Result(codes.CONNECTION_TEST, int(whole)))
            pairs = whole
        else:
            pairs = whole and self._start.network.pairing is not None
            self._send(Result(codes.PAIRING, 0 if pairs else 1 if whole else 2))
        if pairs:
            self._start.connect()
        return []

    def _send_mac(self) -> list[Event]:
        """An address of our own making, always the same: locally administered, for one station."""
        if self._mac:
            return self._send(Mac(True, self._mac))
        token = self._ambient.token(6)
        self._mac = bytes(((token[0] & 0xFC) | 0x02,)) + token[1:]
        return [*self._send(Mac(True, self._mac)), Remember("mac", self._mac)]

    def _mode(self, pins: bytes) -> list[Event]:
        """Who drives LED and key; as an event of old MCUs a 02 means something else, which no source explains."""
        if not pins or not self._start.asks_mode:
            return []
        self._start.pins = pins
        return [Identified({"mode": mode_of(pins)})]

    def _features(self, fields: Mapping[str, Any] | None) -> list[Event]:  # Any: JSON values
        if fields is None:
            return self._send(SubResult(codes.FEATURES, codes.FEATURES_REPORT, 1))
        size = fields.get("buf")
        if type(size) is int:
            self._buffer.reported(size)
        self._send(SubResult(codes.FEATURES, codes.FEATURES_REPORT, 0))
        product = self._start.product
        features = features_of(product, fields)
        return [Identified({"features": features})] if product and features else []

    def _sub(self, message: Sub, now: float) -> list[Event] | None:
        match message.command, message.sub:
            case codes.EXTENDED, codes.TIME_NOTICES_ON if message.data[0] not in TIME_KINDS:
                return self._send(SubResult(message.command, message.sub, FAILS))
            case codes.EXTENDED, codes.TIME_NOTICES_ON:
                return [*self._done(message), *self.unasked.switch_time_on(message.data[0], now)]
            case codes.EXTENDED, codes.WEATHER_NOW:
                return [*self._done(message), *self.unasked.switch_weather_on(now)]
            case codes.EXTENDED, codes.RESET_NOTICES_ON:
                self._reports_resets = True
                return self._done(message)
            case codes.EXTENDED, codes.MODULE_INFO:
                return self._send(module_info(message.data))
            case codes.EXTENDED, codes.TIME_NOTICE | codes.RESET_NOTICE:
                return []  # acknowledgements
            case codes.BLUETOOTH, codes.BLUETOOTH_TEST:
                return self._send(BluetoothTest(0, 0))  # there is no Bluetooth here
            case codes.BLUETOOTH, codes.BLUETOOTH_STATE_QUERY:
                return self._done(message)
        return None

    def _other(self, frame: Frame, now: float) -> list[Event] | None:
        if frame.command in STREAMS:
            return self._stream(frame, now)
        if frame.command in NO_VOICE:
            return self._send(Result(frame.command, NO_VOICE[frame.command]))
        match frame.command, frame.payload[:1]:
            case codes.VOICE_EXTENSIONS, sub if sub:
                return self._send(SubResult(codes.VOICE_EXTENSIONS, sub[0], FAILS))
            case codes.WEATHER_ON, _:
                return self._send(WeatherAnswer(False, BAD_FORMAT))
            case codes.EXTENDED, sub if sub == bytes((codes.RECORD,)):
                return self._send(SubResult(codes.EXTENDED, codes.RECORD, INVALID))
        return None

    def _file(self, frame: Frame) -> list[Event]:
        """File transfer by 37 is not implemented: no answer, as of a module that does not know it."""
        self._counts["file_frames"] += 1
        first = self._counts["file_frames"] == 1
        reason = (
            f"{WIFI.name_of(frame.command, frame.payload)}: file transfer by 37 is not implemented, and not answered"
        )
        return [Rejected(reason, wifi_redact("device", bytes(frame)))] if first else []

    def _stream(self, frame: Frame, now: float) -> list[Event]:
        """A block of a map: taken, while heartbeats wait. A recording of the wire keeps it."""
        self._send(Result(frame.command, 0))
        if self._timers.at(HEARTBEAT) is not None:
            self._timers.set(HEARTBEAT, now + self._settings.heartbeat_s)
        self._counts["map_bytes"] += len(frame.payload)
        self._counts["map_blocks"] += 1
        first = self._counts["map_blocks"] == 1
        reason = "a map, which is taken and not drawn: record the wire to keep it"
        return [Rejected(reason, wifi_redact("device", bytes(frame)))] if first else []

    # --- records ---------------------------------------------------------------------------------

    def _record(self, record: RecordReport, now: float) -> list[Event]:
        """Values of an earlier time. Stored first, then acknowledged: the MCU may forget them then."""
        promise = self._queue.promise()
        at = unix_of(record.time)
        if record.kind > 2 or (record.kind and at is None) or not record.points:
            return self._result(promise, INVALID)
        id = self._ids.next()  # of the second question; other questions may come before it

        def stored(value: Answer | Refusal, now: float) -> list[Event]:
            return self._result(promise, FAILED if isinstance(value, Refusal) else 0)

        def report(at: float | None, now: float) -> list[Event]:
            return [
                *recorded(record, at, self._is_repeated(record)),
                *self._questions.ask(AskStored(), stored, now, id),
            ]

        def then(value: Answer | Refusal, now: float) -> list[Event]:
            if not (isinstance(value, LocalTime) and value.trusted):
                return self._result(promise, FAILED)
            return report(value.unix if record.kind == 0 or at is None else moment_of(at, value), now)

        return report(at, now) if record.kind == 2 else self._questions.ask(AskTime(), then, now)

    def _result(self, promise: int, result: int) -> list[Event]:
        """Of a record."""
        self._queue.fulfil(promise, bytes(frame_of(SubResult(codes.EXTENDED, codes.RECORD, result))))
        return []

    def _is_repeated(self, record: RecordReport | UnixRecord) -> bool:
        """Was this very record sent before? Its answer was lost then. Only by a time of its own can it be known."""
        data = record.payload()
        known = record.kind != 0 and data in self._records
        self._records.append(data)
        return known

    # --- inside ----------------------------------------------------------------------------------

    def _know_network(self, value: Answer | Refusal, now: float) -> list[Event]:
        self._set_network(value)
        return []

    def _set_network(self, value: Answer | Refusal) -> None:
        if isinstance(value, int) and value in {status.value for status in Network}:
            self._start.change_network(value)

    def _answer_by(self, question: Question, now: float, message: Callable[[Answer | Refusal], Message]) -> list[Event]:
        return self._parts.answer_by(question, now, lambda value: bytes(frame_of(message(value))))

    def _done(self, message: Sub) -> list[Event]:
        return self._send(SubResult(message.command, message.sub, 0))

    def _send(self, message: Message) -> list[Event]:
        self._queue.answer(bytes(frame_of(message)))
        return []
