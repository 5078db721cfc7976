package exchange

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

var decimal38 = types.DecimalType(38, 2)

var flatTypes = []types.Type{
	types.BoolType, types.Int8Type, types.Int16Type, types.Int32Type, types.Int64Type, types.Float32Type, types.Float64Type,
	types.StringType, types.NullType, decimal38, types.IntervalType,
}

// column makes n random values in a random encoding.
func column(r *rand.Rand, t types.Type, n int) *vec.Vec {
	nulls := r.IntN(2) == 0
	fill := func(n int) *vec.Vec {
		v := vec.New(t, n)
		for i := range n {
			switch t.Storage() {
			case types.StoreBool:
				vec.Data[bool](v)[i] = r.IntN(2) == 0
			case types.StoreInt8:
				vec.Data[int8](v)[i] = int8(r.Uint32())
			case types.StoreInt16:
				vec.Data[int16](v)[i] = int16(r.Uint32())
			case types.StoreInt32:
				vec.Data[int32](v)[i] = int32(r.Uint32())
			case types.StoreInt64:
				vec.Data[int64](v)[i] = int64(r.Uint64())
			case types.StoreFloat32:
				vec.Data[float32](v)[i] = r.Float32()
			case types.StoreFloat64:
				vec.Data[float64](v)[i] = r.Float64()
			case types.StoreInt128:
				vec.Data[types.Int128](v)[i] = types.Int128From(int64(r.Uint64()))
			case types.StoreInterval:
				vec.Data[types.CalendarInterval](v)[i] = types.CalendarInterval{Months: r.Int32(), Days: 2, Micros: 3}
			case types.StoreString:
				vec.Data[string](v)[i] = strings.Repeat("x", r.IntN(20))
			}
		}
		return v
	}
	switch r.IntN(3) {
	case 0:
		v := fill(1)
		v.Enc = vec.Const
		v.SetLen(n)
		if nulls {
			v.SetNull(0)
		}
		return v
	case 1:
		if t.Storage() == types.StoreNone {
			return fill(n)
		}
		codes := make([]int32, n)
		for i := range codes {
			codes[i] = r.Int32N(5)
		}
		v := &vec.Vec{Type: t}
		v.SetDict(vec.NewDictionary(fill(5)), codes)
		setNulls(r, v, nulls)
		return v
	}
	v := fill(n)
	setNulls(r, v, nulls)
	return v
}

func setNulls(r *rand.Rand, v *vec.Vec, nulls bool) {
	for i := 0; nulls && i < v.Len(); i++ {
		if r.IntN(3) == 0 {
			v.SetNull(i)
		}
	}
}

// decode reads frames back as rows.
func decode(t *testing.T, ts []types.Type, frames [][]byte) (rows [][]types.Datum) {
	t.Helper()
	s := &Source{types: ts}
	b := vec.NewBatch(ts, 0)
	for _, f := range frames {
		_, err := s.batches(f[headerSize:], b, func(b *vec.Batch, err error) bool {
			for i := range b.N {
				row := make([]types.Datum, len(ts))
				for c, v := range b.Cols {
					row[c] = v.Get(i)
				}
				rows = append(rows, row)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func TestEncoderKeepsRows(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		ts := append([]types.Type(nil), flatTypes...)
		if seed%4 == 3 { // columns that are encoded another way
			ts = []types.Type{types.Int64Type, types.ArrayType(types.StringType, true), types.StringType}
		}
		full, target := 1+r.IntN(100), 1+r.IntN(5000)
		var e *encoder
		var frames [][]byte
		var want [][]types.Datum
		total := 0
		take := func() error {
			f, n := e.take()
			frames, total = append(frames, f), total+n
			return nil
		}
		for range 1 + r.IntN(6) {
			n := 1 + r.IntN(300)
			b := &vec.Batch{N: n}
			for _, typ := range ts {
				if typ.Kind == types.Array {
					b.Cols = append(b.Cols, arrays(r, typ, n))
				} else {
					b.Cols = append(b.Cols, column(r, typ, n))
				}
			}
			var sel []uint16
			for i := range n {
				if seed%3 == 0 || r.IntN(3) > 0 {
					sel = append(sel, uint16(i))
					row := make([]types.Datum, len(ts))
					for c, v := range b.Cols {
						row[c] = v.Get(i)
					}
					want = append(want, row)
				}
			}
			if e == nil {
				e = newEncoder(b.Cols, full)
			}
			if err := e.add(b, sel, target, take); err != nil {
				t.Fatal(err)
			}
		}
		if f, n := e.take(); f != nil {
			frames, total = append(frames, f), total+n
		}
		if got := decode(t, ts, frames); !reflect.DeepEqual(got, want) || total != len(want) {
			t.Fatalf("seed %d: %d rows (%d counted), want %d, or others", seed, len(got), total, len(want))
		}
	}
}

func arrays(r *rand.Rand, t types.Type, n int) *vec.Vec {
	v := vec.New(t, n)
	for i := range n {
		if r.IntN(4) == 0 {
			v.Put(i, nil)
			continue
		}
		list := make([]types.Datum, r.IntN(4))
		for k := range list {
			list[k] = fmt.Sprint(r.IntN(1000))
		}
		v.Put(i, types.Datum(list))
	}
	return v
}

// TestLargeTextMakesManyFrames: a batch of much text does not make a frame that no reader takes.
func TestLargeTextMakesManyFrames(t *testing.T) {
	v := vec.New(types.StringType, 100)
	for i := range 100 {
		vec.Data[string](v)[i] = strings.Repeat("y", 1<<20)
	}
	b := &vec.Batch{Cols: []*vec.Vec{v}, N: 100}
	e := newEncoder(b.Cols, 2048)
	frames, rows := 0, 0
	err := e.add(b, vec.Identity[:100], TargetFrame, func() error {
		f, n := e.take()
		if len(f) > 3*TargetFrame {
			t.Fatalf("a frame of %d bytes", len(f))
		}
		frames, rows = frames+1, rows+n
		return nil
	})
	if _, n := e.take(); n > 0 {
		rows += n
	}
	if err != nil || rows != 100 || frames < 20 {
		t.Errorf("%d rows in %d frames, error %v", rows, frames, err)
	}
	one := vec.New(types.StringType, 1)
	vec.Data[string](one)[0] = strings.Repeat("y", MaxFrame)
	err = newEncoder([]*vec.Vec{one}, 2048).add(&vec.Batch{Cols: []*vec.Vec{one}, N: 1}, vec.Identity[:1], TargetFrame, nil)
	if !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("a row of %d bytes: error %v", MaxFrame, err)
	}
}

// FuzzBatches: whatever is in a frame, reading its batches ends, without a panic and without asking for more memory than the frame has.
func FuzzBatches(f *testing.F) {
	ts := []types.Type{types.Int64Type, types.StringType, types.ArrayType(types.StructType(types.Field{Name: "a", Type: types.Int32Type}), true), decimal38}
	r := rand.New(rand.NewPCG(1, 1))
	b := &vec.Batch{N: 3, Cols: []*vec.Vec{column(r, ts[0], 3), column(r, ts[1], 3), vec.New(ts[2], 3), column(r, ts[3], 3)}}
	e := newEncoder(b.Cols, 10)
	if err := e.add(b, vec.Identity[:3], 1000, nil); err != nil {
		f.Fatal(err)
	}
	frame, _ := e.take()
	f.Add(frame[headerSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &Source{types: ts}
		_, _ = s.batches(body, vec.NewBatch(ts, 0), func(b *vec.Batch, _ error) bool {
			for i := range b.N {
				for _, v := range b.Cols {
					_ = v.Get(i)
				}
			}
			return true
		})
	})
}
