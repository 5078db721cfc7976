package hold

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

var cases = []struct {
	t    types.Type
	make func(r *rand.Rand) types.Datum
}{
	{types.BoolType, func(r *rand.Rand) types.Datum { return r.IntN(2) == 0 }},
	{types.Int8Type, func(r *rand.Rand) types.Datum { return int64(int8(r.Int())) }},
	{types.Int16Type, func(r *rand.Rand) types.Datum { return int64(int16(r.Int())) }},
	{types.Int32Type, func(r *rand.Rand) types.Datum { return int64(int32(r.Int())) }},
	{types.DecimalType(38, 2), func(r *rand.Rand) types.Datum { return types.Int128{Hi: 5, Lo: r.Uint64()} }},
	{types.Float64Type, func(r *rand.Rand) types.Datum { return r.NormFloat64() }},
	{types.StringType, func(r *rand.Rand) types.Datum { return fmt.Sprint(r.IntN(5000)) }},
	{types.IntervalType, func(r *rand.Rand) types.Datum { return types.CalendarInterval{Days: int32(r.Int())} }},
	{types.ArrayType(types.StringType, true), list},
	{types.ArrayType(types.ArrayType(types.StringType, true), true), func(r *rand.Rand) types.Datum { return []types.Datum{list(r), nil, list(r)} }},
	{types.MapType(types.StringType, types.Int64Type, true), func(r *rand.Rand) types.Datum {
		return types.MapDatum{Keys: []types.Datum{fmt.Sprint(r.Int())}, Values: []types.Datum{nil}}
	}},
	{types.StructType(types.Field{Name: "a", Type: types.ArrayType(types.StringType, true), Nullable: true}, types.Field{Name: "b", Type: types.Int16Type, Nullable: true}), func(r *rand.Rand) types.Datum {
		return []types.Datum{list(r), nil}
	}},
	{types.NullType, func(*rand.Rand) types.Datum { return nil }},
}

func list(r *rand.Rand) types.Datum {
	out := make([]types.Datum, r.IntN(4))
	for i := range out {
		if out[i] = fmt.Sprint(r.IntN(300)); r.IntN(4) == 0 {
			out[i] = nil
		}
	}
	return out
}

// batches makes rows in flat, constant and dictionary encoding, with and
// without a selection, and returns them with their values.
func batches(r *rand.Rand, n int) (out []*vec.Batch, rows [][]types.Datum) {
	dicts := make([]*vec.Dictionary, len(cases))
	for c, k := range cases {
		dicts[c] = &vec.Dictionary{ID: uint64(c + 1), Values: vec.New(k.t, 0)}
		for range 5 {
			dicts[c].Values.AppendDatums([]types.Datum{k.make(r)})
		}
	}
	for range n {
		size := 1 + r.IntN(300)
		b := &vec.Batch{N: size}
		for c, k := range cases {
			v := &vec.Vec{Type: k.t}
			switch enc := r.IntN(4); {
			case enc == 0 && k.t.Kind != types.Null:
				codes := make([]int32, size)
				for i := range codes {
					codes[i] = int32(r.IntN(5))
				}
				v.SetDict(dicts[c], codes)
				if r.IntN(2) == 0 {
					v.SetNull(r.IntN(size))
				}
			case enc == 1:
				v.SetConst(size)
				if v.Put(0, k.make(r)); r.IntN(3) == 0 && k.t.Kind != types.Null {
					v.SetNull(0)
				}
			default:
				for range size {
					d := k.make(r)
					if r.IntN(5) == 0 {
						d = nil
					}
					v.AppendDatums([]types.Datum{d})
				}
			}
			b.Cols = append(b.Cols, v)
		}
		if r.IntN(2) == 0 {
			b.Sel = []uint16{}
			for i := range size {
				if r.IntN(3) > 0 {
					b.Sel = append(b.Sel, uint16(i))
				}
			}
		}
		out = append(out, b)
		for _, i := range b.Selection() {
			rows = append(rows, row(b, int(i)))
		}
	}
	return out, rows
}

func row(b *vec.Batch, i int) []types.Datum {
	var out []types.Datum
	for _, c := range b.Cols {
		out = append(out, c.Get(i))
	}
	return out
}

func kinds() (ts []types.Type) {
	for _, c := range cases {
		ts = append(ts, c.t)
	}
	return ts
}

func TestStore(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	acct := mem.NewAccount("test", 0)
	s, other := NewStore(kinds(), acct), NewStore(kinds(), acct)
	bs, want := batches(r, 40)
	for _, b := range bs {
		if err := s.AppendBatch(b); err != nil {
			t.Fatal(err)
		}
	}
	bs, more := batches(r, 3)
	for _, b := range bs {
		if err := other.AppendBatch(b); err != nil {
			t.Fatal(err)
		}
	}
	var numbers []uint32
	for i := range want {
		numbers = append(numbers, uint32(i))
	}
	base := s.Adopt(other)
	for i := range more {
		numbers = append(numbers, base+uint32(i))
	}
	want = append(want, more...)
	s.Seal()
	order := r.Perm(len(want))
	for lo := 0; lo < len(order); lo += 1000 {
		part := order[lo:min(lo+1000, len(order))]
		rows := make([]uint32, len(part))
		for i, o := range part {
			rows[i] = numbers[o]
		}
		var b vec.Batch
		s.GatherRows(&b, rows)
		for i, o := range part {
			if got, want := fmt.Sprint(row(&b, i)), fmt.Sprint(want[o]); got != want {
				t.Fatalf("row %d is\n%s want\n%s", o, got, want)
			}
		}
	}
	if used := acct.Used(); used < s.Bytes() || used > s.Bytes()+8<<20 {
		t.Errorf("the account has %d bytes, the store %d", used, s.Bytes())
	}
	s.Release()
	other.Release()
	if acct.Used() != 0 {
		t.Errorf("%d bytes left", acct.Used())
	}
}

// TestRefused: rows that do not fit leave a store as it was.
func TestRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	acct := mem.NewAccount("test", 4<<20)
	s := NewHeadStore(kinds(), 8, acct)
	var want [][]types.Datum
	heads := make([]byte, 8*300)
	bs, _ := batches(r, 200)
	refused := 0
	for _, b := range bs {
		before := s.Len()
		for i := range b.Rows() {
			heads[8*i] = byte(before + i)
		}
		if err := s.AppendHead(b.Cols, b.Selection(), heads[:8*b.Rows()]); err != nil {
			if refused++; s.Len() != before {
				t.Fatalf("%d rows after an error, %d before", s.Len(), before)
			}
			continue
		}
		for _, i := range b.Selection() {
			want = append(want, row(b, int(i)))
		}
	}
	if len(want) < 1000 || refused < 10 {
		t.Fatalf("%d rows fit, %d batches did not", len(want), refused)
	}
	s.Seal()
	for i := range want {
		var b vec.Batch
		n := uint32(i)
		s.GatherRows(&b, []uint32{n})
		if got, want := fmt.Sprint(row(&b, 0)), fmt.Sprint(want[i]); got != want {
			t.Fatalf("row %d is\n%s want\n%s", i, got, want)
		}
		if s.Head(n)[0] != byte(i) {
			t.Fatalf("row %d has the head of another", i)
		}
	}
	s.Release()
	if acct.Used() != 0 {
		t.Errorf("%d bytes left", acct.Used())
	}
}

func TestAbsentRowsAreNull(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := NewStore(kinds(), mem.NewAccount("test", 0))
	bs, want := batches(r, 1)
	if err := s.AppendBatch(bs[0]); err != nil {
		t.Fatal(err)
	}
	s.Seal()
	var b vec.Batch
	s.GatherRows(&b, []uint32{Absent, 0, Absent})
	for i := range 3 {
		for c := range cases {
			if got := b.Cols[c].Get(i); i != 1 && got != nil || i == 1 && fmt.Sprint(got) != fmt.Sprint(want[0][c]) {
				t.Errorf("row %d column %d: %v", i, c, got)
			}
		}
	}
}

func TestScatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		bs, rows := batches(r, 3)
		out := vec.NewBatch(kinds(), len(rows))
		perm := r.Perm(len(rows))
		n := 0
		for _, b := range bs {
			var at []int32
			for range b.Rows() {
				at = append(at, int32(perm[n]))
				n++
			}
			for c := range cases {
				Scatter(out.Cols[c], at, b.Cols[c], b.Selection())
			}
		}
		for i, p := range perm {
			if got, want := fmt.Sprint(row(out, p)), fmt.Sprint(rows[i]); got != want {
				t.Fatalf("got\n%s want\n%s", got, want)
			}
		}
	}
}
