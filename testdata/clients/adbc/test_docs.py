"""The Python code of docs/clients.md runs as it stands."""
import os
import re

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def test_clients_page(serve):
    for name in ("pandas", "polars", "duckdb", "sqlalchemy_adbc"):
        pytest.importorskip(name)
    s = serve("--tables", os.path.join(ROOT, "testdata", "retail"))
    with open(os.path.join(ROOT, "docs", "clients.md"), encoding="utf-8") as f:
        blocks = re.findall(r"```python\n(.*?)```", f.read(), re.S)
    assert len(blocks) == 3
    names = {}
    for b in blocks:
        exec(compile(b.replace("127.0.0.1:31337", s.address), "docs/clients.md", "exec"), names)
    names["engine"].dispose()
    names["con"].close()
