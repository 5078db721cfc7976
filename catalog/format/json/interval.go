package json

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// intervalReader reads texts as intervals by the cast from STRING.
type intervalReader struct {
	kernel  function.Kernel
	in, out *vec.Vec
}

func newIntervalReader(t types.Type) *intervalReader {
	k, err := cast.Kernel(types.StringType, t, expr.CastTry)
	if err != nil {
		return nil
	}
	return &intervalReader{k, vec.New(types.StringType, 1), vec.New(t, 1)}
}

func (r *intervalReader) read(text string) types.Datum {
	r.out.Resize(1)
	vec.Data[string](r.in)[0] = text
	if r.kernel(&function.Context{}, []*vec.Vec{r.in}, []uint16{0}, r.out) != nil {
		return nil
	}
	return r.out.Get(0)
}

// interval appends the interval in a text, and reports whether it is one.
func (b *builder) interval(text string) bool {
	if b.intervals == nil {
		if b.intervals = newIntervalReader(b.t); b.intervals == nil {
			return false
		}
	}
	switch d := b.intervals.read(text).(type) {
	case int64:
		b.integer(d)
	case types.CalendarInterval:
		b.cals = append(b.cals, d)
		b.present()
	default:
		return false
	}
	return true
}
