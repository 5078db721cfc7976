package volley

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// NAFunctions deal with values that are missing: NULL, and NaN in columns of
// floating point numbers.
type NAFunctions struct{ df *DataFrame }

// NA returns what deals with missing values.
func (df *DataFrame) NA() NAFunctions { return NAFunctions{df} }

// FillNA is NA().Fill.
func (df *DataFrame) FillNA(value any, cols ...string) *DataFrame {
	return df.NA().Fill(value, cols...)
}

// DropNA is NA().Drop("any", cols...).
func (df *DataFrame) DropNA(cols ...string) *DataFrame { return df.NA().Drop("any", cols...) }

// columnNamed is a column by its whole name, whatever characters it has.
func columnNamed(name string) Column { return fixed(ast.Col(name)) }

// fields are the columns of the names, or all; a name that is not there is an error.
func (df *DataFrame) fields(names []string) (types.Schema, error) {
	schema, err := df.schema()
	if err != nil || len(names) == 0 {
		return schema, err
	}
	var out types.Schema
	for _, n := range names {
		i := schema.Index(n)
		if i < 0 {
			var have []string
			for _, f := range schema {
				have = append(have, f.Name)
			}
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "There is no column %s.", n).WithHint("The columns are %s.", strings.Join(have, ", "))
		}
		out = append(out, schema[i])
	}
	return out, nil
}

func isFloat(t types.Type) bool { return t.Kind == types.Float32 || t.Kind == types.Float64 }

// present is true where a value is there.
func present(f types.Field) Column {
	c := columnNamed(f.Name)
	if isFloat(f.Type) {
		return c.IsNotNull().And(Call("isnan", c).Not())
	}
	return c.IsNotNull()
}

// Drop leaves out rows in which any (how "any") or all (how "all") of the
// columns are missing; without names all columns count.
func (n NAFunctions) Drop(how string, cols ...string) *DataFrame {
	fields, err := n.df.fields(cols)
	switch {
	case err != nil:
		return n.df.s.failed(err)
	case how != "any" && how != "all":
		return n.df.s.failed(sqlerr.New(sqlerr.InvalidParameterValue, "Rows are dropped if \"any\" or \"all\" values are missing, not %q.", how))
	}
	if how == "all" {
		return n.DropBelow(1, cols...)
	}
	return n.DropBelow(len(fields), cols...)
}

// DropBelow leaves out rows in which fewer than least of the columns are there.
func (n NAFunctions) DropBelow(least int, cols ...string) *DataFrame {
	fields, err := n.df.fields(cols)
	if err != nil {
		return n.df.s.failed(err)
	}
	var all, count Column
	for i, f := range fields {
		here := present(f)
		if i == 0 {
			all, count = here, here.Cast("int")
		} else {
			all, count = all.And(here), count.Plus(here.Cast("int"))
		}
	}
	switch {
	case len(fields) == 0 || least <= 0:
		return n.df
	case least == len(fields):
		return n.df.Filter(all)
	}
	return n.df.Filter(count.Geq(least))
}

// Fill puts a value in the place of missing ones, in those of the columns (all
// without names) that have its kind: a number in columns of numbers, as far as their type
// goes, a string in columns of strings, a bool in columns of booleans.
func (n NAFunctions) Fill(value any, cols ...string) *DataFrame {
	kind, err := kindOf(value)
	if err != nil {
		return n.df.s.failed(err)
	}
	return n.change(cols, kind, func(c Column, t types.Type) Column {
		if isFloat(t) {
			c = Call("nanvl", c, Lit(nil).Cast(t.String()))
		}
		return Coalesce(c, Lit(value).Cast(t.String()))
	})
}

// Replace puts other values in the place of those that are keys of with, in
// those of the columns (all without names) that have the kind of the keys. A value of nil is NULL.
func (n NAFunctions) Replace(with map[any]any, cols ...string) *DataFrame {
	if len(with) == 0 {
		return n.df
	}
	var kinds []types.Kind
	for k := range with {
		kind, err := kindOf(k)
		if err != nil {
			return n.df.s.failed(err)
		}
		if kinds = append(kinds, kind); kind != kinds[0] {
			return n.df.s.failed(sqlerr.New(sqlerr.InvalidParameterValue, "The values to replace must be of one kind: numbers, strings or booleans."))
		}
	}
	keys := slices.SortedFunc(maps.Keys(with), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return n.change(cols, kinds[0], func(c Column, t types.Type) Column {
		out := When(Lit(false), c)
		for _, k := range keys {
			out = out.When(c.Eq(k), Lit(with[k]).Cast(t.String()))
		}
		return out.Otherwise(c)
	})
}

// kindOf is Float64 for numbers, String or Bool.
func kindOf(value any) (types.Kind, error) {
	switch value.(type) {
	case string:
		return types.String, nil
	case bool:
		return types.Bool, nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, Decimal:
		return types.Float64, nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "A number, a string or a bool is wanted, not a %T.", value)
}

// change computes the columns of a kind anew.
func (n NAFunctions) change(cols []string, kind types.Kind, f func(Column, types.Type) Column) *DataFrame {
	schema, err := n.df.schema()
	if err != nil {
		return n.df.s.failed(err)
	}
	chosen, err := n.df.fields(cols)
	if err != nil {
		return n.df.s.failed(err)
	}
	var items []Column
	for _, field := range schema {
		c := columnNamed(field.Name)
		fits := field.Type.Kind == kind || kind == types.Float64 && field.Type.Kind.IsNumeric()
		if fits && slices.ContainsFunc(chosen, func(x types.Field) bool { return strings.EqualFold(x.Name, field.Name) }) {
			c = f(c, field.Type).As(field.Name)
		}
		items = append(items, c)
	}
	return n.df.project(items)
}
