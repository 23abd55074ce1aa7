"""Which family the bytes of a wire look like, where the configured one cannot read them. Pure."""

from unclouded import families
from unclouded.core.family import Decoder

LEAST_FRAMES = 2
LEAST_SHARE = 0.6  # of the bytes that are in frames
MOST_BYTES = 4096  # that are tried: the newest


def guess_family(configured: str, data: bytes) -> str:
    """A sentence for the owner of the configuration, "" where nothing is certain."""
    data = data[-MOST_BYTES:]
    shares = {name: _share(name, data) for name in families.NAMES}
    best = max(shares, key=shares.__getitem__)
    if best == configured or shares[best] < LEAST_SHARE or shares[configured] > shares[best] / 2:
        return ""
    return f"These look like frames of {best}, not of {configured}: is the `family` of this device right?"


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
