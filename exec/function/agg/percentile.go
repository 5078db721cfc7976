package agg

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/function/cond"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func percentileDefs() []function.Def {
	return []function.Def{
		{
			Name: "percentile", Args: "expr, percentage[, frequency]",
			Doc:      "Returns the exact percentile of the numbers, interpolated; an array of them for an array of percentages.",
			Examples: ex("SELECT percentile(a, 0.3) FROM VALUES (0), (10) AS t(a)", "3.0"), Resolve: percentile(1),
		},
		{
			Name: "median", Args: "expr",
			Doc:      "Returns the median of the numbers, interpolated.",
			Examples: ex("SELECT median(a) FROM VALUES (0), (10) AS t(a)", "5.0"), Resolve: percentile(0),
		},
		{
			Name: "percentile_cont", Args: "percentage) WITHIN GROUP (ORDER BY expr",
			Doc:      "Returns the percentile of the ordered numbers, interpolated.",
			Examples: ex("SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY a) FROM VALUES (0), (10) AS t(a)", "2.5"), Resolve: percentile(1),
		},
		{
			Name: "percentile_disc", Args: "percentage) WITHIN GROUP (ORDER BY expr",
			Doc:      "Returns the first of the ordered values whose position is at least the percentage.",
			Examples: ex("SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY a) FROM VALUES (0), (10) AS t(a)", "0.0"), Resolve: percentile(2),
		},
		{
			Name: "percentile_approx", Aliases: []string{"approx_percentile"}, Args: "expr, percentage[, accuracy]",
			Doc:      "Returns the least value that is not below the percentage of the values; computed exactly.",
			Examples: ex("SELECT percentile_approx(a, 0.5, 100) FROM VALUES (0), (6), (7), (9), (10) AS t(a)", "7"), Resolve: approxPercentile,
		},
		{
			Name: "mode", Args: "expr[, deterministic]",
			Doc:      "Returns the value that comes most often; the least of several.",
			Examples: ex("SELECT mode(a) FROM VALUES (0), (10), (10) AS t(a)", "10"), Resolve: modeOf,
		},
	}
}

// fraction reads the constant percentages of a call: one, or those of an array.
func fraction(c *function.Call, i int) (array bool, err error) {
	t := c.Args[i].Type()
	elem := t
	if t.Kind == types.Array {
		elem = t.Elem()
	}
	if !elem.Kind.IsNumeric() && elem.Kind != types.Null && (elem.Kind != types.String || t.Kind == types.Array) {
		return false, build.WrongType(c, i, `"DOUBLE"`)
	}
	l := literal(c.Args[i])
	if l == nil {
		return t.Kind == types.Array, nil // a constant expression not folded yet; checked when run
	}
	if l.Value == nil {
		return false, sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The `percentage` must not be null.", function.CallText(c.Name, c.Args))
	}
	for _, p := range fractions(l) {
		if p < 0 || p > 1 || p != p {
			return false, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `percentage` must be between [0.0, 1.0] (current value = %s).", function.CallText(c.Name, c.Args), cast.FloatSQL(p, types.Float64))
		}
	}
	return t.Kind == types.Array, nil
}

// literal looks through casts of literals.
func literal(e expr.Expr) *expr.Literal {
	for {
		switch x := e.(type) {
		case *expr.Literal:
			return x
		case *expr.Cast:
			e = x.Arg
		default:
			return nil
		}
	}
}

func fractions(l *expr.Literal) []float64 { return numbers(l.Value, l.T) }

// numbers are the doubles of a numeric value or an array of them.
func numbers(d types.Datum, t types.Type) []float64 {
	switch d := d.(type) {
	case nil: // in an array
		return []float64{0}
	case int64:
		return []float64{float64(d)}
	case float64:
		return []float64{d}
	case types.Int128:
		return []float64{cast.DecimalFloat(d, int(t.S))}
	case string:
		v, _ := cast.ParseFloat(d, 64)
		return []float64{v}
	case []types.Datum:
		var out []float64
		for _, x := range d {
			out = append(out, numbers(x, t.Elem())...)
		}
		return out
	}
	return nil
}

// percentile resolves percentile and percentile_cont (kind 1), median (0) and percentile_disc (2).
func percentile(kind int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		most := 1 + min(kind, 1)
		if c.Name == "percentile" {
			most = 3
		}
		if err := build.Arity(c, 1+min(kind, 1), most); err != nil {
			return nil, err
		}
		in := c.Args[0].Type()
		result := types.Float64Type
		switch {
		case in.Kind == types.YearMonth:
			in, result = types.YearMonthType, types.YearMonthType
		case in.Kind == types.DayTime:
			in, result = types.DayTimeType, types.DayTimeType
		case in.Kind == types.Time:
			result = in
		case in.Kind.IsNumeric(), in.Kind == types.String, in.Kind == types.Null:
			in = types.Float64Type
		default:
			return nil, build.WrongType(c, 0, `("NUMERIC" or "ANSI INTERVAL")`)
		}
		params := []types.Type{in}
		array := false
		if kind > 0 {
			var err error
			if array, err = fraction(c, 1); err != nil {
				return nil, err
			}
			p := types.Float64Type
			if array {
				p = types.ArrayType(p, true)
			}
			params = append(params, p)
			for range len(c.Args) - 2 {
				params = append(params, types.Int64Type)
			}
		}
		elem := result
		if array {
			result = types.ArrayType(result, false)
		}
		return &function.Overload{Params: params, Result: result, Nulls: function.NullOwn, Accumulator: func(call *expr.Agg) (function.Accumulator, error) {
			desc := len(call.Order) > 0 && call.Order[0].Desc
			a := &manyAcc{s: newStore(params...), skip: true}
			a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
				return putPercentiles(s, rows, kind, desc, elem, out, i)
			}
			return a, nil
		}}, nil
	}
}

// putPercentiles computes the results of one group.
func putPercentiles(s *store, rows []int32, kind int, desc bool, elem types.Type, out *vec.Vec, i int) error {
	sortRows(s.cols[:1], []expr.SortKey{{Desc: desc}}, rows)
	rows, total, upto := weigh(s, rows)
	ps := []float64{0.5}
	if len(rows) == 0 {
		out.Put(i, nil)
		return nil
	}
	if kind > 0 {
		ps = numbers(s.cols[1].Get(int(rows[0])), s.cols[1].Type)
	}
	if len(ps) == 0 { // an empty array of fractions
		out.Put(i, nil)
		return nil
	}
	results := make([]types.Datum, len(ps))
	for k, p := range ps {
		if p < 0 || p > 1 || p != p {
			return sqlerr.New(sqlerr.ValueOutOfRange, "The percentage must be between [0.0, 1.0], but it is %v.", p)
		}
		value := func(at int64) float64 { return numbers(s.cols[0].Get(int(rows[upto(at)])), elem)[0] }
		var v float64
		if kind == 2 {
			v = value(max(int64(math.Ceil(p*float64(total))), 1) - 1)
		} else {
			pos := p * float64(total-1)
			lo, hi := math.Floor(pos), math.Ceil(pos)
			if a, b := value(int64(lo)), value(int64(hi)); lo == hi || a == b {
				v = a
			} else {
				v = (hi-pos)*a + (pos-lo)*b
			}
		}
		if elem.Kind == types.Float64 {
			results[k] = v
		} else {
			results[k] = int64(v)
		}
	}
	if out.Type.Kind == types.Array {
		out.Put(i, results)
	} else {
		out.Put(i, results[0])
	}
	return nil
}

// weigh drops rows of frequency 0 (the third column, if there is one) and
// returns how many values there are and a function from position to row.
func weigh(s *store, rows []int32) (kept []int32, total int64, at func(pos int64) int) {
	if len(s.cols) < 3 {
		return rows, int64(len(rows)), func(pos int64) int { return int(pos) }
	}
	var ends []int64
	freq := vec.Data[int64](s.cols[2])
	for _, r := range rows {
		if s.cols[2].Null(int(r)) || freq[r] <= 0 {
			continue
		}
		total += freq[r]
		kept, ends = append(kept, r), append(ends, total)
	}
	return kept, total, func(pos int64) int {
		lo, hi := 0, len(ends)-1
		for lo < hi {
			if m := (lo + hi) / 2; ends[m] > pos {
				hi = m
			} else {
				lo = m + 1
			}
		}
		return lo
	}
}

// approxPercentile returns values of the column's type.
func approxPercentile(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	in := c.Args[0].Type()
	switch k := in.Kind; {
	case k == types.String, k == types.Null:
		in = types.Float64Type
	case !k.IsNumeric() && !k.IsDatetime() && k != types.YearMonth && k != types.DayTime && k != types.Time:
		return nil, build.WrongType(c, 0, `("NUMERIC" or "DATE" or "TIMESTAMP" or "TIMESTAMP_NTZ" or "INTERVAL YEAR TO MONTH" or "INTERVAL DAY TO SECOND")`)
	}
	array, err := fraction(c, 1)
	if err != nil {
		return nil, err
	}
	p, result := types.Float64Type, in
	if array {
		p, result = types.ArrayType(p, true), types.ArrayType(in, false)
	}
	params := []types.Type{in, p, types.Int64Type}[:len(c.Args)]
	return &function.Overload{Params: params, Result: result, Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
		a := &manyAcc{s: newStore(params[:2]...), skip: true}
		a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
			if len(rows) == 0 {
				out.Put(i, nil)
				return nil
			}
			sortRows(s.cols[:1], []expr.SortKey{{}}, rows)
			var vals []types.Datum
			for _, p := range numbers(s.cols[1].Get(int(rows[0])), p) {
				at := max(int(math.Ceil(p*float64(len(rows))))-1, 0)
				vals = append(vals, s.cols[0].Get(int(rows[min(at, len(rows)-1)])))
			}
			if array {
				out.Put(i, vals)
			} else {
				out.Put(i, vals[0])
			}
			return nil
		}
		return a, nil
	}}, nil
}

// modeOf is the most frequent value: the least of several, the greatest if
// WITHIN GROUP orders descending.
func modeOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if !cond.Orderable(t) {
		return nil, notOrderable(c, t)
	}
	params := []types.Type{t, types.BoolType}[:len(c.Args)]
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOwn, Accumulator: func(call *expr.Agg) (function.Accumulator, error) {
		desc := len(call.Order) > 0 && call.Order[0].Desc
		a := &manyAcc{s: newStore(t), skip: true}
		a.final = func(_ *function.Context, s *store, rows []int32, out *vec.Vec, i int) error {
			if len(rows) == 0 {
				out.Put(i, nil)
				return nil
			}
			sortRows(s.cols[:1], []expr.SortKey{{Desc: desc}}, rows)
			order := kernel.Orders(s.cols[0], s.cols[0])
			best, most := rows[0], 0
			for lo := 0; lo < len(rows); {
				hi := lo + 1
				for hi < len(rows) && order(int(rows[lo]), int(rows[hi])) == 0 {
					hi++
				}
				if hi-lo > most {
					best, most = rows[lo], hi-lo
				}
				lo = hi
			}
			kernel.CopyRow(out, i, s.cols[0], int(best))
			return nil
		}
		return a, nil
	}}, nil
}
