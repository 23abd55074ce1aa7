"""`disturb`: faults between two real ends of a line, to see whether they recover.

module ◄──► A  disturb  B ◄──► MCU        each end gets the other's bytes, with faults: flipped, lost, late, cut

Lines are printed by a thread of its own: a terminal that is stopped with Ctrl-S must not delay the line.
"""

import asyncio
import json
import math
from pathlib import Path

import click

from unclouded.app.protocols import NAMES
from unclouded.app.recording.line_disturber import DisturbanceSettings, LineDisturber, fault_lines, random_seed
from unclouded.cli.options import Span, Whole, json_option
from unclouded.cli.output.bytes.disturbance_text import disturbance_json, disturbance_lines
from unclouded.cli.output.bytes.recording_text import PrintedLine
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.output.terminal.printer import BackgroundPrinter
from unclouded.cli.signals import until_stopped

SHORTEST_S = 0.1  # s between two lines of counts
FAULT_HELP = "\b\nFaults, with their usual values:\n" + "\n".join(
    f"  {value:<18} {text}" for value, text in fault_lines()
)


@click.command("disturb", epilog=FAULT_HELP)
@click.argument("link_a")
@click.argument("link_b")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    required=True,
    metavar="[a:|b:]NAME[=VALUE]",
    help="A fault; repeat it for more. a: only for what the end at LINK_A sends.",
)
@click.option("--seed", type=Whole(0, 2**31 - 1), help="Repeats the same faults. [default: a random one]")
@click.option("--after", "after", type=Span(), default=0.0, help="When the faults begin, from the start: 10s.")
@click.option("--until", "until", type=Span(), help="When they end, from the start; then bytes pass unchanged.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@click.option("--every", "every", type=Span(), default=10.0, help="How often to print the counts. [default: 10s]")
@click.option("--family", type=click.Choice(NAMES), help="Protocol of the line: its baud rate, and for --record.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.jsonl",
    help="Record what the ends received; and into FILE.sent.jsonl what they sent.",
)
@json_option
def command(
    link_a: str,
    link_b: str,
    faults: tuple[str, ...],
    seed: int | None,
    after: float,
    until: float | None,
    span: float | None,
    every: float,
    family: str | None,
    record: Path | None,
    as_json: bool,
) -> None:
    """Join the ends at LINK_A and LINK_B, and put faults into what they send each other, until Ctrl-C.

    LINK_A is the wire to the controller (the module, the hub), LINK_B the wire to the device (the MCU).
    """
    log_to_stderr()
    settings = DisturbanceSettings(
        faults=faults,
        seed=random_seed() if seed is None else seed,
        after_s=after,
        until_s=math.inf if until is None else until,
        family=family or "",
        record=record,
    )
    disturber = asyncio.run(_disturb(link_a, link_b, settings, span, every, as_json))
    if as_json:
        files = [str(path) for path in disturber.files]
        ended = {"ended": True, "seed": settings.seed, "recorded": disturber.is_whole, "files": files}
        print_json({"sides": disturbance_json(disturber.sides), **ended})
    else:
        for line in disturbance_lines(disturber.sides):
            print_text(line)
        if disturber.files:
            passed, sent = disturber.files
            print_text(f"Recorded: {passed} has what the ends received, {sent} what they sent.")
    if not disturber.is_whole:
        raise click.exceptions.Exit(1)


async def _disturb(
    link_a: str, link_b: str, settings: DisturbanceSettings, span: float | None, every: float, as_json: bool
) -> LineDisturber:
    ended = asyncio.Event()
    with BackgroundPrinter(PrintedLine.show, ended) as printer:
        disturber = LineDisturber(link_a, link_b, settings, lambda text: printer.feed([PrintedLine(text, err=True)]))
        printer.feed([PrintedLine(f"Seed {settings.seed}. Stop with Ctrl-C.", err=True)])
        counting = asyncio.create_task(
            _print_counts(disturber, printer, max(every, SHORTEST_S), as_json), name="counts"
        )
        try:
            await disturber.run(lambda: until_stopped(span, ended))
        finally:
            counting.cancel()
    return disturber


async def _print_counts(
    disturber: LineDisturber, printer: BackgroundPrinter[PrintedLine], every: float, as_json: bool
) -> None:
    """Print the counts as they are, where they have changed."""
    loop = asyncio.get_running_loop()
    began, before = loop.time(), disturbance_json(disturber.sides)
    while True:
        await asyncio.sleep(every)
        now = disturbance_json(disturber.sides)
        if now != before and as_json:
            printer.feed([PrintedLine(json.dumps({"t": round(loop.time() - began, 3), "sides": now}))])
        elif now != before:
            printer.feed([PrintedLine(line) for line in disturbance_lines(disturber.sides)])
        before = now
