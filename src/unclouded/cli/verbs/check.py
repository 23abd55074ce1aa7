"""`check`: is the configuration right, or are profiles? No device is touched."""

from pathlib import Path

import click
import msgspec

from unclouded.app.configuration.access import waiting_changes
from unclouded.app.configuration.checks.problems import ConfigProblem, problems
from unclouded.app.configuration.checks.validation import validate
from unclouded.app.configuration.config import Config
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.products.profile_check import CheckedProfile, ProfileChecker, counts_of
from unclouded.app.protocols import profile_library
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.hub.configuration_text import reload_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import ReloadView


@click.command("check")
@click.argument("profiles", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context, profiles: tuple[Path, ...], config: str | None, data: str | None, as_json: bool
) -> None:
    """Check the configuration: keys, profiles, families, links, ports. Exit code 2 where something is wrong.

    Where a hub runs with an earlier version of the file, it says what a reload would do.

    With PROFILES, check these files instead: whether they can be loaded, their keys, what they replace, and their
    scales against those of similar products.
    """
    if profiles:
        ctx.exit(0 if _check_profiles(profiles, as_json) else 2)
    checked = configuration(config, data)
    validate(checked)  # what the hub checks before it runs with it
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
    waiting = waiting_changes(checked) if is_right else None
    if as_json:
        print_json({"hub": {"config": checked.where, "data": str(checked.data), "timezone": str(checked.zone)}})
    elif is_right:
        print_text(f"{checked.where} is valid. Data: {checked.data}, time zone {checked.zone}.")
    if waiting is not None:
        _print_waiting(waiting, as_json)
    ctx.exit(0 if is_right else 2)


def _print_waiting(view: ReloadView, as_json: bool) -> None:
    if as_json:
        print_json({"reload": view})
        return
    print_text("A hub runs with an earlier version of it. With `unclouded config reload`:")
    for line in reload_lines(view):
        print_text(f"    {line}")


def _print_problems(config: Config, found: list[ConfigProblem], as_json: bool) -> None:
    for one in found:
        if as_json:
            print_json({"problem": msgspec.to_builtins(one)})
            continue
        line = f", line {one.line}" if one.line else ""
        mark = "" if one.is_error else "warning: "
        print_text(f"{mark}{config.where}{line}: {one.subject}: {one.text}", err=True)


# --- profiles -------------------------------------------------------------------------------------


def _check_profiles(files: tuple[Path, ...], as_json: bool) -> bool:
    """Check and print each; whether all can be used."""
    checker = ProfileChecker(profile_library())
    checked = [checker.check(_text_of(file), str(file)) for file in files]
    for one in checked:
        if as_json:
            print_json(one)
        else:
            _print_profile(one)
    return all(one.is_right for one in checked)


def _print_profile(checked: CheckedProfile) -> None:
    if checked.name:
        settable = sum("w" in point.access for point in checked.points)
        products = ", ".join(checked.products) or "no product"
        print_text(f"{checked.name}: {checked.title} ({checked.family}), for {products}")
        print_text(f"    {len(checked.points)} points, {settable} can be set: {_points_text(checked)}")
    for remark in checked.remarks:
        print_text(f"    {remark.level}: {remark.text}", err=remark.level == "error")
    print_text(f"    {counts_of(checked.remarks) or 'nothing is wrong'}")


def _points_text(checked: CheckedProfile) -> str:
    return ", ".join(f"{one.wire} {one.key}{'' if one.scale == 1 else f' x {one.scale:g}'}" for one in checked.points)


def _text_of(file: Path) -> str:
    """Raises CommandError, also for what is a configuration."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from None
    if "[[device]]" in text:
        raise CommandError(f"{file} is a configuration, not a profile: unclouded check --config {file}")
    return text
