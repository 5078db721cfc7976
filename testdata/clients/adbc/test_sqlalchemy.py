"""SQLAlchemy with the generic dialect for ADBC: reflection, Core, ORM-like reads, pandas over an engine."""
import datetime
import decimal

import pytest

sa = pytest.importorskip("sqlalchemy")
pytest.importorskip("sqlalchemy_adbc")


@pytest.fixture(scope="module")
def engine(server):
    e = sa.create_engine(
        f"adbc+flightsql://{server.address}/?tls=false",
        connect_args={
            "db_kwargs": {"adbc.flight.sql.rpc.with_cookie_middleware": "true"},
            # The dialect quotes names as standard SQL does.
            "conn_kwargs": {"adbc.flight.sql.session.option.spark.sql.ansi.doubleQuotedIdentifiers": "true"},
        },
    )
    yield e
    e.dispose()


@pytest.fixture(scope="module")
def loaded(engine):
    with engine.begin() as c:
        c.execute(sa.text("CREATE OR REPLACE TABLE sa_sales (id BIGINT, amount DECIMAL(10,2), day DATE, note STRING)"))
        c.execute(sa.text("INSERT INTO sa_sales VALUES (1, 2.50, DATE'2026-11-21', 'a'), (2, 3.25, DATE'2026-11-22', NULL)"))
    return engine


def test_text_and_parameters(loaded):
    with loaded.connect() as c:
        assert c.execute(sa.text("SELECT 1")).scalar() == 1
        got = c.execute(sa.text("SELECT id, amount, day, note FROM sa_sales WHERE id >= :low ORDER BY id"), {"low": 1}).all()
    assert [tuple(r) for r in got] == [(1, decimal.Decimal("2.50"), datetime.date(2026, 11, 21), "a"), (2, decimal.Decimal("3.25"), datetime.date(2026, 11, 22), None)]


def test_reflection(loaded):
    inspector = sa.inspect(loaded)
    assert "default" in inspector.get_schema_names()
    # The dialect looks for tables of the type "table", and Flight SQL's are "TABLE": get_table_names finds none. Asked by name it finds them.
    assert inspector.has_table("sa_sales", schema="default") and not inspector.has_table("no_such", schema="default")
    reflected = sa.Table("sa_sales", sa.MetaData(), schema="default", autoload_with=loaded)
    with loaded.connect() as c:
        assert c.execute(sa.select(sa.func.max(reflected.c.id))).scalar() == 2
    assert [c["name"] for c in inspector.get_columns("sa_sales", schema="default")] == ["id", "amount", "day", "note"]
    assert inspector.get_pk_constraint("sa_sales", schema="default")["constrained_columns"] == []
    assert inspector.get_foreign_keys("sa_sales", schema="default") == []


def test_core(loaded):
    t = sa.table("sa_sales", sa.column("id", sa.BigInteger), sa.column("amount", sa.Numeric(10, 2)), sa.column("day", sa.Date))
    with loaded.connect() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(t)).scalar() == 2
        q = sa.select(t.c.day, sa.func.sum(t.c.amount).label("total")).where(t.c.id > 0).group_by(t.c.day).order_by(t.c.day).limit(1)
        assert c.execute(q).one() == (datetime.date(2026, 11, 21), decimal.Decimal("2.50"))


def test_commit_and_rollback(loaded):
    with loaded.begin() as c:
        c.execute(sa.text("CREATE OR REPLACE TABLE sa_txn (a INT)"))
    with loaded.connect() as c:
        c.execute(sa.text("INSERT INTO sa_txn VALUES (1)"))
        c.rollback()
        c.execute(sa.text("INSERT INTO sa_txn VALUES (2)"))
        c.commit()
    with loaded.connect() as c:
        assert c.execute(sa.text("SELECT a FROM sa_txn")).all() == [(2,)]


def test_many_rows_of_values(loaded):
    with loaded.begin() as c:
        c.execute(sa.text("CREATE OR REPLACE TABLE sa_many (a INT, b STRING)"))
        c.execute(sa.text("INSERT INTO sa_many VALUES (:a, :b)"), [{"a": i, "b": str(i)} for i in range(50)])
    with loaded.connect() as c:
        assert c.execute(sa.text("SELECT count(*), sum(a) FROM sa_many")).one() == (50, 1225)


def test_pandas(loaded):
    pd = pytest.importorskip("pandas")
    got = pd.read_sql("SELECT id, note FROM sa_sales ORDER BY id", loaded)
    assert got["id"].tolist() == [1, 2]
