"""What the validation suite of adbc-drivers asks of connections, statements and ingests, beside the types of test_types.py."""
import threading
import warnings

import adbc_driver_flightsql.dbapi as dbapi
import adbc_driver_manager
import pyarrow as pa
import pytest
from test_statements import metric, settles

Status = adbc_driver_manager.AdbcStatusCode


def rows(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetchall()


def code(call, *args, **kw):
    with pytest.raises(adbc_driver_manager.Error) as e:
        call(*args, **kw)
    return e.value.status_code


def found(con, depth, level, **filters):
    """Names of a level in get_objects, without those of information_schema."""
    out = con.adbc_get_objects(depth=depth, **filters).read_all().to_pylist()
    schemas = [s for c in out for s in c["catalog_db_schemas"] or [] if s["db_schema_name"] != "information_schema"]
    if level == "catalogs":
        return [c["catalog_name"] for c in out]
    if level == "schemas":
        return [s["db_schema_name"] for s in schemas]
    tables = [t for s in schemas for t in s["db_schema_tables"] or []]
    return [t["table_name"] for t in tables] if level == "tables" else [c["column_name"] for t in tables for c in t["table_columns"] or []]


class TestConnection:
    def test_default_is_a_transaction(self, server, connect):
        """Without autocommit=True nothing warns, and what is written is seen by others at commit."""
        rows(connect(), "CREATE OR REPLACE TABLE by_default (a INT)")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with dbapi.connect(server.uri) as c:
                with c.cursor() as cur:
                    cur.execute("INSERT INTO by_default VALUES (1)")
                    assert rows(connect(), "SELECT count(*) FROM by_default") == [(0,)]
                c.commit()
        assert rows(connect(), "SELECT count(*) FROM by_default") == [(1,)]

    def test_closed_without_commit(self, server, connect):
        rows(connect(), "CREATE OR REPLACE TABLE not_kept (a INT)")
        c = connect(autocommit=False)
        rows(c, "INSERT INTO not_kept VALUES (1)")
        c.close()
        assert rows(connect(), "SELECT count(*) FROM not_kept") == [(0,)]

    def test_autocommit_is_switched(self, connect):
        c, other = connect(), connect()
        rows(c, "CREATE OR REPLACE TABLE switched (a INT)")
        c.adbc_connection.set_autocommit(False)
        rows(c, "INSERT INTO switched VALUES (1)")
        assert rows(other, "SELECT count(*) FROM switched") == [(0,)]
        c.adbc_connection.set_autocommit(True)  # commits
        assert rows(other, "SELECT count(*) FROM switched") == [(1,)]
        with pytest.raises(adbc_driver_manager.Error):
            c.adbc_connection.commit()

    @pytest.mark.parametrize("cookies", [True, False])
    def test_catalog(self, connect, cookies):
        c = connect(cookies=cookies)
        assert c.adbc_current_catalog == "spark_catalog"
        c.adbc_current_catalog = "spark_catalog"
        assert c.adbc_current_catalog == "spark_catalog"
        with pytest.raises(adbc_driver_manager.Error):
            c.adbc_current_catalog = "no_such_catalog"
        with pytest.raises(adbc_driver_manager.Error):
            c.adbc_current_db_schema = "no_such_schema"
        assert rows(c, "SELECT current_catalog(), current_schema()") == [("spark_catalog", "default")]

    def test_statistics(self, con):
        assert code(con.adbc_get_statistics) == Status.NOT_IMPLEMENTED

    def test_closed_twice(self, connect):
        c = connect()
        rows(c, "SELECT 1")
        c.close()
        c.close()


class TestObjects:
    @pytest.fixture(autouse=True)
    def tables(self, con):
        for s in ["CREATE DATABASE IF NOT EXISTS ob_a", "CREATE DATABASE IF NOT EXISTS ob_b", "CREATE OR REPLACE TABLE ob_a.one (x INT, yy INT, xy STRING)",
                  "CREATE OR REPLACE TABLE ob_a.on_e (x INT)", "CREATE OR REPLACE TABLE ob_b.one (z INT)", "CREATE OR REPLACE VIEW ob_b.seen AS SELECT 1 AS n"]:
            rows(con, s)

    def test_catalog_filter(self, con):
        assert found(con, "catalogs", "catalogs", catalog_filter="spark%") == ["spark_catalog"]
        assert found(con, "catalogs", "catalogs", catalog_filter="nothing") == []
        assert found(con, "all", "columns", catalog_filter="nothing") == []

    def test_schema_filter(self, con):
        assert found(con, "db_schemas", "schemas", db_schema_filter="ob%") == ["ob_a", "ob_b"]
        assert found(con, "db_schemas", "schemas", db_schema_filter="ob__") == ["ob_a", "ob_b"]
        assert found(con, "db_schemas", "schemas", db_schema_filter="ob") == []
        assert found(con, "db_schemas", "catalogs", db_schema_filter="ob") == ["spark_catalog"]

    def test_table_filter(self, con):
        assert found(con, "tables", "tables", db_schema_filter="ob_a", table_name_filter="one") == ["one"]
        assert found(con, "tables", "tables", db_schema_filter="ob_a", table_name_filter="on\\_e") == ["on_e"]
        assert found(con, "tables", "tables", db_schema_filter="ob%", table_name_filter="on%") == ["on_e", "one", "one"]
        assert found(con, "tables", "tables", table_name_filter="no_such") == []

    def test_type_filter(self, con):
        assert found(con, "tables", "tables", db_schema_filter="ob%", table_types_filter=["VIEW"]) == ["seen"]
        assert found(con, "tables", "tables", db_schema_filter="ob_b", table_types_filter=["TABLE", "VIEW"]) == ["one", "seen"]
        assert found(con, "tables", "tables", db_schema_filter="ob%", table_types_filter=["SYSTEM TABLE"]) == []

    def test_column_filter(self, con):
        assert found(con, "all", "columns", db_schema_filter="ob_a", table_name_filter="one", column_name_filter="x%") == ["x", "xy"]
        assert found(con, "all", "columns", db_schema_filter="ob_a", table_name_filter="one", column_name_filter="_y") == ["yy", "xy"]
        assert found(con, "all", "columns", db_schema_filter="ob_a", table_name_filter="one", column_name_filter="no_such") == []

    def test_table_schema(self, con):
        assert con.adbc_get_table_schema("one", db_schema_filter="ob_a").names == ["x", "yy", "xy"]
        assert con.adbc_get_table_schema("one", db_schema_filter="ob_b", catalog_filter="spark_catalog").names == ["z"]
        assert con.adbc_get_table_schema("seen", db_schema_filter="ob_b").names == ["n"]
        assert code(con.adbc_get_table_schema, "no_such_table") == Status.NOT_FOUND
        assert code(con.adbc_get_table_schema, "one", db_schema_filter="no_such") == Status.NOT_FOUND
        assert code(con.adbc_get_table_schema, "o_e", db_schema_filter="ob_a") == Status.NOT_FOUND, "a name is no pattern here"


class TestStatement:
    def test_execute_schema(self, con):
        with con.cursor() as cur:
            assert cur.adbc_execute_schema("SELECT 1 AS a, 'x' AS b").types == [pa.int32(), pa.string()]
            assert code(cur.adbc_execute_schema, "SELECT * FROM no_such_table") == Status.NOT_FOUND

    def test_parameter_schema(self, con):
        with con.cursor() as cur:
            s = cur.adbc_prepare("SELECT id FROM range(10) WHERE id > ? AND CAST(id AS STRING) LIKE ? LIMIT ?")
            assert s.types[0] == pa.int64() and s.types[1] == pa.string() and pa.types.is_integer(s.types[2])

    def test_no_columns(self, con):
        """A statement that gives none is fetched all the same."""
        with con.cursor() as cur:
            cur.execute("CREATE OR REPLACE TABLE without (a INT)")
            assert cur.fetchall() == [] and not cur.description
            cur.execute("DROP TABLE without")
            assert cur.fetch_arrow_table().num_rows == 0

    def test_rows_affected(self, con):
        with con.cursor() as cur:
            cur.execute("CREATE OR REPLACE TABLE affected (a INT)")
            cur.execute("INSERT INTO affected VALUES (1), (2)")
            assert cur.rowcount == 2
            cur.executemany("INSERT INTO affected VALUES (?)", [(3,), (4,), (5,)])
            assert cur.rowcount == 3
            cur.execute("INSERT INTO affected SELECT a FROM affected WHERE a > ?", (3,))
            assert cur.rowcount == 2
        assert rows(con, "SELECT count(*) FROM affected") == [(7,)]

    def test_null_of_no_type(self, con):
        with con.cursor() as cur:
            cur.execute("SELECT NULL AS x, array() AS y")
            t = cur.fetch_arrow_table()
        assert t.schema.field("x").type == pa.null() and t.to_pylist() == [{"x": None, "y": []}]

    def test_interval_of_months(self, con):
        """It comes as Arrow's interval of months, for which pyarrow has no values; others read it, and text is always there."""
        with con.cursor() as cur:
            cur.execute("SELECT INTERVAL '1-2' YEAR TO MONTH AS x")
            t = cur.fetch_arrow_table()
        assert t.num_rows == 1 and str(t.schema.field("x").type) == "month_interval"
        assert rows(con, "SELECT CAST(INTERVAL '1-2' YEAR TO MONTH AS STRING)") == [("INTERVAL '1-2' YEAR TO MONTH",)]

    def test_dictionary_of_parameters(self, con):
        """The cursor offers it, and the driver for Flight SQL does not have what it asks for. Names of a batch's columns are names of parameters."""
        with con.cursor() as cur:
            assert code(cur.execute, "SELECT :x - :y", {"x": 3, "y": 1}) == Status.NOT_IMPLEMENTED
            cur.execute("SELECT :x - :y", pa.record_batch([pa.array([1]), pa.array([3])], names=["y", "x"]))
            assert cur.fetchall() == [(2,)]

    def test_wrong_count_of_parameters(self, con):
        for params in [(1,), (1, 2, 3), ()]:
            with pytest.raises(adbc_driver_manager.Error) as e:
                rows(con, "SELECT ? + ?", params)
            assert e.value.status_code == Status.INVALID_ARGUMENT

    def test_two_cursors_at_once(self, con):
        with con.cursor() as a, con.cursor() as b:
            a.execute("SELECT id FROM range(1000000) ORDER BY id")
            b.execute("SELECT id FROM range(1000000) ORDER BY id DESC")
            assert a.fetchone() == (0,) and b.fetchone() == (999999,)
            assert a.fetchone() == (1,) and b.fetchone() == (999998,)

    def test_cancel_among_rows(self, server, con):
        with con.cursor() as cur:
            cur.execute("SELECT id, repeat('x', 100) FROM range(1000000000)")
            reader = cur.fetch_record_batch()
            reader.read_next_batch()
            assert metric(server, "volley_queries_running") == 1
            cur.adbc_cancel()
            with pytest.raises(Exception):
                while True:
                    reader.read_next_batch()
            assert settles(lambda: metric(server, "volley_queries_running"), 0, 5)
        assert rows(con, "SELECT 1") == [(1,)]

    def test_cancel_what_is_prepared(self, con):
        with con.cursor() as cur:
            cur.adbc_cancel()  # nothing runs
            cur.execute("SELECT 1")
            assert cur.fetchall() == [(1,)]


class TestIngest:
    DATA = pa.table({"a": pa.array([1, 2, 3], pa.int64()), "b": ["x", None, "z"]})

    def put(self, con, name, data=None, **kw):
        with con.cursor() as cur:
            return cur.adbc_ingest(name, self.DATA if data is None else data, **kw)

    def test_catalog(self, con):
        rows(con, "DROP TABLE IF EXISTS in_catalog")
        assert self.put(con, "in_catalog", mode="create", catalog_name="spark_catalog", db_schema_name="default") == 3
        assert rows(con, "SELECT count(*) FROM spark_catalog.default.in_catalog") == [(3,)]
        assert code(self.put, con, "in_catalog", mode="create", catalog_name="no_such_catalog") in (Status.NOT_FOUND, Status.INVALID_ARGUMENT)
        assert code(self.put, con, "in_catalog", mode="create", db_schema_name="no_such_schema") == Status.NOT_FOUND

    def test_temporary_modes(self, connect):
        a, b = connect(), connect()
        rows(a, "DROP TABLE IF EXISTS shadow")
        self.put(a, "shadow", mode="create")
        assert self.put(a, "shadow", self.DATA.slice(0, 1), mode="create", temporary=True) == 1, "beside the table of that name"
        assert code(self.put, a, "shadow", mode="create", temporary=True) == Status.ALREADY_EXISTS
        assert self.put(a, "shadow", mode="append", temporary=True) == 3
        assert rows(a, "SELECT count(*) FROM shadow") == [(4,)]
        assert self.put(a, "shadow", self.DATA.slice(0, 2), mode="replace", temporary=True) == 2
        assert rows(a, "SELECT count(*) FROM shadow") == [(2,)]
        assert rows(b, "SELECT count(*) FROM shadow") == [(3,)]

    def test_many_columns(self, con):
        wide = pa.table({f"c{i}": pa.array([i, None], pa.int32()) for i in range(1000)})
        self.put(con, "wide_in", wide, mode="replace")
        with con.cursor() as cur:
            cur.execute("SELECT * FROM wide_in")
            assert cur.fetch_arrow_table().to_pylist() == wide.to_pylist()

    def test_columns_by_name(self, con):
        rows(con, "CREATE OR REPLACE TABLE named_in (a BIGINT, b STRING)")
        self.put(con, "named_in", self.DATA.select(["b", "a"]), mode="append")
        assert rows(con, "SELECT a, b FROM named_in ORDER BY a") == [(1, "x"), (2, None), (3, "z")]

    def test_not_null(self, con):
        rows(con, "CREATE OR REPLACE TABLE strict_in (a BIGINT, b STRING NOT NULL)")
        with pytest.raises(adbc_driver_manager.Error) as e:
            self.put(con, "strict_in", mode="append")
        assert "NOT_NULL" in str(e.value)
        assert rows(con, "SELECT count(*) FROM strict_in") == [(0,)]

    def test_odd_names(self, con):
        odd = pa.table({"a b": [1], "select": [2], "`": [3], "ü": [4]})
        self.put(con, "odd_name", odd, mode="replace")
        with con.cursor() as cur:
            cur.execute("SELECT * FROM odd_name")
            assert cur.fetch_arrow_table().to_pylist() == odd.to_pylist()

    def test_at_once(self, connect):
        """Several connections add to one table: every row is there once."""
        rows(connect(), "CREATE OR REPLACE TABLE shared_in (a BIGINT, b STRING)")
        cons = [connect() for _ in range(4)]
        errors = []

        def work(c):
            try:
                for _ in range(5):
                    self.put(c, "shared_in", mode="append")
            except Exception as e:
                errors.append(e)

        threads = [threading.Thread(target=work, args=(c,)) for c in cons]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not errors
        assert rows(cons[0], "SELECT count(*), sum(a) FROM shared_in") == [(60, 120)]
