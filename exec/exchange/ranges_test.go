package exchange

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRangesCover: by whatever marks, every row is in one range, and its frame
// in the part of its output that the reader of the range takes.
func TestRangesCover(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	key := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	for round := range 300 {
		n := 1 + r.IntN(6)
		most := 1 + r.IntN(1000)
		var rows [][][]int // by output and frame
		var marks [][]Mark
		for range r.IntN(5) {
			all := make([]int, r.IntN(200))
			for i := range all {
				all[i] = r.IntN(most)
			}
			slices.Sort(all)
			var frames [][]int
			var ms []Mark
			for len(all) > 0 {
				k := 1 + r.IntN(min(len(all), 20))
				frames = append(frames, all[:k])
				ms = append(ms, Mark{key(max(0, all[0]-r.IntN(2))), key(all[k-1])})
				all = all[k:]
			}
			for i := 1; i < len(ms); i++ { // marks ascend, as those of sorted rows do
				ms[i].Low = slices.MaxFunc([][]byte{ms[i].Low, ms[i-1].Low}, bytes.Compare)
			}
			rows, marks = append(rows, frames), append(marks, ms)
		}
		bounds := Bounds(marks, n)
		if len(bounds) >= n || !slices.IsSortedFunc(bounds, bytes.Compare) {
			t.Fatalf("round %d: bounds %x for %d ranges", round, bounds, n)
		}
		for o := range rows {
			for f, frame := range rows[o] {
				for _, x := range frame {
					in := 0
					for i := range n {
						low, high, ok := Within(bounds, i)
						if !ok || len(low) > 0 && bytes.Compare(key(x), low) < 0 || len(high) > 0 && bytes.Compare(key(x), high) >= 0 {
							continue
						}
						in++
						if s, ok := Overlap(marks[o], low, high); !ok || f < int(s.First) || f >= int(s.First+s.Count) {
							t.Fatalf("round %d: %d in frame %d is not in part %+v of range %d", round, x, f, s, i)
						}
					}
					if in != 1 {
						t.Fatalf("round %d: %d is in %d ranges", round, x, in)
					}
				}
			}
		}
	}
}

func TestSlices(t *testing.T) {
	frames := make([]block, 5)
	for s, want := range map[Slice]int{{}: 5, {0, 2}: 2, {3, 2}: 2, {4, 9}: 1, {9, 1}: 0, {-1, 2}: 2, {2, -3}: 0} {
		if got := len(s.cut(frames)); got != want {
			t.Errorf("%+v: %d frames", s, got)
		}
	}
}
