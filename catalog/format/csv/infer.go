package csv

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// columnNames are the names of columns for a first record, as Spark makes
// them: the fields of a header, with their place behind a name that stands
// more than once, _cN for empty ones and where there is no header.
func columnNames(first []string, o *options) []string {
	out := make([]string, len(first))
	count := map[string]int{}
	for _, f := range first {
		count[strings.ToLower(f)]++
	}
	for i, f := range first {
		switch {
		case !o.header || f == "" || f == o.null:
			out[i] = fmt.Sprintf("_c%d", i)
		case count[strings.ToLower(f)] > 1:
			out[i] = fmt.Sprintf("%s%d", f, i)
		default:
			out[i] = f
		}
	}
	return out
}

// Infer finds names from the first record of each file and, with the option
// inferSchema, types from all records (or a sample, option samplingRatio): a
// type guessed from a part would turn later values into NULL. Columns of
// several files with a header are merged by name.
func (f Format) Infer(ctx context.Context, st store.Store, files []store.File, opts format.Options) (types.Schema, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	var schema types.Schema
	for _, file := range files {
		names, err := header(ctx, st, catalog.Split{Path: file.Path, Size: file.Size}, o)
		if err != nil {
			return nil, err
		}
		part := make(types.Schema, len(names))
		for i, n := range names {
			part[i] = types.Field{Name: n, Type: types.StringType, Nullable: true}
		}
		if o.infer && len(names) > 0 {
			if part, err = f.inferTypes(ctx, st, file, part, o, opts); err != nil {
				return nil, err
			}
		}
		for _, c := range part {
			if i := schema.Index(c.Name); i >= 0 {
				schema[i].Type = merge(schema[i].Type, c.Type, o)
			} else {
				schema = append(schema, c)
			}
		}
	}
	for i := range schema {
		if schema[i].Type.Kind == types.Null {
			schema[i].Type = types.StringType
		}
	}
	return schema, nil
}

// inferTypes reads a file as text, several splits at once, and narrows each column.
func (f Format) inferTypes(ctx context.Context, st store.Store, file store.File, text types.Schema, o *options, opts format.Options) (types.Schema, error) {
	splits, err := o.splits(ctx, st, file, textfile.SplitSize)
	if err != nil {
		return nil, err
	}
	plain := make(format.Options, len(opts)+1)
	for k, v := range opts {
		plain[k] = v
	}
	plain["mode"], plain["enforceschema"] = "PERMISSIVE", "true"
	delete(plain, format.ByName)
	cols := make([]int, len(text))
	for i := range cols {
		cols[i] = i
	}
	found := make([][]types.Type, len(splits))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(splits), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(splits); i = int(next.Add(1)) - 1 {
				ts, err := inferSplit(ctx, f, format.ReadRequest{Store: st, Split: splits[i], Schema: text, Cols: cols, BatchSize: vec.DefaultSize, Options: plain}, o)
				if err != nil {
					cancel(err)
					return
				}
				found[i] = ts
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	for i := range text {
		t := types.NullType
		for _, ts := range found {
			t = merge(t, ts[i], o)
		}
		text[i].Type = t
	}
	return text, nil
}

func inferSplit(ctx context.Context, f Format, req format.ReadRequest, o *options) ([]types.Type, error) {
	ts := make([]types.Type, len(req.Schema))
	in, err := f.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(req.Split.Start)))
	for b, err := range in {
		if err != nil {
			return nil, err
		}
		for c := range ts {
			if ts[c].Kind == types.String {
				continue
			}
			for i, s := range vec.Data[string](b.Cols[c]) {
				if surely(ts[c].Kind, s, o) {
					continue
				}
				if b.Cols[c].Null(i) || s == "" || o.sampling < 1 && rng.Float64() >= o.sampling {
					continue
				}
				if ts[c] = narrow(ts[c], s, o); ts[c].Kind == types.String {
					break
				}
			}
		}
	}
	return ts, nil
}

// surely reports, of most texts that leave a column of kind k as it is, that
// they do, at a glance.
func surely(k types.Kind, s string, o *options) bool {
	switch k {
	case types.Int32:
		return len(s) <= 9 && digitsAndPoint(s, 0)
	case types.Int64:
		return len(s) <= 18 && digitsAndPoint(s, 0)
	case types.Float64:
		return digitsAndPoint(s, 1)
	case types.Date:
		// A day up to the 28th is one of every month.
		return !o.times.HasDateFormat() && len(s) == 10 && s[4] == '-' && s[7] == '-' && digitsAndPoint(s[:4], 0) && digitsAndPoint(s[5:7], 0) && digitsAndPoint(s[8:], 0) &&
			s[5:7] >= "01" && s[5:7] <= "12" && s[8:] >= "01" && s[8:] <= "28"
	}
	return false
}

// digitsAndPoint reports whether s is one digit or more, with at most so many points behind the first.
func digitsAndPoint(s string, points int) bool {
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 {
			if points--; c != '.' || i == 0 || points < 0 {
				return false
			}
		}
	}
	return s != ""
}

// narrow is the type of a column that was so far of type t and now holds s too.
// Texts are tried in Spark's order, from the type so far on.
func narrow(t types.Type, s string, o *options) types.Type {
	switch t.Kind {
	case types.Null, types.Int32:
		if _, ok := textvalue.ParseInt(s, 32); ok {
			return merge(t, types.Int32Type, o)
		}
		fallthrough
	case types.Int64:
		if _, ok := textvalue.ParseInt(s, 64); ok {
			return merge(t, types.Int64Type, o)
		}
		fallthrough
	case types.Decimal:
		if p, scale, ok := textvalue.DecimalShape(s); ok && scale == 0 && p <= types.MaxPrecision {
			return merge(t, types.DecimalType(p, 0), o)
		}
		fallthrough
	case types.Float64:
		if _, ok := o.float(s, 64); ok {
			return merge(t, types.Float64Type, o)
		}
		fallthrough
	case types.Date:
		if o.preferDate && o.isDate(s) {
			return merge(t, types.DateType, o)
		}
		fallthrough
	case types.Timestamp:
		if _, ok := o.times.Stamp(s); ok {
			return merge(t, types.TimestampType, o)
		}
		fallthrough
	case types.Bool:
		if _, ok := parseBool(s); ok {
			return merge(t, types.BoolType, o)
		}
	}
	return types.StringType
}

// isDate is stricter than reading a date: yyyy-MM-dd and nothing else.
func (o *options) isDate(s string) bool {
	if !o.times.HasDateFormat() && (len(s) != 10 || s[4] != '-' || s[7] != '-') {
		return false
	}
	_, ok := o.times.Date(s)
	return ok
}

// merge is the type that holds the values of both a and b.
func merge(a, b types.Type, o *options) types.Type {
	switch {
	case a.Kind == types.Null || a.Equal(b):
		return b
	case b.Kind == types.Null:
		return a
	}
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case a.Kind.IsInteger() && b.Kind.IsInteger():
		return b
	case a.Kind.IsInteger() && b.Kind == types.Decimal:
		return types.DecimalType(max(int(b.P), map[types.Kind]int{types.Int32: 10, types.Int64: 20}[a.Kind]), 0)
	case a.Kind == types.Decimal && b.Kind == types.Decimal:
		return types.DecimalType(int(max(a.P, b.P)), 0)
	case a.Kind.IsNumeric() && b.Kind.IsNumeric():
		return types.Float64Type
	case a.Kind == types.Date && b.Kind == types.Timestamp && !o.times.HasStampFormat():
		return b
	}
	return types.StringType
}

// Stats estimates the number of records from the length of the first ones.
func (Format) Stats(ctx context.Context, st store.Store, f store.File, schema types.Schema, opts format.Options) (*catalog.Stats, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	rows, err := o.layout.EstimateLines(ctx, st, f)
	if err != nil || rows < 0 {
		return nil, err
	}
	return &catalog.Stats{Rows: rows, Bytes: f.Size}, nil
}
