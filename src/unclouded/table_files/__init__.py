"""Tables of typed columns as files: CSV, JSON lines, Parquet. What the exports of hub and fleet are written with."""
