"""Each type of SQL by each road that values and descriptions of them take: a literal, a parameter, a table that is made by rows, rows that
are added to one, its schema, its objects. The subjects are those of the validation suite of adbc-drivers, which is not to be had."""
import datetime
import decimal

import adbc_driver_manager
import pyarrow as pa
import pytest

D, T, UTC = datetime.date, datetime.datetime, datetime.timezone.utc
X = decimal.Decimal

# type of SQL: type of Arrow, (literal, value) ...
TYPES = {
    "BOOLEAN": (pa.bool_(), ("true", True), ("false", False)),
    "TINYINT": (pa.int8(), ("-128Y", -128), ("127Y", 127)),
    "SMALLINT": (pa.int16(), ("-32768S", -32768), ("32767S", 32767)),
    "INT": (pa.int32(), ("-2147483648", -(2**31)), ("0", 0), ("2147483647", 2**31 - 1)),
    "BIGINT": (pa.int64(), ("-9223372036854775808L", -(2**63)), ("9223372036854775807L", 2**63 - 1)),
    "FLOAT": (pa.float32(), ("1.5F", 1.5), ("CAST('-Infinity' AS FLOAT)", float("-inf"))),
    "DOUBLE": (pa.float64(), ("2.25D", 2.25), ("1e308D", 1e308), ("CAST('Infinity' AS DOUBLE)", float("inf"))),
    "DECIMAL(5,2)": (pa.decimal128(5, 2), ("-123.45BD", X("-123.45")), ("999.99BD", X("999.99"))),
    "DECIMAL(38,10)": (pa.decimal128(38, 10), ("CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10))", X("1234567890123456789012345678.0123456789"))),
    "STRING": (pa.string(), ("''", ""), ("'it''s'", "it's"), ("'héllo 😀'", "héllo 😀"), ("repeat('x', 70000)", "x" * 70000)),
    "BINARY": (pa.binary(), ("X''", b""), ("X'00FF'", b"\x00\xff")),
    "DATE": (pa.date32(), ("DATE'0001-01-01'", D(1, 1, 1)), ("DATE'1969-12-31'", D(1969, 12, 31)), ("DATE'9999-12-31'", D(9999, 12, 31))),
    "TIME": (pa.time64("ns"), ("TIME'00:00:00'", datetime.time(0)), ("TIME'23:59:59.999999'", datetime.time(23, 59, 59, 999999))),
    "TIMESTAMP_NTZ": (pa.timestamp("us"), ("TIMESTAMP_NTZ'1969-12-31 23:59:59.999999'", T(1969, 12, 31, 23, 59, 59, 999999)), ("TIMESTAMP_NTZ'9999-12-31 23:59:59'", T(9999, 12, 31, 23, 59, 59))),
    "TIMESTAMP": (pa.timestamp("us", "UTC"), ("TIMESTAMP'2026-11-21 01:02:03.000004Z'", T(2026, 11, 21, 1, 2, 3, 4, UTC)), ("TIMESTAMP'2026-11-21 01:02:03+09:00'", T(2026, 11, 20, 16, 2, 3, 0, UTC))),
    "INTERVAL DAY TO SECOND": (pa.duration("us"), ("INTERVAL '1 02:03:04.000005' DAY TO SECOND", datetime.timedelta(1, 7384, 5)), ("INTERVAL '-3' HOUR", datetime.timedelta(hours=-3))),
    "ARRAY<INT>": (pa.list_(pa.int32()), ("array()", []), ("array(1, NULL, 3)", [1, None, 3])),
    "ARRAY<ARRAY<STRING>>": (pa.list_(pa.list_(pa.string())), ("array(array('a'), NULL)", [["a"], None])),
    "MAP<STRING, INT>": (pa.map_(pa.string(), pa.int32()), ("map('k', 1, 'n', NULL)", [("k", 1), ("n", None)])),
    "STRUCT<a: INT, b: STRING>": (pa.struct([("a", pa.int32()), ("b", pa.string())]), ("named_struct('a', 1, 'b', NULL)", {"a": 1, "b": None})),
}
pytestmark = pytest.mark.parametrize("name", TYPES)


def same(a, b):
    """Types are equal but for names of elements and what may be NULL below them."""
    if a.id != b.id or a.num_fields != b.num_fields:
        return False
    if pa.types.is_map(a):
        return same(a.key_type, b.key_type) and same(a.item_type, b.item_type)
    if a.num_fields:
        return all(same(a.field(i).type, b.field(i).type) for i in range(a.num_fields))
    return a == b


def table(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetch_arrow_table()


def values(name):
    return [v for _, v in TYPES[name][1:]] + [None]


def array(name):
    return pa.array(values(name), TYPES[name][0])


def plain(values):
    """Values to compare: maps are lists of pairs in whatever form."""
    return [list(map(tuple, v)) if isinstance(v, list) and v and isinstance(v[0], tuple) else v for v in values]


def test_select(con, name):
    arrow, *literals = TYPES[name]
    texts = " UNION ALL ".join(f"SELECT {n} AS n, CAST({sql} AS {name}) AS x" for n, sql in enumerate([sql for sql, _ in literals] + ["NULL"]))
    got = table(con, f"SELECT x FROM ({texts}) ORDER BY n")
    assert same(got.schema.field("x").type, arrow)
    assert plain(got.column("x").to_pylist()) == plain(values(name))


def test_bind(con, name):
    with con.cursor() as cur:
        cur.execute("SELECT ? AS x", pa.record_batch([array(name)], names=["0"]))
        got = cur.fetch_arrow_table()
    assert same(got.schema.field("x").type, TYPES[name][0])
    assert plain(got.column("x").to_pylist()) == plain(values(name))


def test_compared_with_a_bound_value(con, name):
    arrow, (literal, value), *_ = TYPES[name]
    with con.cursor() as cur:
        if pa.types.is_map(arrow):  # which are not compared
            with pytest.raises(adbc_driver_manager.Error, match="DATATYPE_MISMATCH"):
                cur.execute(f"SELECT {literal} <=> ? AS x", pa.record_batch([pa.array([value], arrow)], names=["0"]))
            return
        cur.execute(f"SELECT CAST({literal} AS {name}) <=> ? AS x", pa.record_batch([pa.array([value], arrow)], names=["0"]))
        assert cur.fetchall() == [(True,)]


def test_ingest_create(con, name):
    data = pa.table({"n": pa.array(range(len(values(name))), pa.int32()), "x": array(name)})
    with con.cursor() as cur:
        assert cur.adbc_ingest("typed", data, mode="replace") == data.num_rows
    got = table(con, "SELECT x FROM typed ORDER BY n")
    assert same(got.schema.field("x").type, TYPES[name][0])
    assert plain(got.column("x").to_pylist()) == plain(values(name))
    assert same(con.adbc_get_table_schema("typed").field("x").type, TYPES[name][0])


def test_ingest_append(con, name):
    data = pa.table({"n": pa.array(range(len(values(name))), pa.int32()), "x": array(name)})
    with con.cursor() as cur:
        cur.execute(f"CREATE OR REPLACE TABLE typed (n INT, x {name})")
        for _ in range(2):
            assert cur.adbc_ingest("typed", data, mode="append") == data.num_rows
    got = table(con, "SELECT x FROM typed ORDER BY n")
    assert plain(got.column("x").to_pylist()) == [v for v in plain(values(name)) for _ in range(2)]


def test_insert_of_parameters(con, name):
    with con.cursor() as cur:
        cur.execute(f"CREATE OR REPLACE TABLE typed (n INT, x {name})")
        batch = pa.record_batch([pa.array(range(len(values(name))), pa.int32()), array(name)], names=["0", "1"])
        cur.executemany("INSERT INTO typed VALUES (?, ?)", batch)
    assert plain(table(con, "SELECT x FROM typed ORDER BY n").column("x").to_pylist()) == plain(values(name))


def test_table_schema(con, name):
    with con.cursor() as cur:
        cur.execute(f"CREATE OR REPLACE TABLE typed (x {name}, y {name} NOT NULL)")
    schema = con.adbc_get_table_schema("typed")
    assert same(schema.field("x").type, TYPES[name][0]) and schema.field("x").nullable and not schema.field("y").nullable
    got = table(con, "SELECT * FROM typed").schema
    assert [f.type for f in got] == [f.type for f in schema] and [f.nullable for f in got] == [f.nullable for f in schema]


def test_objects(con, name):
    with con.cursor() as cur:
        cur.execute(f"CREATE OR REPLACE TABLE typed (x {name}, y {name} NOT NULL)")
    out = con.adbc_get_objects(depth="all", db_schema_filter="default", table_name_filter="typed").read_all().to_pylist()
    (columns,) = [t["table_columns"] for c in out for s in c["catalog_db_schemas"] or [] for t in s["db_schema_tables"] if t["table_name"] == "typed"]
    assert [(c["column_name"], c["ordinal_position"], c["xdbc_scope_table"]) for c in columns] == [("x", 1, "typed"), ("y", 2, "typed")]
    assert columns[0]["xdbc_type_name"].split("(")[0].split("<")[0] == name.split("(")[0].split("<")[0].split(" ")[0]
