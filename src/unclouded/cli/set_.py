"""`set`: wish for a value and say what came of it."""

import math

import click

from unclouded.cli.client import any_hub, configuration, device_path, online
from unclouded.cli.output import config_options, json_option, outcome_code, print_json, say_outcome
from unclouded.core.model import Value


@click.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("device")
@click.argument("words", nargs=-1, required=True, metavar="[POINT] VALUE")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context, device: str, words: tuple[str, ...], config: str | None, data: str | None, as_json: bool
) -> None:
    """Set a point of DEVICE (its main point if none is named) to VALUE: on, off, a number, a word.

    Prints what the device confirmed, or why it did not; exit code 1 then.
    """
    if len(words) > 2:
        raise click.UsageError("Say DEVICE, perhaps a POINT, and one VALUE.")
    point, value = words if len(words) == 2 else ("", words[0])
    with any_hub(configuration(config, data), [device]) as hub:
        online(hub, device)
        line = hub.post(device_path(device, "set"), {"point": point, "value": _value(value), "origin": "cli"})
    if as_json:
        print_json(line)
    else:
        say_outcome(f"{device} {line['point']} = {value}", line)
    ctx.exit(outcome_code(line))


def _value(word: str) -> Value:
    switch = {"on": True, "true": True, "off": False, "false": False}
    if word.lower() in switch:
        return switch[word.lower()]
    for number in (int, float):
        try:
            value = number(word)
        except ValueError:
            continue
        if str(value) == word and (isinstance(value, int) or math.isfinite(value)):
            return value
    return word  # 0102 and 1e10 may be bytes in hex; what takes a number reads it from text too, and refuses nan
