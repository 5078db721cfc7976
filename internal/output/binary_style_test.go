package output_test

import (
	"bytes"
	"testing"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/types"
)

func TestBinaryStyles(t *testing.T) {
	s := types.Schema{
		{Name: "b", Type: types.BinaryType, Nullable: true},
		{Name: "a", Type: types.ArrayType(types.BinaryType, true), Nullable: true},
		{Name: "m", Type: types.MapType(types.StringType, types.BinaryType, true), Nullable: true},
		{Name: "n", Type: types.Int32Type, Nullable: true},
	}
	for style, want := range map[string]string{
		"UTF-8":        "Spark,\"[E,null]\",\"{\"\"k\"\":Spark}\",1\n,,,2\n",
		"BASIC":        "\"[83, 112, 97, 114, 107]\",\"[[69],null]\",\"{\"\"k\"\":[83, 112, 97, 114, 107]}\",1\n,,,2\n",
		"BASE64":       "U3Bhcms,\"[RQ,null]\",\"{\"\"k\"\":U3Bhcms}\",1\n,,,2\n",
		"HEX":          "537061726B,\"[45,null]\",\"{\"\"k\"\":537061726B}\",1\n,,,2\n",
		"HEX_DISCRETE": "[53 70 61 72 6B],\"[[45],null]\",\"{\"\"k\"\":[53 70 61 72 6B]}\",1\n,,,2\n",
	} {
		b := &vec.Batch{N: 3, Sel: []uint16{0, 2}, Cols: []*vec.Vec{
			vec.FromDatums(types.BinaryType, "Spark", "x", nil),
			vec.FromDatums(s[1].Type, []types.Datum{"E", nil}, nil, nil),
			vec.FromDatums(s[2].Type, types.MapDatum{Keys: []types.Datum{"k"}, Values: []types.Datum{"Spark"}}, nil, nil),
			vec.FromDatums(types.Int32Type, int64(1), int64(9), int64(2)),
		}}
		var out bytes.Buffer
		rows := func(yield func(*vec.Batch, error) bool) { yield(b, nil) }
		if _, err := output.Write(&out, "csv", s, rows, output.Options{BinaryStyle: style}); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s:\n%swant\n%s", style, out.String(), want)
		}
	}
}
