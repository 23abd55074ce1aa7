"""A server of the internet, as far as tests need one: it answers GET requests, or not."""

import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import web


@contextlib.asynccontextmanager
async def provider(answer: Callable[[web.Request], web.Response], path: str = "/{path:.*}") -> AsyncIterator[str]:
    """Its address, without a path. ``path``: the only one that it knows, as aiohttp writes it; all others get 404."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    server = web.Application()
    server.router.add_get(path, handle)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
