package agg

import (
	"math"
	"math/big"
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func histogramDefs() []function.Def {
	return []function.Def{{
		Name: "histogram_numeric", Args: "expr, nb", Doc: "Returns a histogram of nb bins at most: the centres x and counts y of its bins, whose widths follow the values (Ben-Haim and Tom-Tov 2010).",
		Examples: ex("SELECT histogram_numeric(a, 5) FROM VALUES (0), (1), (2), (10) AS t(a)", `[{"x":0,"y":1.0},{"x":1,"y":1.0},{"x":2,"y":1.0},{"x":10,"y":1.0}]`), Resolve: histogram,
	}}
}

// bin is a centre and how many values it stands for.
type bin struct{ x, y float64 }

func histogram(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if t.Kind == types.String || t.Kind == types.Null {
		t = types.Float64Type
	}
	if !t.Kind.IsNumeric() && !t.Kind.IsDatetime() && t.Kind != types.YearMonth && t.Kind != types.DayTime {
		return nil, build.WrongType(c, 0, `("NUMERIC" or "DATE" or "TIMESTAMP" or "TIMESTAMP_NTZ" or "INTERVAL YEAR TO MONTH" or "INTERVAL DAY TO SECOND")`)
	}
	n, err := constantInt(c, 1, "nb", 2, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	pair := types.StructType(types.Field{Name: "x", Type: t, Nullable: true}, types.Field{Name: "y", Type: types.Float64Type, Nullable: true})
	return &function.Overload{Params: []types.Type{t, c.Args[1].Type()}, Result: types.ArrayType(pair, true), Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
		a := &manyAcc{s: newStore(t), skip: true}
		a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
			if len(rows) == 0 {
				out.Put(i, nil)
				return nil
			}
			bins := make([]bin, 0, len(rows))
			for _, r := range rows {
				bins = append(bins, bin{asFloat(s.cols[0], int(r), t), 1})
			}
			var ds []types.Datum
			for _, b := range binned(bins, int(n)) {
				ds = append(ds, []types.Datum{fromFloat(b.x, t), b.y})
			}
			out.Put(i, ds)
			return nil
		}
		return a, nil
	}}, nil
}

// binned adds bins one after the other and joins the nearest two whenever there are more than n.
func binned(values []bin, n int) []bin {
	var bins []bin
	for _, v := range values {
		at, found := slices.BinarySearchFunc(bins, v.x, func(b bin, x float64) int {
			switch {
			case b.x < x:
				return -1
			case b.x > x:
				return 1
			}
			return 0
		})
		if found {
			bins[at].y += v.y
			continue
		}
		if bins = slices.Insert(bins, at, v); len(bins) <= n {
			continue
		}
		near := 0
		for k := 1; k+1 < len(bins); k++ {
			if bins[k+1].x-bins[k].x < bins[near+1].x-bins[near].x {
				near = k
			}
		}
		a, b := bins[near], bins[near+1]
		y := a.y + b.y
		bins[near] = bin{a.x*(a.y/y) + b.x*(b.y/y), y}
		bins = slices.Delete(bins, near+1, near+2)
	}
	return bins
}

// asFloat is a value as the number it is stored as.
func asFloat(v *vec.Vec, row int, t types.Type) float64 {
	switch x := v.Get(row).(type) {
	case int64:
		if t.Kind == types.Decimal {
			return cast.DecimalFloat(types.Int128From(x), int(t.S))
		}
		return float64(x)
	case types.Int128:
		return cast.DecimalFloat(x, int(t.S))
	case float64:
		return x
	}
	return math.NaN()
}

// fromFloat is asFloat's reverse; fractions of whole numbers are cut off.
func fromFloat(f float64, t types.Type) types.Datum {
	if t.Kind == types.Decimal {
		i, _ := big.NewFloat(math.RoundToEven(f * math.Pow10(int(t.S)))).Int(nil)
		d, _ := types.Int128FromBig(i)
		if t.Storage() == types.StoreInt64 {
			return d.Int64()
		}
		return d
	}
	switch t.Kind {
	case types.Float32, types.Float64:
		return f
	case types.DayTime: // to whole units of the last field
		unit := [...]int64{calendar.MicrosPerDay, calendar.MicrosPerHour, calendar.MicrosPerMinute, 1}[t.S]
		return int64(f) / unit * unit
	}
	return int64(f)
}

// constantInt reads argument i, called what, which must be a constant integer
// between least and most. The parameter is of the type of the argument, which
// is a literal then: a cast of it would be none where nothing is folded.
func constantInt(c *function.Call, i int, what string, least, most int64) (int64, error) {
	l, err := c.Constant(i)
	if err != nil {
		return 0, err
	}
	if k := c.Args[i].Type().Kind; !k.IsInteger() {
		return 0, build.WrongType(c, i, `"INT"`)
	}
	if l == nil {
		return 0, build.NonFoldable(c, i, what, `"INT"`)
	}
	if l.Value == nil {
		return 0, sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The `%s` must not be null.", function.CallText(c.Name, c.Args), what)
	}
	n := l.Value.(int64)
	if n < least || n > most {
		return 0, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `%s` must be between [%d, %d] (current value = %d).", function.CallText(c.Name, c.Args), what, least, most, n)
	}
	return n, nil
}
