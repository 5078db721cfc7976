package exchange

import (
	"encoding/binary"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// encoder collects the rows of one channel column by column, and writes them
// as batches in the form of mem.AppendBatch, each after its length, to the body
// of a frame. Rows are copied once on the way in, whatever encoding they have;
// an exchange into many channels still makes batches that are worth a reader's
// while. Columns of nested types are encoded batch by batch as they come.
type encoder struct {
	nested bool
	cols   []columnBuffer
	rows   int // in cols
	bytes  int // in cols, about
	full   int // rows of a full batch

	frame  []byte // with its header, nil while there is nothing
	framed int    // rows in it
	dense  vec.Batch
}

// columnBuffer is a column of the batch under way: values or lengths of
// strings, bytes of strings, and validity once there was a NULL.
type columnBuffer struct {
	fixed []byte
	text  []byte
	valid vec.Bitmap
	nulls bool
}

// newEncoder returns an encoder for rows of columns like cols.
func newEncoder(cols []*vec.Vec, full int) *encoder {
	e := &encoder{cols: make([]columnBuffer, len(cols)), full: full}
	for _, v := range cols {
		if s := v.Type.Storage(); s == types.StoreList || s == types.StoreStruct {
			e.nested = true
		}
	}
	return e
}

// textSize is how many bytes the rows' strings have.
func textSize(cols []*vec.Vec, rows []uint16) int {
	n := 0
	for _, v := range cols {
		if v.Type.Storage() != types.StoreString {
			continue
		}
		data := vec.Data[string](v.Base())
		if v.Enc == vec.Flat && v.Valid == nil {
			for _, r := range rows {
				n += len(data[r])
			}
			continue
		}
		for _, r := range rows {
			if !v.Null(int(r)) {
				n += len(data[v.Index(int(r))])
			}
		}
	}
	return n
}

// add takes up rows of a batch that is lent. flush is called with every frame
// that has reached the size wanted.
func (e *encoder) add(b *vec.Batch, rows []uint16, target int, flush func() error) error {
	if e.nested {
		return e.addNested(b, rows, target, flush)
	}
	for len(rows) > 0 {
		part := rows[:min(len(rows), e.full-e.rows)]
		text := textSize(b.Cols, part)
		for text > target && len(part) > 1 { // few rows of much text
			part = part[:len(part)/2]
			text = textSize(b.Cols, part)
		}
		if text > MaxFrame/2 {
			return tooLarge(text)
		}
		for i, v := range b.Cols {
			e.cols[i].append(v, part, e.rows)
		}
		e.rows += len(part)
		e.bytes += text
		rows = rows[len(part):]
		if e.rows == e.full || e.bytes > target {
			e.batch(target + target/4)
			if len(e.frame) >= target {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func tooLarge(n int) error {
	return sqlerr.New(sqlerr.MemoryLimit, "A row of %d bytes is too large for an exchange, which moves at most %d.", n, MaxFrame/2).
		WithHint("Run the statement on a local master, which needs no exchange.")
}

// addNested encodes the rows at once.
func (e *encoder) addNested(b *vec.Batch, rows []uint16, target int, flush func() error) error {
	for len(rows) > 0 {
		part := rows
		for {
			at := e.start(target + target/4)
			dense := (&vec.Batch{Cols: b.Cols, N: b.N, Sel: part}).Compact(&e.dense)
			e.frame = mem.AppendBatch(e.frame, dense.Cols, dense.N)
			if n := len(e.frame) - at; n > MaxFrame/2 && len(part) == 1 {
				return tooLarge(n)
			} else if n <= 2*target || len(part) == 1 {
				e.end(at, len(part))
				break
			}
			e.frame = e.frame[:at-4]
			part = part[:len(part)/2]
		}
		rows = rows[len(part):]
		if len(e.frame) >= target {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// start begins a batch in the frame, which gets room for so many bytes if it
// is new, and returns where the batch is, past its length.
func (e *encoder) start(room int) int {
	if e.frame == nil {
		e.frame = make([]byte, headerSize, headerSize+4+room)
	}
	e.frame = append(e.frame, 0, 0, 0, 0)
	return len(e.frame)
}

func (e *encoder) end(at, rows int) {
	binary.LittleEndian.PutUint32(e.frame[at-4:], uint32(len(e.frame)-at))
	e.framed += rows
}

// size is how many bytes the batch under way takes.
func (e *encoder) size() int {
	n := 4
	for i := range e.cols {
		n += 1 + len(e.cols[i].fixed) + len(e.cols[i].text)
		if e.cols[i].nulls {
			n += 8 * vec.Words(e.rows)
		}
	}
	return n
}

// batch moves what is collected to the frame, which gets room for so many bytes if it is new.
func (e *encoder) batch(room int) {
	if e.rows == 0 {
		return
	}
	at := e.start(room)
	f := binary.LittleEndian.AppendUint32(e.frame, uint32(e.rows))
	for i := range e.cols {
		c := &e.cols[i]
		if c.nulls {
			f = append(f, 1)
			f = append(f, bytesOf(c.valid[:vec.Words(e.rows)])...)
		} else {
			f = append(f, 0)
		}
		f = append(f, c.fixed...)
		f = append(f, c.text...)
		c.fixed, c.text, c.nulls = c.fixed[:0], c.text[:0], false
	}
	e.frame = f
	e.end(at, e.rows)
	e.rows, e.bytes = 0, 0
}

// take ends the frame and returns it, sealed, with its number of rows; nil if there is nothing.
func (e *encoder) take() (frame []byte, rows int) {
	e.batch(e.size())
	if e.frame == nil {
		return nil, 0
	}
	frame, rows = e.frame, e.framed
	e.frame, e.framed = nil, 0
	if cap(frame) > len(frame)+len(frame)/2 {
		frame = append(make([]byte, 0, len(frame)), frame...) // small outputs should not hold large buffers
	}
	seal(frame, rows)
	return frame, rows
}

// append adds rows of a vector of any encoding behind the first n rows.
func (c *columnBuffer) append(v *vec.Vec, rows []uint16, n int) {
	c.validity(v, rows, n)
	switch s := v.Type.Storage(); s {
	case types.StoreNone:
	case types.StoreString:
		c.strings(v, rows)
	default:
		switch s.Width() {
		case 1:
			appendFixed[uint8](c, v, rows)
		case 2:
			appendFixed[uint16](c, v, rows)
		case 4:
			appendFixed[uint32](c, v, rows)
		case 8:
			appendFixed[uint64](c, v, rows)
		default:
			appendFixed[[2]uint64](c, v, rows)
		}
	}
}

func (c *columnBuffer) validity(v *vec.Vec, rows []uint16, n int) {
	if v.Valid == nil {
		if c.nulls {
			c.extend(n, len(rows))
		}
		return
	}
	if !c.nulls {
		c.nulls = true
		c.valid = c.valid[:0]
		c.extend(0, n)
	}
	c.extend(n, len(rows))
	for i, r := range rows {
		if v.Null(int(r)) {
			c.valid.Clear(n + i)
		}
	}
}

// extend makes rows n … n+k valid. Bits past them are set at all times.
func (c *columnBuffer) extend(n, k int) {
	for len(c.valid) < vec.Words(n+k) {
		c.valid = append(c.valid, ^uint64(0))
	}
}

// appendFixed adds values by their width; those of NULL rows are whatever they are.
func appendFixed[T any](c *columnBuffer, v *vec.Vec, rows []uint16) {
	var w T
	size := int(unsafe.Sizeof(w))
	at := len(c.fixed)
	c.fixed = grow(c.fixed, len(rows)*size)
	// The buffer comes from words (see grow), so values of this width are aligned.
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(c.fixed[at:]))), len(rows))
	switch v.Enc {
	case vec.Flat:
		in := vec.Raw[T](v)
		if first, last := int(rows[0]), int(rows[len(rows)-1]); last-first+1 == len(rows) {
			copy(out, in[first:])
			return
		}
		for i, r := range rows {
			out[i] = in[r]
		}
	case vec.Const:
		x := vec.Raw[T](v)[0]
		for i := range out {
			out[i] = x
		}
	case vec.Dict:
		in, codes := vec.Raw[T](v.Dict.Values), v.Codes()
		if len(in) == 0 { // every row is NULL
			clear(out)
			return
		}
		for i, r := range rows {
			out[i] = in[codes[r]]
		}
	}
}

func (c *columnBuffer) strings(v *vec.Vec, rows []uint16) {
	at := len(c.fixed)
	c.fixed = grow(c.fixed, len(rows)*4)
	lens := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(c.fixed[at:]))), len(rows))
	data := vec.Data[string](v.Base())
	text := c.text
	switch {
	case v.Enc == vec.Flat && v.Valid == nil:
		for i, r := range rows {
			s := data[r]
			lens[i] = uint32(len(s))
			text = append(text, s...)
		}
	case v.Enc == vec.Dict && v.Valid == nil:
		codes := v.Codes()
		for i, r := range rows {
			s := data[codes[r]]
			lens[i] = uint32(len(s))
			text = append(text, s...)
		}
	default:
		for i, r := range rows {
			if v.Null(int(r)) {
				lens[i] = 0
				continue
			}
			s := data[v.Index(int(r))]
			lens[i] = uint32(len(s))
			text = append(text, s...)
		}
	}
	c.text = text
}

// grow is b with n more bytes, whose memory is aligned for any value.
func grow(b []byte, n int) []byte {
	want := len(b) + n
	if want <= cap(b) {
		return b[:want]
	}
	words := make([]uint64, (max(want, 2*cap(b), 256)+7)/8)
	big := bytesOf(words)[:want]
	copy(big, b)
	return big
}

func bytesOf(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}
