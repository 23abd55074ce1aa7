"""`products`: what is supported, searched by words."""

import click

from unclouded.app.products.search import ProductSearch
from unclouded.app.protocols import profile_library
from unclouded.cli.options import Whole, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.views.facts import ProductsView, ProductView

MOST_SHOWN = 10_000  # of --limit 0: all
WHOLE = 3  # products of which all points are printed
ID_WIDTH = 17


@click.command("products")
@click.argument("words", nargs=-1)
@click.option("--kind", default="", metavar="KIND", help="Only of this kind; `--kind list` lists them.")
@click.option("--limit", default=20, show_default=True, type=Whole(min=0), help="Most to print; 0 = all.")
@json_option
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], kind: str, limit: int, as_json: bool) -> None:
    """Search the supported products: WORDS of maker, model, kind, product id, Zigbee manufacturer, or key of a point.

    Every word must be there. Exit code 1 where nothing is found.
    """
    listed = kind == "list"
    found = ProductSearch(profile_library()).find(" ".join(words), "" if listed else kind, limit or MOST_SHOWN)
    if listed:
        _print_kinds(found, as_json)
        return
    if kind and kind not in (known := [one.name for one in found.kinds]):
        raise CommandError(f"There is no kind {kind!r}. Kinds: {', '.join(known)}.")
    for product in found.products:
        if as_json:
            print_json(product)
        else:
            _print_product(product, is_whole=found.total <= WHOLE)
    if found.total > len(found.products):
        print_text(
            f"{found.total - len(found.products)} more: narrow them by words or --kind, or print all with --limit 0",
            err=True,
        )
    if not found.total:
        print_text(_hint(words, kind), err=True)
        ctx.exit(1)


def _print_kinds(found: ProductsView, as_json: bool) -> None:
    for kind in found.kinds:
        if as_json:
            print_json(kind)
        else:
            print_text(f"{kind.name:<14} {kind.count:>5}  {kind.title}")


def _print_product(product: ProductView, is_whole: bool) -> None:
    zigbee = f", Zigbee {product.zigbee}" if product.zigbee and product.zigbee != product.product else ""
    sources = f"; {product.sources}" if product.sources else ""
    print_text(f"{product.product or '-':<{ID_WIDTH}} {product.title} ({product.kind}{zigbee})")
    if product.also:
        print_text(f"{'':<{ID_WIDTH}} also {', '.join(product.also)}")
    print_text(f"{'':<{ID_WIDTH}} profile {product.profile}: {len(product.points)} points{sources}")
    if is_whole:
        print_text(f"{'':<{ID_WIDTH}} {', '.join(product.points)}")


def _hint(words: tuple[str, ...], kind: str) -> str:
    of_kind = f" of the kind {kind}" if kind else ""
    return (
        f"No product{of_kind} has {' and '.join(map(repr, words))}. Try fewer or shorter words. One that is not listed "
        "works too: its points are named by products that are like it. To have it listed, report it: "
        "unclouded dump DEVICE --profile"
    )
