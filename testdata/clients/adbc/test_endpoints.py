"""Results in several endpoints by ADBC: in order, from executors and through the server."""
import concurrent.futures

import adbc_driver_flightsql.dbapi as dbapi
import pyarrow as pa
import pytest

QUERY = "SELECT a.id, repeat('x', 30) AS s FROM range(300000) a JOIN range(300000) b ON a.id = b.id"
CLUSTER = ("--master", "local-cluster[2,1,512]", "--conf", "volley.execution.rangeSort=0")


@pytest.fixture(scope="module", params=[("--direct", "127.0.0.1"), ("--endpoints", "2")], ids=["direct", "proxy"])
def cluster(serve, request):
    return serve(*CLUSTER, *request.param)


@pytest.fixture()
def con(cluster):
    with dbapi.connect(cluster.uri, autocommit=True) as c:
        yield c


def test_ordered(con):
    with con.cursor() as cur:
        cur.execute(QUERY + " ORDER BY a.id DESC")
        ids = cur.fetch_arrow_table().column("id").to_pylist()
    assert ids == list(range(299999, -1, -1))


def test_all_rows(con):
    with con.cursor() as cur:
        cur.execute(QUERY)
        t = cur.fetch_arrow_table()
    assert t.num_rows == 300000 and sorted(t.column("id").to_pylist()) == list(range(300000))
    assert t.schema.field("s").type == pa.string()


def test_partitions_by_others(cluster, con):
    """Workers that have connections of their own read a partition each."""
    with con.cursor() as cur:
        parts, schema = cur.adbc_execute_partitions(QUERY)
        assert len(parts) == 2 and schema.names == ["id", "s"]

        def read(part):
            with dbapi.connect(cluster.uri, autocommit=True) as c, c.cursor() as cur:
                cur.adbc_read_partition(part)
                return cur.fetch_arrow_table().column("id").to_pylist()

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            got = list(pool.map(read, parts))
    assert all(got) and sorted(got[0] + got[1]) == list(range(300000))
