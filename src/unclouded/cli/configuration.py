"""The configuration that --config and --data name."""

import os
from pathlib import Path

import click

from unclouded.app.access.hub_access import demo_folder, is_running
from unclouded.app.computer_zone import computer_zone
from unclouded.app.configuration.config import DEFAULT_FILE, Config, find_config, first_config, is_there, load_config
from unclouded.core.errors import ConfigError


def own_configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name, never that of a demo. Raises ConfigError."""
    return load_config(find_config(given), data)


def configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name; where nothing names one and there is none here, that of a running hub.

    That is one on the usual data folder, or a demo. Raises ConfigError.
    """
    if (first := running_without_file(given, data)) is not None:
        return first
    named = given or data or os.environ.get("UNCLOUDED_CONFIG") or is_one_here()
    demo = demo_folder() / DEFAULT_FILE
    if named or not is_there(demo):
        return own_configuration(given, data)
    config = _loaded(demo)
    if config is None or not is_running(config):
        return own_configuration(given, data)
    click.echo("(no configuration here: using the running demo)", err=True)
    return config


def first_or_own_configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that the options name, or that is here; else that of a hub without devices.

    Raises ConfigError where what is named is not there.
    """
    if given or os.environ.get("UNCLOUDED_CONFIG") or is_one_here():
        return own_configuration(given, data)
    return first_config(DEFAULT_FILE, computer_zone(), data)


def new_or_own_configuration(given: str | None, data: str | None = None) -> Config:
    """The same, where a file that is named and not there is one that is to be made."""
    named = given or os.environ.get("UNCLOUDED_CONFIG")
    if named and not os.path.lexists(named):
        return first_config(Path(named), computer_zone(), data)
    return first_or_own_configuration(given, data)


def is_one_here() -> bool:
    """Whether the folder has a configuration; not where it is another user's."""
    return is_there(DEFAULT_FILE)


def running_without_file(given: str | None, data: str | None = None) -> Config | None:
    """That of a hub that runs on the data folder, where nothing names a configuration and there is none here."""
    if given or os.environ.get("UNCLOUDED_CONFIG") or is_one_here():
        return None
    first = first_config(DEFAULT_FILE, computer_zone(), data)
    return first if is_running(first) else None


def configuration_if_any(given: str | None, data: str | None = None) -> Config | None:
    """The configuration that the options name, or that is here; None where there is none. Raises ConfigError."""
    is_named = given or data or os.environ.get("UNCLOUDED_CONFIG") or is_one_here()
    return own_configuration(given, data) if is_named else None


def _loaded(demo: Path) -> Config | None:
    """The demo's configuration; None where it is of another version."""
    try:
        return load_config(demo)
    except ConfigError:
        return None
