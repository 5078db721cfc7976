"""Sessions, logins and metadata by ADBC."""
import base64
import json
import os
import subprocess
import time

import adbc_driver_manager
import pyarrow as pa
import pytest

UNAUTHENTICATED = adbc_driver_manager.AdbcStatusCode.UNAUTHENTICATED


def rows(con, sql, params=None):
    with con.cursor() as cur:
        cur.execute(sql, params)
        return cur.fetchall()


class TestMetadata:
    @pytest.fixture(autouse=True)
    def tables(self, con):
        with con.cursor() as cur:
            for s in [
                "CREATE DATABASE IF NOT EXISTS meta", "CREATE OR REPLACE TABLE meta.t_one (a INT, b DECIMAL(10,2), c ARRAY<STRUCT<x: INT, y: STRING>>)",
                "CREATE OR REPLACE TABLE meta.txone (a INT)", "CREATE OR REPLACE VIEW meta.v AS SELECT 1 AS n",
            ]:
                cur.execute(s)

    def test_info(self, con):
        info = con.adbc_get_info()
        assert info["vendor_name"] == "Volley" and info["vendor_version"]

    def test_table_types(self, con):
        assert {"TABLE", "VIEW"} <= set(con.adbc_get_table_types())

    @pytest.mark.parametrize("depth", ["catalogs", "db_schemas", "tables", "all"])
    def test_objects(self, con, depth):
        out = con.adbc_get_objects(depth=depth).read_all().to_pylist()
        assert any(c["catalog_name"] == "spark_catalog" for c in out)
        if depth in ("tables", "all"):
            schemas = [s for c in out for s in c["catalog_db_schemas"] if s["db_schema_name"] == "meta"]
            names = {t["table_name"]: t for t in schemas[0]["db_schema_tables"]}
            assert {"t_one", "txone", "v"} <= set(names) and names["v"]["table_type"] == "VIEW"
            if depth == "all":
                assert [c["column_name"] for c in names["t_one"]["table_columns"]] == ["a", "b", "c"]

    def test_filters(self, con):
        out = con.adbc_get_objects(depth="tables", db_schema_filter="meta", table_name_filter="t\\_%").read_all().to_pylist()
        found = [t["table_name"] for c in out for s in (c["catalog_db_schemas"] or []) for t in s["db_schema_tables"]]
        assert found == ["t_one"]
        out = con.adbc_get_objects(depth="tables", db_schema_filter="meta", table_types_filter=["VIEW"]).read_all().to_pylist()
        found = [t["table_name"] for c in out for s in (c["catalog_db_schemas"] or []) for t in s["db_schema_tables"]]
        assert found == ["v"]

    def test_table_schema(self, con):
        s = con.adbc_get_table_schema("t_one", db_schema_filter="meta")
        assert s.names == ["a", "b", "c"] and s.field("b").type == pa.decimal128(10, 2)
        with con.cursor() as cur:
            cur.execute("SELECT * FROM meta.t_one")
            assert cur.fetch_arrow_table().schema.types == s.types
        with pytest.raises(adbc_driver_manager.Error):
            con.adbc_get_table_schema("no_such_table")

    def test_information_schema(self, con):
        got = rows(con, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'meta' ORDER BY 1")
        assert [r[0] for r in got] == ["t_one", "txone", "v"]


class TestCurrent:
    @pytest.mark.parametrize("cookies", [True, False])
    def test_schema(self, connect, cookies):
        c = connect(cookies=cookies)
        with c.cursor() as cur:
            cur.execute("CREATE DATABASE IF NOT EXISTS cur")
            cur.execute("CREATE OR REPLACE TABLE cur.only_here AS SELECT 7 AS x")
        assert c.adbc_current_db_schema == "default" and c.adbc_current_catalog == "spark_catalog"
        c.adbc_current_db_schema = "cur"
        assert c.adbc_current_db_schema == "cur"
        assert rows(c, "SELECT x FROM only_here") == [(7,)]

    def test_sessions_are_apart(self, connect):
        a, b = connect(), connect()
        with a.cursor() as cur:
            cur.execute("SET spark.sql.session.timeZone = 'Asia/Tokyo'")
            cur.execute("CREATE TEMP VIEW mine AS SELECT 1 AS x")
        assert rows(a, "SELECT current_timezone()") == [("Asia/Tokyo",)] and rows(a, "SELECT * FROM mine") == [(1,)]
        assert rows(b, "SELECT current_timezone()") != [("Asia/Tokyo",)]
        with pytest.raises(adbc_driver_manager.Error):
            rows(b, "SELECT * FROM mine")

    def test_unknown_option(self, connect):
        c = connect()
        with pytest.raises(adbc_driver_manager.Error):
            c.adbc_connection.set_options(**{"adbc.flight.sql.session.option.no.such.setting": "1"})


class TestTransactions:
    def test_commit_and_rollback(self, connect):
        c = connect(autocommit=False)
        other = connect()
        with other.cursor() as cur:
            cur.execute("CREATE OR REPLACE TABLE txn (a INT)")
        with c.cursor() as cur:
            cur.execute("INSERT INTO txn VALUES (1)")
            cur.execute("INSERT INTO txn VALUES (2)")
        assert rows(c, "SELECT count(*) FROM txn") == [(2,)], "a transaction sees its own writes"
        assert rows(other, "SELECT count(*) FROM txn") == [(0,)]
        c.commit()
        assert rows(other, "SELECT count(*) FROM txn") == [(2,)]
        with c.cursor() as cur:
            cur.execute("INSERT INTO txn VALUES (3)")
        c.rollback()
        assert rows(other, "SELECT count(*) FROM txn") == [(2,)]

    def test_files_in_a_transaction(self, connect, tmp_path):
        """The driver's default is autocommit off: folders and external tables are written at commit."""
        c, other = connect(autocommit=False), connect()
        with c.cursor() as cur:
            cur.execute(f"CREATE OR REPLACE TABLE txn_ext (a INT) USING parquet LOCATION '{tmp_path}/ext'")
        c.commit()
        for commit in (False, True):
            with c.cursor() as cur:
                cur.execute("INSERT INTO txn_ext VALUES (1)")
                cur.execute("INSERT INTO txn_ext VALUES (2)")
                cur.execute(f"INSERT OVERWRITE DIRECTORY '{tmp_path}/dir' USING parquet SELECT 7 AS n")
                cur.adbc_ingest("txn_ext", pa.table({"a": pa.array([3], pa.int32())}), mode="append")
            assert rows(c, "SELECT count(*) FROM txn_ext") == [(0,)]
            assert rows(other, "SELECT count(*) FROM txn_ext") == [(0,)]
            if not commit:
                c.rollback()
                assert not os.path.exists(f"{tmp_path}/dir")
            else:
                c.commit()
        assert rows(other, "SELECT sum(a) FROM txn_ext") == [(6,)]
        assert rows(c, f"SELECT * FROM parquet.`{tmp_path}/dir`") == [(7,)]

    def test_ingest_in_a_transaction(self, connect):
        c = connect(autocommit=False)
        other = connect()
        with other.cursor() as cur:
            cur.execute("CREATE OR REPLACE TABLE txn_in (a BIGINT)")
        with c.cursor() as cur:
            cur.adbc_ingest("txn_in", pa.table({"a": [1, 2]}), mode="append")
        assert rows(other, "SELECT count(*) FROM txn_in") == [(0,)]
        c.commit()
        assert rows(other, "SELECT count(*) FROM txn_in") == [(2,)]


def users_file(folder, name="ana", password="open sesame", roles=""):
    from conftest import BIN

    h = subprocess.run([BIN, "serve", "hash-password"], input=password.encode(), capture_output=True, check=True).stdout.decode().strip()
    path = os.path.join(folder, "users.txt")
    with open(path, "w") as f:
        f.write(f"# users\n{name}:{h}{roles}\n")
    return path


@pytest.fixture(scope="module")
def guarded(serve, tmp_path_factory):
    return serve("--auth", "users", "--users", users_file(str(tmp_path_factory.mktemp("users"))), "--session-idle", "30m")


class TestLogins:
    def test_user_and_password(self, guarded, connect):
        for cookies in (True, False):
            c = connect(guarded.uri, cookies=cookies, username="ana", password="open sesame")
            assert rows(c, "SELECT current_user()") == [("ana",)]

    def test_wrong_password(self, guarded, connect):
        with pytest.raises(adbc_driver_manager.Error) as e:
            rows(connect(guarded.uri, username="ana", password="wrong"), "SELECT 1")
        assert e.value.status_code == UNAUTHENTICATED and "not valid" in str(e.value)
        with pytest.raises(adbc_driver_manager.Error) as e2:
            rows(connect(guarded.uri, username="bob", password="wrong"), "SELECT 1")
        assert str(e.value).split("password")[-1] == str(e2.value).split("password")[-1], "the answers tell who is a user"

    def test_nobody(self, guarded, connect):
        with pytest.raises(adbc_driver_manager.Error) as e:
            rows(connect(guarded.uri), "SELECT 1")
        assert e.value.status_code == UNAUTHENTICATED

    def test_basic_on_every_call(self, guarded, connect):
        value = "Basic " + base64.b64encode(b"ana:open sesame").decode()
        c = connect(guarded.uri, cookies=False, **{"adbc.flight.sql.authorization_header": value})
        assert rows(c, "SELECT ? + 1", (1,)) == [(2,)]

    def test_token_survives_a_restart(self, serve, connect, tmp_path):
        s = serve("--auth", "users", "--users", users_file(str(tmp_path)), "--warehouse", str(tmp_path / "wh"))
        c = connect(s.uri, cookies=False, username="ana", password="open sesame")
        with c.cursor() as cur:
            cur.execute("CREATE TABLE kept AS SELECT 5 AS x")
        s.stop()
        with pytest.raises(adbc_driver_manager.Error):
            rows(c, "SELECT 1")
        s.start(s.port)
        deadline = time.time() + 20
        while True:
            try:
                assert rows(c, "SELECT x FROM kept") == [(5,)]
                break
            except adbc_driver_manager.Error as e:
                assert e.status_code != UNAUTHENTICATED, e
                assert time.time() < deadline, e
                time.sleep(0.2)

    def test_changed_file_of_users(self, serve, connect, tmp_path):
        path = users_file(str(tmp_path))
        s = serve("--auth", "users", "--users", path)
        assert rows(connect(s.uri, username="ana", password="open sesame"), "SELECT 1") == [(1,)]
        users_file(str(tmp_path), password="other")
        time.sleep(1.2)
        assert rows(connect(s.uri, username="ana", password="other"), "SELECT 1") == [(1,)]


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def hs256(secret, claims, alg="HS256"):
    import hashlib
    import hmac

    body = b64(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims).encode())
    mac = b64(hmac.new(secret, body.encode(), hashlib.sha256).digest()) if alg != "none" else ""
    return body + "." + mac


class TestTokens:
    SECRET = b"0123456789abcdef0123456789abcdef"

    @pytest.fixture(scope="class")
    def jwt(self, serve, tmp_path_factory):
        f = tmp_path_factory.mktemp("jwt") / "secret"
        f.write_bytes(self.SECRET)
        return serve("--auth", "jwt", "--jwt-secret-file", str(f), "--jwt-audience", "volley")

    def try_(self, jwt, connect, token):
        return rows(connect(jwt.uri, **{"adbc.flight.sql.authorization_header": "Bearer " + token}), "SELECT current_user()")

    def test_good(self, jwt, connect):
        t = hs256(self.SECRET, {"sub": "carol", "aud": "volley", "exp": time.time() + 600})
        assert self.try_(jwt, connect, t) == [("carol",)]

    @pytest.mark.parametrize("why,claims,secret,alg", [
        ("expired", {"sub": "c", "aud": "volley", "exp": 1000}, SECRET, "HS256"),
        ("no expiry", {"sub": "c", "aud": "volley"}, SECRET, "HS256"),
        ("other audience", {"sub": "c", "aud": "x", "exp": 9e9}, SECRET, "HS256"),
        ("forged", {"sub": "c", "aud": "volley", "exp": 9e9}, b"x" * 32, "HS256"),
        ("alg none", {"sub": "c", "aud": "volley", "exp": 9e9}, SECRET, "none"),
        ("no user", {"aud": "volley", "exp": 9e9}, SECRET, "HS256"),
    ])
    def test_bad(self, jwt, connect, why, claims, secret, alg):
        with pytest.raises(adbc_driver_manager.Error) as e:
            self.try_(jwt, connect, hs256(secret, claims, alg))
        assert e.value.status_code == UNAUTHENTICATED, why
        assert "SECRET" not in jwt.text() and self.SECRET.decode() not in jwt.text()


class TestTLS:
    @pytest.fixture(scope="class")
    def dev(self, serve):
        return serve("--dev-cert")

    def test_custom_authority(self, dev, connect):
        ca = open(os.path.join(dev.folder, "state", "dev-cert.pem")).read()
        c = connect(f"grpc+tls://localhost:{dev.port}", **{"adbc.flight.sql.client_option.tls_root_certs": ca})
        assert rows(c, "SELECT 1") == [(1,)]

    def test_skip_verify(self, dev, connect):
        c = connect(f"grpc+tls://localhost:{dev.port}", **{"adbc.flight.sql.client_option.tls_skip_verify": "true"})
        assert rows(c, "SELECT 1") == [(1,)]

    def test_plaintext_and_unknown_authority_are_refused(self, dev, connect):
        for uri in (f"grpc://localhost:{dev.port}", f"grpc+tls://localhost:{dev.port}"):
            with pytest.raises(adbc_driver_manager.Error):
                rows(connect(uri), "SELECT 1")

    def test_client_certificates(self, serve, connect, openssl, tmp_path):
        d = str(tmp_path)

        def run(*a):
            subprocess.run([openssl, *a], check=True, capture_output=True, cwd=d)

        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "dave.key", "-out", "dave.csr", "-subj", "/CN=dave")
        run("x509", "-req", "-in", "dave.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "dave.pem", "-days", "2")
        s = serve("--dev-cert", "--auth", "cert", "--tls-client-ca", os.path.join(d, "ca.pem"))
        kw = {
            "adbc.flight.sql.client_option.tls_skip_verify": "true",
            "adbc.flight.sql.client_option.mtls_cert_chain": open(os.path.join(d, "dave.pem")).read(),
            "adbc.flight.sql.client_option.mtls_private_key": open(os.path.join(d, "dave.key")).read(),
        }
        assert rows(connect(f"grpc+tls://localhost:{s.port}", **kw), "SELECT current_user()") == [("dave",)]
        with pytest.raises(adbc_driver_manager.Error):
            rows(connect(f"grpc+tls://localhost:{s.port}", **{"adbc.flight.sql.client_option.tls_skip_verify": "true"}), "SELECT 1")


def test_idle_session_expires(serve, connect):
    s = serve("--session-idle", "1s", "--result-ttl", "1s")
    c = connect(s.uri)
    with c.cursor() as cur:
        cur.execute("CREATE TEMP VIEW gone AS SELECT 1 AS x")
    assert rows(c, "SELECT * FROM gone") == [(1,)]
    time.sleep(3)
    with pytest.raises(adbc_driver_manager.Error):
        rows(c, "SELECT * FROM gone")
    assert rows(c, "SELECT 1") == [(1,)]


def test_metadata_of_another_user_is_apart(guarded, connect):
    a = connect(guarded.uri, username="ana", password="open sesame")
    assert rows(a, "SELECT 1") == [(1,)]
