"""Checksums of parts of a file, all computed in one pass over it.

RunningChecksums(checksums): feed(0, …), feed(65536, …) … ─► results()
"""

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha1, sha256
from typing import Literal, Protocol
from zlib import crc32

import msgspec

Algorithm = Literal["CRC-32", "SHA-1", "SHA-256", "sum of bytes"]
Verdict = Literal["right", "wrong", "unknown"]


class Checksum(msgspec.Struct, frozen=True, kw_only=True):
    """One checksum that a file carries. ``begin``, ``end``: the bytes that it covers. ``expected``: what the file says.

    ``keys``: SHA-256 is tried without a key and with each of these (HMAC). ``is_keyed``: the key may be another one, so
    a mismatch proves nothing.
    """

    of: str
    begin: int
    end: int
    algorithm: Algorithm
    expected: bytes
    keys: tuple[bytes, ...] = ()
    is_keyed: bool = False


class ChecksumResult(msgspec.Struct, frozen=True, kw_only=True):
    """``expected``: what the file says, ``found``: what its content has, in hex. ``verdict``: unknown = the key is."""

    of: str
    algorithm: Algorithm
    expected: str
    found: str
    verdict: Verdict

    @property
    def fault(self) -> str:
        """As text; "" where it is not wrong."""
        return f"the checksum of {self.of} is wrong" if self.verdict == "wrong" else ""


class _Running(Protocol):
    def update(self, data: memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: memoryview, /) -> None:
        self._value = crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _SumOfBytes:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: memoryview, /) -> None:
        self._value += sum(data)

    def digest(self) -> bytes:
        return (self._value % 2**32).to_bytes(4, "little")


_MAKE: dict[Algorithm, Callable[[], _Running]] = {
    "CRC-32": _Crc32,
    "SHA-1": lambda: sha1(usedforsecurity=False),
    "SHA-256": sha256,
    "sum of bytes": _SumOfBytes,
}


class RunningChecksums:
    """The content is fed in order, in pieces of any size."""

    def __init__(self, checksums: Sequence[Checksum]) -> None:
        self._running = [(one, _digests_of(one)) for one in checksums]

    def feed(self, offset: int, piece: bytes | memoryview) -> None:
        """``offset``: of the piece in the file."""
        data = memoryview(piece)
        for checksum, digests in self._running:
            begin, end = max(checksum.begin - offset, 0), min(checksum.end - offset, len(data))
            if begin < end:
                for digest in digests:
                    digest.update(data[begin:end])

    def results(self) -> tuple[ChecksumResult, ...]:
        """Each checksum beside what the image states; to be asked for when the whole content was fed."""
        return tuple(_result(checksum, digests) for checksum, digests in self._running)


def result_of(of: str, algorithm: Algorithm, expected: bytes, found: bytes) -> ChecksumResult:
    """The comparison of one checksum, both values as upper-case hex. ``of``: what it covers."""
    verdict: Verdict = "right" if expected == found else "wrong"
    return ChecksumResult(
        of=of, algorithm=algorithm, expected=expected.hex().upper(), found=found.hex().upper(), verdict=verdict
    )


def _digests_of(checksum: Checksum) -> list[_Running]:
    keyed: list[_Running] = [hmac.new(key, digestmod=sha256) for key in checksum.keys]
    return [_MAKE[checksum.algorithm](), *keyed]


def _result(checksum: Checksum, digests: Sequence[_Running]) -> ChecksumResult:
    found = [digest.digest() for digest in digests]
    right = checksum.expected in found
    best = checksum.expected if right else found[0]
    result = result_of(checksum.of, checksum.algorithm, checksum.expected, best)
    return msgspec.structs.replace(result, verdict="unknown") if checksum.is_keyed and not right else result
