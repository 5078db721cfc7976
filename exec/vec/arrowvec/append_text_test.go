package arrowvec

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

func TestCopyText(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
	for n := range len(letters) + 1 {
		out := []byte(strings.Repeat(".", 3+n+copySlack))
		if got := copyText(out, 3, letters[:n]); got != n {
			t.Errorf("%d bytes of %d", got, n)
		}
		if want := "..." + letters[:n] + strings.Repeat(".", copySlack); string(out) != want {
			t.Errorf("%q, not %q", out, want)
		}
	}
}

// A dictionary grows between batches, first by short texts and then by one
// that is not, and another takes its place.
func TestAppendDictionaries(t *testing.T) {
	text := types.Type{Kind: types.String}
	values := func(s ...string) *vec.Vec {
		v := &vec.Vec{Type: text}
		vec.SetData(v, s)
		return v
	}
	grown := []string{"", "a", "four", "sixteen bytes it", "eight888", "x", "seventeen bytes !", "y"}
	a := NewAppender(nil, types.Schema{{Name: "t", Type: text}})
	var want []string
	add := func(d *vec.Dictionary, sel []uint16, codes ...int32) {
		t.Helper()
		v := &vec.Vec{Type: text}
		v.SetDict(d, codes)
		b := &vec.Batch{Cols: []*vec.Vec{v}, N: len(codes), Sel: sel}
		for _, r := range b.Selection() {
			want = append(want, vec.Data[string](d.Values)[codes[r]])
		}
		if n, err := a.Append(b, 0); err != nil || n != b.Rows() {
			t.Fatalf("appended %d: %v", n, err)
		}
	}
	add(&vec.Dictionary{ID: 7, Values: values(grown[:3]...)}, nil, 2, 0, 1, 1, 2)
	add(&vec.Dictionary{ID: 7, Values: values(grown[:6]...)}, nil, 3, 4, 5, 3)
	add(&vec.Dictionary{ID: 7, Values: values(grown[:3]...)}, nil, 2, 1)
	add(&vec.Dictionary{ID: 8, Values: values("other", "one")}, []uint16{0, 3}, 0, 0, 1, 1)
	add(&vec.Dictionary{ID: 7, Values: values(grown[:6]...)}, []uint16{1, 2}, 3, 4, 5)
	add(&vec.Dictionary{ID: 7, Values: values(grown...)}, nil, 6, 7, 0, 6)
	add(&vec.Dictionary{ID: 7, Values: values(grown[:6]...)}, nil, 3, 2, 5)
	add(&vec.Dictionary{ID: 0, Values: values("no", "number")}, nil, 1, 0)
	add(&vec.Dictionary{ID: 0, Values: values("neither", "has this")}, nil, 1, 0)
	rec := a.Record()
	defer rec.Release()
	got := rec.Column(0).(*array.String)
	for i, w := range want {
		if got.Value(i) != w {
			t.Errorf("row %d is %q, not %q", i, got.Value(i), w)
		}
	}
	if got.Len() != len(want) {
		t.Errorf("%d rows, not %d", got.Len(), len(want))
	}
}
