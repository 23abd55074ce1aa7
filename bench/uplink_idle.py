"""What an idle hub takes with an uplink to a fleet: resident memory of a process, with and without [fleet].

python bench/uplink_idle.py            needs nats-server; the fleet is this process, and answers everything
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from unclouded.app.uplink.membership import Membership, MembershipFiles
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.wire import NatsMessage
from unclouded.uplink.messages import Answer, Hello, Welcome, decode_message, encode_message

HUB = "abcdefghij2345672345"
SETTLED_S = 30.0
PAIRS = 3
MOST_MB = 12.0


def folder_with(nats: PrivateNats, folder: Path, is_member: bool) -> Path:
    """A configuration without devices, in a folder of its own."""
    config = folder / "unclouded.toml"
    table = '[fleet]\nurl = "https://fleet.example"\nlevel = "raw"\n' if is_member else ""
    config.write_text(f'[hub]\ndata = "{folder / "data"}"\n[web]\nlisten = "off"\n{table}')
    if is_member:
        known, files, now = nats.trust.hub(HUB), MembershipFiles(folder / "data" / "state"), time.time()
        files.save(
            Membership(
                url="https://fleet.example",
                hub=HUB,
                token=known.token,
                issued=now,
                expires=now + 8e6,
                shard=0,
                servers=nats.urls,
            )
        )
        files.key_file.write_text(known.key.seed)
    return config


def resident_MB(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


async def measured(nats: PrivateNats, is_member: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        config = folder_with(nats, Path(folder), is_member)
        words = [sys.executable, "-m", "unclouded", "run", "--config", str(config)]
        hub = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await asyncio.sleep(SETTLED_S)
            return resident_MB(hub.pid)
        finally:
            hub.terminate()
            await hub.wait()


async def main() -> None:
    with PrivateNats() as nats:
        fleet = NatsClient(nats.urls, identity_of(nats.trust.fleet(), "fleet"))
        greeted = 0

        def answer(message: NatsMessage) -> None:
            nonlocal greeted
            is_hello = isinstance(decode_message(message.data), Hello)
            greeted += is_hello
            if message.reply:
                fleet.publish(message.reply, encode_message(Welcome(0.0, 0) if is_hello else Answer(True)))

        fleet.subscribe("hello.*", answer)
        fleet.subscribe("up.0.*", answer)
        task = asyncio.create_task(fleet.run())
        differences = []
        for _ in range(PAIRS):
            without, member = await measured(nats, False), await measured(nats, True)
            differences.append(member - without)
            print(f"without {without:.1f} MB, with an uplink {member:.1f} MB: +{member - without:.1f} MB")
        print(f"greeted {greeted} times; median +{sorted(differences)[PAIRS // 2]:.1f} MB, at most {MOST_MB:g} wanted")
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


asyncio.run(main())
