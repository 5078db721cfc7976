package hold

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// reserve makes sure that rows sel of cols fit, and prepares what is
// remembered of their dictionaries. If it fails nothing has changed.
func (s *Store) reserve(cols []*vec.Vec, sel []uint16) error {
	need := s.chunkNeed(len(sel))
	var memo, kids int64
	for i, v := range cols {
		switch v.Type.Storage() {
		case types.StoreString:
			memo += s.memo[i].need(v, sel)
			need += s.memo[i].textNeed(v, sel)
		case types.StoreList, types.StoreStruct:
			need += textStep
			for _, r := range sel {
				if !v.Null(int(r)) {
					t, k := nestedNeed(v.Base(), v.Index(int(r)))
					need += t
					kids += k
				}
			}
		}
	}
	if err := s.arena.Ensure(need); err != nil {
		return err
	}
	if memo+kids > 0 {
		if err := s.acct.Reserve(memo + kids); err != nil {
			return err
		}
	} else {
		s.acct.Release(-memo - kids)
	}
	s.other += memo + kids
	for i, v := range cols {
		if v.Enc == vec.Dict && v.Type.Storage() == types.StoreString {
			s.memo[i].prepare(v, sel)
		}
	}
	return nil
}

// chunkNeed is what chunks for n more rows take.
func (s *Store) chunkNeed(n int) int {
	need := 0
	if size := s.grown(n); size > 0 {
		need += s.chunkBytes(size)
		n -= size - s.last().n
	} else if last := s.last(); last != nil {
		n -= last.cap - last.n
	} else {
		need += s.chunkBytes(firstRows(n))
		n -= firstRows(n)
	}
	if n > 0 {
		need += (n + ChunkRows - 1) / ChunkRows * s.chunkBytes(ChunkRows)
	}
	return need
}

func (s *Store) chunkBytes(rows int) int {
	n := rows * s.head
	for _, t := range s.types {
		n += vecBytes(t, rows)
	}
	return n
}

// vecBytes is what newVec takes for a vector and its validity.
func vecBytes(t types.Type, rows int) int {
	n := rows*t.Storage().Width() + 16 + 8*vec.Words(rows)
	if t.Kind == types.Struct {
		for _, f := range t.Children() {
			n += vecBytes(f.Type, rows)
		}
	}
	return n
}

// worth reports whether a memo of v's dictionary pays.
func (m *dictMemo) worth(v *vec.Vec, sel []uint16) bool {
	n := v.Dict.Values.Len()
	return m.same(v.Dict) || n <= 4*len(sel) || n <= 1<<16
}

func (m *dictMemo) same(d *vec.Dictionary) bool {
	return m.dict != nil && (m.dict == d || m.dict.ID == d.ID && d.ID != 0)
}

// need is the memory by which prepare makes the memo larger.
func (m *dictMemo) need(v *vec.Vec, sel []uint16) int64 {
	if v.Enc != vec.Dict || !m.worth(v, sel) {
		return 0
	}
	n := v.Dict.Values.Len() - len(m.strs)
	if m.same(v.Dict) {
		n = max(n, 0)
	}
	return int64(n * memoBytes)
}

// prepare makes the memo one of v's dictionary.
func (m *dictMemo) prepare(v *vec.Vec, sel []uint16) {
	if !m.worth(v, sel) {
		return
	}
	if !m.same(v.Dict) {
		*m = dictMemo{}
	}
	m.dict = v.Dict
	if n := v.Dict.Values.Len() - len(m.strs); n > 0 {
		m.strs = append(m.strs, make([]string, n)...)
		m.have = append(m.have, make([]bool, n)...)
	}
}

// textNeed is the bytes of the strings at rows sel of v that are to be copied, at most.
func (m *dictMemo) textNeed(v *vec.Vec, sel []uint16) int {
	need := textStep
	switch v.Enc {
	case vec.Const:
		if !v.Null(0) {
			need += len(vec.Data[string](v)[0])
		}
	case vec.Dict:
		in, codes, same := vec.Data[string](v.Dict.Values), v.Codes(), m.same(v.Dict)
		for _, r := range sel {
			if v.Valid != nil && !v.Valid.Get(int(r)) {
				continue
			}
			if c := int(codes[r]); !same || c >= len(m.have) || !m.have[c] {
				need += len(in[c])
			}
		}
	default:
		in := vec.Data[string](v)
		if v.Valid == nil {
			for _, r := range sel {
				need += len(in[r])
			}
			return need
		}
		for _, r := range sel {
			if v.Valid.Get(int(r)) {
				need += len(in[r])
			}
		}
	}
	return need
}

// nestedNeed is what the value at row i of a flat nested vector takes beside
// its place in a chunk: bytes of strings, and memory of elements of lists.
func nestedNeed(v *vec.Vec, i int) (text int, kids int64) {
	switch v.Type.Storage() {
	case types.StoreString:
		return len(vec.Data[string](v)[i]), 0
	case types.StoreStruct:
		for _, k := range v.Kids {
			if !k.Null(i) {
				t, n := nestedNeed(k.Base(), k.Index(i))
				text, kids = text+t, kids+n
			}
		}
	case types.StoreList:
		l := vec.Data[vec.List](v)[i]
		for _, k := range v.Kids {
			kids += int64(l.Len) * int64(elementBytes(k.Type))
			if s := k.Type.Storage(); s != types.StoreString && s != types.StoreList && s != types.StoreStruct {
				continue
			}
			for j := int(l.Off); j < int(l.Off+l.Len); j++ {
				if !k.Null(j) {
					t, n := nestedNeed(k.Base(), k.Index(j))
					text, kids = text+t, kids+n
				}
			}
		}
	}
	return text, kids
}

// elementBytes is what an element of a list takes, which lies on the heap.
func elementBytes(t types.Type) int {
	n := t.Storage().Width() + 1
	if t.Kind == types.Struct {
		for _, f := range t.Children() {
			n += elementBytes(f.Type)
		}
	}
	return n
}
