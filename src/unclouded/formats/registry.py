"""All formats. A new one: a file with ``FORMATS``, and its line here."""

from unclouded.formats.analysers import annotations, dsview, jsontrace, saleae, sessions
from unclouded.formats.documents import (
    archives,
    arrays,
    base64_text,
    cat_v,
    decimal,
    dumps,
    hex_text,
    json_text,
    literals,
    raw,
    scattered,
)
from unclouded.formats.levels import changes, sigrok_session
from unclouded.formats.lines import general, misread
from unclouded.formats.messages import curl_trace, envelopes, meross_lan
from unclouded.formats.packets import captures, fields, follow, text_packets
from unclouded.formats.programs import console_log, esphome, openbeken, serial_programs, tasmota, tuya_tools
from unclouded.formats.reading import InputFormat
from unclouded.formats.values import data_points

FORMATS: tuple[InputFormat, ...] = (
    *sigrok_session.FORMATS,
    *sessions.FORMATS,
    *archives.FORMATS,
    *captures.FORMATS,
    *saleae.FORMATS,
    *changes.FORMATS,
    *dsview.FORMATS,
    *annotations.FORMATS,
    *jsontrace.FORMATS,
    *text_packets.FORMATS,
    *follow.FORMATS,
    *fields.FORMATS,
    *esphome.FORMATS,
    *tasmota.FORMATS,
    *openbeken.FORMATS,
    *tuya_tools.FORMATS,
    *serial_programs.FORMATS,
    *console_log.FORMATS,
    *curl_trace.FORMATS,
    *envelopes.FORMATS,
    *meross_lan.FORMATS,
    *data_points.FORMATS,
    *json_text.FORMATS,
    *dumps.FORMATS,
    *literals.FORMATS,
    *arrays.FORMATS,
    *hex_text.FORMATS,
    *scattered.FORMATS,
    *decimal.FORMATS,
    *general.FORMATS,
    *misread.FORMATS,
    *base64_text.FORMATS,
    *cat_v.FORMATS,
    *raw.FORMATS,
)
GROUPS = tuple(dict.fromkeys(one.group for one in FORMATS if one.group != "refused"))


def named(name: str) -> list[InputFormat]:
    """The formats of that name or group, the one of that name first; empty where there are none."""
    return sorted((one for one in FORMATS if name in (one.name, one.group)), key=lambda one: one.name != name)
