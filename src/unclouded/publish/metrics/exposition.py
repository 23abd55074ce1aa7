r"""The two text formats that Prometheus reads: its own (0.0.4) and OpenMetrics 1.0.0. Pure.

    # HELP unclouded_power_watts Power.
    # TYPE unclouded_power_watts gauge
    # UNIT unclouded_power_watts watts                  OpenMetrics only
    unclouded_power_watts{device="kettle"} 67.3
    # EOF                                               OpenMetrics only

The name of a counter in a # line has _total in Prometheus' own format and has it not in OpenMetrics; the same of _info.
Source: the pages "Exposition formats" of prometheus.io, and the OpenMetrics 1.0.0 specification.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from unclouded.core.text.printable import printable
from unclouded.publish.metrics.names import MetricFamily

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SUFFIX = {"counter": "_total", "info": "_info"}
CLASSIC_KIND = {"info": "gauge"}
LONGEST_LABEL = 300  # characters of the value of a label
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
QUALITY = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*")


class Sample(NamedTuple):
    """One line. ``head``: the name and the labels, as ``head`` makes it."""

    head: str
    value: float


def is_openmetrics(accept: str) -> bool:
    """Whether a client prefers OpenMetrics, by its Accept header (RFC 9110 §12.5.1)."""
    best = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for choice in accept.split(",")[:50]:
        kind, *parameters = choice.split(";")
        name = kind.strip().lower()
        if name in best and not any(_is_other_version(name, one) for one in parameters):
            quality = [float(found[1]) for one in parameters if (found := QUALITY.fullmatch(one))]
            best[name] = max(best[name], quality[0] if quality else 1.0)
    return best["application/openmetrics-text"] > 0 and best["application/openmetrics-text"] >= best["text/plain"]


def head(name: str, labels: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """``name{device="kettle"}``: what a sample begins with; labels without a value are left out."""
    pairs = dict(labels)
    text = ",".join(f'{key}="{label_text(value)}"' for key, value in pairs.items() if value)
    return f"{name}{{{text}}}" if text else name


def label_text(value: str) -> str:
    """The value of a label, on one line, not longer than LONGEST_LABEL."""
    return printable(value[:LONGEST_LABEL]).translate(ESCAPES)


def number_text(value: float) -> str:
    """A number as both formats write it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return repr(value)


def sample_name(family: MetricFamily) -> str:
    """What samples of a counter, a gauge or an info begin with."""
    return family.name + SUFFIX.get(family.kind, "")


def exposition(families: Iterable[tuple[MetricFamily, Iterable[Sample]]], openmetrics: bool) -> bytes:
    """The whole text, families in the order that they are given; each name must occur once."""
    lines: list[str] = []
    for family, samples in families:
        lines += _head_lines(family, openmetrics)
        lines += [f"{head} {number_text(value)}" for head, value in samples]
    if openmetrics:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _head_lines(family: MetricFamily, openmetrics: bool) -> list[str]:
    text = family.text.replace("\\", r"\\").replace("\n", r"\n")
    if not openmetrics:
        name = sample_name(family)
        return [f"# HELP {name} {text}", f"# TYPE {name} {CLASSIC_KIND.get(family.kind, family.kind)}"]
    unit = [f"# UNIT {family.name} {family.unit}"] if family.unit and family.kind != "info" else []
    return [f"# TYPE {family.name} {family.kind}", *unit, f"# HELP {family.name} {text}"]


def _is_other_version(name: str, parameter: str) -> bool:
    key, _, value = parameter.partition("=")
    if key.strip().lower() != "version" or name == "text/plain":
        return False
    return value.strip().strip('"') != "1.0.0"
