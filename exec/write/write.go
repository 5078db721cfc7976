// Package write stores the rows of a task as files of a format: one open file
// a thread, or one a partition folder and thread. It writes below the staging
// folder of the job and says what it wrote; whoever runs the job publishes the
// files (catalog/files, catalog/metastore) or discards them.
//
//	rows ─► Sink ─► format.Writer ─► store.Writer      a file a thread and partition
//	                    └► Source: path, rows, bytes, partition of every file
//
// Write is both: the sink of one pipeline and, after it, the source of the
// next. Files of a task that does not finish are removed by Close.
package write

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/fence"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// Limits of one file; options of the target may set others.
const (
	defaultFileBytes = 1 << 30
	// maxOpen bounds the files a thread has open: beyond it the one that was
	// written to longest ago is finished, and its partition gets another file later.
	maxOpen = 100
)

// sessionOptions are settings that stand in where neither an option of a format nor its alias is given.
var sessionOptions = map[string][]struct{ option, alias, setting string }{
	"parquet": {
		{"compression", "parquet.compression", settings.ParquetCompression.Key},
		{"parquet.writer.version", "parquet.writer.version", settings.ParquetWriterVersion.Key},
	},
}

// Write is the sink that makes files and the source of their names.
type Write struct {
	env    *flow.Env
	target catalog.WriteTarget
	format format.Format
	opts   format.Options
	zone   *time.Location // of timestamps in folder names
	store  store.Store
	// data are the places of the columns in files, files their schema; parts those of the partition columns.
	data  []int
	files types.Schema
	parts []int
	// strict are the columns in which some NULL is not allowed.
	strict []int

	maxRows, maxBytes int64
	account           *mem.Account // for rows that writers gather; nil: nobody counts

	mu       sync.Mutex
	written  []catalog.File
	finished bool
	emitted  atomic.Bool
}

var (
	_ flow.Sink   = (*Write)(nil)
	_ flow.Source = (*Write)(nil)
)

// New prepares the writing of n. No file is made before the first row.
func New(env *flow.Env, n *physical.Write) (*Write, error) {
	t := n.Target
	f, err := all.Lookup(t.Format)
	if err != nil {
		return nil, err
	}
	st, err := fence.Within(t.Within)
	if err != nil {
		return nil, err
	}
	w := &Write{env: env, target: t, format: f, opts: format.Options{}, store: st, parts: t.Partition}
	for k, v := range t.Options {
		w.opts[strings.ToLower(k)] = v
	}
	if c := env.Context; c != nil {
		w.opts = textvalue.WithZone(w.opts, c.TimeZone)
		for _, o := range sessionOptions[strings.ToLower(t.Format)] {
			if c.Setting != nil && w.opts[o.option] == "" && w.opts[o.alias] == "" {
				w.opts[o.option] = c.Setting(o.setting)
			}
		}
	}
	if w.zone, err = textvalue.ZoneOf(w.opts); err != nil {
		return nil, err
	}
	isPart := map[int]bool{}
	for _, p := range t.Partition {
		isPart[p] = true
	}
	for i, c := range t.Schema {
		if required(c) {
			w.strict = append(w.strict, i)
		}
		if !isPart[i] {
			w.data = append(w.data, i)
			w.files = append(w.files, c)
		}
	}
	if t.SingleFile && len(w.parts) > 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "A single file cannot be partitioned.")
	}
	rows, err := textfile.Int(w.opts, "maxrecordsperfile", 0)
	if err != nil {
		return nil, err
	}
	bytes, err := textfile.Int(w.opts, "maxbytesperfile", defaultFileBytes)
	if err != nil {
		return nil, err
	}
	w.maxRows, w.maxBytes = int64(rows), int64(bytes)
	if env.Account != nil {
		w.account = env.Account.Child("Write "+t.Location, 0).Elastic()
	}
	return w, nil
}

// Serial reports whether the rows must come on one thread, in order: a single file.
func (w *Write) Serial() bool { return w.target.SingleFile }

// Drain writes the rows of one thread and ends its files.
func (w *Write) Drain(ctx context.Context, thread int, in vec.Stream) error {
	t := &threadWriter{w: w, thread: thread, open: map[string]*openFile{}}
	defer t.abort()
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := t.write(ctx, b); err != nil {
			return fault(err, w.target.Location)
		}
	}
	return fault(t.finish(), w.target.Location)
}

// Finish makes the one empty file of a result without rows: it carries the
// schema. Partitioned results without rows have no file.
func (w *Write) Finish(ctx context.Context, _ flow.Parallel) error {
	w.mu.Lock()
	none := len(w.written) == 0
	w.mu.Unlock()
	if none && len(w.parts) == 0 && w.env.Partition == 0 {
		t := &threadWriter{w: w, open: map[string]*openFile{}}
		defer t.abort()
		if _, err := t.file(ctx, nil, nil); err != nil {
			return fault(err, w.target.Location)
		}
		if err := t.finish(); err != nil {
			return fault(err, w.target.Location)
		}
	}
	w.mu.Lock()
	w.finished = true
	w.mu.Unlock()
	return nil
}

// Close removes what an unfinished task wrote.
func (w *Write) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return
	}
	for _, f := range w.written {
		_ = w.store.Remove(context.Background(), f.Path)
	}
	w.written = nil
}

// Open gives the files written, physical.WriteSchema rows, to one of the threads.
func (w *Write) Open(_ context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		if !w.emitted.CompareAndSwap(false, true) {
			return
		}
		size := max(w.env.BatchSize, 1)
		for lo := 0; lo < len(w.written); lo += size {
			if !yield(describe(w.written[lo:min(lo+size, len(w.written))]), nil) {
				return
			}
		}
	}
}

func describe(files []catalog.File) *vec.Batch {
	b := &vec.Batch{N: len(files)}
	for _, c := range physical.WriteSchema {
		b.Cols = append(b.Cols, vec.New(c.Type, len(files)))
	}
	for i, f := range files {
		vec.Data[string](b.Cols[0])[i] = f.Path
		vec.Data[int64](b.Cols[1])[i] = f.Rows
		vec.Data[int64](b.Cols[2])[i] = f.Bytes
		vec.Data[string](b.Cols[3])[i] = f.Partition
	}
	return b
}

// Files reads back rows of physical.WriteSchema.
func Files(b *vec.Batch) []catalog.File {
	var out []catalog.File
	for _, i := range b.Selection() {
		out = append(out, catalog.File{
			Path: strings.Clone(b.Cols[0].Get(int(i)).(string)), Rows: b.Cols[1].Get(int(i)).(int64),
			Bytes: b.Cols[2].Get(int(i)).(int64), Partition: strings.Clone(b.Cols[3].Get(int(i)).(string)),
		})
	}
	return out
}

// name is the path of file number c of a thread. It is the same in a rerun of
// the attempt, and other in another attempt, whose files may be there too.
func (w *Write) name(thread, c int, partition string) string {
	dir := w.target.StagingDir()
	if w.target.SingleFile {
		name := w.target.FileName
		if name == "" {
			name = w.target.Location[strings.LastIndexAny(w.target.Location, `/\`)+1:]
		}
		return dir + "/" + name
	}
	if partition != "" {
		dir += "/" + partition
	}
	task := w.env.Partition*max(w.env.Threads, 1) + thread
	attempt := ""
	if w.env.Attempt > 0 {
		attempt = fmt.Sprintf("-a%d", w.env.Attempt)
	}
	return fmt.Sprintf("%s/part-%05d-%s%s-c%03d%s", dir, task, w.target.Job, attempt, c, w.format.Extension(w.opts))
}

// fault gives errors of the operating system a condition.
func fault(err error, location string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlerr.Wrap(err, sqlerr.DiskFull, "The disk is full: cannot write below %s.", location)
	case sqlerr.As(err) != nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot write below %s: %v.", location, err)
}
