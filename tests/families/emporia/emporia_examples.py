"""The real frames and readings of docs/protocols/emporia.md §2, by their names there."""

E1 = "24 01 72 2C 18480100000025877D16090000010000251A14970000000103002201000002030022E803000004002AA70400 0D"

# E2 to E6: 30 s apart, import and export of E1 but for the low bytes. (sequence, import tail, demand bytes, Wh, W)
LATER = (
    (0x49, "907D16", "8F04", 152_468_880, 1167),
    (0x4A, "9A7D16", "A304", 152_468_890, 1187),
    (0x4B, "A37D16", "5404", 152_468_899, 1108),
    (0x4C, "AC7D16", "8E04", 152_468_908, 1166),
    (0x4D, "B77D16", "D104", 152_468_919, 1233),
)
E1_TO_E6 = (
    bytes.fromhex(E1),
    *(
        bytes.fromhex(E1.replace("1848", f"18{sequence:02X}").replace("877D16", low).replace("A704", demand))
        for sequence, low, demand, _, _ in LATER
    ),
)
WH = (152_468_871, *(row[3] for row in LATER))
WATTS = (1191, *(row[4] for row in LATER))

# E7 to E16: only sequence and power are known.
PAIRED = tuple(
    zip(
        (0x21, 0x23, 0x25, 0x29, 0x2B, 0x2D, 0x2F, 0x31, 0x33, 0x35),
        (1737, 1656, 1679, 1663, 1637, 1534, 1526, 1582, 1474, 1385),
        strict=True,
    )
)

E17 = bytes.fromhex(
    "18910100000025806659000000" "0100002578F478000000" "01030022010000" "02030022E80300" "0004002A8D0300"
)  # fmt: skip
E18 = bytes.fromhex("18B70100000025FADB040000000100860103002201000002030022E803000004002AB80100")


def v2(at: dict[int, str]) -> bytes:
    """152 bytes, zero but for what stands at an offset."""
    payload = bytearray(152)
    for offset, text in at.items():
        data = bytes.fromhex(text)
        payload[offset : offset + len(data)] = data
    return bytes(payload)


E19 = v2({4: "0697D0F4", 44: "00000003", 48: "00001388", 52: "2C2B0000", 56: "00000BD2", 148: "A6100800"})
# E20 is known from a log only: 3060.725 kWh, 1280 W, flags 31 33, up for 157 472 s.
E20 = v2({4: f"{3_060_725:08X}", 44: "00000001", 48: "000003E8", 52: "3133", 56: f"{1280:08X}"})[:148] + (
    157_472_000
).to_bytes(4, "little")
E21 = bytes.fromhex("24 01 6D 08 11 22 33 44 55 66 77 88 0D")
E22 = b"$\x01j\x01\x00\r" * 3 + b"$\x01"
CODE = bytes.fromhex("112233445566 5A60")  # an invented install code with a valid checksum
