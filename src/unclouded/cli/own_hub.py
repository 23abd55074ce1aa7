"""A hub in this command, where none runs: the same for each verb that needs one."""

import contextlib
from collections.abc import Iterator

from unclouded.app.access.hub_access import own_hub
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.cli.output.lines import print_text


@contextlib.contextmanager
def announced_hub(config: Config) -> Iterator[HubClient]:
    """A hub until the block ends; it is said that it ends then. Raises as ``own_hub``."""
    text = "No hub runs: one runs in this command. Afterwards start a hub that keeps running: unclouded run."
    print_text(text, err=True)
    with own_hub(config) as client:
        yield client
