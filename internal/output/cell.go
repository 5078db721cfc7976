package output

import (
	"strconv"
	"time"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// appendCell appends the text of a value that is not NULL, as cast.Format has
// it. Values of the usual kinds do not become datums on the way, each of which
// would be an allocation. plain says that there are only letters, digits, signs and points.
func appendCell(dst []byte, v *vec.Vec, row int, t types.Type, zone *time.Location) (out []byte, plain bool) {
	b, i := v.Base(), v.Index(row)
	switch t.Kind {
	case types.Bool:
		return strconv.AppendBool(dst, vec.Data[bool](b)[i]), true
	case types.Int8:
		return strconv.AppendInt(dst, int64(vec.Data[int8](b)[i]), 10), true
	case types.Int16:
		return strconv.AppendInt(dst, int64(vec.Data[int16](b)[i]), 10), true
	case types.Int32:
		return strconv.AppendInt(dst, int64(vec.Data[int32](b)[i]), 10), true
	case types.Int64:
		return strconv.AppendInt(dst, vec.Data[int64](b)[i], 10), true
	case types.Decimal:
		if t.Storage() == types.StoreInt64 {
			return cast.AppendDecimal(dst, types.Int128From(vec.Data[int64](b)[i]), int(t.S)), true
		}
		return cast.AppendDecimal(dst, vec.Data[types.Int128](b)[i], int(t.S)), true
	case types.String, types.Binary:
		return append(dst, vec.Data[string](b)[i]...), false
	}
	return cast.AppendFormat(dst, v.Get(row), t, zone), false
}
