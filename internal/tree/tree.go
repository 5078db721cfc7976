// Package tree walks and rebuilds immutable syntax and plan trees whose nodes
// are plain structs. What counts as a child is found by reflection over the
// node's fields once per type: fields of the node interface, slices of it, and
// structs (or slices of structs) that hold such fields. So adding a node
// touches no hand-kept walker.
package tree

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"reflect"
	"sync"
)

// Children returns the children of n in field order: every non-nil value of
// interface N reachable through n's fields without passing another N.
func Children[N any](n N) []N {
	var out []N
	visit(reflect.ValueOf(n).Elem(), typeFor[N](), func(v reflect.Value) { out = append(out, v.Interface().(N)) })
	return out
}

// Walk calls f for n and all its descendants, parents first. Where f returns
// false the children of that node are left out.
func Walk[N any](n N, f func(N) bool) {
	if !f(n) {
		return
	}
	visit(reflect.ValueOf(n).Elem(), typeFor[N](), func(v reflect.Value) { Walk(v.Interface().(N), f) })
}

// MapChildren returns n with every child c replaced by f(c): n itself if f
// changed nothing (identity by pointer), a shallow copy else.
func MapChildren[N any](n N, f func(N) N) N {
	nt := typeFor[N]()
	rv := reflect.ValueOf(n)
	if out, changed := rebuild(rv.Elem(), nt, f); changed {
		p := reflect.New(rv.Type().Elem())
		p.Elem().Set(out)
		return p.Interface().(N)
	}
	return n
}

// Map rebuilds the tree bottom-up: children first, then f on the node itself.
func Map[N any](n N, f func(N) N) N {
	return f(MapChildren(n, func(c N) N { return Map(c, f) }))
}

// In returns the topmost values of interface N held in the fields of x, a
// pointer to a struct: the expressions of a plan node, say.
func In[N any](x any) []N {
	var out []N
	visit(reflect.ValueOf(x).Elem(), typeFor[N](), func(v reflect.Value) { out = append(out, v.Interface().(N)) })
	return out
}

// MapIn returns x with every value of In[N](x) replaced by f of it: x itself
// if f changed nothing, a shallow copy else.
func MapIn[R, N any](x R, f func(N) N) R {
	rv := reflect.ValueOf(x)
	if out, changed := rebuild(rv.Elem(), typeFor[N](), f); changed {
		p := reflect.New(rv.Type().Elem())
		p.Elem().Set(out)
		return p.Interface().(R)
	}
	return x
}

// Equal reports whether a and b are the same value, deeply, without regard to
// fields named Pos: places in the text do not make expressions different.
func Equal(a, b any) bool { return equal(reflect.ValueOf(a), reflect.ValueOf(b)) }

func equal(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer:
		return a.Pointer() == b.Pointer() || !a.IsNil() && !b.IsNil() && equal(a.Elem(), b.Elem())
	case reflect.Interface:
		return equal(a.Elem(), b.Elem())
	case reflect.Struct:
		for _, i := range compared(a.Type()) {
			if !equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Float64: // NaN literals are equal, 0.0 and -0.0 are not
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Map, reflect.Func, reflect.Chan:
		return a.Pointer() == b.Pointer()
	}
	return a.Equal(b)
}

// comparedFields remembers the result of compared.
var comparedFields sync.Map // reflect.Type -> []int

// compared are the fields of a struct that make its values different.
func compared(t reflect.Type) []int {
	if fs, ok := comparedFields.Load(t); ok {
		return fs.([]int)
	}
	var fs []int
	for i := range t.NumField() {
		if t.Field(i).Name != "Pos" {
			fs = append(fs, i)
		}
	}
	comparedFields.Store(t, fs)
	return fs
}

var seed = maphash.MakeSeed()

// Hash is the same for values that are Equal, within one process.
func Hash(v any) uint64 {
	h := hasher{}
	h.SetSeed(seed)
	h.value(reflect.ValueOf(v))
	return h.Sum64()
}

type hasher struct{ maphash.Hash }

func (h *hasher) value(v reflect.Value) {
	switch k := v.Kind(); k {
	case reflect.Invalid:
		h.number(0)
	case reflect.Pointer, reflect.Interface:
		h.value(v.Elem())
	case reflect.Struct:
		for _, i := range compared(v.Type()) {
			h.value(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		h.number(uint64(v.Len()))
		for i := range v.Len() {
			h.value(v.Index(i))
		}
	case reflect.String:
		h.number(uint64(v.Len()))
		_, _ = h.WriteString(v.String())
	case reflect.Bool:
		h.number(uint64(k))
		if v.Bool() {
			h.number(1)
		}
	case reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		h.number(uint64(v.Pointer()))
	default:
		h.scalar(v)
	}
}

func (h *hasher) scalar(v reflect.Value) {
	switch {
	case v.CanInt():
		h.number(uint64(v.Int()))
	case v.CanUint():
		h.number(v.Uint())
	case v.Kind() == reflect.Float64:
		h.number(math.Float64bits(v.Float()))
	} // float32 and complex numbers may be equal with other bits: they tell nothing apart
}

func (h *hasher) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = h.Write(b[:])
}

func typeFor[N any]() reflect.Type { return reflect.TypeFor[N]() }

// holders remembers for a field type and a node interface whether values of
// that type can hold children.
var holders sync.Map // [2]reflect.Type -> bool

func holds(t, nt reflect.Type) bool {
	if t == nt {
		return true
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Pointer:
	default:
		return false
	}
	key := [2]reflect.Type{t, nt}
	if h, ok := holders.Load(key); ok {
		return h.(bool)
	}
	h := search(t, nt, map[reflect.Type]bool{})
	holders.Store(key, h)
	return h
}

// search is holds without memory; seen ends the recursion of self-referring types.
func search(t, nt reflect.Type, seen map[reflect.Type]bool) bool {
	if t == nt {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && search(f.Type, nt, seen) {
				return true
			}
		}
	case reflect.Slice:
		return search(t.Elem(), nt, seen)
	case reflect.Pointer:
		return t.Implements(nt)
	}
	return false
}

func visit(v reflect.Value, nt reflect.Type, f func(reflect.Value)) {
	switch {
	case !holds(v.Type(), nt):
	case v.Type() == nt || v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			f(v)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				visit(v.Field(i), nt, f)
			}
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), nt, f)
		}
	}
}

func rebuild[N any](v reflect.Value, nt reflect.Type, f func(N) N) (reflect.Value, bool) {
	if !holds(v.Type(), nt) {
		return v, false
	}
	switch {
	case v.Type() == nt || v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		old := v.Interface().(N)
		nv := reflect.ValueOf(f(old))
		if nv.IsValid() && nv.Pointer() == reflect.ValueOf(old).Pointer() {
			return v, false
		}
		return nv, true
	case v.Kind() == reflect.Struct:
		var out reflect.Value
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if nv, changed := rebuild(v.Field(i), nt, f); changed {
				if !out.IsValid() {
					out = reflect.New(v.Type()).Elem()
					out.Set(v)
				}
				set(out.Field(i), nv)
			}
		}
		if out.IsValid() {
			return out, true
		}
	case v.Kind() == reflect.Slice:
		var out reflect.Value
		for i := range v.Len() {
			if nv, changed := rebuild(v.Index(i), nt, f); changed {
				if !out.IsValid() {
					out = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
					reflect.Copy(out, v)
				}
				set(out.Index(i), nv)
			}
		}
		if out.IsValid() {
			return out, true
		}
	}
	return v, false
}

func set(dst, v reflect.Value) {
	if !v.IsValid() {
		dst.SetZero()
		return
	}
	dst.Set(v)
}
