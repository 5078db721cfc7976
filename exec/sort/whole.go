package sort

import (
	"github.com/volley-sql/volley/exec/vec"
)

// Whole appends the key of a row of b, with its strings whole, to dst, at most
// most bytes of it. Such keys are as long as they need be: bytes.Compare orders
// rows by them as Compare does, and those that were cut off tell nothing about
// the order among each other. What Encode returned before is no longer valid.
func (k *Keys) Whole(dst []byte, b *vec.Batch, row uint16, most int) ([]byte, error) {
	k.one[0] = row
	coded, err := k.Encode(b, k.one[:])
	if err != nil {
		return dst, err
	}
	end := len(dst) + most
	for i := range k.layout.keys {
		x := &k.layout.keys[i]
		from := x.off
		if x.nullable {
			from--
		}
		if !x.tie {
			dst = append(dst, coded[from:x.off+x.width]...)
		} else {
			dst = append(dst, coded[from:x.off]...)
			if v := k.vals[i]; !v.Null(int(row)) {
				s := vec.Data[string](v.Base())[v.Index(int(row))]
				dst = appendWhole(dst, s[:min(len(s), most)], x.desc)
			}
		}
		if len(dst) >= end {
			return dst[:end], nil
		}
	}
	return dst, nil
}

// appendWhole appends a string such that it is below all that it begins: a zero
// byte is followed by 0xff, and two of them are the end.
func appendWhole(dst []byte, s string, desc bool) []byte {
	at := len(dst)
	for i := range len(s) {
		if dst = append(dst, s[i]); s[i] == 0 {
			dst = append(dst, 0xff)
		}
	}
	dst = append(dst, 0, 0)
	if desc {
		for i := range dst[at:] {
			dst[at+i] ^= 0xff
		}
	}
	return dst
}
