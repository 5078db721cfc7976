package eval

import (
	"fmt"
	"hash/maphash"
	"reflect"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

var seed = maphash.MakeSeed()

// hashExpr hashes what tells most expressions apart: kinds, names, types,
// values, shape. Equal expressions have equal hashes.
func hashExpr(e expr.Expr) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	n := 0
	tree.Walk(e, func(x expr.Expr) bool {
		if n++; n > 500 { // a long list: what comes first tells it apart well enough
			return false
		}
		h.WriteString(reflect.TypeOf(x).Elem().Name())
		switch x := x.(type) {
		case *expr.Ref:
			fmt.Fprint(&h, x.Index)
		case *expr.Literal:
			fmt.Fprint(&h, x.T.Kind, x.Value)
		case *expr.Call:
			h.WriteString(x.Func)
		case *expr.Compare:
			h.WriteByte(byte(x.Op))
		case *expr.Cast:
			h.WriteByte(byte(x.To.Kind))
		}
		return true
	})
	return h.Sum64()
}
