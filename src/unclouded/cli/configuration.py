"""The configuration that --config and --data name."""

import click

from unclouded.app.config import Config, find_config, load_config
from unclouded.app.hub_access import demo_folder, is_running
from unclouded.core.errors import ConfigError


def configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name; without one, that of a running demo. Raises ConfigError."""
    try:
        return load_config(find_config(given), data)
    except ConfigError:
        demo = demo_folder() / "unclouded.toml"
        if given or data or not demo.is_file() or not is_running(load_config(demo)):
            raise
        click.echo("(no configuration here: using the running demo)", err=True)
        return load_config(demo)
