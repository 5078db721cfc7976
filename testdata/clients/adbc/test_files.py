"""Parquet files that Volley writes, read by other engines' readers."""
import datetime
import decimal
import glob
import hashlib

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest

ROWS = 150_000
EPOCH = datetime.datetime(1970, 1, 1)


def digest(i):
    return hashlib.md5(str(i).encode())


# What each column holds, as SQL of id and as Python of i.
COLUMNS = {
    "id": ("id", lambda i: i),
    "small": ("CAST(id * 3 AS INT)", lambda i: i * 3),
    "jumps": ("CASE WHEN id % 2 = 0 THEN CAST(-2147483648 + id AS INT) ELSE CAST(2147483647 - id AS INT) END", lambda i: -(2**31) + i if i % 2 == 0 else 2**31 - 1 - i),
    "leaps": ("CASE WHEN id % 2 = 0 THEN -9223372036854775808L + id ELSE 9223372036854775807L - id END", lambda i: -(2**63) + i if i % 2 == 0 else 2**63 - 1 - i),
    "holes": ("IF(id % 3 = 0, NULL, id)", lambda i: None if i % 3 == 0 else i),
    "price": ("CAST(id % 100000 AS DECIMAL(12,2))", lambda i: decimal.Decimal(i % 100000)),
    "half": ("id * 0.5D", lambda i: i * 0.5),
    "day": ("date_add(DATE'2020-01-01', CAST(id % 30000 AS INT))", lambda i: datetime.date(2020, 1, 1) + datetime.timedelta(days=i % 30000)),
    "at": ("CAST(timestamp_micros(id * 1000003) AS TIMESTAMP_NTZ)", lambda i: EPOCH + datetime.timedelta(microseconds=i * 1000003)),
    "few": ("concat('kind ', id % 7)", lambda i: f"kind {i % 7}"),
    "key": ("concat('customer#', lpad(CAST(id AS STRING), 9, '0'))", lambda i: f"customer#{i:09d}"),
    "text": ("IF(id % 5 = 0, NULL, md5(CAST(id AS STRING)))", lambda i: None if i % 5 == 0 else digest(i).hexdigest()),
    "bytes": ("unhex(md5(CAST(id AS STRING)))", lambda i: digest(i).digest()),
    "list": ("array(id, id + 1)", lambda i: [i, i + 1]),
}
READERS = {
    "pyarrow": lambda path: pyarrow.parquet.read_table(path).to_pydict(),
    "polars": lambda path: polars.read_parquet(path).to_dict(as_series=False),
    "duckdb": lambda path: duckdb.from_parquet(path).to_arrow_table().to_pydict(),
}


@pytest.mark.parametrize("option", ["", "OPTIONS (parquet.writer.version 'v1')", "OPTIONS (compression 'zstd')", "OPTIONS (compression 'none')"])
def test_read_by_others(con, tmp_path, option):
    select = ", ".join(f"{sql} AS `{name}`" for name, (sql, _) in COLUMNS.items())
    with con.cursor() as cur:
        cur.execute(f"INSERT OVERWRITE DIRECTORY '{tmp_path}/t' USING parquet {option} SELECT {select} FROM range(0, {ROWS}, 1, 1)")
    paths = glob.glob(f"{tmp_path}/t/*.parquet")
    encodings = set()
    for path in paths:
        meta = pyarrow.parquet.read_metadata(path)
        encodings |= {e for g in range(meta.num_row_groups) for c in range(meta.num_columns) for e in meta.row_group(g).column(c).encodings}
    delta = {"DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"}
    assert encodings & delta == (set() if "v1" in option or "none" in option else delta)
    for reader, read in READERS.items():
        seen = []
        for path in paths:
            got = read(path)
            seen += got["id"]
            for name, (_, value) in COLUMNS.items():
                wrong = [(i, x) for i, x in zip(got["id"], got[name], strict=True) if x != value(i)]
                assert not wrong, f"{reader} reads other values of {name}: {wrong[:3]}"
        assert sorted(seen) == list(range(ROWS)), reader
