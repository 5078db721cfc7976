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
	if need := len(c.bytes) + textIn(v, rows) + copySlack; need > cap(c.bytes) {
		c.bytes = c.memory.larger(c.bytes, need)
	}
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
