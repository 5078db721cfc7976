package ast

import (
	"reflect"
	"sync"
)

var nodeType = reflect.TypeFor[Node]()

// Inspect calls f for n and, where f returns true, for the nodes under it, in
// the order of their fields. Nodes held by value (SelectItem, Name, CTE …)
// come as pointers into the tree. It descends into subqueries.
func Inspect(n Node, f func(Node) bool) {
	if n == nil || reflect.ValueOf(n).IsNil() || !f(n) {
		return
	}
	inspectStruct(reflect.ValueOf(n).Elem(), f)
}

// Walk is Inspect without a way to stop.
func Walk(n Node, f func(Node)) {
	Inspect(n, func(n Node) bool { f(n); return true })
}

func inspectStruct(v reflect.Value, f func(Node) bool) {
	for _, i := range childFields(v.Type()) {
		inspectValue(v.Field(i), f)
	}
}

func inspectValue(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			Inspect(v.Interface().(Node), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			inspectValue(v.Index(i), f)
		}
	case reflect.Struct:
		if v.CanAddr() && v.Addr().Type().Implements(nodeType) {
			Inspect(v.Addr().Interface().(Node), f)
		} else {
			inspectStruct(v, f)
		}
	}
}

var fieldCache sync.Map // reflect.Type → []int

// childFields returns the fields of the struct type t that can hold nodes.
func childFields(t reflect.Type) []int {
	if c, ok := fieldCache.Load(t); ok {
		return c.([]int)
	}
	var out []int
	for i := range t.NumField() {
		if f := t.Field(i); !f.Anonymous && f.IsExported() && holdsNodes(f.Type) {
			out = append(out, i)
		}
	}
	fieldCache.Store(t, out)
	return out
}

func holdsNodes(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return t.Implements(nodeType)
	case reflect.Slice:
		return holdsNodes(t.Elem())
	case reflect.Pointer:
		return t.Implements(nodeType)
	case reflect.Struct:
		return reflect.PointerTo(t).Implements(nodeType) || t == reflect.TypeFor[When]()
	}
	return false
}

// Forget takes the places out of n and what is under it, which must not be
// shared: it was parsed from a text that is not the statement's.
func Forget(n Node) {
	Walk(n, func(n Node) {
		v := reflect.ValueOf(n).Elem()
		if f := v.FieldByName("Span"); f.IsValid() && f.CanSet() {
			f.SetZero()
		}
	})
}
