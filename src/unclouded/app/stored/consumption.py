"""Load duration and anomalies, read from the store whether a hub runs or not."""

from collections.abc import Sequence

from unclouded.app.configuration.config import Config
from unclouded.core.model import Device
from unclouded.core.views.consumption import Anomalies, LoadDuration
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.consumption.answer_anomalies import anomalies
from unclouded.web.history.consumption.answer_load import load

DEFAULT_SPAN_S = 31 * 86_400.0


def stored_load(
    config: Config, chosen: Sequence[str], start: float | None, end: float | None, now: float
) -> LoadDuration:
    """A curve for each device of ``chosen``, or of the home. Default: the last 31 days.

    Raises CommandError for an unknown device or a period that is too long, and StoreError.
    """
    since, until = _span(start, end, now)
    with StoreReader(config.store) as reader:
        ids = [reader.known(device).id or device for device in chosen]
        return load(reader, config.zone, _devices(reader), ids, since, until)


def stored_anomalies(config: Config, start: float | None, end: float | None, now: float) -> Anomalies:
    """What was unlike before. Default: the last 31 days. Raises CommandError and StoreError."""
    since, until = _span(start, end, now)
    with StoreReader(config.store) as reader:
        return anomalies(reader, config.zone, _devices(reader), since, until)


def _devices(reader: StoreReader) -> list[Device]:
    return [one.device for one in reader.devices() if one.id]


def _span(start: float | None, end: float | None, now: float) -> tuple[float, float]:
    until = now if end is None else end
    return (max(until - DEFAULT_SPAN_S, 0.0) if start is None else start), until
