"""The catalogue of products: finding one, what it costs a process, and every table simulated and read back.

    python bench/catalogue.py [--json] [--tables=0]

lookup    ms until the profile of a product id is there: of one in the first and the last file, and of one unknown
start     ms and kB that a library of profiles adds to a process, before and after three products were looked up
search    ms of a search by words over all products
property  CPU seconds and seconds in which every table (or so many) is simulated, read and set, in one process;
          tables of which something was wrong
"""

import resource
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from _common import arguments, median_of, report, spin

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from product_story import problems_of
from unclouded.app.products.search import ProductSearch
from unclouded.app.protocols import profile_library
from unclouded.app.simulation.played_product import of_table, simulated

RUNS = 15
UNKNOWN = "0000000000000000"


def timed_ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def lookups() -> dict[str, object]:
    """Each with a library that has looked up nothing before."""
    kinds = profile_library().catalogue.kinds()
    catalogue = profile_library().catalogue
    tables = [table for table in catalogue.tables("tuya_wifi") if table.products]
    named = {"first": tables[0].products[0], "last": tables[-1].products[-1], "unknown": UNKNOWN}
    found: dict[str, object] = {"kinds": len(kinds)}
    for name, product in named.items():

        def look_up(product: str = product) -> float:
            library = profile_library()
            return timed_ms(lambda: library.for_product("tuya_wifi", product))

        found[f"lookup_{name}_ms"] = median_of(RUNS, look_up)
    found["search_ms"] = median_of(5, lambda: timed_ms(lambda: ProductSearch(profile_library()).find("aubess plug")))
    return found


def start() -> dict[str, object]:
    """Memory by tracemalloc; what Python frees again does not count."""
    products = [table.products[0] for table in profile_library().catalogue.tables("tuya_wifi") if table.products][:3]
    tracemalloc.start()
    library = profile_library()
    empty = tracemalloc.get_traced_memory()[0]
    for product in products:
        library.for_product("tuya_wifi", product)
    three = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {
        "start_ms": median_of(RUNS, lambda: timed_ms(profile_library)),
        "start_kB": empty / 1000,
        "three_products_kB": (three - empty) / 1000,
    }


def property_run(most: int) -> dict[str, object]:
    library = profile_library()
    tables = list(library.catalogue.tables())[: most or None]
    wrong = points = 0
    cpu, started = time.process_time(), time.perf_counter()
    for table in tables:
        profile = library.get(table.name)
        wrong += bool(problems_of(of_table(table, profile, simulated(library, profile).id)))
        points += len(profile.points)
    return {
        "property_tables": len(tables),
        "property_points": points,
        "property_wrong": wrong,
        "property_cpu_s": time.process_time() - cpu,
        "property_s": time.perf_counter() - started,
        "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def main() -> None:
    options = arguments(__doc__ or "", tables=0)
    before_ms = spin()
    report("catalogue", {**lookups(), **start(), **property_run(options.tables)}, before_ms, options.json)


if __name__ == "__main__":
    main()
