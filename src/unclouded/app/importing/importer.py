"""Imports energy into the store of a hub that does not run; undoes imports."""

from pathlib import Path

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.configuration.config import Config
from unclouded.app.importing.plan import MOST_SAMPLES, MOST_WH, ImportPlan, plan_import
from unclouded.app.importing.sources import ReadOptions, read_source
from unclouded.app.stored.history_edits import store_writer
from unclouded.core.errors import CommandError
from unclouded.core.times import iso
from unclouded.store.reading.reader import StoreReader


class DoneImport(msgspec.Struct, frozen=True, kw_only=True):
    """``number`` None: only planned. ``first``: of the counter's own readings, after which nothing is imported."""

    device: str
    point: str
    first: str
    plan: ImportPlan
    number: int | None = None


class ImportEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An import that was made. ``undone_at`` "": it counts."""

    number: int
    device: str
    source: str
    who: str
    at: str
    undone_at: str


def import_energy(
    config: Config, file: Path, device: str, point: str, options: ReadOptions, preview: bool
) -> DoneImport:
    """Read a file and write its energy before the first own reading of the counter. Raises CommandError, StoreError."""
    with StoreReader(config.store) as reader:
        counters = reader.counters().get(reader.known(device).id, [])
        if point not in counters:
            raise CommandError(f"{device} has no counter {point!r}. It has: {', '.join(counters) or 'none'}.")
        known = reader.first(device, [point], 0.0).get(point)
        number = reader.number(device)
    if known is None:
        raise CommandError(f"{device} has no reading of {point} yet. Let the hub run with it once; then import.")
    plan, levels = plan_import(read_source(file, options), known[0], round(float(known[1]) * 1000))
    done = DoneImport(device=device, point=point, first=iso(known[0]), plan=plan)
    if preview:
        return done
    if not levels:
        raise CommandError("Nothing of the file is before the first reading that is stored: nothing is imported.")
    if plan.Wh > MOST_WH:
        raise CommandError(f"It has {plan.Wh / 1000:,.0f} kWh, of {MOST_WH / 1000:,.0f} at most. Check --unit.")
    if len(levels) > MOST_SAMPLES:
        raise CommandError(f"It would store {len(levels):,} values, of {MOST_SAMPLES:,} at most. Import hourly values.")
    _must_be_stopped(config)
    with store_writer(config) as writer:
        return msgspec.structs.replace(done, number=writer.imports.write(number, point, levels, file.name, "cli"))


def undo_import(config: Config, number: int) -> int:
    """Remove what an import stored; how many values. Raises CommandError, StoreError."""
    _must_be_stopped(config)
    with store_writer(config) as writer:
        return writer.imports.undo(number, "cli")


def imports(config: Config) -> list[ImportEntry]:
    """All imports, newest first."""
    with StoreReader(config.store) as reader:
        return [
            ImportEntry(
                number=number,
                device=device,
                source=source,
                who=who,
                at=iso(at),
                undone_at="" if undone_at is None else iso(undone_at),
            )
            for number, device, source, who, at, undone_at in reader.imports()
        ]


def _must_be_stopped(config: Config) -> None:
    if is_running(config):
        raise CommandError("A hub runs with this store. Stop it, import, and start it again.")
