package physical

import (
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/internal/wire"
	"github.com/volley-sql/volley/planner/expr"
)

// Families and Enums describe the types in plans to package wire, for
// messages that hold plans.
var (
	Families = []wire.Family{wire.FamilyOf(Nodes), wire.FamilyOf(expr.Nodes)}
	Enums    = []wire.Enum{
		wire.EnumOf(Final), wire.EnumOf(Single), wire.EnumOf(Ranges), wire.EnumOf(types.Struct),
		wire.EnumOf(expr.NullSafeEq), wire.EnumOf(expr.CastLegacy), wire.EnumOf(expr.Range), wire.EnumOf(expr.UnboundedFollowing),
		wire.EnumOf(catalog.OverwritePartitions),
	}
)

var codec = sync.OnceValues(func() (*wire.Codec[Node], error) { return wire.New[Node](Families, Enums) })

// Encode writes a plan in its wire form.
func Encode(n Node) ([]byte, error) {
	c, err := codec()
	if err != nil {
		return nil, err
	}
	return c.Encode(n)
}

// Decode reads a plan that the same build of Encode wrote. It checks form, not
// sense: references may be out of range.
func Decode(b []byte) (Node, error) {
	c, err := codec()
	if err != nil {
		return nil, err
	}
	return c.Decode(b)
}
