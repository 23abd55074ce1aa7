"""A hub that NATS refuses asks for another token: spread, less and less often, and no more once it is connected."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.uplink.renewal import SPREAD_S, RefusedRenewal


@given(st.floats(0, 1))
def test_it_asks_within_the_spread_and_then_less_and_less_often(chance: float) -> None:
    renewal = RefusedRenewal(lambda: chance)
    asked = [second for second in range(0, 1801, 30) if renewal.is_due(True, float(second))]
    assert asked and asked[0] <= SPREAD_S + 30
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert 48 <= gaps[0] <= 102 and 240 <= gaps[-1] <= 390
    assert not renewal.is_due(False, 1900.0)
    assert not renewal.is_due(True, 1901.0)
