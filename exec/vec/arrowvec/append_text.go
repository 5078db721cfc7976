package arrowvec

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
)

// appendText adds the bytes of rows and the offsets where each ends.
func appendText[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) {
	if len(c.data) == 0 {
		extend[int32](c, 1)[0] = 0
	}
	ends := extend[int32](c, len(rows))
	if v.Enc == vec.Dict && v.Valid == nil {
		if words := c.words.of(v.Dict); words != nil {
			appendWords(c, words, v.Codes(), rows, ends)
			return
		}
	}
	c.room(textIn(v, rows))
	in := vec.Data[string](v.Base())
	out, at := c.bytes[:cap(c.bytes)], len(c.bytes)
	switch {
	case v.Enc == vec.Flat && v.Valid == nil:
		for i, r := range rows {
			at += copyText(out, at, in[r])
			ends[i] = int32(at)
		}
	case v.Enc == vec.Dict && v.Valid == nil:
		codes := v.Codes()
		for i, r := range rows {
			at += copyText(out, at, in[codes[r]])
			ends[i] = int32(at)
		}
	default:
		for i, r := range rows {
			if !v.Null(int(r)) {
				at += copyText(out, at, in[v.Index(int(r))])
			}
			ends[i] = int32(at)
		}
	}
	c.bytes = out[:at]
}

// appendTexts is appendText for all of the rows of a flat vector without nulls, of at most size bytes together.
func appendTexts(c *appendColumn, in []string, size int) {
	if len(c.data) == 0 {
		extend[int32](c, 1)[0] = 0
	}
	ends := extend[int32](c, len(in))
	c.room(size)
	at := len(c.bytes)
	if k, n := inARow(in); n > 0 {
		c.bytes = appendRow(c.bytes, in[0], n)
		for i, s := range in[:k] {
			at += len(s)
			ends[i] = int32(at)
		}
		in, ends = in[k:], ends[k:]
	}
	out := unsafe.Pointer(unsafe.SliceData(c.bytes))
	for i, s := range in {
		n := len(s)
		dst, src := unsafe.Add(out, at), unsafe.Pointer(unsafe.StringData(s))
		switch at += n; {
		case n > 16:
			copy(unsafe.Slice((*byte)(dst), n), s)
		case n >= 8:
			head, tail := *(*uint64)(src), *(*uint64)(unsafe.Add(src, n-8))
			*(*uint64)(dst) = head
			*(*uint64)(unsafe.Add(dst, n-8)) = tail
		case n >= 4:
			head, tail := *(*uint32)(src), *(*uint32)(unsafe.Add(src, n-4))
			*(*uint32)(dst) = head
			*(*uint32)(unsafe.Add(dst, n-4)) = tail
		default:
			copyText(unsafe.Slice((*byte)(dst), copySlack), 0, s)
		}
		ends[i] = int32(at)
	}
	c.bytes = c.bytes[:at]
}

// inARow is how many of the texts lie one behind the other in memory, if that
// is worth knowing, and how many bytes they have together.
func inARow(in []string) (k, bytes int) {
	if len(in) < 16 {
		return 0, 0
	}
	from := uintptr(unsafe.Pointer(unsafe.StringData(in[0])))
	at := from
	for ; k < len(in) && uintptr(unsafe.Pointer(unsafe.StringData(in[k]))) == at; k++ {
		at += uintptr(len(in[k]))
	}
	if k < 16 {
		return 0, 0
	}
	return k, int(at - from)
}

// appendRow adds the n bytes of texts that lie one behind the other, the first
// of which is s. They may be of several allocations next to each other, all in
// use, which checkptr takes for a mistake.
//
//go:nocheckptr
func appendRow(b []byte, s string, n int) []byte {
	return append(b, unsafe.Slice(unsafe.StringData(s), n)...)
}

// room makes room for size bytes of text and copySlack behind them.
func (c *appendColumn) room(size int) {
	if need := len(c.bytes) + size + copySlack; need > cap(c.bytes) {
		c.bytes = c.memory.larger(c.bytes, need)
	}
}

// word is a text of at most wordSize bytes, copied with two moves whatever its length.
type word struct {
	lo, hi uint64
	n      int
}

const wordSize = 16

// words are the texts of a dictionary as words, as long as all of them are
// short. A dictionary that has grown only adds to them.
type words struct {
	id   uint64
	list []word
	long bool // one is too long
}

// maxWords bounds the dictionaries made words of: they must be worth it and stay in the cache.
const maxWords = 1 << 12

// of are the texts of d; nil if they are not all short or are too many.
func (w *words) of(d *vec.Dictionary) []word {
	if d.ID == 0 {
		return nil
	}
	if d.ID != w.id {
		*w = words{id: d.ID, list: w.list[:0]}
	}
	texts := vec.Data[string](d.Values)
	if w.long || len(texts) > maxWords {
		return nil
	}
	for _, s := range texts[min(len(w.list), len(texts)):] {
		if len(s) > wordSize {
			w.long = true
			return nil
		}
		var b [wordSize]byte
		copy(b[:], s)
		w.list = append(w.list, word{*(*uint64)(unsafe.Pointer(&b[0])), *(*uint64)(unsafe.Pointer(&b[8])), len(s)})
	}
	if len(texts) == 0 {
		return nil
	}
	return w.list
}

// appendWords adds texts of a dictionary.
func appendWords[I vec.Index](c *appendColumn, words []word, codes []int32, rows []I, ends []int32) {
	c.room(wordSize * len(rows))
	out, at := unsafe.Pointer(unsafe.SliceData(c.bytes)), len(c.bytes)
	ends = ends[:len(rows)]
	for i, r := range rows {
		w := &words[codes[r]]
		dst := unsafe.Add(out, at)
		*(*uint64)(dst) = w.lo
		*(*uint64)(unsafe.Add(dst, 8)) = w.hi
		at += w.n
		ends[i] = int32(at)
	}
	c.bytes = c.bytes[:at]
}

// copySlack is how many bytes there are behind a text where copyText writes it.
const copySlack = 16

// copyText copies s to out[at:] and returns its length. Most texts are short,
// and a call of memmove costs more than they do. out has copySlack bytes more.
func copyText(out []byte, at int, s string) int {
	n := len(s)
	dst := unsafe.Pointer(&out[at])
	src := unsafe.Pointer(unsafe.StringData(s))
	switch {
	case n > 16:
		copy(out[at:], s)
	case n >= 8:
		head, tail := *(*uint64)(src), *(*uint64)(unsafe.Add(src, n-8))
		*(*uint64)(dst) = head
		*(*uint64)(unsafe.Add(dst, n-8)) = tail
	case n >= 4:
		head, tail := *(*uint32)(src), *(*uint32)(unsafe.Add(src, n-4))
		*(*uint32)(dst) = head
		*(*uint32)(unsafe.Add(dst, n-4)) = tail
	case n > 0:
		out[at], out[at+n/2], out[at+n-1] = s[0], s[n/2], s[n-1]
	}
	return n
}

// textIn is how many bytes of text the rows have.
func textIn[I vec.Index](v *vec.Vec, rows []I) (n int) {
	in := vec.Data[string](v.Base())
	switch {
	case v.Valid != nil:
		for _, r := range rows {
			if !v.Null(int(r)) {
				n += len(in[v.Index(int(r))])
			}
		}
	case v.Enc == vec.Flat:
		for _, r := range rows {
			n += len(in[r])
		}
	case v.Enc == vec.Dict:
		codes := v.Codes()
		for _, r := range rows {
			n += len(in[codes[r]])
		}
	default:
		n = len(in[0]) * len(rows)
	}
	return n
}

// textsWithin is how many of the rows have no more than limit bytes together.
func textsWithin[I vec.Index](v *vec.Vec, rows []I, limit int) int {
	values := vec.Data[string](v.Base())
	for k, row := range rows {
		if !v.Null(int(row)) {
			limit -= len(values[v.Index(int(row))])
		}
		if limit < 0 {
			return k
		}
	}
	return len(rows)
}
