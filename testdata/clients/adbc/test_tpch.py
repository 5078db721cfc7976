"""The 22 queries of TPC-H through ADBC, held against Spark's answers. run.sh says where they come from."""
import decimal
import os
import subprocess
import sys

import pytest

BENCH, DATA = os.environ.get("VOLLEY_BENCH"), os.environ.get("VOLLEY_DATA")
pytestmark = pytest.mark.skipif(not BENCH or not DATA, reason="VOLLEY_BENCH and VOLLEY_DATA name no TPC-H")
QUERIES = ["q%02d" % n for n in range(1, 23)]


@pytest.fixture(scope="module")
def loaded(serve):
    return serve("--tables", os.path.join(DATA, "tpch-1"))


def cell(v):
    if v is None:
        return ""
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    s = str(v)
    return '"' + s.replace('"', '""') + '"' if s == "" or any(c in s for c in ',"\r\n') else s


@pytest.mark.parametrize("query", QUERIES)
def test_tpch(loaded, connect, tmp_path, query):
    with open(f"{BENCH}/tpch/queries/{query}.sql") as f:
        text = f.read().strip().rstrip(";")
    with connect(loaded.uri).cursor() as cur:
        cur.execute(text)
        rows = cur.fetchall()
        header = [d[0] for d in cur.description]
    out = tmp_path / (query + ".csv")
    out.write_text("".join(",".join(map(cell, r)) + "\n" for r in [header, *rows]))
    r = subprocess.run([sys.executable, f"{BENCH}/compare.py", f"{BENCH}/tpch/answers/sf1/{query}.csv", str(out)], capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr
