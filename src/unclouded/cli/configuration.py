"""The configuration that --config and --data name."""

import os
from pathlib import Path

import click

from unclouded.app.configuration.config import DEFAULT_FILE, Config, find_config, load_config
from unclouded.app.hub_access import demo_folder, is_running
from unclouded.core.errors import ConfigError


def own_configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name, never that of a demo. Raises ConfigError."""
    return load_config(find_config(given), data)


def configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name; where nothing names one and there is none here, that of a running demo.

    Raises ConfigError.
    """
    named = given or data or os.environ.get("UNCLOUDED_CONFIG") or DEFAULT_FILE.exists()
    demo = demo_folder() / DEFAULT_FILE
    if named or not demo.is_file():
        return own_configuration(given, data)
    config = _loaded(demo)
    if config is None or not is_running(config):
        return own_configuration(given, data)
    click.echo("(no configuration here: using the running demo)", err=True)
    return config


def configuration_if_any(given: str | None, data: str | None = None) -> Config | None:
    """The configuration that the options name, or that is here; None where there is none. Raises ConfigError."""
    is_named = given or data or os.environ.get("UNCLOUDED_CONFIG") or DEFAULT_FILE.exists()
    return own_configuration(given, data) if is_named else None


def _loaded(demo: Path) -> Config | None:
    """The demo's configuration; None where it is of another version."""
    try:
        return load_config(demo)
    except ConfigError:
        return None
