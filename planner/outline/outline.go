// Package outline writes plan trees as indented text for EXPLAIN, derived
// from the node structs by reflection: the type's name, then every field that
// is not a child and not empty. A new node or field needs nothing here.
package outline

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Options steer the text.
type Options[N any] struct {
	// IDs writes columns as name#id.
	IDs bool
	// Field writes a field its own way; ok is false to leave it to the package, text "" to leave the field out.
	Field func(n N, name string, v any) (text string, ok bool)
	// Note is put behind the line of a node in brackets, if not empty.
	Note func(n N) string
	// Cut reports that the children of n are not to be shown (they were before).
	Cut func(n N) bool
}

// Format writes the tree below root, one line a node, two spaces a level.
func Format[N any](root N, o Options[N]) string {
	var b strings.Builder
	write(&b, root, 0, &o)
	return b.String()
}

func write[N any](b *strings.Builder, n N, depth int, o *Options[N]) {
	for range depth {
		b.WriteString("  ")
	}
	Line(b, n, o)
	b.WriteByte('\n')
	if o.Cut != nil && o.Cut(n) {
		return
	}
	for _, c := range tree.Children(n) {
		write(b, c, depth+1, o)
	}
}

// Line writes one node without its children.
func Line[N any](b *strings.Builder, n N, o *Options[N]) {
	v := reflect.ValueOf(n).Elem()
	b.WriteString(v.Type().Name())
	node := reflect.TypeFor[N]()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "Pos" || f.Type == node || f.Type.Kind() == reflect.Slice && f.Type.Elem() == node {
			continue
		}
		x := v.Field(i).Interface()
		text, ok := "", false
		if o.Field != nil {
			text, ok = o.Field(n, f.Name, x)
		}
		if !ok {
			text = o.field(f.Name, v.Field(i))
		}
		if text != "" {
			b.WriteString(" " + text)
		}
	}
	if o.Note != nil {
		if s := o.Note(n); s != "" {
			b.WriteString(" [" + s + "]")
		}
	}
}

// field is "name=value", or the name alone for a true flag, or nothing for an empty value.
func (o *Options[N]) field(name string, v reflect.Value) string {
	name = strings.ToLower(name[:1]) + name[1:]
	if strings.ToUpper(name[1:]) == name[1:] { // ID
		name = strings.ToLower(name)
	}
	if v.Kind() == reflect.Bool {
		if v.Bool() {
			return name
		}
		return ""
	}
	if v.Kind() == reflect.Slice && v.Len() == 0 || v.IsZero() {
		return ""
	}
	return name + "=" + o.value(v)
}

func (o *Options[N]) expr(e expr.Expr) string {
	if o.IDs {
		return expr.StringIDs(e)
	}
	return expr.String(e)
}

// most is how many items of a list are shown.
const most = 40

func (o *Options[N]) value(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case expr.Expr:
		return o.expr(x)
	case expr.SortKey:
		return expr.KeyString(x, o.IDs)
	case types.Schema:
		names := make([]string, len(x))
		for i, f := range x {
			names[i] = f.Name
		}
		return "[" + strings.Join(names, ", ") + "]"
	case types.Type:
		return x.String()
	case catalog.Table:
		return x.Name().String()
	case catalog.WriteTarget:
		return strings.TrimSpace(x.Format + " " + x.Location + x.FileName)
	case catalog.Scan:
		return x.Format
	case fmt.Stringer:
		return x.String()
	case string:
		return x
	}
	switch v.Kind() {
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			if i == most {
				parts = append(parts, fmt.Sprintf("… %d more", v.Len()-most))
				break
			}
			parts = append(parts, o.value(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return "NULL"
		}
		return o.value(v.Elem())
	case reflect.Struct:
		return o.structure(v)
	}
	return fmt.Sprint(v.Interface())
}

// structure writes a column definition {Col, Expr} as "expr AS name", others as {field=value …}.
func (o *Options[N]) structure(v reflect.Value) string {
	col, e := v.FieldByName("Col"), v.FieldByName("Expr")
	if col.IsValid() && e.IsValid() && v.NumField() == 2 {
		c, isColumn := col.Interface().(*expr.Column)
		if x, ok := e.Interface().(expr.Expr); ok && isColumn {
			if y, same := x.(*expr.Column); same && y.ID == c.ID {
				return o.expr(x)
			}
			return o.expr(x) + " AS " + o.expr(c)
		}
	}
	var parts []string
	for i := range v.NumField() {
		if s := o.field(v.Type().Field(i).Name, v.Field(i)); s != "" {
			parts = append(parts, s)
		}
	}
	return "{" + strings.Join(parts, " ") + "}"
}
