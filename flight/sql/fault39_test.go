package sql_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// TestPaths is fault 39: a server that was told which folders statements may
// use opens nothing else, and says the same of what is there and what is not.
func TestPaths(t *testing.T) {
	top := filepath.ToSlash(t.TempDir())
	data, secret := top+"/data", top+"/secret"
	for _, d := range []string{data + "/sub", secret} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for f, text := range map[string]string{data + "/a.csv": "x\n1\n", secret + "/key.csv": "token\nhush\n"} {
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, data+"/link"); err != nil {
		t.Skip(err)
	}
	a, err := app.Open(app.Options{Threads: 2, Files: []string{data}, Warehouse: top + "/warehouse"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	s := serving(t, serve.New(a), serve.ServerOptions{})
	c := s.client()
	t.Run("inside", func(t *testing.T) {
		for _, text := range []string{
			"SELECT * FROM '" + data + "/a.csv'", "SELECT * FROM csv.`" + data + "/*.csv`", "CREATE TABLE ext USING csv OPTIONS (header 'true') LOCATION '" + data + "/a.csv'",
			"INSERT OVERWRITE DIRECTORY '" + data + "/out' USING parquet SELECT 1 AS x", "SELECT * FROM '" + data + "/out'", "CREATE TABLE managed AS SELECT 1 AS y", "SELECT * FROM managed",
		} {
			if _, err := query(t.Context(), c, text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
	paths := []string{
		"../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "file:/etc/passwd", "/proc/self/environ", "http://169.254.169.254/", "https://localhost:1/x",
		"s3://bucket/key", "s3a://user:key@bucket/x", data + "/../secret/key.csv", data + "/../secret/none.csv", data + "/link/key.csv", data + "/link/none.csv",
		data + "/*/../../secret/*.csv", data + "/{sub,../secret}/*.csv", secret + "/*.csv", secret, top, top + "/warehouse", "*", "/",
	}
	shapes := map[string]string{
		"read":            "SELECT * FROM csv.`%`",
		"read as Parquet": "SELECT * FROM parquet.`%`",
		"by name alone":   "SELECT * FROM '%'",
		"below a query":   "SELECT 1 WHERE EXISTS (SELECT * FROM text.`%`)",
		"explained":       "EXPLAIN SELECT * FROM csv.`%`",
		"a view":          "CREATE TEMP VIEW v USING csv OPTIONS (path '%')",
		"a table":         "CREATE TABLE t USING csv LOCATION '%'",
		"a table by path": "CREATE TABLE t USING csv OPTIONS (path '%')",
		"a table as":      "CREATE TABLE t USING csv LOCATION '%' AS SELECT 1 AS a",
		"like":            "CREATE TABLE t LIKE managed LOCATION '%'",
		"a schema":        "CREATE SCHEMA sch LOCATION '%'",
		"moved":           "ALTER TABLE managed SET LOCATION '%'",
		"written":         "INSERT OVERWRITE DIRECTORY '%' USING csv SELECT 1 AS a",
		"a file written":  "INSERT OVERWRITE DIRECTORY USING csv OPTIONS (path '%', singleFile 'true') SELECT 1 AS a",
	}
	texts := map[string]string{}
	for name, shape := range shapes {
		for _, p := range paths {
			t.Run(name+"/"+p, func(t *testing.T) {
				_, err := query(t.Context(), c, strings.ReplaceAll(shape, "%", p))
				if status.Code(err) != codes.PermissionDenied {
					t.Fatalf("%v", err)
				}
				wantClean(t, err)
				if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "root:") {
					t.Errorf("the error tells of the file: %v", err)
				}
				text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), p, "…"), "none.csv", "key.csv")
				if old, ok := texts[name]; ok && old != text {
					t.Errorf("%s, but of another %s", text, old)
				}
				texts[name] = text
			})
		}
	}
	t.Run("names that are paths", func(t *testing.T) {
		for _, text := range []string{"CREATE TABLE `../x` (a INT)", "CREATE SCHEMA `../y`", "CREATE TABLE `a/b` AS SELECT 1 AS a", "CREATE TABLE `..` (a INT)"} {
			if _, err := query(t.Context(), c, text); err == nil {
				t.Errorf("%s is taken", text)
			} else {
				wantClean(t, err)
			}
		}
	})
	if b, err := os.ReadFile(secret + "/key.csv"); err != nil || string(b) != "token\nhush\n" {
		t.Errorf("%q %v", b, err)
	}
	for _, dir := range []string{secret, top} {
		found, err := os.ReadDir(dir)
		if err != nil || dir == secret && len(found) != 1 || dir == top && len(found) != 3 {
			t.Errorf("%s has %v, %v", dir, found, err)
		}
	}
}

// TestSwappedLinks puts links that lead outside at places that tables were made
// at, and statements prepared for, before.
func TestSwappedLinks(t *testing.T) {
	top := filepath.ToSlash(t.TempDir())
	data, secret := top+"/data", top+"/secret"
	place := func() {
		for _, dir := range []string{data + "/d", data + "/w", secret} {
			if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700), os.WriteFile(dir+"/a.csv", []byte("x\n42\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	place()
	a, err := app.Open(app.Options{Threads: 2, Files: []string{data}, Warehouse: top + "/warehouse"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	s := serving(t, serve.New(a), serve.ServerOptions{})
	c := s.client()
	for _, text := range []string{
		"CREATE TABLE file USING csv OPTIONS (header 'true') LOCATION '" + data + "/d/a.csv'", "CREATE TABLE folder USING csv OPTIONS (header 'true') LOCATION '" + data + "/d'",
		"CREATE TABLE pattern USING csv OPTIONS (header 'true') LOCATION '" + data + "/d/*.csv'", "CREATE TABLE target (x INT) USING csv LOCATION '" + data + "/w'",
	} {
		if _, err := query(t.Context(), c, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"SELECT * FROM file", "SELECT * FROM folder", "SELECT * FROM pattern", "SELECT * FROM csv.`" + data + "/d/a.csv`", "SELECT * FROM csv.`" + data + "/d`",
		"INSERT INTO target SELECT 1", "INSERT OVERWRITE target SELECT 1", "INSERT OVERWRITE DIRECTORY '" + data + "/w' USING csv SELECT 1 AS x",
	} {
		t.Run(text, func(t *testing.T) {
			place()
			st, err := c.Prepare(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close(t.Context())
			run := func() error {
				i, err := st.Execute(t.Context())
				if err != nil {
					return err
				}
				r, err := c.DoGet(t.Context(), i.GetEndpoint()[0].GetTicket())
				if err != nil {
					return err
				}
				defer r.Release()
				for r.Next() {
				}
				return r.Err()
			}
			if err := run(); err != nil {
				t.Fatalf("before: %v", err)
			}
			for _, dir := range []string{data + "/d", data + "/w"} {
				if err := errors.Join(os.RemoveAll(dir), os.Symlink(secret, dir)); err != nil {
					t.Skip(err)
				}
			}
			if err := run(); status.Code(err) != codes.PermissionDenied {
				t.Errorf("what lies outside is reached: %v", err)
			}
			if found, err := os.ReadDir(secret); err != nil || len(found) != 1 || found[0].Name() != "a.csv" {
				t.Errorf("outside lies %v, %v", found, err)
			}
		})
	}
}
