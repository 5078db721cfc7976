"""Servers for the tests: real ones, each on a free port, ended with the tests."""
import os
import shutil
import signal
import subprocess
import time

import pytest

BIN = os.environ.get("VOLLEY_BIN", "volley")


class Server:
    """A `volley serve` process."""

    def __init__(self, folder, *args, env=None):
        self.folder, self.args, self.env = str(folder), args, env
        self.start()

    def start(self, port=0):
        ready = os.path.join(self.folder, "ready")
        if os.path.exists(ready):
            os.remove(ready)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        cmd = [BIN, "serve", "--listen", f"127.0.0.1:{port}", "--ready-file", ready, "--state", os.path.join(self.folder, "state"), "--drain", "2s", *self.args]
        self.process = subprocess.Popen(cmd, stdout=self.log, stderr=self.log, env={**os.environ, **(self.env or {})})
        deadline = time.time() + 30
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.time() > deadline:
                raise RuntimeError("the server did not start: " + self.text())
            time.sleep(0.02)
        lines = open(ready).read().split()
        self.address, self.metrics = lines[0], lines[1] if len(lines) > 1 else None
        self.port = int(self.address.rsplit(":", 1)[1])

    @property
    def uri(self):
        return "grpc://" + self.address

    def text(self):
        return open(os.path.join(self.folder, "log"), errors="replace").read()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)
        self.log.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    running = []

    def start(*args, **kw):
        s = Server(tmp_path_factory.mktemp("server"), *args, **kw)
        running.append(s)
        return s

    yield start
    for s in running:
        s.stop()
    for s in running:
        assert "panic" not in s.text(), s.text()


@pytest.fixture(scope="session")
def server(serve):
    """A server that asks nobody who they are."""
    return serve("--metrics", "127.0.0.1:0")


@pytest.fixture()
def connect(server):
    """Connections to the server, closed after the test."""
    import adbc_driver_flightsql.dbapi as dbapi

    opened = []

    def open_(uri=None, cookies=True, autocommit=True, **db_kwargs):
        kwargs = {"adbc.flight.sql.rpc.with_cookie_middleware": "true"} if cookies else {}
        kwargs.update(db_kwargs)
        c = dbapi.connect(uri or server.uri, db_kwargs=kwargs, autocommit=autocommit)
        opened.append(c)
        return c

    yield open_
    for c in opened:
        try:
            c.close()
        except Exception:
            pass


@pytest.fixture()
def con(connect):
    return connect()


@pytest.fixture(scope="session")
def openssl():
    if not shutil.which("openssl"):
        pytest.skip("no openssl")
    return "openssl"
