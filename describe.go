package volley

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Describe gives the number, mean, standard deviation, least and greatest value
// of columns of numbers and strings (all of them without names), as strings: a
// row for each figure, named by the column summary.
func (df *DataFrame) Describe(cols ...string) *DataFrame {
	return df.figures([]string{"count", "mean", "stddev", "min", "max"}, cols)
}

// Summary is Describe with figures of choice: count, count_distinct,
// approx_count_distinct, mean, stddev, min, max, or a percentile such as "75%". Without any they are
// count, mean, stddev, min, 25%, 50%, 75% and max.
func (df *DataFrame) Summary(figures ...string) *DataFrame {
	if len(figures) == 0 {
		figures = []string{"count", "mean", "stddev", "min", "25%", "50%", "75%", "max"}
	}
	return df.figures(figures, nil)
}

func (df *DataFrame) figures(names, cols []string) *DataFrame {
	all, err := df.fields(cols)
	if err != nil {
		return df.s.failed(err)
	}
	var fields types.Schema
	for _, f := range all {
		if f.Type.Kind.IsNumeric() || f.Type.Kind == types.String {
			fields = append(fields, f)
		}
	}
	rows := make([]any, len(names))
	for i, name := range names {
		row := []any{Lit(name).As("summary")}
		for _, f := range fields {
			c, err := figure(name, f)
			if err != nil {
				return df.s.failed(err)
			}
			row = append(row, c.Cast("string").As(f.Name))
		}
		rows[i] = Struct(row...)
	}
	return df.Agg(Array(rows...).As("figures")).Select(Call("inline", Col("figures")))
}

// figure is an aggregate of a column by its name. Numbers in strings count for
// means and percentiles, what is no number is left out.
func figure(name string, f types.Field) (Column, error) {
	c := columnNamed(f.Name)
	number := c
	if f.Type.Kind == types.String {
		number = c.TryCast("double")
	}
	switch name {
	case "count":
		return Count(c), nil
	case "count_distinct":
		return CountDistinct(c), nil
	case "approx_count_distinct":
		return Call("approx_count_distinct", c), nil
	case "mean":
		return Avg(number), nil
	case "stddev":
		return Stddev(number), nil
	case "min":
		return Min(c), nil
	case "max":
		return Max(c), nil
	}
	if p, ok := strings.CutSuffix(name, "%"); ok {
		if x, err := strconv.ParseFloat(p, 64); err == nil && x >= 0 && x <= 100 {
			return Call("percentile_approx", number, x/100), nil
		}
	}
	return Column{}, sqlerr.New(sqlerr.InvalidParameterValue, "There is no figure %q.", name).
		WithHint("Figures are count, count_distinct, approx_count_distinct, mean, stddev, min, max and percentiles such as \"75%%\".")
}
