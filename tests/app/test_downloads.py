"""Update files that devices fetch: offered while an action names them, each to the device that was sent its address."""

import asyncio
from pathlib import Path

import pytest

from unclouded.app.files.downloads import Downloads
from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import AskDownload, Refusal
from unclouded.hub.services.services import Services
from unclouded.links.http.file_server import FileServer

PLUG = "127.0.0.1"


@pytest.fixture
def downloads(tmp_path: Path) -> Downloads:
    files = UpdateFiles(tmp_path)
    files.put("plug.bin", b"firmware")
    return Downloads(files, FileServer())


async def fetched(url: object) -> bytes:
    host, _, path = str(url).removeprefix("http://").partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    return reply.partition(b"\r\n\r\n")[2]


async def test_a_device_fetches_the_file_while_the_action_runs(downloads: Downloads) -> None:
    with downloads.holding(["plug.bin"]):
        before = downloads.download("plug.bin", PLUG)
        assert (before["size"], before["sent"], before["whole"]) == (8, 0, 0)
        assert await fetched(before["url"]) == b"firmware"
        after = downloads.download("plug.bin", PLUG)
        assert (after["url"], after["sent"], after["whole"]) == (before["url"], 8, 1)
    await asyncio.sleep(0)
    with pytest.raises(OSError):
        await fetched(before["url"])


async def test_two_updates_from_one_file_have_two_addresses_until_both_have_ended(downloads: Downloads) -> None:
    with downloads.holding(["plug.bin"]):
        with downloads.holding(["plug.bin"]):
            first, second = (downloads.download("plug.bin", peer)["url"] for peer in (PLUG, "127.0.0.2"))
            assert first != second
        assert await fetched(first) == b"firmware"
        assert await fetched(second) == b""  # it is for another device


async def test_a_file_that_no_action_names_is_not_offered(downloads: Downloads) -> None:
    with pytest.raises(CommandError):
        downloads.download("plug.bin", PLUG)
    services = Services(lambda: 0.0, files=downloads)
    assert isinstance(services.answer(AskDownload("plug.bin", PLUG)), Refusal)
    with services.holding(["plug.bin"]):
        assert not isinstance(services.answer(AskDownload("plug.bin", PLUG)), Refusal)
    await asyncio.sleep(0)
