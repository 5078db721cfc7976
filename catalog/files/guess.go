package files

import (
	"bytes"
	"context"
	"maps"
	"path"
	"strings"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/csv"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

var extensions = map[string]string{
	".parquet": "parquet", ".parq": "parquet", ".pq": "parquet",
	".csv": "csv", ".tsv": "csv", ".psv": "csv",
	".json": "json", ".jsonl": "json", ".ndjson": "json",
	".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".ipc": "arrow",
	".txt": "text", ".text": "text", ".log": "text",
}

// guess finds the format of files by the extension of the first one, or by
// how it starts. CSV files that nobody described are read with a header line
// and inferred types; the options returned say so.
func guess(ctx context.Context, st store.Store, files []Listed, place string, opts format.Options) (string, format.Options, error) {
	name, ext := "", ""
	if len(files) > 0 {
		name, ext = byExtension(files[0].Path)
		if name == "" {
			var err error
			if name, err = byContent(ctx, st, files[0].File); err != nil {
				return "", nil, err
			}
		}
	} else if name, ext = byExtension(place); name == "" {
		name = "parquet"
	}
	if name == "" {
		return "", nil, sqlerr.New(sqlerr.UnableToInferSchema, "The format of %s cannot be told from its name or content.", files[0].Path).
			WithHint("Name the format: SELECT * FROM csv.`%s`.", place)
	}
	opts = maps.Clone(opts)
	if opts == nil {
		opts = format.Options{}
	}
	if name == "json" && len(files) > 0 && opts["multiline"] == "" && spansLines(ctx, st, files[0].File) {
		opts["multiline"] = "true"
	}
	if name != "csv" {
		return name, opts, nil
	}
	defaults := map[string]string{"header": "true", "inferschema": "true"}
	switch ext {
	case ".tsv":
		defaults["sep"] = "\t"
	case ".psv":
		defaults["sep"] = "|"
	}
	for k, v := range defaults {
		if _, ok := opts[k]; !ok && (k != "sep" || opts["delimiter"] == "") {
			opts[k] = v
		}
	}
	if _, ok := opts["escape"]; !ok && len(files) > 0 && doublesQuotes(ctx, st, files[0].File) {
		opts["escape"] = "\""
	}
	if opts["multiline"] == "" && anySpansLines(ctx, st, files, opts) {
		opts["multiline"] = "true"
	}
	return name, opts, nil
}

// anySpansLines reports whether a record of one of these CSV files goes on behind its line.
func anySpansLines(ctx context.Context, st store.Store, files []Listed, opts format.Options) bool {
	var found atomic.Bool
	_ = inParallel(ctx, len(files), func(ctx context.Context, i int) error {
		if !found.Load() && csv.SpansLines(ctx, st, files[i].File, opts) {
			found.Store(true)
		}
		return nil
	})
	return found.Load()
}

// spansLines reports whether the first value of a JSON file goes on behind its
// line: a file of one document, laid out for people.
func spansLines(ctx context.Context, st store.Store, f store.File) bool {
	if _, ext := byExtension(f.Path); ext == ".jsonl" || ext == ".ndjson" {
		return false
	}
	r, err := st.Open(ctx, f.Path)
	if err != nil {
		return false
	}
	defer r.Close()
	head := make([]byte, min(f.Size, 64<<10))
	n, _ := r.ReadAt(head, 0)
	text := bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	line, rest, found := bytes.Cut(text, []byte("\n"))
	if !found || len(bytes.TrimSpace(rest)) == 0 || len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth > 0
}

// doublesQuotes reports whether quotes inside quotes are doubled, as most
// programs write them, and not escaped by a backslash, as Spark does.
func doublesQuotes(ctx context.Context, st store.Store, f store.File) bool {
	r, err := st.Open(ctx, f.Path)
	if err != nil {
		return true
	}
	defer r.Close()
	head := make([]byte, min(f.Size, 64<<10))
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	return !bytes.Contains(head, []byte(`\"`)) || bytes.Contains(head, []byte(`""`))
}

func byExtension(p string) (name, ext string) {
	p = strings.ToLower(path.Base(slash(p)))
	for _, c := range []string{".gz", ".gzip", ".zst", ".zstd", ".bz2", ".deflate", ".snappy", ".lz4"} {
		p = strings.TrimSuffix(p, c)
	}
	ext = path.Ext(p)
	return extensions[ext], ext
}

func byContent(ctx context.Context, st store.Store, f store.File) (string, error) {
	r, err := st.Open(ctx, f.Path)
	if err != nil {
		return "", err
	}
	defer r.Close()
	head := make([]byte, min(f.Size, 512))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return "", sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot read %s: %v.", f.Path, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet", nil
	case bytes.HasPrefix(head, []byte("ARROW1")), bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		return "arrow", nil
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(text) == 0 || bytes.IndexByte(head, 0) >= 0:
		return "", nil
	case text[0] == '{' || text[0] == '[':
		return "json", nil
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.IndexByte(line, ',') >= 0 {
		return "csv", nil
	}
	return "", nil
}
