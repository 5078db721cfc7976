package arrowvec

import (
	"math"
	"math/bits"
	"reflect"
	"sort"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Decoder turns record batches of one schema into batches. It is not safe for
// concurrent use.
type Decoder struct {
	// KeepDictionaries leaves dictionary columns of distinct values encoded; else they are expanded.
	KeepDictionaries bool
	// Trusted skips the check of records that this process made itself.
	Trusted bool
	// Cols are the places of the columns wanted, in order; nil means all.
	Cols []int

	batch vec.Batch
	dicts map[arrow.ArrayData]decoded
}

// Batches gives the rows of a record in batches of at most size rows. They
// borrow the record's memory and are lent as streams lend.
func (d *Decoder) Batches(r arrow.RecordBatch, size int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		if size <= 0 || size > vec.MaxSize {
			size = vec.DefaultSize
		}
		if !d.Trusted {
			if err := guard(func() error { return Validate(r) }); err != nil {
				yield(nil, err)
				return
			}
		}
		d.dicts = nil
		rows := int(r.NumRows())
		for lo := 0; lo < rows; lo += size {
			n := min(size, rows-lo)
			if err := guard(func() error { return d.fill(r, lo, n) }); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&d.batch, nil) {
				return
			}
		}
	}
}

// guard turns a panic over data that Validate let through into an error: a bug
// of ours, but no reason for the process to die of a file.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sqlerr.New(sqlerr.InvalidArrowData, "An Arrow batch cannot be read: %v.", p)
		}
	}()
	return f()
}

func (d *Decoder) fill(r arrow.RecordBatch, lo, n int) error {
	cols := d.Cols
	if cols == nil {
		for i := range int(r.NumCols()) {
			cols = append(cols, i)
		}
	}
	if len(d.batch.Cols) != len(cols) {
		d.batch.Cols = make([]*vec.Vec, len(cols))
		for i := range d.batch.Cols {
			d.batch.Cols[i] = &vec.Vec{}
		}
	}
	d.batch.N, d.batch.Sel = n, nil
	for i, c := range cols {
		data := r.Column(c).Data()
		t, err := FromDataType(data.DataType())
		if err != nil {
			return err
		}
		if err := d.column(d.batch.Cols[i], t, data, lo, n); err != nil {
			if e := sqlerr.As(err); e != nil {
				e.Msg = "Column `" + r.ColumnName(c) + "`: " + e.Msg
			}
			return err
		}
	}
	return nil
}

// column makes v rows lo … lo+n of data as type t.
func (d *Decoder) column(v *vec.Vec, t types.Type, data arrow.ArrayData, lo, n int) error {
	dt := data.DataType()
	if x, ok := dt.(arrow.ExtensionType); ok {
		dt = x.StorageType()
	}
	at := data.Offset() + lo // place in the buffers
	v.Reset(t)
	switch dt := dt.(type) {
	case *arrow.NullType:
		v.Resize(n)
		return nil
	case *arrow.DictionaryType:
		return d.dictionary(v, t, data, dt, lo, n)
	case *arrow.RunEndEncodedType:
		return d.runs(v, t, data, lo, n)
	case *arrow.StructType:
		v.Resize(n)
		for i, k := range data.Children() {
			if err := d.column(v.Kids[i], t.Children()[i].Type, k, at, n); err != nil {
				return err
			}
		}
	case arrow.ListLikeType:
		if err := d.lists(v, t, data, dt, at, n); err != nil {
			return err
		}
	default:
		if err := flatColumn(v, t, data, dt, at, n); err != nil {
			return err
		}
	}
	setValid(v, buf(data, 0), at, n)
	return nil
}

// setValid copies n bits of a bitmap from place at on.
func setValid(v *vec.Vec, b []byte, at, n int) {
	if len(b) == 0 || n == 0 {
		return
	}
	valid := v.MakeValid()
	all := true
	for w := range vec.Words(n) {
		word := load(b, at+w*64)
		valid[w] = word
		rest := min(n-w*64, 64)
		all = all && bits.TrailingZeros64(^word) >= rest
	}
	if all {
		v.Valid = nil
	}
}

// load reads 64 bits from bit place at on; bits past the end are 0.
func load(b []byte, at int) uint64 {
	p, shift := at>>3, at&7
	var lo, hi uint64
	for i := 0; i < 8 && p+i < len(b); i++ {
		lo |= uint64(b[p+i]) << (8 * i)
	}
	if p+8 < len(b) {
		hi = uint64(b[p+8])
	}
	if shift == 0 {
		return lo
	}
	return lo>>shift | hi<<(64-shift)
}

func flatColumn(v *vec.Vec, t types.Type, data arrow.ArrayData, dt arrow.DataType, at, n int) error {
	b := buf(data, 1)
	valid := buf(data, 0)
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		v.Resize(n)
		out := vec.Data[bool](v)
		for i := range out {
			out[i] = b[(at+i)>>3]>>((at+i)&7)&1 != 0
		}
	case *arrow.Int8Type:
		borrow[int8](v, b, at, n)
	case *arrow.Int16Type:
		borrow[int16](v, b, at, n)
	case *arrow.Int32Type, *arrow.Date32Type, *arrow.MonthIntervalType:
		borrow[int32](v, b, at, n)
	case *arrow.Int64Type:
		borrow[int64](v, b, at, n)
	case *arrow.Float32Type:
		borrow[float32](v, b, at, n)
	case *arrow.Float64Type:
		borrow[float64](v, b, at, n)
	case *arrow.Uint8Type:
		convert(v, b, at, n, func(x uint8) int16 { return int16(x) })
	case *arrow.Uint16Type:
		convert(v, b, at, n, func(x uint16) int32 { return int32(x) })
	case *arrow.Uint32Type:
		convert(v, b, at, n, func(x uint32) int64 { return int64(x) })
	case *arrow.Uint64Type:
		convert(v, b, at, n, func(x uint64) types.Int128 { return types.Int128{Lo: x} })
	case *arrow.Float16Type:
		convert(v, b, at, n, func(x uint16) float32 { return float16.FromBits(x).Float32() })
	case *arrow.Date64Type:
		return convertChecked(v, b, at, n, valid, func(x int64) (int32, bool) {
			d := floorDiv(x, 86_400_000)
			return int32(d), d >= math.MinInt32 && d <= math.MaxInt32
		})
	case *arrow.Time32Type:
		return clocks[int32](v, b, at, n, valid, int64(dt.Unit.Multiplier()))
	case *arrow.Time64Type:
		return clocks[int64](v, b, at, n, valid, int64(dt.Unit.Multiplier()))
	case *arrow.TimestampType:
		return units(v, b, at, n, valid, dt.Unit)
	case *arrow.DurationType:
		return units(v, b, at, n, valid, dt.Unit)
	case *arrow.DayTimeIntervalType:
		convert(v, b, at, n, func(x arrow.DayTimeInterval) int64 { return int64(x.Days)*86_400_000_000 + int64(x.Milliseconds)*1000 })
	case *arrow.MonthDayNanoIntervalType:
		convert(v, b, at, n, func(x arrow.MonthDayNanoInterval) types.CalendarInterval {
			return types.CalendarInterval{Months: x.Months, Days: x.Days, Micros: x.Nanoseconds / 1000}
		})
	case *arrow.FixedSizeBinaryType:
		v.Resize(n)
		out, w := vec.Data[string](v), dt.ByteWidth
		for i := range out {
			out[i] = text(b[(at+i)*w : (at+i+1)*w])
		}
	case arrow.DecimalType:
		return decimals(v, t, b, at, n, valid, dt)
	case *arrow.StringType, *arrow.BinaryType:
		spans[int32](v, b, buf(data, 2), at, n)
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		spans[int64](v, b, buf(data, 2), at, n)
	case *arrow.StringViewType, *arrow.BinaryViewType:
		v.Resize(n)
		out, views := vec.Data[string](v), ints[arrow.ViewHeader](b, at+n)[at:]
		for i := range out {
			out[i] = ""
			if s, ok := viewBytes(&views[i], data.Buffers()); ok && bit(valid, at+i) {
				out[i] = text(s)
			}
		}
	default:
		return unsupported(dt)
	}
	return nil
}

func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// borrow makes v a view of the buffer.
func borrow[T vec.Elem](v *vec.Vec, b []byte, at, n int) {
	if n == 0 {
		v.Resize(0)
		return
	}
	vec.SetData(v, ints[T](b, at+n)[at:])
}

func convert[T any, U vec.Elem](v *vec.Vec, b []byte, at, n int, f func(T) U) {
	v.Resize(n)
	if n == 0 {
		return
	}
	in, out := ints[T](b, at+n)[at:], vec.Data[U](v)
	for i, x := range in {
		out[i] = f(x)
	}
}

// convertChecked is convert for values that may not fit; rows that are null are let pass.
func convertChecked[T any, U vec.Elem](v *vec.Vec, b []byte, at, n int, valid []byte, f func(T) (U, bool)) error {
	v.Resize(n)
	if n == 0 {
		return nil
	}
	in, out := ints[T](b, at+n)[at:], vec.Data[U](v)
	for i, x := range in {
		y, ok := f(x)
		if !ok && bit(valid, at+i) {
			return sqlerr.New(sqlerr.NumericOutOfRange, "The value %v is out of the range of %s.", x, v.Type.SQL())
		}
		out[i] = y
	}
	return nil
}

// units reads timestamps and durations of any unit as microseconds; nanoseconds are cut.
func units(v *vec.Vec, b []byte, at, n int, valid []byte, u arrow.TimeUnit) error {
	times := func(k int64) error {
		return convertChecked(v, b, at, n, valid, func(x int64) (int64, bool) {
			hi, lo := bits.Mul64(uint64(max(x, -x)), uint64(k))
			return x * k, hi == 0 && lo <= math.MaxInt64 && x != math.MinInt64
		})
	}
	switch u {
	case arrow.Second:
		return times(1_000_000)
	case arrow.Millisecond:
		return times(1000)
	case arrow.Nanosecond:
		convert(v, b, at, n, func(x int64) int64 { return floorDiv(x, 1000) })
		return nil
	}
	borrow[int64](v, b, at, n)
	return nil
}

// clocks reads times of day in units of unit nanoseconds; digits beyond microseconds are cut.
func clocks[T int32 | int64](v *vec.Vec, b []byte, at, n int, valid []byte, unit int64) error {
	const day = 86_400_000_000_000
	return convertChecked(v, b, at, n, valid, func(x T) (int64, bool) {
		return int64(x) * unit / 1000 * 1000, x >= 0 && int64(x) < day/unit
	})
}

// wide256 is a little-endian 256-bit integer.
type wide256 [4]uint64

func decimals(v *vec.Vec, t types.Type, b []byte, at, n int, valid []byte, dt arrow.DecimalType) error {
	compact, p := t.Storage() == types.StoreInt64, int(t.P)
	narrow := func(x types.Int128) (int64, bool) { return x.Int64(), x.Fits(p) }
	switch dt.(type) {
	case *arrow.Decimal32Type:
		if compact {
			return convertChecked(v, b, at, n, valid, func(x int32) (int64, bool) { return narrow(types.Int128From(int64(x))) })
		}
	case *arrow.Decimal64Type:
		if compact {
			return convertChecked(v, b, at, n, valid, func(x int64) (int64, bool) { return narrow(types.Int128From(x)) })
		}
	case *arrow.Decimal128Type:
		if compact {
			return convertChecked(v, b, at, n, valid, narrow)
		}
		return convertChecked(v, b, at, n, valid, func(x types.Int128) (types.Int128, bool) { return x, x.Fits(p) })
	case *arrow.Decimal256Type:
		half := func(x wide256) (types.Int128, bool) {
			y := types.Int128{Lo: x[0], Hi: int64(x[1])}
			sign := uint64(y.Hi >> 63)
			return y, x[2] == sign && x[3] == sign && y.Fits(p)
		}
		if compact {
			return convertChecked(v, b, at, n, valid, func(x wide256) (int64, bool) {
				y, ok := half(x)
				return y.Int64(), ok
			})
		}
		return convertChecked(v, b, at, n, valid, half)
	}
	return unsupported(dt.(arrow.DataType))
}

func spans[T offset](v *vec.Vec, offs, data []byte, at, n int) {
	v.Resize(n)
	if n == 0 {
		return
	}
	o, out := ints[T](offs, at+n+1)[at:], vec.Data[string](v)
	for i := range out {
		out[i] = text(data[o[i]:o[i+1]])
	}
}

// lists converts the elements that rows at … at+n use.
func (d *Decoder) lists(v *vec.Vec, t types.Type, data arrow.ArrayData, dt arrow.DataType, at, n int) error {
	v.Resize(n)
	if n == 0 {
		return nil
	}
	out := vec.Data[vec.List](v)
	lo, hi := 0, 0 // the range of elements used
	switch dt := dt.(type) {
	case *arrow.ListType, *arrow.MapType:
		lo, hi = listRows[int32](out, buf(data, 1), at)
	case *arrow.LargeListType:
		lo, hi = listRows[int64](out, buf(data, 1), at)
	case *arrow.FixedSizeListType:
		k := int(dt.Len())
		lo, hi = at*k, (at+n)*k
		for i := range out {
			out[i] = vec.List{Off: int32(i * k), Len: int32(k)}
		}
	case *arrow.ListViewType:
		lo, hi = viewRows[int32](out, data, at)
	case *arrow.LargeListViewType:
		lo, hi = viewRows[int64](out, data, at)
	default:
		return unsupported(dt)
	}
	child := data.Children()[0]
	if t.Kind == types.Array {
		return d.column(v.Kids[0], t.Elem(), child, lo, hi-lo)
	}
	for i, k := range child.Children() {
		if err := d.column(v.Kids[i], t.Children()[i].Type, k, child.Offset()+lo, hi-lo); err != nil {
			return err
		}
	}
	return nil
}

func listRows[T offset](out []vec.List, offs []byte, at int) (lo, hi int) {
	o := ints[T](offs, at+len(out)+1)[at:]
	for i := range out {
		out[i] = vec.List{Off: int32(o[i] - o[0]), Len: int32(o[i+1] - o[i])}
	}
	return int(o[0]), int(o[len(out)])
}

func viewRows[T offset](out []vec.List, data arrow.ArrayData, at int) (lo, hi int) {
	o, s, valid := ints[T](buf(data, 1), at+len(out))[at:], ints[T](buf(data, 2), at+len(out))[at:], buf(data, 0)
	first := true
	for i := range out {
		if !bit(valid, at+i) || s[i] == 0 {
			continue
		}
		if first || int(o[i]) < lo {
			lo = int(o[i])
		}
		hi, first = max(hi, int(o[i]+s[i])), false
	}
	for i := range out {
		out[i] = vec.List{}
		if bit(valid, at+i) && s[i] > 0 {
			out[i] = vec.List{Off: int32(int(o[i]) - lo), Len: int32(s[i])}
		}
	}
	return lo, hi
}

// indexes are the indices of rows lo … lo+n of a dictionary column.
func indexes(data arrow.ArrayData, dt *arrow.DictionaryType, lo, n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	out, ok := integers(dt.IndexType.ID(), buf(data, 1), data.Offset()+lo, data.Offset()+lo+n)
	if !ok {
		return nil, invalid("dictionary indices of type %s", dt.IndexType)
	}
	return out, nil
}

// integers widens elements lo … hi of a buffer of an integer type.
func integers(id arrow.Type, b []byte, lo, hi int) ([]int64, bool) {
	switch id {
	case arrow.INT8:
		return widenIndexes[int8](b, lo, hi), true
	case arrow.INT16:
		return widenIndexes[int16](b, lo, hi), true
	case arrow.INT32:
		return widenIndexes[int32](b, lo, hi), true
	case arrow.INT64:
		return widenIndexes[int64](b, lo, hi), true
	case arrow.UINT8:
		return widenIndexes[uint8](b, lo, hi), true
	case arrow.UINT16:
		return widenIndexes[uint16](b, lo, hi), true
	case arrow.UINT32:
		return widenIndexes[uint32](b, lo, hi), true
	case arrow.UINT64:
		return widenIndexes[uint64](b, lo, hi), true
	}
	return nil, false
}

func widenIndexes[T interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}](b []byte, lo, hi int) []int64 {
	in := ints[T](b, hi)[lo:]
	out := make([]int64, len(in))
	for i, x := range in {
		out[i] = int64(x)
	}
	return out
}

var dictionaryIDs atomic.Uint64

// decoded is a dictionary as a vector.
type decoded struct {
	*vec.Dictionary
	keep bool // fit to stay one
}

func (d *Decoder) dictionary(v *vec.Vec, t types.Type, data arrow.ArrayData, dt *arrow.DictionaryType, lo, n int) error {
	dict := data.Dictionary()
	if dict == nil || isNil(dict) || dict.Len() == 0 {
		v.Resize(n)
		v.MakeValid().ClearAll(n)
		return nil
	}
	all, err := indexes(data, dt, lo, n)
	if err != nil {
		return err
	}
	values, ok := d.dicts[dict]
	if !ok {
		values = decoded{Dictionary: &vec.Dictionary{ID: 1<<63 | dictionaryIDs.Add(1), Values: &vec.Vec{}}}
		if err := d.column(values.Values, t, dict, 0, dict.Len()); err != nil {
			return err
		}
		if values.Values.Enc != vec.Flat { // a dictionary of dictionaries
			f := &vec.Vec{}
			vec.Flatten(f, values.Values)
			values.Values = f
		}
		values.keep = d.KeepDictionaries && distinct(values.Values)
		if d.dicts == nil {
			d.dicts = map[arrow.ArrayData]decoded{}
		}
		d.dicts[dict] = values
	}
	codes := make([]int32, n)
	for i, c := range all {
		if c >= 0 && c < int64(dict.Len()) { // others are null
			codes[i] = int32(c)
		}
	}
	valid := buf(data, 0)
	if values.keep {
		v.SetDict(values.Dictionary, codes)
		setValid(v, valid, data.Offset()+lo, n)
		return nil
	}
	vec.Gather(v, values.Values, codes)
	for i := range n {
		if !bit(valid, data.Offset()+lo+i) {
			v.SetNull(i)
		}
	}
	return nil
}

// distinct reports whether a dictionary is fit to stay one: strings, no nulls, no value twice.
func distinct(v *vec.Vec) bool {
	if v.Type.Storage() != types.StoreString || v.Valid != nil || v.Enc != vec.Flat {
		return false
	}
	seen := make(map[string]struct{}, v.Len())
	for _, s := range vec.Data[string](v) {
		seen[s] = struct{}{}
	}
	return len(seen) == v.Len()
}

// runEnds are the ends of runs.
func runEnds(k arrow.ArrayData) ([]int64, error) {
	if k.Len() == 0 {
		return nil, nil
	}
	out, ok := integers(k.DataType().ID(), buf(k, 1), k.Offset(), end(k))
	if !ok {
		return nil, invalid("run ends of type %s", k.DataType())
	}
	return out, nil
}

func (d *Decoder) runs(v *vec.Vec, t types.Type, data arrow.ArrayData, lo, n int) error {
	ends, err := runEnds(data.Children()[0])
	if err != nil {
		return err
	}
	values := &vec.Vec{}
	if err := d.column(values, t, data.Children()[1], 0, len(ends)); err != nil {
		return err
	}
	rows := make([]int32, n)
	at := int64(data.Offset() + lo)
	run := sort.Search(len(ends), func(i int) bool { return ends[i] > at })
	for i := range rows {
		for ends[run] <= at+int64(i) {
			run++
		}
		rows[i] = int32(run)
	}
	vec.Gather(v, values, rows)
	return nil
}

func isNil(d arrow.ArrayData) bool {
	v := reflect.ValueOf(d)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
