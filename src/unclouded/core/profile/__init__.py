"""A profile: the table from wire keys to Points, and the settings of the session. Data, no conditions.

    name = "tuya/plug_metering"
    family = "tuya_wifi"
    title = "Metering plug"
    products = ["keyxxxxxxxxxxxxx"]    # PIDs or hardware types that this profile fits
    main = "on"                        # the point that `set DEVICE VALUE` means
    actions = ["identify"]             # those of the family's actions that this product has; all without this line
    [session]                          # a closed table of the family
    poll_s = 30
    [[point]]
    dp = 19                            # or: wire = "demand"
    type = "value"
    key = "power_W"
    scale = 0.1                        # value = wire count x scale, exact
    negative_when = { dp = 102, is = 1 }   # a magnitude whose sign, or direction, is another wire value
    direction_lags = true              # which is reported after the magnitudes that it belongs to
    negative = "tenth"                 # a negative value was divided by ten as if it had no sign
    true_is = [0]                      # a state or alarm that is on where the wire has one of these values
    used_when = { dp = 109, is = [16, 32] }    # of several rows with one key, the one that is the point
    [[variant]]                        # products with the same rows but for this
    products = ["otherxxxxxxxxxxx"]
    scale = { 19 = 0.01 }
    drop = [39]

Several rows may have one ``dp``, where each names another ``type``: the type of the value that is reported picks its
row.

A profile may begin with the rows of another (``derived.py``): ``base = "tuya/plug_metering"``, one level deep. Then
``drop = [39, { dp = 40, type = "enum" }]`` removes rows, and a [[point]] with the dp and type of a row changes only the
keys that it names.

Unknown keys are errors that name the key. Scales are exact: 0.1 is one tenth.

    schema.py      what may stand in a file         derived.py     a base, with changed and dropped rows
    building.py    a checked Profile of a file      checks.py      what must hold of its rows
    written.py     rows as TOML
    wire_point.py  one row: wire value <-> value    rows.py        all rows of a device, and what picks and signs them
"""

from unclouded.core.profile.building import (
    Profile,
    ScaleVariant,
    SettingsOf,
    load_profile,
    make_profile,
    read_base,
    read_profile,
)
from unclouded.core.profile.product_reports import MatchedProduct, ProductReports, SeenPoint
from unclouded.core.profile.rows import Conditions, PointRows, signed
from unclouded.core.profile.schema import Condition, Counter, PointRow, ProfileFile, RowName, VariantRow
from unclouded.core.profile.wire_point import ENERGY_EXPONENT, TENTH_OFFSET, WireMatch, WirePoint
from unclouded.core.profile.written import quoted, row_lines

__all__ = [
    "ENERGY_EXPONENT",
    "TENTH_OFFSET",
    "Condition",
    "Conditions",
    "Counter",
    "MatchedProduct",
    "PointRow",
    "PointRows",
    "ProductReports",
    "Profile",
    "ProfileFile",
    "RowName",
    "ScaleVariant",
    "SeenPoint",
    "SettingsOf",
    "VariantRow",
    "WireMatch",
    "WirePoint",
    "load_profile",
    "make_profile",
    "quoted",
    "read_base",
    "read_profile",
    "row_lines",
    "signed",
]
