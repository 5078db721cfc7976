package expr

import (
	"math/bits"

	"github.com/volley-sql/volley/internal/tree"
)

// ColSet is a set of column ids. The zero value is empty. Sets share memory
// when copied by assignment; only the methods with a pointer receiver write,
// so call Clone before changing a set that others hold.
type ColSet struct{ words []uint64 }

// NewColSet returns the set of ids.
func NewColSet(ids ...ColID) ColSet {
	var s ColSet
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

// ColumnIDs returns the set of the ids of cols.
func ColumnIDs(cols []*Column) ColSet {
	var s ColSet
	for _, c := range cols {
		s.Add(c.ID)
	}
	return s
}

// Add puts id into s.
func (s *ColSet) Add(id ColID) {
	w := int(id) >> 6
	for len(s.words) <= w {
		s.words = append(s.words, 0)
	}
	s.words[w] |= 1 << (uint(id) & 63)
}

// AddAll puts the members of o into s.
func (s *ColSet) AddAll(o ColSet) {
	for len(s.words) < len(o.words) {
		s.words = append(s.words, 0)
	}
	for i, w := range o.words {
		s.words[i] |= w
	}
}

// Remove takes id out of s.
func (s *ColSet) Remove(id ColID) {
	if w := int(id) >> 6; w < len(s.words) {
		s.words[w] &^= 1 << (uint(id) & 63)
	}
}

// Has reports whether id is in s.
func (s ColSet) Has(id ColID) bool {
	w := int(id) >> 6
	return id >= 0 && w < len(s.words) && s.words[w]&(1<<(uint(id)&63)) != 0
}

// Clone returns a copy that shares nothing with s.
func (s ColSet) Clone() ColSet { return ColSet{append([]uint64(nil), s.words...)} }

// Union returns the members of either set.
func (s ColSet) Union(o ColSet) ColSet {
	r := s.Clone()
	r.AddAll(o)
	return r
}

// Minus returns the members of s that are not in o.
func (s ColSet) Minus(o ColSet) ColSet {
	r := s.Clone()
	for i := range min(len(r.words), len(o.words)) {
		r.words[i] &^= o.words[i]
	}
	return r
}

// SubsetOf reports whether all members of s are in o.
func (s ColSet) SubsetOf(o ColSet) bool {
	for i, w := range s.words {
		if i < len(o.words) {
			w &^= o.words[i]
		}
		if w != 0 {
			return false
		}
	}
	return true
}

// Intersects reports whether s and o have a member in common.
func (s ColSet) Intersects(o ColSet) bool {
	for i := range min(len(s.words), len(o.words)) {
		if s.words[i]&o.words[i] != 0 {
			return true
		}
	}
	return false
}

// Empty reports whether s has no member.
func (s ColSet) Empty() bool {
	for _, w := range s.words {
		if w != 0 {
			return false
		}
	}
	return true
}

// Len is the number of members.
func (s ColSet) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// IDs lists the members in ascending order.
func (s ColSet) IDs() []ColID {
	var out []ColID
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			out = append(out, ColID(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// UsedColumns adds to s the columns e refers to, those that subqueries in e
// take from outside (their Outer lists) included.
func (s *ColSet) UsedColumns(e Expr) {
	if e == nil {
		return
	}
	tree.Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Column:
			s.Add(e.ID)
		case *ScalarSubquery:
			s.addAll(e.Outer)
		case *Exists:
			s.addAll(e.Outer)
		case *InSubquery:
			s.addAll(e.Outer)
		}
		return true
	})
}

func (s *ColSet) addAll(ids []ColID) {
	for _, id := range ids {
		s.Add(id)
	}
}

// Used returns the columns the expressions refer to; see ColSet.UsedColumns.
func Used(es ...Expr) ColSet {
	var s ColSet
	for _, e := range es {
		s.UsedColumns(e)
	}
	return s
}
