"""Edges of what ADBC sends: values of other types, rows too large for the driver, tables without columns, servers that go away."""
import signal

import adbc_driver_manager
import pyarrow as pa
import pytest


def rows(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetchall()


class TestCoercion:
    def test_text_for_a_number(self, con):
        assert rows(con, "SELECT id FROM range(10) WHERE id = ?", ("7",)) == [(7,)]

    def test_double_for_a_decimal(self, con):
        assert rows(con, "SELECT CAST(2.50 AS DECIMAL(5,2)) > ?", (2.25,)) == [(True,)]

    def test_number_for_a_limit(self, con):
        assert len(rows(con, "SELECT id FROM range(10) LIMIT ?", (3,))) == 3

    def test_text_for_a_date(self, con):
        assert rows(con, "SELECT DATE'2026-11-21' < ?", ("2026-11-22",)) == [(True,)]

    def test_value_that_does_not_fit(self, con):
        with pytest.raises(adbc_driver_manager.Error) as e:
            rows(con, "SELECT id FROM range(10) WHERE id = ?", ("seven",))
        assert e.value.status_code == adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT
        assert "SQLSTATE: 22018" in str(e.value)


def test_row_larger_than_the_driver_takes(con):
    """The driver takes messages of 16 MiB. What is larger is an error of that call alone."""
    with pytest.raises(adbc_driver_manager.Error):
        rows(con, "SELECT repeat('x', 20000000) AS s")
    assert rows(con, "SELECT length(repeat('x', 20000000))") == [(20000000,)]


def test_more_than_16_mib_in_one_ingested_batch(con, connect):
    """The driver sends no more than 16 MiB either, unless it is told to."""
    batch = pa.table({"s": ["x" * 1000] * 30000})
    with con.cursor() as cur:
        with pytest.raises(adbc_driver_manager.Error):
            cur.adbc_ingest("wide", batch, mode="replace")
    large = connect(**{"adbc.flight.sql.client_option.with_max_msg_size": str(64 << 20)})
    with large.cursor() as cur:
        assert cur.adbc_ingest("wide", batch, mode="replace") == 30000
    assert rows(con, "SELECT sum(length(s)) FROM wide") == [(30000000,)]


def test_no_rows_at_all(con):
    """The driver sends nothing, not even the name of the table: an error that says so, where an empty batch makes an empty table."""
    with con.cursor() as cur:
        for data in (pa.table({}), pa.table({"a": pa.array([], pa.int64())})):
            with pytest.raises(adbc_driver_manager.Error) as e:
                cur.adbc_ingest("nothing", data, mode="replace")
            assert "ended before its first message" in str(e.value)
        empty = pa.record_batch([pa.array([], pa.int64())], names=["a"])
        assert cur.adbc_ingest("nothing", pa.RecordBatchReader.from_batches(empty.schema, [empty]), mode="replace") == 0
    assert rows(con, "SELECT count(*) FROM nothing") == [(0,)]


def test_nested_columns_of_a_table(con):
    with con.cursor() as cur:
        cur.execute("CREATE OR REPLACE TABLE nest (a ARRAY<STRUCT<x: INT, y: STRING>>, m MAP<STRING, ARRAY<INT>>)")
        cur.execute("INSERT INTO nest VALUES (array(named_struct('x', 1, 'y', 'p')), map('k', array(1, 2)))")
        cur.execute("SELECT * FROM nest")
        got = cur.fetch_arrow_table()
    assert got.schema.types == con.adbc_get_table_schema("nest").types, "metadata and results agree"
    assert got.to_pylist() == [{"a": [{"x": 1, "y": "p"}], "m": [("k", [1, 2])]}]


class TestServerGoes:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ends", "is killed"])
    def test_clean_error_and_a_new_connection(self, serve, connect, how):
        s = serve()
        c = connect(s.uri)
        cur = c.cursor()
        cur.execute("SELECT id, repeat('x', 100) FROM range(1000000000)")
        reader = cur.fetch_record_batch()
        reader.read_next_batch()
        s.stop(how)
        with pytest.raises(Exception) as e:
            for _ in reader:
                pass
        assert "panic" not in str(e.value) and "goroutine" not in str(e.value)
        with pytest.raises(adbc_driver_manager.Error):
            rows(c, "SELECT 1")
        s.start(s.port)
        assert rows(connect(s.uri), "SELECT 1") == [(1,)]
