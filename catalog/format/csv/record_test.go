package csv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// A decoder is used batch after batch, of any size; what it returned last must
// not hold values of the call before.
func TestDecoder(t *testing.T) {
	schema := types.Schema{{Name: "a", Type: types.Int32Type, Nullable: true}, {Name: "b", Type: types.StringType, Nullable: true}, {Name: "_corrupt_record", Type: types.StringType, Nullable: true}}
	d, err := NewDecoder(schema, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		texts []string
		want  [][]types.Datum
	}{
		{nil, [][]types.Datum{}},
		{[]string{"1,x"}, [][]types.Datum{{int64(1), "x", nil}}},
		{[]string{"x,\"a\nb\"", "", "2"}, [][]types.Datum{{nil, "a\nb", "x,\"a\nb\""}, {nil, nil, ""}, {int64(2), nil, "2"}}},
		{[]string{"3,y"}, [][]types.Datum{{int64(3), "y", nil}}},
	} {
		cols, err := d.Decode(c.texts)
		if err != nil {
			t.Fatal(err)
		}
		got := [][]types.Datum{}
		for i := range c.texts {
			row := make([]types.Datum, len(cols))
			for k, v := range cols {
				row[k] = v.Get(i)
			}
			got = append(got, row)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.texts, diff)
		}
	}
}

// What is written is read back, whatever the text.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"", "a,b", `"q"`, "line\nbreak", `back\slash`, "ünï,", "\x00\""} {
		f.Add(s, s, int32(len(s)))
	}
	schema := types.Schema{{Name: "a", Type: types.StringType, Nullable: true}, {Name: "n", Type: types.Int32Type, Nullable: true}, {Name: "b", Type: types.StringType, Nullable: true}}
	opts := map[string]string{"ignoreleadingwhitespace": "false", "ignoretrailingwhitespace": "false"}
	e, err := NewEncoder(schema, opts, false, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, a, b string, n int32) {
		d, err := NewDecoder(schema, opts, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode([]string{a, b, a + "," + b}); err != nil {
			t.Fatal(err)
		}
		if a == "" || b == "" || a[0] <= ' ' || b[0] <= ' ' { // what is empty is NULL; blanks before quotes are none of the field's
			return
		}
		row := []*vec.Vec{vec.FromDatums(types.StringType, a), vec.FromDatums(types.Int32Type, int64(n)), vec.FromDatums(types.StringType, b)}
		text := string(e.Append(nil, row, 0))
		cols, err := d.Decode([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if cols[0].Get(0) != a || cols[1].Get(0) != int64(n) || cols[2].Get(0) != b {
			t.Fatalf("%q, %d, %q are written %q and read %q, %v, %q", a, n, b, text, cols[0].Get(0), cols[1].Get(0), cols[2].Get(0))
		}
	})
}
