"""Bulk loading by ADBC, polars, pandas and DuckDB."""
import adbc_driver_manager
import pyarrow as pa
import pytest

DATA = pa.table({"a": pa.array([1, 2, 3], pa.int64()), "b": ["x", None, "z"]})


def rows(con, sql):
    with con.cursor() as cur:
        cur.execute(sql)
        return cur.fetchall()


def drop(con, name):
    with con.cursor() as cur:
        cur.execute(f"DROP TABLE IF EXISTS {name}")


def test_modes(con):
    drop(con, "ing")
    with con.cursor() as cur:
        assert cur.adbc_ingest("ing", DATA, mode="create") == 3
        with pytest.raises(adbc_driver_manager.Error) as e:
            cur.adbc_ingest("ing", DATA, mode="create")
        assert e.value.status_code == adbc_driver_manager.AdbcStatusCode.ALREADY_EXISTS
        assert cur.adbc_ingest("ing", DATA, mode="append") == 3
        assert rows(con, "SELECT count(*) FROM ing") == [(6,)]
        assert cur.adbc_ingest("ing", DATA.slice(0, 1), mode="replace") == 1
        assert rows(con, "SELECT * FROM ing") == [(1, "x")]
        assert cur.adbc_ingest("ing", DATA, mode="create_append") == 3
        assert rows(con, "SELECT count(*) FROM ing") == [(4,)]
        drop(con, "ing")
        with pytest.raises(adbc_driver_manager.Error) as e:
            cur.adbc_ingest("ing", DATA, mode="append")
        assert e.value.status_code == adbc_driver_manager.AdbcStatusCode.NOT_FOUND


def test_temporary(connect):
    a, b = connect(), connect()
    with a.cursor() as cur:
        cur.adbc_ingest("mine_only", DATA, mode="create", temporary=True)
    assert rows(a, "SELECT count(*) FROM mine_only") == [(3,)]
    with pytest.raises(adbc_driver_manager.Error):
        rows(b, "SELECT count(*) FROM mine_only")


def test_schema(con):
    with con.cursor() as cur:
        cur.execute("CREATE DATABASE IF NOT EXISTS other")
        cur.execute("DROP TABLE IF EXISTS other.ing")
        cur.adbc_ingest("ing", DATA, mode="create", db_schema_name="other")
    assert rows(con, "SELECT count(*) FROM other.ing") == [(3,)]


def test_stream_of_a_million_rows(con):
    drop(con, "million")
    batch = pa.record_batch([pa.array(range(10000)), pa.array([str(i) for i in range(10000)])], names=["n", "s"])
    reader = pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(100)))
    with con.cursor() as cur:
        assert cur.adbc_ingest("million", reader, mode="create") == 1000000
    assert rows(con, "SELECT count(*), sum(n) FROM million") == [(1000000, 100 * sum(range(10000)))]


def test_broken_stream_leaves_nothing(con):
    drop(con, "broken")
    batch = pa.record_batch([pa.array(range(10000))], names=["n"])

    def batches():
        for _ in range(20):
            yield batch
        raise ValueError("the source broke")

    with con.cursor() as cur:
        with pytest.raises(Exception):
            cur.adbc_ingest("broken", pa.RecordBatchReader.from_batches(batch.schema, batches()), mode="create")
    with pytest.raises(adbc_driver_manager.Error):
        rows(con, "SELECT * FROM broken")


def test_types_that_do_not_fit(con):
    with con.cursor() as cur:
        cur.execute("CREATE OR REPLACE TABLE narrow (a INT)")
        with pytest.raises(adbc_driver_manager.Error):
            cur.adbc_ingest("narrow", pa.table({"a": ["x"]}), mode="append")
        with pytest.raises(adbc_driver_manager.Error):
            cur.adbc_ingest("narrow", pa.table({"a": [2**40]}), mode="append")
    assert rows(con, "SELECT count(*) FROM narrow") == [(0,)]


def test_polars(server, con):
    pl = pytest.importorskip("polars")
    df = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    drop(con, "from_polars")
    df.write_database("from_polars", con, engine="adbc", if_table_exists="replace")
    got = pl.read_database("SELECT * FROM from_polars ORDER BY a", con)
    assert got.equals(df)


def test_pandas(con):
    pd = pytest.importorskip("pandas")
    df = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    drop(con, "from_pandas")
    df.to_sql("from_pandas", con, index=False, if_exists="replace")
    got = pd.read_sql("SELECT * FROM from_pandas ORDER BY a", con)
    assert got["a"].tolist() == [1, 2] and got["b"].tolist() == ["x", "y"]


def test_duckdb_reads_our_batches(con):
    duckdb = pytest.importorskip("duckdb")
    with con.cursor() as cur:
        cur.execute("SELECT id FROM range(1000)")
        reader = cur.fetch_record_batch()
        assert duckdb.sql("SELECT sum(id) FROM reader").fetchall() == [(499500,)]
