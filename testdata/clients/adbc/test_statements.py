"""Statements by ADBC: queries of every type, DDL and DML, parameters, errors, cancelling."""
import datetime
import decimal
import threading
import time
import urllib.request

import adbc_driver_manager
import pyarrow as pa
import pytest


def rows(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetchall()


def table(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetch_arrow_table()


TYPES = [
    ("true", pa.bool_(), True),
    ("CAST(1 AS TINYINT)", pa.int8(), 1),
    ("CAST(-2 AS SMALLINT)", pa.int16(), -2),
    ("3", pa.int32(), 3),
    ("9223372036854775807", pa.int64(), 9223372036854775807),
    ("CAST(1.5 AS FLOAT)", pa.float32(), 1.5),
    ("CAST(2.25 AS DOUBLE)", pa.float64(), 2.25),
    ("CAST(12.34 AS DECIMAL(10,2))", pa.decimal128(10, 2), decimal.Decimal("12.34")),
    ("CAST('12345678901234567890123456.789012345678' AS DECIMAL(38,12))", pa.decimal128(38, 12), decimal.Decimal("12345678901234567890123456.789012345678")),
    ("'héllo'", pa.string(), "héllo"),
    ("X'00FF'", pa.binary(), b"\x00\xff"),
    ("DATE'2026-11-21'", pa.date32(), datetime.date(2026, 11, 21)),
    ("TIMESTAMP_NTZ'2026-11-21 01:02:03.000004'", pa.timestamp("us"), datetime.datetime(2026, 11, 21, 1, 2, 3, 4)),
    ("TIMESTAMP'2026-11-21 01:02:03Z'", pa.timestamp("us", "UTC"), datetime.datetime(2026, 11, 21, 1, 2, 3, tzinfo=datetime.timezone.utc)),
    ("INTERVAL '1 02:03:04' DAY TO SECOND", pa.duration("us"), datetime.timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ("array(1, NULL, 3)", None, [1, None, 3]),
    ("named_struct('a', 1, 'b', 'x')", None, {"a": 1, "b": "x"}),
    ("map('k', 1)", None, [("k", 1)]),
]


@pytest.mark.parametrize("sql,arrow,value", TYPES, ids=[t[0] for t in TYPES])
def test_types(con, sql, arrow, value):
    t = table(con, f"SELECT {sql} AS x UNION ALL SELECT NULL")
    if arrow is not None:
        assert t.schema.field("x").type == arrow
    assert sorted(t.column("x").to_pylist(), key=lambda v: v is None) == [value, None]


def test_empty_result_has_schema(con):
    t = table(con, "SELECT 1 AS a, 'x' AS b WHERE false")
    assert t.num_rows == 0 and t.schema.names == ["a", "b"]


def test_many_rows(con):
    with con.cursor() as cur:
        cur.execute("SELECT id, CAST(id AS STRING) AS s FROM range(5000000)")
        n, total = 0, 0
        for b in cur.fetch_record_batch():
            n += b.num_rows
            total += pa.compute.sum(b.column(0)).as_py() or 0
    assert n == 5000000 and total == 5000000 * 4999999 // 2


def test_rows_larger_than_a_message(con):
    t = table(con, "SELECT id, repeat('x', 1000000) AS s FROM range(30)")
    assert t.num_rows == 30 and all(len(s) == 1000000 for s in t.column("s").to_pylist())


def test_first_batch_of_a_large_scan_comes_at_once(con):
    with con.cursor() as cur:
        cur.execute("SELECT id FROM range(100000000)")
        reader = cur.fetch_record_batch()
        assert reader.read_next_batch().num_rows > 0
    # closing in the middle ends the query


def test_ddl_and_dml_take_effect_without_fetch(con):
    with con.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS eager")
        cur.execute("CREATE TABLE eager (a INT, b STRING)")
        cur.execute("INSERT INTO eager VALUES (1, 'x'), (2, 'y')")
    assert rows(con, "SELECT * FROM eager ORDER BY a") == [(1, "x"), (2, "y")]
    with con.cursor() as cur:
        cur.execute("CREATE OR REPLACE TABLE eager2 AS SELECT * FROM eager")
    assert rows(con, "SELECT count(*) FROM eager2") == [(2,)]
    rows(con, "SELECT 1")
    assert rows(con, "SELECT count(*) FROM eager") == [(2,)], "an INSERT ran twice"


def test_executescript_and_rowcount(con):
    with con.cursor() as cur:
        cur.executescript("CREATE OR REPLACE TABLE script AS SELECT 1 AS a")
        cur.execute("INSERT INTO script VALUES (2), (3)")
    with con.cursor() as cur:
        cur.adbc_statement.set_sql_query("INSERT INTO script VALUES (4), (5), (6)")
        assert cur.adbc_statement.execute_update() == 3
    assert rows(con, "SELECT count(*) FROM script") == [(6,)]


def test_show_describe_explain(con):
    assert rows(con, "SHOW DATABASES")
    assert table(con, "DESCRIBE QUERY SELECT 1 AS a").num_rows == 1
    assert "Project" in rows(con, "EXPLAIN SELECT 1")[0][0]


class TestParameters:
    def test_tuple(self, con):
        assert rows(con, "SELECT ? + 1, upper(?)", (41, "a")) == [(42, "A")]

    def test_dollar(self, con):
        assert rows(con, "SELECT $2 || $1", ("a", "b")) == [("ba",)]

    def test_names(self, con):
        # The driver has no dictionaries of parameters (test_subjects.py); fields of a batch have names.
        with con.cursor() as cur:
            cur.execute("SELECT :x - :y", pa.record_batch([pa.array([1]), pa.array([3])], names=["y", "x"]))
            assert cur.fetchall() == [(2,)]

    def test_null(self, con):
        assert rows(con, "SELECT ? IS NULL", (None,)) == [(True,)]

    def test_types_come_back(self, con):
        t = table(con, "SELECT ?, ?", (1, "x"))
        assert [f.type for f in t.schema] == [pa.int64(), pa.string()]
        assert [c.to_pylist() for c in t.columns] == [[1], ["x"]]

    @pytest.mark.parametrize("value", [True, 7, 1.5, "x", b"\x01", datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5), decimal.Decimal("1.25")])
    def test_every_python_type(self, con, value):
        assert rows(con, "SELECT ?", (value,)) == [(value,)]

    def test_batch_of_rows(self, con):
        with con.cursor() as cur:
            cur.execute("SELECT ? * 10 AS x", pa.record_batch([pa.array([1, 2, 3])], names=["0"]))
            assert [r[0] for r in cur.fetchall()] == [10, 20, 30]

    def test_executemany(self, con):
        with con.cursor() as cur:
            cur.execute("CREATE OR REPLACE TABLE many (a INT, b STRING)")
            cur.executemany("INSERT INTO many VALUES (?, ?)", [(i, str(i)) for i in range(100)])
        assert rows(con, "SELECT count(*), sum(a) FROM many") == [(100, 4950)]

    def test_wrong_count(self, con):
        with pytest.raises(adbc_driver_manager.Error):
            rows(con, "SELECT ?, ?", (1,))

    def test_prepared_schema(self, con):
        with con.cursor() as cur:
            s = cur.adbc_prepare("SELECT * FROM range(10) WHERE id = ?")
            assert s is not None and s.field(0).type == pa.int64()

    def test_limit(self, con):
        assert len(rows(con, "SELECT id FROM range(10) LIMIT ?", (3,))) == 3

    def test_executes_again_with_other_values(self, con):
        with con.cursor() as cur:
            for i in range(3):
                cur.execute("SELECT ? + 1", (i,))
                assert cur.fetchall() == [(i + 1,)]


ERRORS = [
    ("SELEC 1", adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT, "PARSE_SYNTAX_ERROR", "42601"),
    ("SELECT * FROM nowhere", adbc_driver_manager.AdbcStatusCode.NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("SELECT x FROM range(1)", adbc_driver_manager.AdbcStatusCode.NOT_FOUND, "UNRESOLVED_COLUMN", "42703"),
    ("SELECT 1 / 0", adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT, "DIVIDE_BY_ZERO", "22012"),
    ("SELECT CAST('x' AS INT)", adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT, "CAST_INVALID_INPUT", "22018"),
    ("SELECT id, 1 / (id - 99999) FROM range(100000)", adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT, "DIVIDE_BY_ZERO", "22012"),
]


@pytest.mark.parametrize("sql,code,condition,state", ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(con, sql, code, condition, state):
    with pytest.raises(adbc_driver_manager.Error) as e:
        rows(con, sql)
    assert e.value.status_code == code
    assert condition in str(e.value) and state in str(e.value)
    assert "goroutine" not in str(e.value)
    assert rows(con, "SELECT 1") == [(1,)], "the connection is of no more use"


def test_already_exists(con):
    rows_ = "CREATE TABLE twice (a INT)"
    with con.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS twice")
        cur.execute(rows_)
        with pytest.raises(adbc_driver_manager.Error) as e:
            cur.execute(rows_)
    assert e.value.status_code == adbc_driver_manager.AdbcStatusCode.ALREADY_EXISTS


def metric(server, name):
    text = urllib.request.urlopen(f"http://{server.metrics}/metrics").read().decode()
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise KeyError(name)


def settles(what, want, seconds):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if what() == want:
            return True
        time.sleep(0.05)
    return what() == want


SLOW = "SELECT count(*) FROM range(3000000000) a WHERE hash(a.id) % 7 = 3"


def test_cancel_frees_the_server(server, con):
    with con.cursor() as cur:
        threading.Timer(0.5, cur.adbc_cancel).start()
        started = time.time()
        with pytest.raises(adbc_driver_manager.Error):
            cur.execute(SLOW)
            cur.fetchall()
        assert time.time() - started < 10
    assert settles(lambda: metric(server, "volley_queries_running"), 0, 1.5)


def test_closing_a_reader_frees_the_server(server, con):
    cur = con.cursor()
    cur.execute("SELECT id, repeat('x', 100) FROM range(1000000000)")
    r = cur.fetch_record_batch()
    r.read_next_batch()
    assert metric(server, "volley_queries_running") == 1
    cur.close()
    del r
    assert settles(lambda: metric(server, "volley_queries_running"), 0, 1.5)


def test_slow_reader_meets_back_pressure(server, con):
    before = metric(server, "process_resident_memory_bytes")
    with con.cursor() as cur:
        cur.execute("SELECT id, repeat('x', 200) FROM range(20000000)")
        r = cur.fetch_record_batch()
        for _ in range(5):
            r.read_next_batch()
            time.sleep(0.3)
        after = metric(server, "process_resident_memory_bytes")
    assert after - before < 400e6, "the server buffers what nobody reads"


def test_threads(connect):
    errors = []

    def work(n):
        try:
            c = connect()
            for i in range(10):
                assert rows(c, "SELECT ? * 2", (n * 100 + i,)) == [((n * 100 + i) * 2,)]
        except Exception as e:
            errors.append(e)

    ts = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    assert not errors


def test_partitions_from_another_connection(connect):
    a, b = connect(), connect()
    with a.cursor() as cur:
        parts, schema = cur.adbc_execute_partitions("SELECT id FROM range(1000)")
    assert schema.names == ["id"]
    n = 0
    with b.cursor() as cur:
        for p in parts:
            cur.adbc_read_partition(p)
            n += cur.fetch_arrow_table().num_rows
    assert n == 1000


def test_incremental_partitions(connect):
    c = connect()
    with c.cursor() as cur:
        cur.adbc_statement.set_options(**{"adbc.statement.exec.incremental": "true"})
        parts, n = [], 0
        while True:
            more, _ = cur.adbc_execute_partitions("SELECT count(*) AS n FROM range(20000000) WHERE hash(id) % 2 = 0")
            if not more:
                break
            parts += more
    with c.cursor() as cur:
        for p in parts:
            cur.adbc_read_partition(p)
            n += cur.fetch_arrow_table().num_rows
    assert n == 1


def test_names_as_parameters(con):
    with con.cursor() as cur:
        cur.execute("CREATE OR REPLACE TABLE named (a INT, b STRING)")
        cur.executemany("INSERT INTO IDENTIFIER(?) VALUES (?, ?)", [("named", 1, "x"), ("named", 2, "y")])
        assert cur.rowcount == 2
        cur.execute("SELECT IDENTIFIER(?) FROM IDENTIFIER(?) WHERE a > ?", ("b", "named", 1))
        t = cur.fetch_arrow_table()
        assert t.schema.names == ["b"] and t.column(0).to_pylist() == ["y"]
        cur.execute("DROP TABLE IDENTIFIER(?)", ("named",))
    with pytest.raises(adbc_driver_manager.ProgrammingError, match="TABLE_OR_VIEW_NOT_FOUND"):
        rows(con, "SELECT * FROM IDENTIFIER(?)", ("named",))
