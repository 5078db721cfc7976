package output

import (
	"slices"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// styled gives rows whose BINARY values, also those inside of others, are texts
// in one of Spark's styles: UTF-8, BASIC, BASE64, HEX or HEX_DISCRETE.
func styled(s types.Schema, rows vec.Stream, style string) (types.Schema, vec.Stream) {
	out := make(types.Schema, len(s))
	hit := make([]bool, len(s))
	for i, f := range s {
		out[i], hit[i] = f, holdsBinary(f.Type)
		if f.Type.Kind == types.Binary {
			out[i].Type = types.StringType
		}
	}
	if !slices.Contains(hit, true) {
		return s, rows
	}
	return out, func(yield func(*vec.Batch, error) bool) {
		for b, err := range rows {
			if err != nil {
				yield(b, err)
				return
			}
			c := &vec.Batch{N: b.N, Sel: b.Sel, Cols: append([]*vec.Vec(nil), b.Cols...)}
			for i, v := range b.Cols {
				if !hit[i] {
					continue
				}
				texts := make([]types.Datum, b.N)
				for _, r := range b.Selection() {
					texts[r] = textOf(v.Get(int(r)), s[i].Type, style)
				}
				c.Cols[i] = vec.FromDatums(out[i].Type, texts...)
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

func holdsBinary(t types.Type) bool {
	return t.Kind == types.Binary || slices.ContainsFunc(t.Children(), func(f types.Field) bool { return holdsBinary(f.Type) })
}

// textOf is v with its BINARY values replaced by their texts. Those inside of
// others keep their type, since such texts stand without quotes.
func textOf(v types.Datum, t types.Type, style string) types.Datum {
	switch x := v.(type) {
	case string:
		if t.Kind == types.Binary {
			return textvalue.BinaryText(x, style)
		}
	case []types.Datum:
		kids := t.Children()
		out := make([]types.Datum, len(x))
		for i, d := range x {
			k := 0
			if t.Kind == types.Struct {
				k = i
			}
			out[i] = textOf(d, kids[k].Type, style)
		}
		return out
	case types.MapDatum:
		out := types.MapDatum{Keys: make([]types.Datum, len(x.Keys)), Values: make([]types.Datum, len(x.Values))}
		for i := range x.Keys {
			out.Keys[i], out.Values[i] = textOf(x.Keys[i], t.Key(), style), textOf(x.Values[i], t.Children()[1].Type, style)
		}
		return out
	}
	return v
}
