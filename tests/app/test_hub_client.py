"""What a client makes of the API's answers."""

from unclouded.app.hub_client import implausible_points


def test_points_with_an_implausible_scale_are_named() -> None:
    readings = [
        {"device": "plug", "point": "power_W", "flags": ["scale"]},
        {"device": "plug", "point": "voltage_V", "flags": []},
    ]
    assert implausible_points(readings) == {"plug": ["power_W"]}
