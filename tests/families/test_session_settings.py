"""The [session] tables: no setting makes a session ask all the time, or wait for what has passed."""

import msgspec
import pytest

from unclouded import families

TABLES = {name: families.family(name).settings for name in families.NAMES}
TIMES = [
    (name, field.encode_name)
    for name, table in TABLES.items()
    for field in msgspec.structs.fields(table)
    if isinstance(field.default, float)
]
NONE_IS_ALLOWED = {  # 0 = never, none
    "tuya_wifi": {"poll_s", "push_time_s", "wake_probe_s", "echo_s", "minimum_gap_s"},
    "tuya_gateway": {"minimum_gap_s", "silence_s", "heartbeat_resend_s", "resync_s"},
}


@pytest.mark.parametrize(("family", "setting"), TIMES)
@pytest.mark.parametrize("value", [-1e-9, -1.0, -1e9])
def test_no_time_is_negative(family: str, setting: str, value: float) -> None:
    with pytest.raises(msgspec.ValidationError, match=setting):
        msgspec.convert({setting: value}, TABLES[family])


@pytest.mark.parametrize(("family", "setting"), TIMES)
def test_a_time_is_none_only_where_that_means_never(family: str, setting: str) -> None:
    if setting in NONE_IS_ALLOWED.get(family, ()):
        assert getattr(msgspec.convert({setting: 0}, TABLES[family], strict=False), setting) == 0
    else:
        with pytest.raises(msgspec.ValidationError, match=setting):
            msgspec.convert({setting: 0.0}, TABLES[family])


@pytest.mark.parametrize(("family", "setting"), [one for one in TIMES if one[1] not in {"echo_s", "minimum_gap_s"}])
def test_nothing_is_repeated_a_million_times_a_second(family: str, setting: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=setting):
        msgspec.convert({setting: 1e-6}, TABLES[family])


@pytest.mark.parametrize("table", [{"tries": 0}, {"ignore": [256]}, {"ignore": [-1]}])
def test_tries_and_data_points_are_numbers_that_there_are(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(table))):
        msgspec.convert(table, TABLES["tuya_wifi"])
