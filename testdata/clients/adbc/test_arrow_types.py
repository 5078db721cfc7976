"""Every Arrow type that Volley has a type for, as a column that is ingested, as a value that is bound, and as what comes back."""
import datetime
import decimal

import adbc_driver_manager
import pyarrow as pa
import pytest

D, T, UTC = datetime.date, datetime.datetime, datetime.timezone.utc
MOMENT = T(2026, 11, 21, 1, 2, 3)

# type sent, values, type that comes back (None: the same), values that come back (None: the same)
CASES = {
    "boolean": (pa.bool_(), [True, False, None], None, None),
    "int8": (pa.int8(), [-128, 127, None], None, None),
    "int16": (pa.int16(), [-32768, 32767, None], None, None),
    "int32": (pa.int32(), [-(2**31), 2**31 - 1, None], None, None),
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, None], None, None),
    "uint8": (pa.uint8(), [0, 255, None], pa.int16(), None),
    "uint16": (pa.uint16(), [0, 65535, None], pa.int32(), None),
    "uint32": (pa.uint32(), [0, 2**32 - 1, None], pa.int64(), None),
    "float32": (pa.float32(), [1.5, float("inf"), None], None, None),
    "float64": (pa.float64(), [2.25, float("-inf"), None], None, None),
    "decimal": (pa.decimal128(10, 2), [decimal.Decimal("-12.34"), None], None, None),
    "decimal, scale 0": (pa.decimal128(38, 0), [decimal.Decimal(10**37), None], None, None),
    "decimal, scale = precision": (pa.decimal128(5, 5), [decimal.Decimal("0.12345"), None], None, None),
    "string": (pa.string(), ["", "héllo", None], None, None),
    "large_string": (pa.large_string(), ["", "x" * 1000, None], pa.string(), None),
    "string_view": (pa.string_view(), ["a", "a text of more than twelve bytes", None], pa.string(), None),
    "binary": (pa.binary(), [b"", b"\x00\xff", None], None, None),
    "large_binary": (pa.large_binary(), [b"\x01", None], pa.binary(), None),
    "binary_view": (pa.binary_view(), [b"\x01", b"0123456789abcdef", None], pa.binary(), None),
    "fixed_size_binary": (pa.binary(3), [b"abc", None], pa.binary(), None),
    "date32": (pa.date32(), [D(1, 1, 1), D(9999, 12, 31), None], None, None),
    "date64": (pa.date64(), [D(2026, 11, 21), None], pa.date32(), None),
    "timestamp s": (pa.timestamp("s"), [MOMENT, None], pa.timestamp("us"), None),
    "timestamp ms": (pa.timestamp("ms"), [MOMENT, None], pa.timestamp("us"), None),
    "timestamp us": (pa.timestamp("us"), [MOMENT.replace(microsecond=7), None], None, None),
    "timestamp ns": (pa.timestamp("ns"), [MOMENT, None], pa.timestamp("us"), None),
    "timestamp s, UTC": (pa.timestamp("s", "UTC"), [MOMENT.replace(tzinfo=UTC), None], pa.timestamp("us", "UTC"), None),
    "timestamp us, elsewhere": (pa.timestamp("us", "Asia/Tokyo"), [MOMENT.replace(tzinfo=UTC), None], pa.timestamp("us", "UTC"), None),
    "duration": (pa.duration("us"), [datetime.timedelta(days=1, microseconds=5), None], None, None),
    "list": (pa.list_(pa.int64()), [[1, None], [], None], None, None),
    "large_list": (pa.large_list(pa.string()), [["a"], None], pa.list_(pa.string()), None),
    "struct": (pa.struct([("a", pa.int32()), ("b", pa.string())]), [{"a": 1, "b": None}, None], None, None),
    "map": (pa.map_(pa.string(), pa.int32()), [[("k", 1)], [], None], None, None),
    "list of structs": (pa.list_(pa.struct([("a", pa.list_(pa.int32()))])), [[{"a": [1]}, None], None], None, None),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["x", "y", "x", None], pa.string(), None),
}


def same_type(a, b):
    """Types are equal but for the names of elements, which are of no consequence."""
    if pa.types.is_nested(a) and a.id == b.id and a.num_fields == b.num_fields:
        return all(same_type(a.field(i).type, b.field(i).type) for i in range(a.num_fields)) if not pa.types.is_map(a) else same_type(a.key_type, b.key_type) and same_type(a.item_type, b.item_type)
    return a == b


@pytest.mark.parametrize("name", CASES)
def test_ingest(con, name):
    sent, values, back, _ = CASES[name]
    data = pa.table({"n": pa.array(range(len(values)), pa.int32()), "x": pa.array(values, sent)})
    with con.cursor() as cur:
        cur.adbc_ingest("of_type", data, mode="replace")
        cur.execute("SELECT x FROM of_type ORDER BY n")
        got = cur.fetch_arrow_table()
    assert same_type(got.schema.field("x").type, back or sent)
    assert got.column("x").to_pylist() == pa.array(values, sent).to_pylist()


@pytest.mark.parametrize("name", CASES)
def test_bind(con, name):
    sent, values, back, _ = CASES[name]
    batch = pa.record_batch([pa.array(values, sent)], names=["0"])
    with con.cursor() as cur:
        cur.execute("SELECT ? AS x", batch)
        got = cur.fetch_arrow_table()
    assert same_type(got.schema.field("x").type, back or sent)
    assert got.column("x").to_pylist() == pa.array(values, sent).to_pylist()


@pytest.mark.parametrize("name", [n for n in CASES if "list" not in n and n not in ("struct", "map", "duration")])
def test_insert_bound(con, name):
    """Values go through a parameter of the column's type."""
    sent, values, back, _ = CASES[name]
    data = pa.array(values, sent)
    with con.cursor() as cur:
        empty = pa.record_batch([data.slice(0, 0)], names=["x"])
        cur.adbc_ingest("bound", pa.RecordBatchReader.from_batches(empty.schema, [empty]), mode="replace")
        cur.executemany("INSERT INTO bound VALUES (?)", pa.record_batch([data], names=["0"]))
        cur.execute("SELECT x FROM bound")
        got = cur.fetch_arrow_table()
    assert same_type(got.schema.field("x").type, back or sent)
    key = lambda v: (v is None, str(v))
    assert sorted(got.column("x").to_pylist(), key=key) == sorted(data.to_pylist(), key=key)


@pytest.mark.parametrize("sent", [pa.time64("ns"), pa.decimal256(50, 2), pa.month_day_nano_interval()], ids=str)
def test_what_has_no_type(con, sent):
    """A clear error, and the session goes on."""
    with con.cursor() as cur:
        try:
            cur.adbc_ingest("of_type", pa.table({"x": pa.array([None], sent)}), mode="replace")
        except adbc_driver_manager.Error as e:
            assert "SQLSTATE" in str(e), e
        cur.execute("SELECT 1")
        assert cur.fetchall() == [(1,)]
