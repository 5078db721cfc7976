package row

import "unsafe"

// Pack appends rows to b, each followed by its long strings. What it appends
// is read back by Unpack, in the process that wrote it only.
func (l *Layout) Pack(b []byte, rows []unsafe.Pointer) []byte {
	for _, r := range rows {
		b = append(b, unsafe.Slice((*byte)(r), l.Size)...)
		for _, off := range l.strs {
			p := unsafe.Add(r, off)
			if *(*uint32)(p) > inline {
				b = append(b, stringAt(p)...)
			}
		}
	}
	return b
}

// Unpack makes dst the first row packed in b, with its long strings in h, and
// returns the rest of b.
func (l *Layout) Unpack(b []byte, dst unsafe.Pointer, h *Heap) []byte {
	copy(unsafe.Slice((*byte)(dst), l.Size), b)
	b = b[l.Size:]
	for _, off := range l.strs {
		p := unsafe.Add(dst, off)
		if n := int(*(*uint32)(p)); n > inline {
			h.keep(p, b[:n])
			b = b[n:]
		}
	}
	return b
}

// Copy makes dst a copy of the row src whose long strings are in h.
func (l *Layout) Copy(dst, src unsafe.Pointer, h *Heap) {
	copy(unsafe.Slice((*byte)(dst), l.Size), unsafe.Slice((*byte)(src), l.Size))
	for _, off := range l.strs {
		if p := unsafe.Add(dst, off); *(*uint32)(p) > inline {
			s := stringAt(unsafe.Add(src, off))
			h.keep(p, unsafe.Slice(unsafe.StringData(s), len(s)))
		}
	}
}

// Long is the bytes of the long strings of row r, which lie outside of it.
func (l *Layout) Long(r unsafe.Pointer) int {
	n := 0
	for _, off := range l.strs {
		if k := *(*uint32)(unsafe.Add(r, off)); k > inline {
			n += int(k)
		}
	}
	return n
}

// Text returns column c of row r, a string that may be NULL (then it is empty). It shares memory with the row.
func (l *Layout) Text(c int, r unsafe.Pointer) string { return stringAt(unsafe.Add(r, l.cols[c].off)) }
