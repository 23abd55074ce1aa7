"""`check`: is the configuration right? No device is touched."""

import click
import msgspec

from unclouded.app.config import Config
from unclouded.app.config_check import ConfigProblem, problems
from unclouded.app.device_factory import DeviceFactory
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("check")
@config_options
@json_option
@click.pass_context
def command(ctx: click.Context, config: str | None, data: str | None, as_json: bool) -> None:
    """Check the configuration: keys, profiles, families, links, ports. Exit code 2 where something is wrong."""
    checked = configuration(config, data)
    for node in DeviceFactory(checked).nodes():
        for channel in node.channels:
            profile = channel.profile.name if channel.profile else f"{channel.generic.name} until its product is known"
            line = {"id": node.id, "family": channel.family, "link": channel.link, "profile": profile}
            if as_json:
                print_json(line)
            else:
                print_text(f"{node.id}: {channel.family} on {channel.link}, profile {profile}")
    found = list(problems(checked))
    _print_problems(checked, found, as_json)
    is_right = not any(one.is_error for one in found)
    if as_json:
        print_json({"hub": {"config": checked.where, "data": str(checked.data), "timezone": str(checked.zone)}})
    elif is_right:
        print_text(f"{checked.where} is valid. Data: {checked.data}, time zone {checked.zone}.")
    ctx.exit(0 if is_right else 2)


def _print_problems(config: Config, found: list[ConfigProblem], as_json: bool) -> None:
    for one in found:
        if as_json:
            print_json({"problem": msgspec.to_builtins(one)})
            continue
        line = f", line {one.line}" if one.line else ""
        mark = "" if one.is_error else "warning: "
        print_text(f"{mark}{config.where}{line}: device {one.device}: {one.text}", err=True)
