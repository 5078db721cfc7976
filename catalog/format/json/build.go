package json

import (
	"encoding/base64"
	"errors"
	"math"

	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// errMismatch says that a value is good JSON but none of the type: it becomes
// NULL and its record counts as malformed.
var errMismatch = errors.New("the value does not fit its type")

// builder collects the values of a column, or of a level within one.
type builder struct {
	t     types.Type
	n     int
	valid []bool
	nulls int

	bools []bool
	i8    []int8
	i16   []int16
	i32   []int32
	i64   []int64
	i128  []types.Int128
	f32   []float32
	f64   []float64
	strs  []string
	lists []vec.List
	cals  []types.CalendarInterval

	kids  []*builder // fields of a struct, element of an array, key and value of a map
	names map[string]int
	plain []bool // of a struct's fields: their names are written without escapes
	guess int    // the field that is expected next: members tend to come in one order
	v     vec.Vec

	intervals *intervalReader // made when first needed
}

func newBuilder(t types.Type) *builder {
	b := &builder{t: t}
	for _, f := range t.Children() {
		b.kids = append(b.kids, newBuilder(f.Type))
	}
	if t.Kind == types.Struct {
		b.names = map[string]int{}
		for i, f := range t.Children() {
			b.names[f.Name] = i
			b.plain = append(b.plain, plainName(f.Name))
		}
	}
	return b
}

// expect is the name of the member that comes next, if members keep their order.
func (b *builder) expect() string {
	if b.guess < len(b.plain) && b.plain[b.guess] {
		return b.t.Children()[b.guess].Name
	}
	return ""
}

// field is the place of the struct field called name, or -1.
func (b *builder) field(name string) int {
	fs := b.t.Children()
	if b.guess < len(fs) && fs[b.guess].Name == name {
		b.guess++
		return b.guess - 1
	}
	if i, ok := b.names[name]; ok {
		b.guess = i + 1
		return i
	}
	return -1
}

// truncate drops values from place n on. Elements of dropped lists stay, unused.
func (b *builder) truncate(n int) {
	if b.n <= n {
		return
	}
	for _, ok := range b.valid[n:] {
		if !ok {
			b.nulls--
		}
	}
	b.n, b.valid = n, b.valid[:n]
	switch b.t.Storage() {
	case types.StoreBool:
		b.bools = b.bools[:n]
	case types.StoreInt8:
		b.i8 = b.i8[:n]
	case types.StoreInt16:
		b.i16 = b.i16[:n]
	case types.StoreInt32:
		b.i32 = b.i32[:n]
	case types.StoreInt64:
		b.i64 = b.i64[:n]
	case types.StoreInt128:
		b.i128 = b.i128[:n]
	case types.StoreFloat32:
		b.f32 = b.f32[:n]
	case types.StoreFloat64:
		b.f64 = b.f64[:n]
	case types.StoreString:
		b.strs = b.strs[:n]
	case types.StoreList:
		b.lists = b.lists[:n]
	case types.StoreInterval:
		b.cals = b.cals[:n]
	case types.StoreStruct:
		for _, k := range b.kids {
			k.truncate(n)
		}
	}
}

// null appends NULL.
func (b *builder) null() {
	b.n++
	b.nulls++
	b.valid = append(b.valid, false)
	switch b.t.Storage() {
	case types.StoreBool:
		b.bools = append(b.bools, false)
	case types.StoreInt8:
		b.i8 = append(b.i8, 0)
	case types.StoreInt16:
		b.i16 = append(b.i16, 0)
	case types.StoreInt32:
		b.i32 = append(b.i32, 0)
	case types.StoreInt64:
		b.i64 = append(b.i64, 0)
	case types.StoreInt128:
		b.i128 = append(b.i128, types.Int128{})
	case types.StoreFloat32:
		b.f32 = append(b.f32, 0)
	case types.StoreFloat64:
		b.f64 = append(b.f64, 0)
	case types.StoreString:
		b.strs = append(b.strs, "")
	case types.StoreList:
		b.lists = append(b.lists, vec.List{})
	case types.StoreInterval:
		b.cals = append(b.cals, types.CalendarInterval{})
	case types.StoreStruct:
		for _, k := range b.kids {
			k.null()
		}
	}
}

// present marks the value just appended as not NULL.
func (b *builder) present() {
	b.n++
	b.valid = append(b.valid, true)
}

// vector makes the vector of what was collected.
func (b *builder) vector() *vec.Vec {
	v := &b.v
	v.Reset(b.t)
	switch b.t.Storage() {
	case types.StoreBool:
		vec.SetData(v, b.bools)
	case types.StoreInt8:
		vec.SetData(v, b.i8)
	case types.StoreInt16:
		vec.SetData(v, b.i16)
	case types.StoreInt32:
		vec.SetData(v, b.i32)
	case types.StoreInt64:
		vec.SetData(v, b.i64)
	case types.StoreInt128:
		vec.SetData(v, b.i128)
	case types.StoreFloat32:
		vec.SetData(v, b.f32)
	case types.StoreFloat64:
		vec.SetData(v, b.f64)
	case types.StoreString:
		vec.SetData(v, b.strs)
	case types.StoreList:
		vec.SetData(v, b.lists)
	case types.StoreInterval:
		vec.SetData(v, b.cals)
	default:
		v.Resize(b.n)
	}
	v.Kids = nil
	for _, k := range b.kids {
		v.Kids = append(v.Kids, k.vector())
	}
	if b.nulls > 0 && b.t.Kind != types.Null {
		bits := v.MakeValid()
		for i, ok := range b.valid {
			if !ok {
				bits.Clear(i)
			}
		}
	}
	return v
}

// reset empties the builder, elements of lists included.
func (b *builder) reset() {
	b.truncate(0)
	b.n, b.nulls, b.valid = 0, 0, b.valid[:0]
	for _, k := range b.kids {
		k.reset()
	}
}

// value reads one value and appends it. errMismatch leaves a NULL appended
// and the scanner behind the value; other errors leave the builder undefined
// (the caller truncates).
func (b *builder) value(s *scanner, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	k := s.next()
	if k == null {
		if err := s.null(); err != nil {
			return err
		}
		b.null()
		return nil
	}
	switch b.t.Kind {
	case types.Struct:
		if k == object {
			return b.object(s, depth)
		}
	case types.Map:
		if k == object {
			return b.entries(s, depth)
		}
	case types.Array:
		if k == array {
			return b.elements(s, depth)
		}
	case types.String:
		return b.text(s, k, depth)
	default:
		if k == str || k == number || k == boolean {
			return b.scalar(s, k)
		}
	}
	return b.mismatch(s, depth)
}

// mismatch passes over a value that is none of the type.
func (b *builder) mismatch(s *scanner, depth int) error {
	if err := s.skip(depth); err != nil {
		return err
	}
	b.null()
	return errMismatch
}

// text takes strings as they are and anything else as it is written.
func (b *builder) text(s *scanner, k kind, depth int) error {
	if k == str {
		v, err := s.string()
		if err != nil {
			return err
		}
		b.strs = append(b.strs, v)
		b.present()
		return nil
	}
	if s.o.rewrite {
		v, err := s.rewritten(depth)
		if err != nil {
			return err
		}
		b.strs = append(b.strs, v)
		b.present()
		return nil
	}
	start := s.i
	if err := s.skip(depth); err != nil {
		return err
	}
	b.strs = append(b.strs, textfile.Text(s.b[start:s.i]))
	b.present()
	return nil
}

// object reads the fields of a struct. A field that does not fit is NULL and
// the others stay; of members with one name the last counts.
func (b *builder) object(s *scanner, depth int) error {
	base := b.n
	var mismatch error
	b.guess = 0
	err := s.members(b.expect, func(name string) error {
		i := b.field(name)
		if i < 0 {
			return s.skip(depth + 1)
		}
		k := b.kids[i]
		k.truncate(base)
		guess := b.guess
		err := k.value(s, depth+1)
		b.guess = guess
		if errors.Is(err, errMismatch) {
			mismatch, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	b.finish(base)
	return mismatch
}

// finish completes a struct value: fields that had no member are NULL.
func (b *builder) finish(base int) {
	for _, k := range b.kids {
		if k.n == base {
			k.null()
		}
	}
	b.present()
}

// elements reads an array; if an element does not fit, the array is NULL.
func (b *builder) elements(s *scanner, depth int) error {
	k := b.kids[0]
	start := k.n
	var mismatch error
	err := s.elements(func() error {
		err := k.value(s, depth+1)
		if errors.Is(err, errMismatch) {
			mismatch, err = err, nil
		}
		return err
	})
	return b.list(start, mismatch, err)
}

func (b *builder) entries(s *scanner, depth int) error {
	keys, vals := b.kids[0], b.kids[1]
	start := keys.n
	var mismatch error
	err := s.members(nil, func(name string) error {
		if keys.t.Kind == types.String {
			keys.strs = append(keys.strs, name)
			keys.present()
		} else if !keys.parse(s.o, name) {
			keys.null()
			mismatch = errMismatch
		}
		err := vals.value(s, depth+1)
		if errors.Is(err, errMismatch) {
			mismatch, err = err, nil
		}
		return err
	})
	return b.list(start, mismatch, err)
}

func (b *builder) list(start int, mismatch, err error) error {
	if err != nil {
		return err
	}
	if mismatch != nil {
		b.null()
		return mismatch
	}
	if b.kids[0].n > math.MaxInt32 {
		return errDeep
	}
	b.lists = append(b.lists, vec.List{Off: int32(start), Len: int32(b.kids[0].n - start)})
	b.present()
	return nil
}

// scalar reads a value of a flat type other than STRING.
func (b *builder) scalar(s *scanner, k kind) error {
	ok := false
	switch k {
	case boolean:
		v, err := s.boolean()
		if err != nil {
			return err
		}
		if ok = b.t.Kind == types.Bool; ok {
			b.bools = append(b.bools, v)
			b.present()
		}
	case number:
		text, whole, special, err := s.number()
		if err != nil {
			return err
		}
		ok = b.number(s.o, text, whole, special)
	default:
		text, err := s.string()
		if err != nil {
			return err
		}
		ok = b.parse(s.o, text)
	}
	if !ok {
		b.null()
		return errMismatch
	}
	return nil
}

// number appends a number, if the type takes numbers.
func (b *builder) number(o *options, text string, whole, special bool) bool {
	switch b.t.Kind {
	case types.Int8, types.Int16, types.Int32, types.Int64:
		x, ok := textvalue.ParseInt(text, 8*b.t.Storage().Width())
		if !whole || !ok {
			return false
		}
		b.integer(x)
	case types.Float32, types.Float64:
		if special {
			return b.parse(o, text)
		}
		f, ok := textvalue.ParseFloat(text, 8*b.t.Storage().Width())
		if !ok {
			return false
		}
		if whole && f == 0 {
			f = 0 // -0 is an integer, and integers have no negative zero
		}
		b.float(f)
	case types.Decimal:
		return !special && b.decimal(text)
	case types.Timestamp:
		x, ok := textvalue.ParseInt(text, 64)
		if !whole || !ok || x > math.MaxInt64/1_000_000 || x < math.MinInt64/1_000_000 {
			return false
		}
		b.integer(x * 1_000_000)
	default:
		return false
	}
	return true
}

func (b *builder) integer(x int64) {
	switch b.t.Storage() {
	case types.StoreInt8:
		b.i8 = append(b.i8, int8(x))
	case types.StoreInt16:
		b.i16 = append(b.i16, int16(x))
	case types.StoreInt32:
		b.i32 = append(b.i32, int32(x))
	default:
		b.i64 = append(b.i64, x)
	}
	b.present()
}

func (b *builder) float(f float64) {
	if b.t.Kind == types.Float32 {
		b.f32 = append(b.f32, float32(f))
	} else {
		b.f64 = append(b.f64, f)
	}
	b.present()
}

func (b *builder) decimal(text string) bool {
	x, ok := textvalue.ParseDecimal(text, int(b.t.P), int(b.t.S))
	if !ok {
		return false
	}
	if b.t.Storage() == types.StoreInt64 {
		b.i64 = append(b.i64, x.Int64())
	} else {
		b.i128 = append(b.i128, x)
	}
	b.present()
	return true
}

// parse appends the value of a quoted text, if the type takes one.
func (b *builder) parse(o *options, text string) bool {
	switch b.t.Kind {
	case types.Float32, types.Float64:
		switch text {
		case "NaN":
			b.float(math.NaN())
		case "Infinity", "+Infinity", "INF", "+INF":
			b.float(math.Inf(1))
		case "-Infinity", "-INF":
			b.float(math.Inf(-1))
		default:
			return false
		}
	case types.Decimal:
		return b.decimal(text)
	case types.Date:
		d, ok := o.times.Date(text)
		if !ok {
			return false
		}
		b.integer(int64(d))
	case types.Timestamp, types.TimestampNTZ:
		parse := o.times.Stamp
		if b.t.Kind == types.TimestampNTZ {
			parse = o.times.NTZ
		}
		us, ok := parse(text)
		if !ok {
			return false
		}
		b.integer(us)
	case types.Time:
		v, ok := o.times.Clock(text, b.t.P)
		if !ok {
			return false
		}
		b.integer(v)
	case types.YearMonth, types.DayTime, types.Interval:
		return b.interval(text)
	case types.Binary:
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return false
		}
		b.strs = append(b.strs, textfile.Text(data))
		b.present()
	default:
		return false
	}
	return true
}
