package arrowvec

import (
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Encoder makes record batches of one schema. It is not safe for concurrent use.
type Encoder struct {
	// Borrow lets records share memory with the batch they are made from: they
	// are then valid as long as the batch is lent. Without it records own all
	// they hold.
	Borrow bool
	schema *arrow.Schema
	types  []types.Type
}

// NewEncoder returns an encoder for batches of columns s.
func NewEncoder(s types.Schema) *Encoder {
	e := &Encoder{schema: Schema(s)}
	for _, f := range s {
		e.types = append(e.types, f.Type)
	}
	return e
}

// Schema is the schema of the records.
func (e *Encoder) Schema() *arrow.Schema { return e.schema }

// Record converts the alive rows of b. The caller releases the record.
func (e *Encoder) Record(b *vec.Batch) (arrow.RecordBatch, error) {
	cols := make([]arrow.Array, len(e.types))
	for i, t := range e.types {
		c := b.Cols[i]
		owned := false
		if b.Sel != nil {
			g := &vec.Vec{}
			vec.Gather(g, c, b.Sel)
			c, owned = g, true
		}
		d, err := e.column(c, t, owned)
		if err != nil {
			for _, c := range cols[:i] {
				c.Release()
			}
			return nil, err
		}
		cols[i] = array.MakeFromData(d)
		d.Release()
	}
	r := array.NewRecordBatch(e.schema, cols, int64(b.Rows()))
	for _, c := range cols {
		c.Release()
	}
	return r, nil
}

// column converts a whole vector. owned says that v's own memory is nobody else's.
func (e *Encoder) column(v *vec.Vec, t types.Type, owned bool) (*array.Data, error) {
	if v.Enc != vec.Flat {
		f := &vec.Vec{}
		vec.Flatten(f, v)
		v, owned = f, true
	}
	keep := owned || e.Borrow
	n := v.Len()
	valid := e.validity(v, keep)
	nulls := array.UnknownNullCount
	if valid == nil {
		nulls = 0
	}
	dt := DataType(t)
	switch t.Storage() {
	case types.StoreNone:
		return array.NewData(arrow.Null, n, []*memory.Buffer{nil}, nil, n, 0), nil
	case types.StoreBool:
		return flat(dt, n, valid, packBools(vec.Data[bool](v)), nulls), nil
	case types.StoreInt8:
		return flat(dt, n, valid, bytesOf(vec.Data[int8](v), keep), nulls), nil
	case types.StoreInt16:
		return flat(dt, n, valid, bytesOf(vec.Data[int16](v), keep), nulls), nil
	case types.StoreInt32:
		return flat(dt, n, valid, bytesOf(vec.Data[int32](v), keep), nulls), nil
	case types.StoreFloat32:
		return flat(dt, n, valid, bytesOf(vec.Data[float32](v), keep), nulls), nil
	case types.StoreFloat64:
		return flat(dt, n, valid, bytesOf(vec.Data[float64](v), keep), nulls), nil
	case types.StoreInt64:
		if t.Kind == types.Decimal {
			return flat(dt, n, valid, widen(vec.Data[int64](v)), nulls), nil
		}
		return flat(dt, n, valid, bytesOf(vec.Data[int64](v), keep), nulls), nil
	case types.StoreInt128:
		return flat(dt, n, valid, bytesOf(vec.Data[types.Int128](v), keep), nulls), nil
	case types.StoreInterval:
		b, err := intervals(v)
		return flat(dt, n, valid, b, nulls), err
	case types.StoreString:
		return stringData(dt, v, valid, nulls)
	case types.StoreStruct:
		return e.structs(dt, v, t, owned, valid, nulls)
	}
	return e.lists(dt, v, t, valid, nulls)
}

func flat(dt arrow.DataType, n int, valid, data *memory.Buffer, nulls int) *array.Data {
	return array.NewData(dt, n, []*memory.Buffer{valid, data}, nil, nulls, 0)
}

// validity is the bitmap as Arrow has it, nil if no row is null.
func (e *Encoder) validity(v *vec.Vec, keep bool) *memory.Buffer {
	n := v.Len()
	if v.Valid == nil || n == 0 || v.Valid.All(n) {
		return nil
	}
	b := bytesOf([]uint64(v.Valid[:vec.Words(n)]), keep)
	return memory.NewBufferBytes(b.Bytes()[:(n+7)/8])
}

// bytesOf is the memory of a slice, copied unless keep.
func bytesOf[T any](s []T, keep bool) *memory.Buffer {
	if len(s) == 0 {
		return memory.NewBufferBytes(nil)
	}
	var zero T
	b := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(zero)))
	if !keep {
		b = append([]byte(nil), b...)
	}
	return memory.NewBufferBytes(b)
}

func packBools(v []bool) *memory.Buffer {
	out := make([]byte, (len(v)+7)/8)
	for i, x := range v {
		if x {
			out[i>>3] |= 1 << (i & 7)
		}
	}
	return memory.NewBufferBytes(out)
}

// widen is decimal128 of compact decimals.
func widen(v []int64) *memory.Buffer {
	out := make([]types.Int128, len(v))
	for i, x := range v {
		out[i] = types.Int128From(x)
	}
	return bytesOf(out, true)
}

func intervals(v *vec.Vec) (*memory.Buffer, error) {
	in := vec.Data[types.CalendarInterval](v)
	out := make([]arrow.MonthDayNanoInterval, len(in))
	for i, x := range in {
		if v.Null(i) {
			continue
		}
		if x.Micros > math.MaxInt64/1000 || x.Micros < math.MinInt64/1000 {
			return memory.NewBufferBytes(nil), longInterval(x.Micros)
		}
		out[i] = arrow.MonthDayNanoInterval{Months: x.Months, Days: x.Days, Nanoseconds: x.Micros * 1000}
	}
	return bytesOf(out, true), nil
}

// stringData copies the bytes: rows of a vector need not lie side by side.
func stringData(dt arrow.DataType, v *vec.Vec, valid *memory.Buffer, nulls int) (*array.Data, error) {
	in := vec.Data[string](v)
	total := 0
	for i, s := range in {
		if v.Valid == nil || v.Valid.Get(i) {
			total += len(s)
		}
	}
	if total > math.MaxInt32 {
		return nil, sqlerr.New(sqlerr.MemoryLimit, "A batch holds %d bytes of text in one column; Arrow takes 2 GiB.", total)
	}
	offsets, data := make([]int32, len(in)+1), make([]byte, 0, total)
	for i, s := range in {
		if v.Valid == nil || v.Valid.Get(i) {
			data = append(data, s...)
		}
		offsets[i+1] = int32(len(data))
	}
	return array.NewData(dt, len(in), []*memory.Buffer{valid, bytesOf(offsets, true), memory.NewBufferBytes(data)}, nil, nulls, 0), nil
}

func (e *Encoder) structs(dt arrow.DataType, v *vec.Vec, t types.Type, owned bool, valid *memory.Buffer, nulls int) (*array.Data, error) {
	kids, err := e.children(v.Kids, t.Children(), owned)
	if err != nil {
		return nil, err
	}
	defer release(kids)
	return array.NewData(dt, v.Len(), []*memory.Buffer{valid}, kids, nulls, 0), nil
}

func (e *Encoder) children(vs []*vec.Vec, fs []types.Field, owned bool) (out []arrow.ArrayData, err error) {
	for i, f := range fs {
		k := &vec.Vec{Type: f.Type} // a vector that never had a row may have no children
		if i < len(vs) {
			k = vs[i]
		}
		d, err := e.column(k, f.Type, owned)
		if err != nil {
			release(out)
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func release(ds []arrow.ArrayData) {
	for _, d := range ds {
		d.Release()
	}
}

// lists brings the elements of all rows into one run, as Arrow wants them.
func (e *Encoder) lists(dt arrow.DataType, v *vec.Vec, t types.Type, valid *memory.Buffer, nulls int) (*array.Data, error) {
	in := vec.Data[vec.List](v)
	offsets, total := make([]int32, len(in)+1), 0
	for i, l := range in {
		if v.Valid == nil || v.Valid.Get(i) {
			total += int(l.Len)
		}
		if total > math.MaxInt32 {
			return nil, sqlerr.New(sqlerr.MemoryLimit, "A batch holds more than %d elements in one column.", math.MaxInt32)
		}
		offsets[i+1] = int32(total)
	}
	rows := make([]int32, 0, total)
	for i, l := range in {
		if v.Valid == nil || v.Valid.Get(i) {
			for j := l.Off; j < l.Off+l.Len; j++ {
				rows = append(rows, j)
			}
		}
	}
	elems := make([]*vec.Vec, len(v.Kids))
	for i, k := range v.Kids {
		elems[i] = &vec.Vec{}
		if total == 0 {
			elems[i].Type = k.Type
			continue
		}
		vec.Gather(elems[i], k, rows)
	}
	kids, err := e.children(elems, t.Children(), true)
	if err != nil {
		return nil, err
	}
	defer func() { release(kids) }()
	if m, ok := dt.(*arrow.MapType); ok {
		entries := array.NewData(m.Elem(), total, []*memory.Buffer{nil}, kids, 0, 0)
		release(kids)
		kids = []arrow.ArrayData{entries}
	}
	return array.NewData(dt, len(in), []*memory.Buffer{valid, bytesOf(offsets, true)}, kids, nulls, 0), nil
}
