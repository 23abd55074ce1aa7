"""Lines of one kind are limited, those of others are not, and what is left out is counted."""

import logging
from collections.abc import Iterator

import pytest

from unclouded.core.system.log_limit import LINES, PERIOD_S, LogLimit


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    name = "unclouded.test.limited"
    LogLimit.on(name, name)
    logger = logging.getLogger(name)
    assert len(logger.filters) == 1
    yield logger
    logger.filters.clear()


def test_a_flood_of_one_line_is_cut_off_and_counted(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr("time.time_ns", lambda: int(now * 1e9))

    def flood() -> None:
        log.warning("Refused: %s.", "192.0.2.1")

    for _ in range(LINES + 500):
        flood()
    log.warning("Another line.")
    assert caplog.messages == ["Refused: 192.0.2.1."] * LINES + ["Another line."]
    now += PERIOD_S
    flood()
    flood()
    assert caplog.messages[-2:] == [
        "Refused: 192.0.2.1. (500 lines of this kind were not written.)",
        "Refused: 192.0.2.1.",
    ]
    now -= 10 * PERIOD_S  # the clock was set back
    flood()
    assert caplog.messages[-1] == "Refused: 192.0.2.1."
