#!/usr/bin/env python3
"""Plays the Wi-Fi module of a Tuya appliance: shows what its MCU reports, and switches it on.

    python examples/talk_to_an_mcu.py "serial:///dev/ttyUSB0?baud=9600"

Without an argument it talks to a simulated one.
"""

import asyncio
import sys

import unclouded


async def show(link: str) -> None:
    async with unclouded.open_device(link, "tuya_wifi") as device:
        print(f"product {device.description.info.get('product', '?')}, profile {device.description.profile}")
        for point, value in device.newest().items():
            print(f"    {point} = {value}")
        outcome = await device.set(device.description.main, True)
        print(f"switch on: {outcome.result} after {outcome.ms:.0f} ms")


async def main(words: list[str]) -> None:
    if words:
        await show(words[0])
        return
    async with unclouded.simulate("tuya-plug", "listen://127.0.0.1:0") as mcu:
        await show(mcu.url)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except unclouded.UncloudedError as error:
        sys.exit(str(error))
