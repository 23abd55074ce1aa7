"""Ten minutes of 128 sub-devices on a line that loses 30 % of its frames; all 50 seeds: bench/tuya_gateway.py."""

import msgspec

from lossy_gateway import SETTINGS, LossyGateway


def test_commands_settle_once_states_are_right_and_records_are_stored_once() -> None:
    assert LossyGateway(1).run() == []


def test_without_asking_again_states_are_wrong() -> None:
    """So the check notices what is wrong. Lost frames leave no noise here, and nothing asks again by itself."""
    run = LossyGateway(3, settings=msgspec.structs.replace(SETTINGS, resync_s=0.0), cuts=0.0)
    assert run.run(minutes=3) != []
