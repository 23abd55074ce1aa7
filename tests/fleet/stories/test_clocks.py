"""Wrong clocks, of a hub and of the fleet's server: nothing of the true time is lost, nothing of another one stays."""

from pathlib import Path

import pytest

from fleet.stories.real_fleet import real_fleet, sending, sent
from unclouded.fleet.local_servers.nats import PrivateNats

YEAR = 365 * 86_400.0
IN_1970 = 3 * 86_400.0


async def test_a_hub_with_a_wrong_clock_reports_it_and_sends_the_true_time_once_it_is_set(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        true = fleet.now
        for wrong, why in ((true + YEAR, "in the future"), (IN_1970, "before 2000")):
            home = await fleet.home(tmp_path / why)
            home.now = wrong
            async with sending(home) as uplink:
                await home.reports(uplink, home.now - 1800, 900)
                await sent(home, uplink)
                assert await fleet.windows(home) == {}
                assert why in uplink.status().text
                home.now = true
                await home.reports(uplink, true - 1800, 900)
            first = await fleet.entries(home)
            assert {second for _, second, *_ in first} == {int(true) - 1800 + 10 * step for step in range(90)}
            async with sending(home) as uplink:  # with a clock that is right from the start
                await home.reports(uplink, true - 900, 300)
            assert first < await fleet.entries(home)
            assert all(start < true for start in await fleet.windows(home))


async def test_what_a_server_with_a_wrong_clock_has_refused_is_sent_once_it_is_set(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        home = await fleet.home(tmp_path)
        fleet.now -= 3 * 86_400
        async with sending(home) as uplink:
            await home.reports(uplink, home.now - 1800, 900)
            await sent(home, uplink)
            assert await fleet.windows(home) == {}
            assert "in the future" in uplink.status().text
        fleet.now += 3 * 86_400
        async with sending(home):
            pass
        assert len(await fleet.entries(home)) == 2 * 2 * 90  # two devices, two points
        fleet.now += 3 * 86_400  # ahead: what comes is days old, and taken
        async with sending(home) as uplink:
            await home.reports(uplink, home.now - 600, 300)
        assert len(await fleet.entries(home)) == 2 * 2 * 120
