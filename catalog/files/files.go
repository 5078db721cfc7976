// Package files makes tables out of files: a file, several, a glob, a folder,
// a folder of partitions. It finds the files, the partition columns that
// folder names hold and the schema, plans scans (leaving out partitions that
// no row of can pass the filters) and publishes what write jobs staged. What
// is inside a file it leaves to catalog/format, where files are to
// catalog/store.
//
//	paths ─► list ─► partitions ─► schema ─► Table ─► Scan: prune ─► splits
//	staged files ─► Publish ─► one list of changes, then the files move
package files

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Config says which files are the table and what is known of it already.
type Config struct {
	Name  catalog.Name
	Store store.Store
	// Paths are files, folders or globs. Exactly one of Paths and Files is used: Files, if not nil.
	Paths []string
	// Files is an explicit list; a file's Partition names its partition folders ("day=2026-11-21/store=3").
	Files []Listed
	// Format is the name of the format; empty means to guess by extension or content.
	Format  string
	Options format.Options
	// Declared is the full schema if it is known (partition columns last), else nil.
	Declared types.Schema
	// Partitioned names the partition columns of Declared. With Declared and
	// without Partitioned, partition folders are found and those named in Declared get the declared type.
	Partitioned []string
	// AllowMissing takes a path that is not there for an empty folder.
	AllowMissing bool
	Info         catalog.Info
}

// Listed is a file of a table with its partition folders.
type Listed struct {
	store.File
	Partition string
}

// Open returns the table of the files at path: a file, a glob or a folder.
// With an empty formatName the format is guessed, and CSV files are read with
// header and type inference unless opts say otherwise. declared may be nil.
func Open(ctx context.Context, st store.Store, path, formatName string, opts format.Options, declared types.Schema) (catalog.Table, error) {
	return New(ctx, Config{
		Name: catalog.Name{Database: strings.ToLower(formatName), Table: path}, Store: st, Paths: []string{path},
		Format: formatName, Options: opts, Declared: declared, Info: catalog.Info{Location: path},
	})
}

// Table is one version of the files: those found when it was made. It is safe for concurrent use.
type Table struct {
	cfg    Config
	format format.Format
	opts   format.Options
	// schema is the data columns, then the partition columns.
	schema types.Schema
	data   int // number of data columns
	files  []member

	statsOnce sync.Once
	stats     *catalog.Stats
	statsErr  error
}

// member is a file of the table with its partition values as datums.
type member struct {
	store.File
	values []types.Datum
}

// New finds the files and the schema of a table.
func New(ctx context.Context, cfg Config) (*Table, error) {
	cfg.Options = textvalue.WithZone(cfg.Options, catalog.Zone(ctx))
	found, err := find(ctx, cfg)
	if err != nil {
		return nil, err
	}
	t := &Table{cfg: cfg, opts: cfg.Options}
	if err := t.chooseFormat(ctx, found.files); err != nil {
		return nil, err
	}
	if len(found.files) == 0 && cfg.Declared == nil {
		return nil, sqlerr.New(sqlerr.UnableToInferSchema, "Unable to infer schema for %s at %s: there are no files. It must be specified manually.", t.label(), where(cfg)).
			WithHint("Files whose names start with '_' or '.' are ignored; a partitioned folder has sub-folders named column=value.")
	}
	if err := t.setSchema(ctx, found); err != nil {
		return nil, err
	}
	if t.cfg.Info.Provider == "" {
		t.cfg.Info.Provider = t.format.Name()
	}
	if t.cfg.Info.Options == nil {
		t.cfg.Info.Options = maps.Clone(t.opts)
		delete(t.cfg.Info.Options, textvalue.SessionZone)
	}
	return t, nil
}

func (t *Table) chooseFormat(ctx context.Context, files []Listed) error {
	name := t.cfg.Format
	if name == "" {
		var err error
		if name, t.opts, err = guess(ctx, t.cfg.Store, files, where(t.cfg), t.cfg.Options); err != nil {
			return err
		}
		t.cfg.Name.Database = name
	}
	var err error
	t.format, err = all.Lookup(name)
	return err
}

// setSchema decides data and partition columns and fills in the files' partition values.
func (t *Table) setSchema(ctx context.Context, found *listing) error {
	parts, err := partitionColumns(found, t.cfg)
	if err != nil {
		return err
	}
	isPart := func(name string) bool { return parts.Index(name) >= 0 }
	data := t.cfg.Declared
	if data == nil {
		if data, err = t.infer(ctx, found.files); err != nil {
			return err
		}
		t.opts = maps.Clone(t.opts)
		t.opts[format.ByName] = "true"
	}
	for _, f := range data {
		if !isPart(f.Name) {
			t.schema = append(t.schema, f)
		}
	}
	t.data = len(t.schema)
	t.schema = append(t.schema, parts...)
	if err := uniqueNames(t.schema, where(t.cfg)); err != nil {
		return err
	}
	t.files, err = withValues(found, parts, t.cfg)
	return err
}

func uniqueNames(s types.Schema, place string) error {
	seen := make(map[string]bool, len(s))
	for _, f := range s {
		n := strings.ToLower(f.Name)
		if seen[n] {
			return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists in %s. Choose another name or rename the existing column.", f.Name, place)
		}
		seen[n] = true
	}
	return nil
}

// label is the format's name as messages spell it.
func (t *Table) label() string {
	return map[string]string{"parquet": "Parquet", "csv": "CSV", "json": "JSON", "arrow": "Arrow", "text": "Text"}[t.format.Name()]
}

func where(cfg Config) string {
	if len(cfg.Paths) > 0 {
		return strings.Join(cfg.Paths, ", ")
	}
	return cfg.Name.String()
}

// Name returns the name the table was opened under.
func (t *Table) Name() catalog.Name { return t.cfg.Name }

// Schema lists data columns, then partition columns.
func (t *Table) Schema() types.Schema { return t.schema }

// Info describes the table.
func (t *Table) Info() catalog.Info { return t.cfg.Info }

// PartitionColumns are the last columns of the schema.
func (t *Table) PartitionColumns() []int {
	var out []int
	for i := t.data; i < len(t.schema); i++ {
		out = append(out, i)
	}
	return out
}

// Files lists the files of this version.
func (t *Table) Files() []store.File {
	out := make([]store.File, len(t.files))
	for i, f := range t.files {
		out[i] = f.File
	}
	return out
}
