"""`tariffs`: the tariffs of the configuration."""

import click

from unclouded.app.costs.access import all_tariffs, comparison_of, price_at, unpriced_energy
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, time_option
from unclouded.cli.output.energy.cost_text import comparison_lines, price_lines, tariff_lines
from unclouded.cli.output.lines import print_json, print_text


@click.group("tariffs")
def command() -> None:
    """Tariffs: what energy costs, when and why. docs/costs.md shows how they are written."""


@command.command("list")
@config_options
@json_option
def list_tariffs(config: str | None, data: str | None, as_json: bool) -> None:
    """List the tariffs with their zones, prices and taxes, and which devices measure the home."""
    view = all_tariffs(configuration(config, data))
    if as_json:
        print_json(view)
        return
    for line in tariff_lines(view):
        print_text(line)
    if not view.tariffs:
        print_text("There are no tariffs. docs/costs.md shows how one is written.", err=True)


@command.command("check")
@config_options
@json_option
def check(config: str | None, data: str | None, as_json: bool) -> None:
    """Check the tariffs of the configuration: prices, dates, zones that overlap, times that no zone covers.

    Names the energy of the last 31 days for which a feed has no price, where the hub has run.
    """
    loaded = configuration(config, data)
    names = [one.name for one in loaded.tariffs]
    unpriced = unpriced_energy(loaded)
    if as_json:
        print_json({"valid": names, "active": loaded.tables.costs.tariff, "unpriced_kWh": unpriced})
        return
    print_text(f"Valid: {', '.join(names) or 'there are no tariffs'}.")
    for name, kWh in unpriced.items():
        print_text(f"{name}: {kWh:.3f} kWh of the last 31 days have no price; unclouded feeds shows what the feed has.")


@command.command("compare")
@click.argument("tariffs", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 366d before]")
@click.option("--to", "end", metavar="TIME", help="End; this time is not included. [default: now]")
@config_options
@json_option
def compare(
    tariffs: tuple[str, ...], start: str | None, end: str | None, config: str | None, data: str | None, as_json: bool
) -> None:
    """Print what the measured energy would have cost in TARIFFS, or in all of them."""
    loaded = configuration(config, data)
    view = comparison_of(loaded, tariffs, time_option(start, loaded.zone), time_option(end, loaded.zone))
    if as_json:
        print_json(view)
        return
    for line in comparison_lines(view, loaded.zone):
        print_text(line)


@command.command("price")
@click.option("--at", metavar="TIME", help="2026-11-20T08:00. [default: now]")
@click.option("--tariff", metavar="NAME", help="In this tariff. [default: the one of [costs]]")
@config_options
@json_option
def price(at: str | None, tariff: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Print the price of a kWh at a time, and which zone, tier and taxes make it."""
    loaded = configuration(config, data)
    view = price_at(loaded, tariff or "", time_option(at, loaded.zone))
    if as_json:
        print_json(view)
        return
    for line in price_lines(view, loaded.zone):
        print_text(line)
