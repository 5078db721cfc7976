package parquet

import (
	"encoding/binary"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// facts are what metadata says about some rows of a column. Min and max are
// bounds, not necessarily values; nil if unknown. Neither covers NaN.
type facts struct {
	min, max    types.Datum
	rows, nulls int64 // nulls is -1 if unknown
	absent      func(types.Datum) bool
}

func (f *facts) allNull() bool { return f.nulls >= 0 && f.nulls >= f.rows }

// may reports whether a condition can be true of a row, going by facts about
// columns (nil: nothing is known).
func may(e expr.Expr, of func(ref int) *facts) bool {
	switch e := e.(type) {
	case *expr.Literal:
		b, ok := e.Value.(bool)
		return e.T.Kind != types.Bool && e.T.Kind != types.Null || ok && b
	case *expr.And:
		for _, a := range e.Args {
			if !may(a, of) {
				return false
			}
		}
	case *expr.Or:
		for _, a := range e.Args {
			if may(a, of) {
				return true
			}
		}
		return false
	case *expr.Compare:
		if ref, lit, op, ok := refAndLiteral(e); ok {
			return mayCompare(op, of(ref.Index), lit)
		}
	case *expr.In:
		ref, ok := e.Arg.(*expr.Ref)
		if !ok {
			return true
		}
		f := of(ref.Index)
		for _, item := range e.List {
			lit, ok := item.(*expr.Literal)
			if !ok || lit.Value != nil && mayCompare(expr.Eq, f, lit) {
				return true
			}
		}
		return false
	case *expr.IsNull:
		if ref, ok := e.Arg.(*expr.Ref); ok {
			f := of(ref.Index)
			return f == nil || f.nulls != 0
		}
	case *expr.Not:
		switch a := e.Arg.(type) {
		case *expr.IsNull:
			if ref, ok := a.Arg.(*expr.Ref); ok {
				f := of(ref.Index)
				return f == nil || !f.allNull()
			}
		case *expr.Compare:
			if op, ok := a.Op.Negate(); ok {
				return may(&expr.Compare{Op: op, Left: a.Left, Right: a.Right}, of)
			}
		}
	case *expr.Ref:
		if e.T.Kind == types.Bool {
			return mayCompare(expr.Eq, of(e.Index), expr.True)
		}
	}
	return true
}

func refAndLiteral(e *expr.Compare) (*expr.Ref, *expr.Literal, expr.CompareOp, bool) {
	if r, ok := e.Left.(*expr.Ref); ok {
		l, ok := e.Right.(*expr.Literal)
		return r, l, e.Op, ok
	}
	if r, ok := e.Right.(*expr.Ref); ok {
		l, ok := e.Left.(*expr.Literal)
		return r, l, e.Op.Flip(), ok
	}
	return nil, nil, 0, false
}

func mayCompare(op expr.CompareOp, f *facts, lit *expr.Literal) bool {
	if lit.Value == nil {
		return op == expr.NullSafeEq && (f == nil || f.nulls != 0)
	}
	if f == nil {
		return true
	}
	if f.allNull() {
		return false
	}
	x, isFloat := lit.Value.(float64)
	if isFloat && math.IsNaN(x) {
		return true
	}
	below := func(strict bool) bool { // some value can be (strictly) below the literal
		c, ok := compareDatums(f.min, lit.Value)
		return !ok || c < 0 || !strict && c == 0
	}
	above := func(strict bool) bool {
		c, ok := compareDatums(f.max, lit.Value)
		return !ok || isFloat || c > 0 || !strict && c == 0 // NaN is above all, and not in max
	}
	switch op {
	case expr.Eq, expr.NullSafeEq:
		c, ok := compareDatums(f.max, lit.Value)
		return below(false) && (!ok || c >= 0) && (f.absent == nil || !f.absent(lit.Value))
	case expr.Lt:
		return below(true)
	case expr.Le:
		return below(false)
	case expr.Gt:
		return above(true)
	case expr.Ge:
		return above(false)
	case expr.Ne:
		lo, ok1 := compareDatums(f.min, lit.Value)
		hi, ok2 := compareDatums(f.max, lit.Value)
		return isFloat || !ok1 || !ok2 || lo != 0 || hi != 0
	}
	return true
}

// compareDatums orders two values of one type; not ok if they are not of one or unknown.
func compareDatums(a, b types.Datum) (int, bool) {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return order(a, b), true
		}
	case float64:
		if b, ok := b.(float64); ok {
			return order(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	case types.Int128:
		if b, ok := b.(types.Int128); ok {
			return a.Cmp(b), true
		}
	case bool:
		if b, ok := b.(bool); ok {
			x, y := 0, 0
			if a {
				x = 1
			}
			if b {
				y = 1
			}
			return x - y, true
		}
	}
	return 0, false
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// boundDecoder decodes bounds of a column from statistics as values of the
// table's type. It is for one goroutine.
type boundDecoder struct {
	l    *leaf
	to   types.Type
	vals values // made on first use
	v    vec.Vec
	buf  []byte
}

// datum is a bound, nil if it cannot be used.
func (dec *boundDecoder) datum(b []byte) types.Datum {
	l, to := dec.l, dec.to
	if b == nil || !orderedType(l) {
		return nil
	}
	var d types.Datum
	switch {
	case l.phys == physBytes && l.typ.Storage() == types.StoreString:
		d = string(b)
	case l.phys == physFixed && l.typ.Storage() == types.StoreString:
		d = string(b)
	case l.phys == physBytes: // decimal
		x, err := decimal128(string(b))
		if err != nil {
			return nil
		}
		d = x
	default:
		if dec.vals == nil {
			var err error
			if dec.vals, err = newValues(l, nil); err != nil {
				return nil
			}
		}
		if len(b) != l.plainSize() {
			return nil
		}
		if dec.buf == nil {
			dec.buf = make([]byte, 0, len(b)+padding)
		}
		dec.buf = append(dec.buf[:0], b...)
		dec.v.Reset(l.typ)
		dec.vals.begin(&dec.v, 1)
		if dec.vals.page(encPlain, dec.buf, 1) != nil || dec.vals.read(0, 1, nil) != nil {
			return nil
		}
		d = dec.v.Get(0)
	}
	if x, ok := d.(float64); ok && math.IsNaN(x) {
		return nil
	}
	return adapt(d, l.typ, to)
}

// plainSize is how many bytes a value takes by itself, 0 if that differs.
func (l *leaf) plainSize() int {
	switch l.phys {
	case physBool:
		return 1
	case physInt32, physFloat:
		return 4
	case physInt64, physDouble:
		return 8
	case physFixed:
		return l.typeLen
	}
	return 0
}

// orderedType reports whether min and max of the physical values are those of the SQL values.
func orderedType(l *leaf) bool {
	if l.legacy {
		return false // bounds are of the other calendar
	}
	switch l.phys {
	case physInt96:
		return false
	case physBytes, physFixed:
		k := l.logical
		return k != logUUID && k != logFloat16 && k != logBSON && (l.typ.Kind == types.Decimal || l.typ.Storage() == types.StoreString)
	}
	return l.typ.Kind != types.Null
}

// adapt carries a value of the file's type over to the table's, nil if that is not simple.
func adapt(d types.Datum, from, to types.Type) types.Datum {
	switch {
	case from.Kind == to.Kind && from.S == to.S, from.Kind.IsInteger() && to.Kind.IsInteger(), from.Kind.IsFloat() && to.Kind.IsFloat(),
		from.Storage() == types.StoreString && to.Storage() == types.StoreString:
		return d
	case to.Kind == types.Decimal && (from.Kind == types.Decimal || from.Kind.IsInteger()):
		x, ok := d.(types.Int128)
		if n, isInt := d.(int64); isInt {
			x, ok = types.Int128From(n), true
		}
		scale := int(to.S)
		if from.Kind == types.Decimal {
			scale -= int(from.S)
		}
		if !ok || scale < 0 || scale > types.MaxPrecision {
			return nil
		}
		if x, ok = x.Mul(types.Pow10[scale]); ok {
			return x
		}
	}
	return nil
}

// bounds picks the trustworthy ones of a chunk's minima and maxima.
func (s *statistics) bounds(l *leaf) (lo, hi []byte) {
	if l.ordered && s.min != nil && s.max != nil {
		return s.min, s.max
	}
	switch l.phys {
	case physBytes, physFixed, physInt96:
		return nil, nil // were compared as signed bytes
	}
	if l.logical == logInt && !l.signed {
		return nil, nil
	}
	return s.oldMin, s.oldMax
}

// pruner finds what metadata proves about row groups and pages of a file.
type pruner struct {
	f       *file
	filters []expr.Expr
	// leaves and types are by the index that the filters' Refs use; a leaf is
	// nil where the column is nested or not in the file.
	leaves []*leaf
	types  []types.Type
	lacks  []bool
	bounds []*boundDecoder // of leaves, which are not nil
	h      io.ReaderAt     // for bloom filters and page indexes; may be nil
}

// newPruner makes a pruner for filters over the schema's columns cols (nil: all).
func newPruner(f *file, schema types.Schema, cols []int, filters []expr.Expr) *pruner {
	p := &pruner{f: f, filters: filters}
	if len(filters) == 0 {
		return p
	}
	if cols == nil {
		cols = make([]int, len(schema))
		for i := range cols {
			cols[i] = i
		}
	}
	have := f.tree.fields()
	for _, c := range cols {
		var l *leaf
		j := match(have, schema[c].Name, rank(schema, c))
		if j >= 0 && f.tree.root[j].bad == "" && f.tree.root[j].leaf != nil && f.tree.root[j].leaf.maxRep == 0 {
			l = f.tree.root[j].leaf
		}
		p.leaves, p.types, p.lacks = append(p.leaves, l), append(p.types, schema[c].Type), append(p.lacks, j < 0)
		p.bounds = append(p.bounds, &boundDecoder{l: l, to: schema[c].Type})
	}
	return p
}

// group reports whether row group g may hold a row that passes all filters.
func (p *pruner) group(g int) bool {
	if len(p.filters) == 0 {
		return true
	}
	rg := &p.f.meta.groups[g]
	known := make([]*facts, len(p.leaves))
	of := func(i int) *facts {
		switch {
		case i >= len(p.leaves):
			return nil
		case p.lacks[i]:
			return &facts{rows: rg.rows, nulls: rg.rows}
		case p.leaves[i] == nil:
			return nil
		}
		if known[i] == nil {
			l := p.leaves[i]
			m := &rg.columns[l.ordinal]
			fx := &facts{rows: rg.rows, nulls: m.stats.nulls}
			if l.maxDef == 0 {
				fx.nulls = 0
			}
			lo, hi := m.stats.bounds(l)
			fx.min, fx.max = p.bounds[i].datum(lo), p.bounds[i].datum(hi)
			if p.h != nil && m.bloomOff > 0 {
				fx.absent = func(d types.Datum) bool { return p.absent(m, l, d, p.types[i]) }
			}
			known[i] = fx
		}
		return known[i]
	}
	for _, f := range p.filters {
		if !may(f, of) {
			return false
		}
	}
	return true
}

// absent asks a chunk's bloom filter; false if it cannot tell.
func (p *pruner) absent(m *columnMeta, l *leaf, d types.Datum, t types.Type) bool {
	key, ok := physical(l, d, t)
	if !ok || m.bloomOff >= p.f.size {
		return false
	}
	head := make([]byte, min(64, p.f.size-m.bloomOff))
	if _, err := p.h.ReadAt(head, m.bloomOff); err != nil && err != io.EOF {
		return false
	}
	r := thriftReader{b: head}
	size, plain := int32(0), [5]bool{}
	r.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			size = r.i32()
			return true
		case id >= 2 && id <= 4 && typ == tStruct:
			r.structure(func(member int16, _ byte) bool {
				plain[id] = member == 1
				return false
			})
			return true
		}
		return false
	})
	at := m.bloomOff + int64(r.p)
	if r.err != nil || !plain[2] || !plain[3] || !plain[4] || size <= 0 || size%bloom.BlockSize != 0 || at+int64(size) > p.f.size {
		return false
	}
	found, err := bloom.CheckSplitBlock(io.NewSectionReader(p.h, at, int64(size)), int64(size), xxhash.Sum64(key))
	return err == nil && !found
}

// physical is the PLAIN encoding of a value, which bloom filters hash; not ok
// where one SQL value has several encodings.
func physical(l *leaf, d types.Datum, t types.Type) ([]byte, bool) {
	if !l.typ.SameShape(t) || t.Kind == types.Time {
		return nil, false
	}
	var n int64
	switch x := d.(type) {
	case string:
		return []byte(x), l.logical != logUUID
	case float64:
		if x == 0 || math.IsNaN(x) {
			return nil, false
		}
		if l.phys == physFloat {
			return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(x))), float64(float32(x)) == x
		}
		return le64(x), l.phys == physDouble
	case types.Int128:
		if !x.IsInt64() {
			return nil, false
		}
		n = x.Int64()
	case int64:
		n = x
	default:
		return nil, false
	}
	switch l.phys {
	case physInt32:
		return binary.LittleEndian.AppendUint32(nil, uint32(n)), true
	case physInt64:
		timestamp := l.typ.Kind == types.Timestamp || l.typ.Kind == types.TimestampNTZ
		return binary.LittleEndian.AppendUint64(nil, uint64(n)), !timestamp || l.unit == unitMicros
	}
	return nil, false
}

// pages returns the rows of group g in which the page indexes leave a chance.
func (p *pruner) pages(g int) []span {
	rows := p.f.meta.groups[g].rows
	out := []span{{0, rows}}
	for _, f := range p.filters {
		col, single := -1, true
		tree.Walk(f, func(e expr.Expr) bool {
			if ref, ok := e.(*expr.Ref); ok {
				single = single && (col < 0 || col == ref.Index)
				col = ref.Index
			}
			return true
		})
		if !single || col < 0 || col >= len(p.leaves) || p.leaves[col] == nil {
			continue
		}
		if spans, ok := p.indexed(g, col, f); ok {
			out = intersect(out, spans)
		}
	}
	return out
}

// maxIndex bounds the bytes of one column's page index that are read.
const maxIndex = 16 << 20

// indexed evaluates one filter against the page index of its only column.
func (p *pruner) indexed(g, col int, f expr.Expr) ([]span, bool) {
	l := p.leaves[col]
	m := &p.f.meta.groups[g].columns[l.ordinal]
	rows := p.f.meta.groups[g].rows
	if p.h == nil || m.offIdxLen <= 0 || m.colIdxLen <= 0 || m.offIdxLen > maxIndex || m.colIdxLen > maxIndex || m.offIdxOff < 0 || m.colIdxOff < 0 || !l.ordered {
		return nil, false
	}
	get := func(off int64, n int32) []byte {
		b := make([]byte, n)
		if off+int64(n) > p.f.size {
			return nil
		}
		if _, err := p.h.ReadAt(b, off); err != nil && err != io.EOF {
			return nil
		}
		return b
	}
	locs, err := readOffsetIndex(get(m.offIdxOff, m.offIdxLen))
	if err != nil || len(locs) < 2 {
		return nil, false
	}
	ci, err := readColumnIndex(get(m.colIdxOff, m.colIdxLen))
	if err != nil || len(ci.nullPages) != len(locs) {
		return nil, false
	}
	var out []span
	for i, loc := range locs {
		end := rows
		if i+1 < len(locs) {
			end = locs[i+1].firstRow
		}
		if loc.firstRow < 0 || loc.firstRow > end || end > rows || i == 0 && loc.firstRow != 0 {
			return nil, false
		}
		fx := &facts{rows: end - loc.firstRow, nulls: -1}
		switch {
		case ci.nullPages[i]:
			fx.nulls = fx.rows
		case ci.nullCounts != nil:
			fx.nulls = ci.nullCounts[i]
		}
		if l.maxDef == 0 {
			fx.nulls = 0
		}
		if !ci.nullPages[i] {
			fx.min, fx.max = p.bounds[col].datum(ci.mins[i]), p.bounds[col].datum(ci.maxs[i])
		}
		if !may(f, func(int) *facts { return fx }) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].hi == loc.firstRow {
			out[n-1].hi = end
		} else if end > loc.firstRow {
			out = append(out, span{loc.firstRow, end})
		}
	}
	return out, true
}

func intersect(a, b []span) []span {
	var out []span
	for len(a) > 0 && len(b) > 0 {
		lo, hi := max(a[0].lo, b[0].lo), min(a[0].hi, b[0].hi)
		if lo < hi {
			out = append(out, span{lo, hi})
		}
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

// surviving returns the rows of a group that have to be read.
func (rd *reader) surviving(g int) []span {
	rows := rd.file.meta.groups[g].rows
	if rows == 0 {
		return nil
	}
	if len(rd.req.Filters) == 0 {
		return []span{{0, rows}}
	}
	p := newPruner(rd.file, rd.req.Schema, rd.req.Cols, rd.req.Filters)
	p.h = rd.h
	if !p.group(g) {
		return nil
	}
	return p.pages(g)
}
