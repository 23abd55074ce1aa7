"""Files that hold no bytes of a line as they are: archives and sessions of programs, pictures. They are refused."""

from collections.abc import Callable

from unclouded.formats.reading import FormatReading, InputFormat, Specificity, refusal
from unclouded.formats.source import InputSource

EXPORT = (
    "In Logic 2 export the data table of an Async Serial analyser as CSV; in PulseView right-click the row of the UART "
    "decoder and export its annotations, or run `sigrok-cli -i FILE -P uart:… -A uart=rx-data:tx-data`; in DSView "
    "export the list of the protocol decoder."
)
KINDS = {"archive", "picture", "document", "database", "program"}
PICTURE = "Paste the bytes or the log as text: a picture cannot be read."
BEGINS: dict[bytes, tuple[str, str]] = {
    b"PK\x03\x04": ("archive", f"It is a zip archive: a session of a logic analyser (.sal, .sr, .dsl)? {EXPORT}"),
    b"PK\x05\x06": ("archive", "It is an empty zip archive."),
    b"\x1f\x8b": ("gzip", "It is compressed. Unpack it with gunzip, and decode the file in it."),
    b"BZh": ("bzip2", "It is compressed. Unpack it with bunzip2, and decode the file in it."),
    b"\xfd7zXZ\x00": ("xz", "It is compressed. Unpack it with unxz, and decode the file in it."),
    b"\x28\xb5\x2f\xfd": ("zstd", "It is compressed. Unpack it with unzstd, and decode the file in it."),
    b"7z\xbc\xaf\x27\x1c": ("archive", "It is a 7z archive. Unpack it, and decode the file in it."),
    b"<SALEAE>": ("saleae_binary", f"It is a binary export of Saleae, which holds levels. {EXPORT}"),
    b"\x89PNG": ("picture", PICTURE),
    b"\xff\xd8\xff": ("picture", PICTURE),
    b"GIF8": ("picture", PICTURE),
    b"%PDF-": ("document", "It is a PDF. Paste the bytes or the log as text."),
    b"SQLite format 3\0": ("database", "It is a database. `unclouded history` reads the hub's own."),
    b"\x7fELF": ("program", "It is a program. Nothing that crossed a line is in it."),
}


def _format(begin: bytes, name: str, advice: str) -> InputFormat:
    recognise: Callable[[InputSource], float] = lambda source: float(source.data.startswith(begin))  # noqa: E731
    read: Callable[[InputSource], FormatReading] = lambda source: refusal(name, advice)  # noqa: E731
    return InputFormat(
        name=name,
        group="refused",
        title=f"{'an' if name[0] in 'ae' else 'a'} {name.replace('_', ' ')}" if name in KINDS else f"{name} data",
        specificity=Specificity.MAGIC,
        recognise=recognise,
        read=read,
        of_bytes=True,
    )


FORMATS = tuple(_format(begin, name, advice) for begin, (name, advice) in BEGINS.items())
