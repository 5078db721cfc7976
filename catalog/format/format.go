// Package format says what a file format does: find the schema of files, cut
// them into splits, read a split, write a file. Formats live in packages below
// this one; Lookup knows them by name once package format/all has linked them in.
package format

import (
	"context"
	"io"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Format reads and writes one kind of file. Implementations are stateless.
type Format interface {
	Name() string
	// Infer returns the schema of files, merged by column name; files is not empty.
	Infer(ctx context.Context, st store.Store, files []store.File, opts Options) (types.Schema, error)
	// Splits cuts a file; filters (conjuncts of expr.Ref over schema) may leave parts out.
	Splits(ctx context.Context, st store.Store, f store.File, schema types.Schema, filters []expr.Expr, opts Options) ([]catalog.Split, error)
	// Stats describes a file from its metadata, nil if it has none.
	Stats(ctx context.Context, st store.Store, f store.File, schema types.Schema, opts Options) (*catalog.Stats, error)
	// Open reads a split. It is called by one thread, which uses the stream alone.
	Open(ctx context.Context, r ReadRequest) (vec.Stream, error)
	// Create starts a file. The writer belongs to one thread.
	Create(ctx context.Context, w io.Writer, schema types.Schema, opts Options) (Writer, error)
	// Extension is that of the files written, with the dot.
	Extension(opts Options) string
}

// ReadRequest is all a format needs to read one split.
type ReadRequest struct {
	Store store.Store
	Split catalog.Split
	// Schema is that of the data columns as the table has them; a file may lack
	// some (they are NULL), have others (ignored), or hold narrower types (widened).
	Schema types.Schema
	// Cols are the places in Schema to deliver, in this order.
	Cols []int
	// Filters are conjuncts whose expr.Ref index Cols. A reader may use them to
	// skip rows, in whole or in part; Select, if set, is how it runs them on a
	// batch: it narrows Sel. Rows that fail may still be delivered.
	Filters []expr.Expr
	Select  func(cols []*vec.Vec, n int, filter int, sel []uint16) ([]uint16, error)
	// BatchSize is the most rows a batch has.
	BatchSize int
	Options   Options
	Account   *mem.Account
	// Dictionaries keeps codes of a column stable over the splits a thread reads; may be nil.
	Dictionaries *Dictionaries
}

// Dictionaries belongs to one thread of one scan: a growing dictionary a
// column, and whatever else a format carries from split to split (Scratch).
type Dictionaries struct {
	ByCol   map[int]any
	Scratch any
}

// Options are a table's OPTIONS, keys in lower case.
type Options map[string]string

// Writer writes one file.
type Writer interface {
	Write(b *vec.Batch) error
	// Close ends the file; without it the file is not complete.
	Close() error
	// Bytes is the number of bytes written so far.
	Bytes() int64
}

// Buffering is a Writer that gathers rows in memory before it passes them on.
type Buffering interface {
	Writer
	// Held is the memory it holds at the moment, in bytes.
	Held() int64
	// Flush passes on what was gathered and gives the memory back. The file
	// goes on; it will be read the slower the more often this is done.
	Flush() error
}
