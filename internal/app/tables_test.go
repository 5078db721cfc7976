package app

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestTables makes tables of files with odd names, beside some that cannot be read.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"plain.csv", "it's.csv", "sp ace.csv", "back`tick.csv", "é日本.csv", "1st.csv", "select.csv", "x.y.csv", "folder $x/part.csv", "{b}.csv", "q[a].csv", "${key}.csv", "UPPER.CSV", "percent%20.csv"}
	if runtime.GOOS != "windows" {
		names = append(names, "star*.csv", `back\slash.csv`, "quest?.csv", "new\nline.csv")
	}
	for _, n := range names {
		write(n, "a\n"+strings.ReplaceAll(n, "\n", " ")+"\n")
	}
	write("twice.csv", "a\n1\n")
	write("Twice.json", `{"a": 2}`)
	write("fake.parquet", "no Parquet")
	write("nothing.csv", "")
	write(".hidden.csv", "a\n1\n")
	write("_marker.csv", "a\n1\n")
	write("other.bin", "a\n1\n")
	os.Mkdir(filepath.Join(dir, "empty"), 0o700)
	a, err := Open(Options{Threads: 1, Tables: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		table := strings.Split(strings.TrimSuffix(strings.TrimSuffix(n, ".csv"), ".CSV"), "/")[0]
		if got := show(s, "SELECT a FROM `"+strings.ReplaceAll(table, "`", "``")+"`"); got != strings.ReplaceAll(n, "\n", " ") {
			t.Errorf("%q: %q", table, got)
		}
	}
	for table, want := range map[string]string{"`twice.csv`": "1", "`twice.json`": "2", "twice": "TABLE_OR_VIEW_NOT_FOUND", "fake": "fake.parquet", "empty": "UNABLE_TO_INFER_SCHEMA", "_marker": "NOT_FOUND", "other": "NOT_FOUND", "hidden": "NOT_FOUND"} {
		if got := show(s, "SELECT a FROM "+table); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %s", table, got, want)
		}
	}
	// The same by their place.
	for _, n := range names {
		table := strings.Split(strings.TrimSuffix(strings.TrimSuffix(n, ".csv"), ".CSV"), "/")[0]
		if got := show(s, "SELECT a FROM files.default.`"+strings.ReplaceAll(table, "`", "``")+"`"); got != strings.ReplaceAll(n, "\n", " ") {
			t.Errorf("files.default.%q: %q", table, got)
		}
	}
	for text, want := range map[string]string{
		"SELECT a FROM files.default.fake":                                                    "fake.parquet",
		"SELECT a FROM files.default.none":                                                    "TABLE_OR_VIEW_NOT_FOUND",
		"SELECT a FROM files.other.plain":                                                     "TABLE_OR_VIEW_NOT_FOUND",
		"CREATE TABLE files.default.x (a INT)":                                                "CATALOG_OPERATION",
		"CREATE TABLE files.default.x AS SELECT 1 AS a":                                       "CATALOG_OPERATION",
		"CREATE VIEW files.default.x AS SELECT 1":                                             "CATALOG_OPERATION",
		"CREATE SCHEMA files.x":                                                               "CATALOG_OPERATION",
		"DROP SCHEMA files.default":                                                           "CATALOG_OPERATION",
		"DROP TABLE files.default.plain":                                                      "CATALOG_OPERATION",
		"DROP TABLE IF EXISTS files.default.plain":                                            "CATALOG_OPERATION",
		"ALTER TABLE files.default.plain RENAME TO files.default.p":                           "CATALOG_OPERATION",
		"ALTER TABLE files.default.plain ADD COLUMN b INT":                                    "CATALOG_OPERATION",
		"INSERT INTO files.default.plain VALUES ('x')":                                        "CATALOG_OPERATION",
		"INSERT OVERWRITE files.default.plain VALUES ('x')":                                   "CATALOG_OPERATION",
		"TRUNCATE TABLE files.default.plain":                                                  "UNSUPPORTED",
		"CREATE FUNCTION files.default.f() RETURNS INT RETURN 1":                              "UNSUPPORTED",
		"SELECT table_type FROM files.information_schema.tables WHERE table_name = 'plain'":   "EXTERNAL",
		"SELECT count(*) FROM files.information_schema.tables WHERE table_schema = 'default'": strconv.Itoa(len(names) + 2), // those that can be opened
		"SHOW TABLES IN files.default LIKE 'plain'":                                           "plain",
	} {
		if got := show(s, text); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %s", text, got, want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "plain.csv")); err != nil || string(got) != "a\nplain.csv\n" {
		t.Errorf("plain.csv is %q now, %v", got, err)
	}
	if all, err := s.Tables(context.Background()); err != nil || len(all) != len(names)+5 {
		t.Errorf("there are %d tables, %v", len(all), err)
	}
}
