package mem

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func TestArena(t *testing.T) {
	root := NewAccount("root", 0)
	for round := range 3 { // later rounds reuse blocks of earlier ones
		acc := root.Child("op", 0)
		a := NewArena(acc)
		var all [][]byte
		for i := range 3000 {
			n := 1 + i*7%5000
			p := a.AllocZero(n)
			if uintptr(p)%8 != 0 {
				t.Fatalf("%p is not aligned", p)
			}
			b := unsafe.Slice((*byte)(p), n)
			if bytes.Trim(b, "\x00") != nil && len(bytes.Trim(b, "\x00")) > 0 {
				t.Fatalf("round %d: memory is not zero", round)
			}
			for k := range b {
				b[k] = byte(i)
			}
			all = append(all, b)
		}
		big := unsafe.Slice((*byte)(a.AllocZero(9<<20)), 9<<20)
		for _, k := range []int{0, 1 << 20, 9<<20 - 1} {
			if big[k] != 0 {
				t.Fatalf("round %d: a large block is not zero", round)
			}
			big[k] = 1
		}
		for i, b := range all {
			if b[0] != byte(i) || b[len(b)-1] != byte(i) {
				t.Fatalf("allocation %d was written over", i)
			}
		}
		if acc.Used() < a.Bytes() || a.Bytes() < 9<<20 {
			t.Errorf("%d bytes accounted, %d held", acc.Used(), a.Bytes())
		}
		a.Free()
		if acc.Used() != 0 {
			t.Errorf("%d bytes accounted after Free", acc.Used())
		}
		if acc.Close() != 0 || root.Used() != 0 {
			t.Error("accounts are not empty")
		}
	}
	Trim()
}

func TestArenaLimit(t *testing.T) {
	acc := NewAccount("op", 1<<20)
	a := NewArena(acc)
	defer a.Free()
	got := 0
	for {
		if err := a.Ensure(10_000); err != nil {
			if !sqlerr.Is(err, sqlerr.MemoryLimit) {
				t.Fatal(err)
			}
			break
		}
		a.Alloc(10_000)
		got += 10_000
		if acc.Used() > 1<<20 {
			t.Fatalf("%d bytes used", acc.Used())
		}
	}
	if got < 800_000 {
		t.Errorf("only %d bytes of a MiB could be had", got)
	}
}

// TestEnsured: what Ensure has promised fits the account, in however many pieces it is taken.
func TestEnsured(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		limit := int64(200<<10 + r.IntN(8<<20))
		acc := NewAccount("op", limit)
		a := NewArena(acc)
		for refused := 0; refused < 5; {
			n := 8 * (1 + r.IntN(20_000))
			if a.Ensure(n) != nil {
				refused++
				continue
			}
			for n > 0 {
				k := 8 * (1 + r.IntN(n/8))
				a.Alloc(k)
				n -= k
			}
			if acc.Used() > limit {
				t.Fatalf("%d bytes used of %d", acc.Used(), limit)
			}
		}
		a.Free()
		if acc.Used() != 0 {
			t.Fatalf("%d bytes left", acc.Used())
		}
	}
}

func TestSpill(t *testing.T) {
	dir := t.TempDir()
	s, err := NewSpill(func() (string, error) { return dir, nil })
	if err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	ends := []int64{0}
	for i := range 300 {
		f := bytes.Repeat([]byte{byte(i)}, i*37)
		if i%3 == 0 {
			for k := range f {
				f[k] = byte(k * k * 31 >> 3) // does not compress
			}
		}
		end, err := s.Write(f)
		if err != nil {
			t.Fatal(err)
		}
		frames, ends = append(frames, f), append(ends, end)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	for part := range 3 {
		go func() {
			r := s.Frames(ends[part*100], ends[part*100+100])
			for i := part * 100; ; i++ {
				f, err := r.Next()
				if err != nil || f == nil {
					if err == nil && i != part*100+100 {
						t.Errorf("part %d ends at %d", part, i)
					}
					done <- err
					return
				}
				if !bytes.Equal(f, frames[i]) {
					t.Errorf("frame %d differs", i)
				}
			}
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := s.f.WriteAt([]byte("x"), ends[200]+frameHead+2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Frames(ends[200], ends[201]).Next(); !sqlerr.Is(err, sqlerr.SpillFailed) {
		t.Errorf("a damaged frame gives %v", err)
	}
	s.Close()
	s.Close()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

func TestDiskFull(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	s := &Spill{f: f}
	defer s.Close()
	for range 100 {
		if _, err = s.Write([]byte(strings.Repeat("incompressible? no, but long ", 1000) + t.Name())); err != nil {
			break
		}
	}
	if err == nil {
		err = s.Flush()
	}
	if !sqlerr.Is(err, sqlerr.DiskFull) {
		t.Errorf("error is %v", err)
	}
	if _, err := NewSpill(func() (string, error) { return "/nonexistent/dir", nil }); !sqlerr.Is(err, sqlerr.SpillFailed) {
		t.Errorf("error is %v", err)
	}
}

func TestBatchInFrame(t *testing.T) {
	list := types.ArrayType(types.StringType, true)
	st := types.StructType(types.Field{Name: "a", Type: types.Int32Type, Nullable: true}, types.Field{Name: "l", Type: list, Nullable: true})
	cols := []*vec.Vec{
		vec.FromDatums(types.Int64Type, int64(1), nil, int64(-3)),
		vec.FromDatums(types.StringType, "", "xyz", nil),
		vec.FromDatums(types.BoolType, true, false, nil),
		vec.FromDatums(types.DecimalType(30, 2), types.Int128{Lo: 7, Hi: -2}, nil, types.Int128{}),
		vec.FromDatums(list, []types.Datum{"a", nil}, nil, []types.Datum{}),
		vec.FromDatums(st, []types.Datum{int64(1), []types.Datum{"z"}}, nil, []types.Datum{nil, nil}),
		vec.FromDatums(types.MapType(types.StringType, types.Float64Type, true),
			types.MapDatum{Keys: []types.Datum{"k", "m"}, Values: []types.Datum{1.5, nil}}, nil, types.MapDatum{Keys: []types.Datum{}, Values: []types.Datum{}}),
		{Type: types.NullType},
	}
	cols[7].Resize(3)
	c := (&vec.Vec{Type: types.StringType}).SetConst(3)
	c.Put(0, "const")
	d := &vec.Vec{Type: types.StringType}
	d.SetDict(&vec.Dictionary{Values: vec.FromDatums(types.StringType, "x", "y")}, []int32{1, 0, 1})
	d.SetNull(1)
	cols = append(cols, c, d)
	var ts []types.Type
	for _, v := range cols {
		ts = append(ts, v.Type)
	}
	frame := AppendBatch(nil, cols, 3)
	got := make([]*vec.Vec, len(ts))
	for i := range got {
		got[i] = &vec.Vec{}
	}
	for range 2 { // vectors are reused
		n, err := ReadBatch(frame, ts, got)
		if n != 3 || err != nil {
			t.Fatal(n, err)
		}
		for i := range got {
			for r := range 3 {
				if diff := cmp.Diff(cols[i].Get(r), got[i].Get(r)); diff != "" {
					t.Errorf("column %d row %d: %s", i, r, diff)
				}
			}
		}
	}
	for n := range frame { // no prefix may panic
		if _, err := ReadBatch(frame[:n], ts, got); err == nil && n < len(frame)-2 {
			t.Errorf("%d of %d bytes are read without an error", n, len(frame))
		}
	}
}

func TestElasticLeavesRoom(t *testing.T) {
	root := NewAccount("root", 800)
	op, reader := root.Child("op", 0).Elastic(), root.Child("reader", 0)
	inner := op.Child("inner", 0)
	if err := inner.Reserve(700); err != nil {
		t.Fatal(err)
	}
	if err := inner.Reserve(1); !sqlerr.Is(err, sqlerr.MemoryLimit) || root.Used() != 700 {
		t.Errorf("the last eighth went to who can do without: %v, %d used", err, root.Used())
	}
	if err := op.Child("other", 0).Reserve(10); err != nil {
		t.Errorf("an operator without any memory gets a little: %v", err)
	}
	if err := reader.Reserve(90); err != nil {
		t.Error(err)
	}
	if err := reader.Reserve(1); !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("past the limit: %v", err)
	}
}
