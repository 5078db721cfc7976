package row

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

var deep = types.StructType(
	types.Field{Name: "f", Type: types.Float32Type, Nullable: true},
	types.Field{Name: "m", Type: types.MapType(types.StringType, types.ArrayType(types.Int16Type, true), true), Nullable: true},
)

var all = []types.Type{
	types.BoolType, types.Int8Type, types.Int16Type, types.Int32Type, types.Int64Type, types.Float32Type, types.Float64Type,
	types.DecimalType(10, 2), types.DecimalType(38, 0), types.StringType, types.BinaryType, types.DateType, types.TimestampType,
	types.IntervalType, types.ArrayType(types.StringType, true), deep, types.NullType,
}

// value makes one of about card values of type t, or NULL.
func value(r *rand.Rand, t types.Type, card int) types.Datum {
	k := r.IntN(card)
	if r.IntN(6) == 0 {
		return nil
	}
	switch t.Kind {
	case types.Bool:
		return k%2 == 0
	case types.Float32, types.Float64:
		return []types.Datum{math.NaN(), math.Copysign(0, -1), 0.0, float64(k) / 2}[r.IntN(4)]
	case types.Decimal:
		if t.P > types.MaxCompactPrecision {
			return types.Int128{Lo: uint64(k), Hi: int64(k % 3)}
		}
		return types.Int128From(int64(k) - 3)
	case types.String, types.Binary:
		return "twelve bytes or rather more"[:min(27, k*2)]
	case types.Interval:
		return types.CalendarInterval{Months: int32(k % 2), Days: int32(k % 3), Micros: int64(k)}
	case types.Array:
		out := make([]types.Datum, k%3)
		for i := range out {
			out[i] = value(r, t.Elem(), card)
		}
		return out
	case types.Map:
		m := types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}}
		for i := range k % 3 {
			m.Keys, m.Values = append(m.Keys, string(rune('a'+i))), append(m.Values, value(r, t.Value(), card))
		}
		return m
	case types.Struct:
		out := make([]types.Datum, len(t.Children()))
		for i, f := range t.Children() {
			out[i] = value(r, f.Type, card)
		}
		return out
	case types.Null:
		return nil
	}
	return int64(k%100 - 50)
}

// TestRoundTrip: what is scattered is gathered, as payload bit by bit.
func TestRoundTrip(t *testing.T) {
	const n = 500
	r := rand.New(rand.NewPCG(1, 2))
	l := NewLayout(16, all, nil, 3, 24)
	a := mem.NewArena(nil)
	defer a.Free()
	heap := Heap{Arena: a}
	rows := make([]unsafe.Pointer, n)
	var sel []uint16
	for i := range rows {
		if i%4 != 2 {
			sel = append(sel, uint16(i))
			rows[i] = a.Alloc(l.Size)
			for k := range l.Size { // rows come with anything in them
				*(*byte)(unsafe.Add(rows[i], k)) = 0xa5
			}
			l.Clear(rows[i])
		}
	}
	cols := make([]*vec.Vec, len(all))
	for c, typ := range all {
		ds := make([]types.Datum, n)
		for i := range ds {
			ds[i] = value(r, typ, 20)
		}
		cols[c] = vec.FromDatums(typ, ds...)
		var p Prep
		l.Scatter(c, p.Payload(cols[c], sel), sel, rows, &heap)
	}
	var some []unsafe.Pointer
	for _, s := range sel {
		some = append(some, rows[s])
	}
	for c, typ := range all {
		var dense, sparse vec.Vec
		l.Gather(c, some, &dense)
		l.GatherAt(c, sel, rows, n, &sparse)
		for i, s := range sel {
			want := cols[c].Get(int(s))
			for _, got := range []types.Datum{dense.Get(i), sparse.Get(int(s))} {
				if !cmp.Equal(got, want, cmp.Comparer(sameBits)) {
					t.Fatalf("%v: got %v want %v", typ, got, want)
				}
			}
			if l.IsNull(c, rows[s]) != (want == nil) {
				t.Errorf("%v: null bit of %v", typ, want)
			}
		}
	}
}

// TestPack: rows that were packed, or copied, hold what they held, in memory of their own.
func TestPack(t *testing.T) {
	const n = 200
	r := rand.New(rand.NewPCG(3, 4))
	l := NewLayout(8, all, nil, 2, 16)
	old := mem.NewArena(nil)
	heap := Heap{Arena: old}
	rows, sel := make([]unsafe.Pointer, n), vec.Identity[:n]
	for i := range rows {
		rows[i] = old.Alloc(l.Size)
		l.Clear(rows[i])
		*(*uint64)(rows[i]) = uint64(i)
		*(*uint64)(unsafe.Add(rows[i], l.Tail+8)) = uint64(3 * i)
	}
	cols := make([]*vec.Vec, len(all))
	for c, typ := range all {
		ds := make([]types.Datum, n)
		for i := range ds {
			ds[i] = value(r, typ, 20)
		}
		cols[c] = vec.FromDatums(typ, ds...)
		var p Prep
		l.Scatter(c, p.Payload(cols[c], sel), sel, rows, &heap)
	}
	packed := l.Pack([]byte("xyz"), rows)
	a := mem.NewArena(nil)
	defer a.Free()
	own := Heap{Arena: a}
	long := 0
	back, copies := make([]unsafe.Pointer, n), make([]unsafe.Pointer, n)
	rest := packed[3:]
	for i := range rows {
		back[i], copies[i] = a.Alloc(l.Size), a.Alloc(l.Size)
		rest = l.Unpack(rest, back[i], &own)
		l.Copy(copies[i], rows[i], &own)
		long += l.Long(rows[i])
	}
	if len(rest) != 0 || len(packed) != 3+n*l.Size+long {
		t.Fatalf("%d bytes are left of %d", len(rest), len(packed))
	}
	for i := range rows {
		clear(unsafe.Slice((*byte)(rows[i]), l.Size))
	}
	old.Free()
	for _, got := range [][]unsafe.Pointer{back, copies} {
		for c, typ := range all {
			var v vec.Vec
			l.Gather(c, got, &v)
			for i := range n {
				if g, w := v.Get(i), cols[c].Get(i); !cmp.Equal(g, w, cmp.Comparer(sameBits)) {
					t.Fatalf("%v: got %v want %v", typ, g, w)
				}
			}
		}
		for i, p := range got {
			if *(*uint64)(p) != uint64(i) || *(*uint64)(unsafe.Add(p, l.Tail+8)) != uint64(3*i) {
				t.Fatalf("head or tail of row %d is lost", i)
			}
		}
	}
}

func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// TestKeys: Match, Equal and Hash agree with SQL equality, whatever the encoding.
func TestKeys(t *testing.T) {
	const n = 300
	r := rand.New(rand.NewPCG(5, 6))
	for _, typ := range all {
		l := NewLayout(8, []types.Type{typ}, nil, 1, 0)
		a := mem.NewArena(nil)
		heap := Heap{Arena: a}
		ds := make([]types.Datum, n)
		for i := range ds {
			ds[i] = value(r, typ, 8)
		}
		flat := vec.FromDatums(typ, ds...)
		rows := make([]unsafe.Pointer, n)
		for i := range rows {
			rows[i] = a.Alloc(l.Size)
			l.Clear(rows[i])
		}
		sel := vec.Identity[:n]
		var p Prep
		key := p.Key(flat, sel)
		l.Scatter(0, key, sel, rows, &heap)
		hash := make([]uint64, n)
		Hash([]*vec.Vec{key}, sel, hash)
		if l.cols[0].kind == w8 || l.cols[0].kind == w4 || l.cols[0].kind == w1 || l.cols[0].kind == w2 {
			for i := range rows {
				if l.HashWord(rows[i]) != hash[i] {
					t.Fatalf("%v: hash of %v in a row differs", typ, ds[i])
				}
			}
		}
		for i := range n {
			for j := range min(i, 25) {
				if (hash[i] == hash[j]) != equal(ds[i], ds[j]) && (ds[i] != nil && ds[j] != nil) {
					t.Fatalf("%v: %v and %v hash to %x and %x", typ, ds[i], ds[j], hash[i], hash[j])
				}
			}
		}
		for _, x := range []int{0, 7, 100} {
			// Hold every row against row x, given as a constant.
			c := (&vec.Vec{Type: typ}).SetConst(n)
			c.Put(0, ds[x])
			var q Prep
			keys := []*vec.Vec{q.Key(c, sel)}
			eq, ne := l.Match(keys, sel, rows, nil, nil)
			other := make([]uint64, n)
			Hash(keys, sel, other)
			if len(eq)+len(ne) != n {
				t.Fatalf("%v: %d + %d rows of %d", typ, len(eq), len(ne), n)
			}
			is := map[uint16]bool{}
			for _, r := range eq {
				is[r] = true
			}
			for i := range n {
				want := equal(ds[i], ds[x])
				if is[uint16(i)] != want || l.Equal(rows[i], rows[x]) != want {
					t.Fatalf("%v: %v = %v should be %v", typ, ds[i], ds[x], want)
				}
				if want && hash[i] != other[i] {
					t.Fatalf("%v: equal values %v and %v have two hashes", typ, ds[i], ds[x])
				}
			}
		}
		a.Free()
	}
}

// equal is SQL equality of keys: NULL is NULL, NaN is NaN, -0.0 is 0.0.
func equal(a, b types.Datum) bool {
	return cmp.Equal(a, b, cmp.Comparer(func(x, y float64) bool { return x == y || x != x && y != y }))
}

func TestPrefetch(t *testing.T) {
	data := make([]uint64, 100)
	PrefetchAt(unsafe.Pointer(&data[0]), []uint32{0, 99, 50})
	PrefetchRows([]uint64{mem.Address(unsafe.Pointer(&data[3])) | 0xffff<<48, 0}, 8)
	PrefetchAt(nil, nil)
	PrefetchRows(nil, 0)
}

func BenchmarkHash(b *testing.B) {
	v := vec.New(types.Int64Type, 2048)
	keys, out := []*vec.Vec{v}, make([]uint64, 2048)
	for range b.N {
		Hash(keys, vec.Identity[:2048], out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2048, "ns/row")
}
