"""Which family the bytes of a wire look like, where the configured one cannot read them. Pure."""

from unclouded import families
from unclouded.core.family import Decoder, Dialect

LEAST_FRAMES = 2
LEAST_SHARE = 0.6  # of the bytes that are in frames
MOST_BYTES = 4096  # that are tried: the newest


def guess_family(configured: str, data: bytes) -> str:
    """A sentence for the owner of the configuration, "" where nothing is certain."""
    data = data[-MOST_BYTES:]
    shares = {name: _share(name, data) for name in families.NAMES}
    best = max(shares, key=lambda name: (shares[name], name == configured))
    if shares[best] < LEAST_SHARE or (best != configured and shares[configured] > shares[best] / 2):
        return ""
    dialect = _dialect(best, data)
    speaker = best if dialect is None else dialect.spoken_by
    if dialect is not None and not speaker:
        return f"{dialect.words} are decoded, and not yet run as a device: these look like their frames."
    if speaker == configured:
        return ""
    return f"These look like frames of {speaker}, not of {configured}: is the `family` of this device right?"


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
