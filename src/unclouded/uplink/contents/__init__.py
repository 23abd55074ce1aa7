"""Contents of windows: what is in the ``data`` of a window, by its level. Pure.

    catalogue  catalogue.py   SentCatalogue       raw             raw.py    device -> chunk
    energy     energy.py      EnergyWindow        quarter, minute rows.py   RolledRow
    events     events.py      WindowEvent         raw, quickly    arrays.py (numpy; the hub never imports it)

Each has an ``encode_…`` and a ``decode_…``. Decoders take bytes of anyone: what is damaged, truncated or larger than
the limits of packing.py raises ContentError, and the cost is linear in those limits.

Source: docs/protocols/fleet.md §4
"""
