"""How sure a profile is of its points, as one line."""

import pytest

from unclouded.core.confidence import sources_text
from unclouded.core.model import Confidence, Kind

Said = tuple[str, Kind, Confidence]


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ([], ""),
        ([("power_W", "number", "")], ""),
        ([("on", "switch", "confirmed")], ""),
        ([("on", "switch", "single"), ("power_W", "number", "confirmed")], "scales confirmed by two sources"),
        ([("power_W", "number", "single"), ("energy_import_Wh", "counter", "single")], "scales from one source"),
        (
            [("power_W", "number", "single"), ("voltage_V", "number", "confirmed")],
            "scales of 1 of 2 points confirmed by two sources, the others from one",
        ),
        ([("power_W", "number", "disputed"), ("voltage_V", "number", "confirmed")], "sources disagree on power_W"),
        ([(f"power_{n}_W", "number", "disputed") for n in range(5)],
         "sources disagree on power_0_W, power_1_W, power_2_W and 2 more"),
        ([("on", "switch", "matched")], "1 point named by what it reports"),
        ([("on", "switch", "matched"), ("power_W", "number", "guessed")],
         "2 points named by what it reports, 1 of them guessed"),
    ],
)  # fmt: skip
def test_the_line(points: list[Said], text: str) -> None:
    assert sources_text(points) == text
