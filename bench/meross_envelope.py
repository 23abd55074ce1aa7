"""Meross envelopes: encoding and signing, decoding and verifying, compared with meross-iot 0.4.10.4.

    python bench/meross_envelope.py [--json] [--count N] [--peer-python PYTHON]

``--peer-python``: the interpreter of a throw-away environment in which meross-iot is installed. Both are measured
in turns in the same run, each in a process of its own; the median counts. Encode+sign is a GET Electricity as the
controller polls it (messageId, timestamp, signature, JSON); parse+verify is the plug's answer to it. The peer runs
its own methods on a manager without a cloud. Targets: 20 times as fast writing, twice as fast reading. ``encrypted_…``
are the same with the body encrypted as HTTP of newer firmware has it, the AES key being known.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from unclouded.core.sessions.session import LinkPath
from unclouded.families.meross.controller.paths.paths import PathState
from unclouded.families.meross.controller.paths.request_window import RequestWindow
from unclouded.families.meross.controller.paths.requests import ELECTRICITY, POLLS
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import parse, reply, request, verify
from unclouded.families.meross.wire.identity import mac_of
from unclouded.families.meross.wire.lan_encryption import bound_cipher
from unclouded.families.meross.wire.messages import payload_of

ROUNDS = 5
KEY = "3fe8496944c2236b1b6edc8ea29dc8d5"
UUID = "19010100000000000000020000000001"
FROM = f"/appliance/{UUID}/publish"
TIMESTAMP = 1_552_215_950
ANSWER = payload_of(
    electricity={
        "channel": 0,
        "current": 418,
        "voltage": 2387,
        "power": 67_379,
        "config": {"voltageRatio": 188, "electricityRatio": 102},
    }
)

PEER = """
import json, sys, time
from types import SimpleNamespace
from meross_iot.manager import MerossManager
from meross_iot.utilities.mqtt import verify_message_signature
from meross_iot.model.enums import Namespace
key, uuid, count, answer = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4].encode()
manager = MerossManager.__new__(MerossManager)
creds = SimpleNamespace(key=key, user_id="0", token="", user_email="")
manager._cloud_creds = creds
manager._cloud_credentials = creds
manager._http_client = SimpleNamespace(cloud_credentials=creds)
manager._app_id = "a" * 32
manager._client_response_topic = "/app/0-" + "a" * 32 + "/subscribe"
manager._user_topic = "/app/0/subscribe"
payload = {"electricity": {"channel": 0}}
def write():
    return manager._build_mqtt_message("GET", Namespace.CONTROL_ELECTRICITY, payload, uuid)
def read():
    message = json.loads(str(answer, "utf8"))
    assert verify_message_signature(message["header"], key)
    return message
def us(call):
    for _ in range(count // 10):
        call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count * 1e6
from meross_iot.controller.mixins.encryption import EncryptionAlg, EncryptionSuiteMixin
suite = EncryptionSuiteMixin.__new__(EncryptionSuiteMixin)
suite._encryption_alg = EncryptionAlg.ECDHE256
suite.set_encryption_key(uuid=uuid, mrskey=key, mac=sys.argv[6])
sealed = sys.argv[5].encode()
assert suite.decrypt(sealed).rstrip(bytes(1)) == answer
def write_encrypted():
    return suite.encrypt(write()[0])
def read_encrypted():
    message = json.loads(str(suite.decrypt(sealed).rstrip(bytes(1)), "utf8"))
    assert verify_message_signature(message["header"], key)
    return message
print(json.dumps({
    "encode_sign_us": us(write), "parse_verify_us": us(read),
    "encrypted_encode_sign_us": us(write_encrypted), "encrypted_parse_verify_us": us(read_encrypted),
}))
"""


def timed(call: Callable[[], object], count: int) -> float:
    """µs a call."""
    for _ in range(count // 10):
        call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count * 1e6


def poll() -> bytes:
    return request(
        "GET",
        namespaces.ELECTRICITY,
        payload_of(electricity={"channel": 0}),
        message_id="d052cd2e1f1d4bd4d76f5f2d93820dce",
        key=KEY,
        timestamp=TIMESTAMP,
        from_=FROM,
    )


ANSWERED = bytes(reply(parse(poll()).header, ANSWER, key=KEY, timestamp=TIMESTAMP, from_=FROM))
CIPHER = bound_cipher(UUID, KEY)
SEALED = CIPHER.encrypt(ANSWERED)


def writer() -> Callable[[], bytes]:
    """A fresh messageId, the clock, the signature and the bytes: what ``RequestWindow`` does for each request."""
    one = POLLS[ELECTRICITY]
    number = int.from_bytes(b"unclouded bench!", "big")

    def write() -> bytes:
        nonlocal number
        number += 1
        return request(
            one.method,
            one.namespace,
            one.payload,
            message_id=f"{number:032x}",
            key=KEY,
            timestamp=int(time.time()),
            from_=FROM,
        )

    return write


def kept() -> Callable[[], object]:
    """The same with all the book-keeping of a request and its answer."""
    window, path, one = RequestWindow(KEY, bytes(16), 5.0), PathState(LinkPath(name="broker")), POLLS[ELECTRICITY]

    def send() -> object:
        window.add(one)
        (out,) = window.send(0.0, TIMESTAMP, FROM, lambda request: path)
        return window.failed(out.id)

    return send


def read() -> object:
    envelope = parse(ANSWERED)
    assert verify(envelope.header, KEY)
    return envelope


def read_and_understand() -> object:
    envelope = parse(ANSWERED)
    assert verify(envelope.header, KEY)
    return namespaces.read_envelope(envelope)


def write_encrypted() -> Callable[[], object]:
    write = writer()
    return lambda: CIPHER.encrypt(write())


def read_encrypted() -> object:
    envelope = parse(CIPHER.decrypt(SEALED))
    assert verify(envelope.header, KEY)
    return envelope


OURS = {
    "encode_sign_us": (writer(), 1),
    "parse_verify_us": (read, 1),
    "encrypted_encode_sign_us": (write_encrypted(), 2),
    "encrypted_parse_verify_us": (read_encrypted, 2),
    "request_with_book_keeping_us": (kept(), 5),
    "parse_verify_understand_us": (read_and_understand, 2),
}


def peer(python: str, count: int) -> dict[str, float]:
    """One run of the peer in its own interpreter. Raises CalledProcessError."""
    command = [python, "-c", PEER, KEY, UUID, str(count), ANSWERED.decode(), SEALED.decode(), mac_of(UUID)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def spin() -> float:
    """ms for a fixed loop: the current speed of this machine."""
    start = time.perf_counter()
    total = 0
    for number in range(400_000):
        total += number & 7
    return (time.perf_counter() - start) * 1000


def measure(count: int, python: str) -> dict[str, object]:
    ours: dict[str, list[float]] = {name: [] for name in OURS}
    theirs: dict[str, list[float]] = {}
    probes = [spin()]
    for _ in range(ROUNDS):
        for name, (call, share) in OURS.items():
            ours[name].append(timed(call, count // share))
        if python:
            for name, figure in peer(python, count // 5).items():
                theirs.setdefault(name, []).append(figure)
        probes.append(spin())
    figures = {name: round(statistics.median(list_), 3) for name, list_ in ours.items()}
    result: dict[str, object] = {"ours": figures, "stall_probe_ms": [round(min(probes), 1), round(max(probes), 1)]}
    if not python:
        return result | {"left_out": "meross-iot: give --peer-python an interpreter that has it"}
    beside = {name: round(statistics.median(list_), 3) for name, list_ in theirs.items()}
    ratio = {name: round(beside[name] / figures[name], 1) for name in beside}
    return result | {"meross_iot": beside, "times_as_fast": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--peer-python", default="")
    options = parser.parse_args()
    figures = measure(options.count, options.peer_python)
    if options.json:
        json.dump({"bench": "meross_envelope", **figures}, sys.stdout)
        sys.stdout.write("\n")
        return
    for part, table in figures.items():
        sys.stdout.write(f"{part:<16} {table}\n")


if __name__ == "__main__":
    main()
