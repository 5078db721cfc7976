package app

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// extensions are the endings that a table's file may have; the text formats may be compressed.
var extensions = map[string]bool{
	".parquet": true, ".csv": true, ".tsv": true, ".json": true, ".jsonl": true, ".ndjson": true, ".arrow": true, ".ipc": true, ".feather": true,
}

// folderTable is a table of --tables: a file or folder and its name.
type folderTable struct{ name, path string }

// addTables makes a temporary view of every file and folder in dir. They are
// looked at when they are used: one that is damaged spoils no other.
func addTables(s *session.Session, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.FileNotFound, "The folder of tables %s cannot be read: %v.", dir, err)
	}
	for _, t := range tablesOf(dir, entries) {
		if err := s.AddFileView(t.name, t.path); err != nil {
			return err
		}
	}
	return nil
}

// tablesOf names tables after files and folders without their endings; those
// that would have one name keep the endings. Names that begin with a dot or
// an underscore, and files of no known format, are left out.
func tablesOf(dir string, entries []os.DirEntry) []folderTable {
	var out []folderTable
	short := map[string]int{}
	var bases []string
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			continue
		}
		base, ok := tableName(name, isDir(dir, e))
		if !ok {
			continue
		}
		short[strings.ToLower(base)]++
		bases = append(bases, base)
		out = append(out, folderTable{name, filepath.ToSlash(filepath.Join(dir, name))})
	}
	for i, base := range bases {
		if short[strings.ToLower(base)] == 1 {
			out[i].name = base
		}
	}
	return out
}

// isDir follows links.
func isDir(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// tableName is the name without the ending of its format, and that of a compression before it.
func tableName(file string, folder bool) (string, bool) {
	if folder {
		return file, true
	}
	base := file
	switch ext := strings.ToLower(filepath.Ext(base)); ext {
	case ".gz", ".gzip", ".zst", ".zstd", ".bz2", ".deflate", ".snappy", ".lz4":
		base = base[:len(base)-len(ext)]
	}
	ext := filepath.Ext(base)
	if !extensions[strings.ToLower(ext)] || ext == base {
		return "", false
	}
	return strings.TrimSuffix(base, ext), true
}
