package estimate

import (
	"math"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// table reads the statistics of a table once. Errors count as no statistics:
// the scan will meet them again, and is the one to report them.
func (e *Estimator) table(t catalog.Table) *catalog.Stats {
	if s, ok := e.stats[t]; ok {
		return s
	}
	s, err := t.Stats(e.ctx)
	if err != nil || s == nil {
		s = &catalog.Stats{Rows: -1, Bytes: -1}
	}
	e.stats[t] = s
	return s
}

func (e *Estimator) scan(n *logical.Scan) *Relation {
	s := e.table(n.Table)
	rows := float64(s.Rows)
	if s.Rows < 0 {
		rows = unknownRows
		if s.Bytes > 0 {
			rows = math.Max(1, float64(s.Bytes)/bytesPerRow)
		}
	}
	r := &Relation{Rows: rows, Base: rows, Cols: map[expr.ColID]Column{}, Domain: map[expr.ColID]float64{}}
	e.scans++
	for i, c := range n.Cols {
		var cs *catalog.ColumnStats
		if n.Source[i] < len(s.Columns) {
			cs = &s.Columns[n.Source[i]]
		}
		col := column(cs, c.T, rows)
		col.Table, col.TableRows = e.scans, rows
		r.Cols[c.ID] = col
	}
	return r.Filter(n.Filters)
}

// column makes the best of what the statistics of a column say.
func column(s *catalog.ColumnStats, t types.Type, rows float64) Column {
	c := Column{Distinct: byType(t, guess(rows)), Width: width(t), Measure: t.Kind == types.Decimal || t.Kind.IsFloat()}
	if s == nil {
		return c
	}
	if s.Width > 0 {
		c.Width = float64(s.Width)
	}
	if s.Nulls > 0 && rows > 0 {
		c.Nulls = math.Min(1, float64(s.Nulls)/rows)
	}
	lo, ok1 := number(s.Min, t)
	hi, ok2 := number(s.Max, t)
	if ok1 && ok2 {
		c.Min, c.Max, c.Bounded = lo, hi, true
	}
	switch {
	case s.Distinct > 0:
		c.Distinct = float64(s.Distinct)
	case c.Bounded && discrete(t):
		// Keys are mostly dense: as many values as fit the range, or one a row.
		c.Distinct = math.Min(rows, hi-lo+1)
	case s.Min != nil && s.Min == s.Max:
		c.Distinct = 1
	}
	c.Distinct = math.Max(1, math.Min(c.Distinct, math.Max(rows, 1)))
	return c
}

// discrete reports whether values of t are the whole numbers number makes of them.
func discrete(t types.Type) bool {
	return t.Kind.IsInteger() || t.Kind == types.Date || t.Kind == types.YearMonth || t.Kind == types.Decimal
}

// number maps a value to a number that orders as the value does. Decimals
// map to their unscaled value, strings to that of their first bytes.
func number(v types.Datum, t types.Type) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case types.Int128:
		return v.Float64(), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		if t.Kind != types.String {
			return 0, false
		}
		x := 0.0
		for i := range 6 {
			b := byte(0)
			if i < len(v) {
				b = v[i]
			}
			x = x*256 + float64(b)
		}
		return x, true
	}
	return 0, false
}
