"""`doctor`: what prevents a hub from working here, and what to do."""

import os

import click

from unclouded.app.doctor.running import CHECKS, DoctorContext, configured, examine, unconfigured
from unclouded.cli.configuration import configuration, is_one_here
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.hub.finding_lines import print_findings
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import ConfigError


@click.command("doctor")
@click.argument("devices", metavar="[DEVICE…]", nargs=-1)
@click.option("--list", "is_list", is_flag=True, help="List the checks.")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context, devices: tuple[str, ...], is_list: bool, config: str | None, data: str | None, as_json: bool
) -> None:
    """Check this computer, the configuration and the hub, and say what to do. Nothing is written or changed.

    With DEVICES: of ports, links and states only theirs. A hub may run or not. Exit code 1 where there is a problem.
    """
    if is_list:
        _print_checks(as_json)
        return
    ctx.exit(1 if print_findings(examine(_context(devices, config, data)), as_json) else 0)


def _context(devices: tuple[str, ...], config: str | None, data: str | None) -> DoctorContext:
    """Raises CommandError for an unknown device, and ConfigError for a device without a configuration."""
    try:
        found = configuration(config, data)
    except ConfigError as error:
        if devices:
            raise
        is_named = bool(config or os.environ.get("UNCLOUDED_CONFIG") or is_one_here())
        return unconfigured(data, str(error), is_named)
    return configured(found, devices)


def _print_checks(as_json: bool) -> None:
    for check in CHECKS:
        if as_json:
            print_json({"check": check.name, "title": check.title, "limit_s": check.limit_s})
        else:
            print_text(f"{check.name:<20}{check.title}")
