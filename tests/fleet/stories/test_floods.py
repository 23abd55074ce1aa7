"""A hub with a valid token sends content that expands, floods, and too large messages: others are not disturbed.

NATS, the engine and PostgreSQL are real ones; limits are lower, so that the story costs little.
"""

import asyncio
import time
import zlib

import pytest

from fleet.filled_base import add_home
from fleet.identities import new_shard
from fleet.kills.processes import NoRenewal
from fleet.protocol_hub import ProtocolHub, fleet_client
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.windows import opening
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.ingest import hub_flow
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.links.nats.client import NatsClient
from unclouded.store.encoding.columns import put_number
from unclouded.uplink.contents.packing import MOST_UNPACKED
from unclouded.uplink.messages import (
    LARGEST,
    Answer,
    Hello,
    HubState,
    LetOut,
    SentWindow,
    Windows,
    decode_message,
    encode_message,
)

ROWS = 10_000


def zeros(rows: int) -> bytes:
    """Rows of ``quarter`` whose columns are all zeros: a few bytes, and much to read."""
    data = bytearray()
    put_number(data, rows)
    return zlib.compress(bytes(data) + bytes(10))


@pytest.mark.timeout(180)
async def test_a_hostile_hub_disturbs_no_other(
    nats_server: PrivateNats, base_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_ITEMS", ROWS)
    monkeypatch.setattr(hub_flow, "COSTLY_S", 0.0)
    shard = new_shard()
    async with FleetBase(base_dsn, 3) as base:
        organisation = await base.register.add_organisation("Two homes", shard)
        hostile, good = [await add_home(base, organisation.number) for _ in range(2)]
        engine = FleetEngine({shard: base}, fleet_client(nats_server.urls, nats_server.trust), {shard: NoRenewal()})
        home = ProtocolHub(good, nats_server.urls[0], nats_server.trust, shard)
        thief = NatsClient(nats_server.urls, identity_of(nats_server.trust.hub(hostile), hostile), f"_INBOX.{hostile}")
        counters = engine.shards[shard].ingester.counters
        start = int(time.time()) // 900 * 900 - 90_000

        async def sent(level: str, data: bytes, windows: int) -> Answer:
            some = tuple(SentWindow(start + 900 * number, number + 1, data) for number in range(windows))
            reply = await thief.request(f"up.{shard}.{hostile}", encode_message(Windows(level, some)), 30.0)
            answer = decode_message(reply.data)
            assert isinstance(answer, Answer)
            return answer

        async with engine.running(), asyncio.TaskGroup() as group:
            running = [group.create_task(one) for one in (home.run(), thief.run())]
            while not (engine.client.is_connected and home.client.is_connected and thief.is_connected):
                await asyncio.sleep(0.02)
            expanding = await sent("quarter", zeros(ROWS), 60)
            assert expanding.done and len(expanding.refused) == 58  # one too many was read
            assert {one.reason for one in expanding.refused} == {
                f"the windows of its message have more than {ROWS} rows or events"
            }
            paused = await sent("quarter", zeros(1), 1)
            assert not paused.done and paused.wait_s > 0
            monkeypatch.setattr(hub_flow, "COSTLY_S", 9.0)
            engine.shards[shard].ingester._flow._paused.clear()
            bomb = await sent("minute", zlib.compress(bytes(MOST_UNPACKED + 1)), 2)
            assert {one.reason for one in bomb.refused} == {f"it is larger than {MOST_UNPACKED} bytes"}
            large = await thief.request(f"up.{shard}.{hostile}", b"\x01" + bytes(LARGEST), 30.0)
            assert decode_message(large.data) == Answer(False, wait_s=3600.0)

            state, hello = encode_message(HubState(1.0, "1")), encode_message(Hello((1,), "1", LetOut(()), 0, {}))
            for _ in range(1_000):
                thief.publish(f"up.{shard}.{hostile}", state)
                thief.publish(f"hello.{hostile}", hello)
            home.change(20)
            async with asyncio.timeout(60):
                await home.greet()
                while home.dirty:
                    await asyncio.sleep(0.02)
            assert counters.dropped > 500 and engine.hello_counters.dropped > 900
            assert counters.busy > 100
            for task in running:
                task.cancel()
