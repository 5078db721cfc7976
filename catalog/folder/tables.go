package folder

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// extensions are the endings that a table's file may have; the text formats may be compressed.
var extensions = map[string]bool{
	".parquet": true, ".csv": true, ".tsv": true, ".json": true, ".jsonl": true, ".ndjson": true, ".arrow": true, ".ipc": true, ".feather": true,
}

// Table is a file or folder that is a table, and its name.
type Table struct{ Name, Path string }

// Tables names the files and folders in dir that are tables. None is looked at:
// one that is damaged spoils no other.
func Tables(dir string) ([]Table, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.FileNotFound, "The folder of tables %s cannot be read: %v.", dir, err)
	}
	return tablesOf(dir, entries), nil
}

// tablesOf names tables after files and folders without their endings; those
// that would have one name keep the endings. Names that begin with a dot or
// an underscore, and files of no known format, are left out.
func tablesOf(dir string, entries []os.DirEntry) []Table {
	var out []Table
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
		out = append(out, Table{name, filepath.ToSlash(filepath.Join(dir, name))})
	}
	for i, base := range bases {
		if short[strings.ToLower(base)] == 1 {
			out[i].Name = base
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
