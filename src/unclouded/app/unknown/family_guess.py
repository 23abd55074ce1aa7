"""Which family the bytes of a wire look like, where it is not known or the configured one cannot read them. Pure."""

import msgspec

from unclouded import families
from unclouded.core.family import Decoder, Dialect

LEAST_FRAMES = 2
LEAST_SHARE = 0.6  # of the bytes that are in frames
MOST_BYTES = 4096  # that are tried: the newest


class RecognisedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What bytes look like. ``speaker``: the family whose sessions speak it; "" = it can only be decoded.

    ``dialect``: in words, "" where the family has only one.
    """

    family: str
    speaker: str
    dialect: str = ""


def recognise(data: bytes, configured: str = "") -> RecognisedLine | None:
    """The family of a wire's bytes, None where nothing is certain. ``configured``: what it should be, if known."""
    data = data[-MOST_BYTES:]
    shares = {name: _share(name, data) for name in families.NAMES}
    best = max(shares, key=lambda name: (shares[name], name == configured))
    if shares[best] < LEAST_SHARE or (best != configured and shares.get(configured, 0) > shares[best] / 2):
        return None
    dialect = _dialect(best, data)
    if dialect is None:
        return RecognisedLine(family=best, speaker=best)
    return RecognisedLine(family=best, speaker=dialect.spoken_by, dialect=dialect.words)


def guess_family(configured: str, data: bytes) -> str:
    """A sentence for the owner of the configuration, "" where nothing is certain."""
    found = recognise(data, configured)
    if found is None or found.speaker == configured:
        return ""
    if not found.speaker:
        return f"{found.dialect} are decoded, and not yet run as a device: these look like their frames."
    return f"These look like frames of {found.speaker}, not of {configured}: is the `family` of this device right?"


def _dialect(name: str, data: bytes) -> Dialect | None:
    """Which of the dialects of a family these bytes are in, where it has several."""
    family = families.family(name)
    if family.detector is None:
        return None
    detector = family.detector()
    detector.feed("device", data)
    return family.dialects[detector.verdict()[0]]


def _share(name: str, data: bytes) -> float:
    """The share of the bytes that are in frames of a family, in whichever of its dialects fits best."""
    family = families.family(name)
    decoders = [family.decoder, *(one.decoder for one in family.dialects.values())]
    return max(_framed(decoder("device"), data) for decoder in decoders)


def _framed(decoder: Decoder, data: bytes) -> float:
    frames = [piece for piece in [*decoder.feed(data), *decoder.close()] if piece.kind == "frame"]
    if len(frames) < LEAST_FRAMES or not data:
        return 0.0
    return sum(len(piece.data) for piece in frames) / len(data)
