#!/usr/bin/env python3
"""Shows the power of a Meross plug for some seconds.

    python examples/read_a_plug.py http://192.168.1.40 KEY

KEY is what the plug was bound with. Without arguments it reads a simulated plug.
"""

import asyncio
import sys

import unclouded

READINGS = 2


async def show(url: str, key: str) -> None:
    async with unclouded.open_device(url, "meross", key=key) as plug:
        shown = 0
        async for reading in plug.readings():
            if reading.point == "power_W":
                print(f"{reading.value} W ({reading.quality})")
                shown += 1
            if shown == READINGS:
                return


async def main(words: list[str]) -> None:
    if words:
        await show(words[0], words[1] if len(words) > 1 else "")
        return
    async with unclouded.simulate("mss310", http="127.0.0.1:0", load="kettle") as plug:
        await show(plug.url, plug.key)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except unclouded.UncloudedError as error:
        sys.exit(str(error))
