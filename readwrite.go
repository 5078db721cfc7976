package volley

import (
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

// Reader describes files to read. It is immutable; its methods return new ones.
type Reader struct {
	s       *Session
	format  string
	options map[string]string
	schema  string
}

// Read begins to describe files to read.
func (s *Session) Read() Reader { return Reader{s: s} }

// Format is the format of the files: parquet, csv, json or arrow. Without one
// Load guesses it.
func (r Reader) Format(name string) Reader {
	r.format = strings.ToLower(name)
	return r
}

// Option gives the format an option, such as "header", "true".
func (r Reader) Option(key, value string) Reader {
	r.options = maps.Clone(r.options)
	if r.options == nil {
		r.options = map[string]string{}
	}
	r.options[key] = value
	return r
}

// Schema names the columns wanted and their types, as in CREATE TABLE:
// "id BIGINT, name STRING". Values that do not fit are errors; a column that
// the files lack is NULL. Columns of files without names (CSV without a
// header) are matched by place.
func (r Reader) Schema(ddl string) Reader {
	r.schema = ddl
	return r
}

// Parquet is the Parquet files at a path: a file, a folder or a glob.
func (r Reader) Parquet(path string) *DataFrame { return r.Format("parquet").Load(path) }

// CSV is the CSV files at a path.
func (r Reader) CSV(path string) *DataFrame { return r.Format("csv").Load(path) }

// JSON is the files of JSON lines at a path.
func (r Reader) JSON(path string) *DataFrame { return r.Format("json").Load(path) }

// Arrow is the Arrow IPC files at a path.
func (r Reader) Arrow(path string) *DataFrame { return r.Format("arrow").Load(path) }

// Table is a table or view by name.
func (r Reader) Table(name string) *DataFrame { return r.s.Table(name) }

// Load is the files at a path in the format chosen.
func (r Reader) Load(path string) *DataFrame {
	if r.format == "" {
		if len(r.options) > 0 {
			return r.s.failed(sqlerr.New(sqlerr.InvalidParameterValue, "Options need a format."))
		}
		return r.declared(r.s.from(&ast.FileRef{Path: path}, ""))
	}
	return r.declared(r.s.from(&ast.TableRef{Name: ast.N(r.format, path), Options: properties(r.options)}, ""))
}

// declared casts the columns of files to those of Schema.
func (r Reader) declared(df *DataFrame) *DataFrame {
	if r.schema == "" {
		return df
	}
	defs, err := parse.Columns(r.schema)
	if err != nil {
		return r.s.failed(placed(err, r.schema))
	}
	have, err := df.schema()
	if err != nil {
		return r.s.failed(err)
	}
	byPlace := r.format == "csv"
	for k, v := range r.options {
		byPlace = byPlace && !(strings.EqualFold(k, "header") && strings.EqualFold(v, "true"))
	}
	out, sel := df.edit(stageWhere)
	sel.Items = nil
	for i, d := range defs {
		name := d.Name.Last()
		var x ast.Expr = null()
		if byPlace && i < len(have) {
			x = ast.Col(have[i].Name)
		} else if at := have.Index(name); at >= 0 && !byPlace {
			x = ast.Col(have[at].Name)
		}
		sel.Items = append(sel.Items, ast.SelectItem{Expr: &ast.Cast{X: x, Type: d.Type}, Alias: name})
	}
	return out.done(df.scope(), stageSelect)
}

func properties(m map[string]string) []ast.Property {
	var out []ast.Property
	for k, v := range m {
		out = append(out, ast.Property{Key: k, Value: ast.Str(v)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// Writer describes where rows go. It is immutable; its methods return new ones.
// A write shows all its files or none.
type Writer struct {
	df      *DataFrame
	format  string
	mode    string
	options map[string]string
	by      []string
}

// Write begins to describe where the rows go.
func (df *DataFrame) Write() Writer { return Writer{df: df, mode: "errorifexists"} }

// Mode says what happens to what is there: "overwrite", "append", "ignore"
// (the write is left out), or "errorifexists", the default.
func (w Writer) Mode(mode string) Writer {
	w.mode = strings.ToLower(mode)
	return w
}

// Format is parquet (the default), csv, json or arrow.
func (w Writer) Format(name string) Writer {
	w.format = strings.ToLower(name)
	return w
}

// Option gives the format an option. "singleFile", "true" writes one file with
// the path itself as its name.
func (w Writer) Option(key, value string) Writer {
	w.options = maps.Clone(w.options)
	if w.options == nil {
		w.options = map[string]string{}
	}
	w.options[key] = value
	return w
}

// PartitionBy makes a folder for each combination of values of the columns.
func (w Writer) PartitionBy(cols ...string) Writer {
	w.by = slices.Clone(cols)
	return w
}

// Parquet writes Parquet files to a folder.
func (w Writer) Parquet(ctx context.Context, path string) error {
	return w.Format("parquet").Save(ctx, path)
}

// CSV writes CSV files to a folder.
func (w Writer) CSV(ctx context.Context, path string) error { return w.Format("csv").Save(ctx, path) }

// JSON writes files of JSON lines to a folder.
func (w Writer) JSON(ctx context.Context, path string) error { return w.Format("json").Save(ctx, path) }

// Arrow writes Arrow IPC files to a folder.
func (w Writer) Arrow(ctx context.Context, path string) error {
	return w.Format("arrow").Save(ctx, path)
}

func (w Writer) check() error {
	switch {
	case w.df.err != nil:
		return w.df.err
	case w.df.none:
		return sqlerr.New(sqlerr.InvalidParameterValue, "The result of a command without columns cannot be written.")
	}
	switch w.mode {
	case "overwrite", "append", "ignore", "errorifexists", "error", "default":
		return nil
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "The save mode %q is not known.", w.mode).
		WithHint("Modes are overwrite, append, ignore and errorifexists.")
}

// Save writes the rows to the folder (or, with the option singleFile, file) at path.
func (w Writer) Save(ctx context.Context, path string) error {
	if err := w.check(); err != nil {
		return public(err)
	}
	to := catalog.WriteTarget{Format: w.format, Location: path, Options: map[string]string{}}
	if to.Format == "" {
		to.Format = "parquet"
	}
	for k, v := range w.options {
		if strings.EqualFold(k, "singlefile") {
			to.SingleFile = strings.EqualFold(v, "true")
		} else {
			to.Options[strings.ToLower(k)] = v
		}
	}
	mode := catalog.Append
	switch w.mode {
	case "overwrite":
		mode = catalog.Overwrite
	case "append":
	default:
		there, err := w.df.s.inner.Exists(ctx, path)
		if err != nil {
			return public(err)
		}
		if there && w.mode == "ignore" {
			return nil
		}
		if there {
			return public(sqlerr.New(sqlerr.PathAlreadyExists, "Path %s already exists. Set mode as \"overwrite\" to overwrite the existing path.", path))
		}
		mode = catalog.Overwrite
	}
	df, err := w.arranged()
	if err != nil {
		return public(err)
	}
	if n := len(w.by); n > 0 {
		schema, err := df.schema()
		if err != nil {
			return public(err)
		}
		for i := len(schema) - n; i < len(schema); i++ {
			to.Partition = append(to.Partition, i)
		}
	}
	_, err = w.df.s.inner.Save(ctx, df.q, to, mode)
	return public(w.df.place(err))
}

// arranged is the DataFrame with its partition columns last.
func (w Writer) arranged() (*DataFrame, error) {
	if len(w.by) == 0 {
		return w.df, nil
	}
	schema, err := w.df.schema()
	if err != nil {
		return nil, err
	}
	last := make([]int, len(w.by))
	for i, name := range w.by {
		if last[i] = schema.Index(name); last[i] < 0 {
			return nil, sqlerr.New(sqlerr.UnresolvedColumn, "The partition column `%s` is not among the columns.", name)
		}
	}
	if len(last) >= len(schema) {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "Not all columns can be partition columns.")
	}
	var cols []any
	for i, f := range schema {
		if !slices.Contains(last, i) {
			cols = append(cols, ast.QuoteIdent(f.Name))
		}
	}
	for _, i := range last {
		cols = append(cols, ast.QuoteIdent(schema[i].Name))
	}
	for i, f := range schema { // nothing to do if they stand there already
		if cols[i] != ast.QuoteIdent(f.Name) {
			out := w.df.Select(cols...)
			return out, out.err
		}
	}
	return w.df, nil
}

// SaveAsTable writes the rows to a table of the catalog. Mode append matches
// columns by name; overwrite replaces the table.
func (w Writer) SaveAsTable(ctx context.Context, name string) error {
	if err := w.check(); err != nil {
		return public(err)
	}
	n, err := parseName(name)
	if err != nil {
		return public(err)
	}
	st := &ast.CreateTable{Name: n, Using: w.format, Query: w.df.q}
	for k, v := range w.options {
		if strings.EqualFold(k, "path") {
			st.Location = v
		} else {
			st.Options = append(st.Options, properties(map[string]string{k: v})...)
		}
	}
	sort.Slice(st.Options, func(i, j int) bool { return st.Options[i].Key < st.Options[j].Key })
	for _, c := range w.by {
		st.PartitionBy = append(st.PartitionBy, ast.PartitionField{Name: c})
	}
	switch w.mode {
	case "overwrite":
		st.Replace = true
	case "ignore":
		st.IfNotExists = true
	case "append":
		if w.df.s.Catalog().TableExists(ctx, name) {
			return w.df.s.exec(ctx, &ast.Insert{Table: n, ByName: true, Query: w.df.q})
		}
	}
	return w.df.s.exec(ctx, st)
}

// InsertInto appends the rows to a table, columns matched by place; mode
// overwrite replaces the table's rows.
func (w Writer) InsertInto(ctx context.Context, name string) error {
	if err := w.check(); err != nil {
		return public(err)
	}
	n, err := parseName(name)
	if err != nil {
		return public(err)
	}
	return w.df.s.exec(ctx, &ast.Insert{Table: n, Overwrite: w.mode == "overwrite", Query: w.df.q})
}
