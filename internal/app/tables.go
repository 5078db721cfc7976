package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// extensions are the formats that a table's file may have, by its ending.
var extensions = map[string]string{
	".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".arrow": "arrow", ".ipc": "arrow", ".feather": "arrow",
}

// addTables makes a temporary view of every file and folder in dir, named
// after it without its ending. Names that begin with a dot or an underscore,
// and files of no known format, are left out.
func addTables(ctx context.Context, s *session.Session, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.FileNotFound, "The folder of tables %s cannot be read: %v.", dir, err)
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			continue
		}
		ext := filepath.Ext(name)
		if e.IsDir() {
			ext = ""
		} else if extensions[strings.ToLower(ext)] == "" {
			continue
		}
		view := strings.TrimSuffix(name, ext)
		path := filepath.ToSlash(filepath.Join(dir, name))
		sql := "CREATE OR REPLACE TEMP VIEW " + quoteName(view) + " AS SELECT * FROM '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(path) + "'"
		res, err := s.Run(ctx, sql, session.Params{})
		if err != nil {
			return sqlerr.Wrap(err, sqlerr.FileReadFailed, "%s cannot be a table: %v", path, err)
		}
		for _, err := range res.Rows {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func quoteName(n string) string { return "`" + strings.ReplaceAll(n, "`", "``") + "`" }
