"""What a client makes of the API's answers, and of a hub that is gone."""

import gc
from pathlib import Path

import pytest

from unclouded.app.hub_client import HubClient, implausible_points
from unclouded.core.errors import LinkError


def test_points_with_an_implausible_scale_are_named() -> None:
    readings = [
        {"device": "plug", "point": "power_W", "flags": ["scale"]},
        {"device": "plug", "point": "voltage_V", "flags": []},
    ]
    assert implausible_points(readings) == {"plug": ["power_W"]}


def test_a_hub_that_is_gone_is_reported_and_the_socket_is_closed(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="Is it still running"):
        HubClient(tmp_path / "control").get("/api/hub")
    gc.collect()  # a socket that was left open fails the test here
