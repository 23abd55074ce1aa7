#!/usr/bin/env python3
"""Joins both ends of a Tuya line in memory, damages the line for a while, and shows how they synchronise again.

    python examples/two_ends_and_noise.py

The clock is a number: a minute takes a moment, and every run gives the same.
"""

import random
from collections.abc import Sequence

import unclouded

NOISE_S = (20.0, 40.0)
UNTIL_S = 60.0


class End:
    """One end of the line: its session, and what the session says."""

    def __init__(self, name: str, session: unclouded.Session) -> None:
        self.name = name
        self.session = session

    def take(self, events: Sequence[object], now: float) -> None:
        for event in events:
            match event:
                case unclouded.Replaced(session=session):
                    self.session = session  # it goes on where the former one ends
                case unclouded.Asked(id=id, question=question):
                    refusal = unclouded.Refusal(f"{type(question).__name__} has no answer here")
                    self.take(self.session.answer(id, refusal, now), now)
                case unclouded.Online() | unclouded.Offline() | unclouded.Reported() | unclouded.Settled():
                    print(f"{now:5.1f} s  {self.name}: {event}")
                case unclouded.Rejected(reason=reason, data=data):
                    print(f"{now:5.1f} s  {self.name}: noise of {len(data)} bytes: {reason}")


def main() -> None:
    rng = random.Random(1)
    ambient = unclouded.Ambient(wall=lambda now: 1_700_000_000 + now, token=rng.randbytes)
    family = unclouded.family("tuya_wifi")
    assert family.controller is not None
    module = End("module", family.controller(family.settings(), ambient))
    mcu = End("MCU", family.sim_kinds["tuya-plug"].make(unclouded.SimOptions(), ambient))
    now = 0.0
    for end in (module, mcu):
        end.take(end.session.up(unclouded.LinkPath(), now), now)
    while now < UNTIL_S:
        for end, other in ((module, mcu), (mcu, module)):
            for out in end.session.outgoing(now):
                data = out.data
                if NOISE_S[0] < now < NOISE_S[1] and rng.random() < 0.5:
                    data = rng.randbytes(5) + data[:-1]
                other.take(other.session.receive(data, now), now)
        deadlines = (end.session.deadline() for end in (module, mcu))
        now = min((at for at in deadlines if at is not None), default=UNTIL_S)
        for end in (module, mcu):
            end.take(end.session.tick(now), now)
    stats = module.session.stats()
    assert stats["bytes_in"] == stats["frame_bytes"] + stats["noise_bytes"] + stats["held_bytes"]
    print(f"{stats['frames_in']:.0f} frames, {stats['noise_bytes']:.0f} of {stats['bytes_in']:.0f} bytes were noise")


if __name__ == "__main__":
    main()
