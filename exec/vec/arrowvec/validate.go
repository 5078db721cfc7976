package arrowvec

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Validate checks that a record can be read without a step outside its
// buffers: lengths, offsets, indices of dictionaries, views, run ends, and that
// text is UTF-8. Data that come from files or the network go through it
// before anything else looks at them. The error has the condition INVALID_ARROW_DATA.
func Validate(r arrow.RecordBatch) error {
	for i, c := range r.Columns() {
		d := c.Data()
		err := check(d, 0)
		if err == nil && int64(d.Len()) != r.NumRows() {
			err = invalid("it has %d rows of %d", d.Len(), r.NumRows())
		}
		if err != nil {
			if e := sqlerr.As(err); e != nil {
				e.Msg = "Column `" + r.ColumnName(i) + "` of an Arrow batch is damaged: " + e.Msg + "."
			}
			return err
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return sqlerr.New(sqlerr.InvalidArrowData, format, args...)
}

// maxRows bounds the rows of a batch and the elements of its nested columns.
const maxRows = 1<<31 - 1

func check(d arrow.ArrayData, depth int) error {
	if depth > maxDepth {
		return invalid("it nests deeper than %d levels", maxDepth)
	}
	if d.Len() < 0 || d.Offset() < 0 || d.Len() > maxRows || d.Offset() > maxRows {
		return invalid("it has length %d and offset %d", d.Len(), d.Offset())
	}
	if x, ok := d.DataType().(arrow.ExtensionType); ok {
		return checkAs(d, x.StorageType(), depth)
	}
	return checkAs(d, d.DataType(), depth)
}

// end is the number of slots the buffers must have.
func end(d arrow.ArrayData) int { return d.Offset() + d.Len() }

func checkAs(d arrow.ArrayData, dt arrow.DataType, depth int) error {
	switch dt.ID() {
	case arrow.NULL:
		return nil
	case arrow.RUN_END_ENCODED:
		return checkRuns(d, depth)
	case arrow.SPARSE_UNION, arrow.DENSE_UNION:
		return unsupported(dt)
	}
	if b := buf(d, 0); len(b) > 0 && len(b) < (end(d)+7)/8 {
		return invalid("%d bytes of validity are too few for %d rows", len(b), end(d))
	} else if len(b) == 0 && d.NullN() > 0 && d.Len() > 0 {
		return invalid("%d rows are null but there is no validity", d.NullN())
	}
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return fits(d, 1, (end(d)+7)/8)
	case *arrow.StringType, *arrow.BinaryType:
		return checkBytes[int32](d, dt.ID() == arrow.STRING)
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		return checkBytes[int64](d, dt.ID() == arrow.LARGE_STRING)
	case *arrow.StringViewType, *arrow.BinaryViewType:
		return checkViews(d, dt.ID() == arrow.STRING_VIEW)
	case *arrow.DictionaryType:
		return checkDictionary(d, dt, depth)
	case *arrow.StructType:
		return checkChildren(d, len(dt.Fields()), end(d), depth)
	case *arrow.ListType, *arrow.MapType:
		return checkLists[int32](d, depth)
	case *arrow.LargeListType:
		return checkLists[int64](d, depth)
	case *arrow.ListViewType:
		return checkListViews[int32](d, depth)
	case *arrow.LargeListViewType:
		return checkListViews[int64](d, depth)
	case *arrow.FixedSizeListType:
		if dt.Len() < 0 || end(d) > 0 && int64(dt.Len()) > maxRows/int64(end(d)) {
			return invalid("lists of %d elements are too long", dt.Len())
		}
		return checkChildren(d, 1, end(d)*int(dt.Len()), depth)
	case arrow.FixedWidthDataType:
		w := dt.BitWidth()
		if w < 0 || w%8 != 0 || w > math.MaxInt32 || end(d) > 0 && int64(w/8) > math.MaxInt64/int64(end(d)) {
			return invalid("values are %d bits wide", w)
		}
		return fits(d, 1, end(d)*(w/8))
	}
	return unsupported(dt)
}

// buf is buffer i, nil if there is none.
func buf(d arrow.ArrayData, i int) []byte {
	if bs := d.Buffers(); i < len(bs) && bs[i] != nil {
		return bs[i].Bytes()
	}
	return nil
}

func fits(d arrow.ArrayData, i, need int) error {
	if d.Len() == 0 {
		return nil
	}
	if have := len(buf(d, i)); have < need {
		return invalid("%d bytes of data are too few for %d rows, which need %d", have, end(d), need)
	}
	return nil
}

type offset interface{ int32 | int64 }

// ints is a buffer as integers; unaligned memory is copied.
func ints[T any](b []byte, n int) []T {
	if n == 0 {
		return nil
	}
	var zero T
	w := int(unsafe.Sizeof(zero))
	b = b[: n*w : n*w]
	if uintptr(unsafe.Pointer(&b[0]))%uintptr(unsafe.Alignof(zero)) != 0 {
		out := make([]T, n)
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&out[0])), n*w), b)
		return out
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}

// offsetsOf returns the Len+1 offsets of a list or string column, checked
// against the length of what they point into. An empty column may have none.
func offsetsOf[T offset](d arrow.ArrayData, limit int) ([]T, error) {
	if d.Len() == 0 {
		return make([]T, 1), nil
	}
	var zero T
	if err := fits(d, 1, (end(d)+1)*int(unsafe.Sizeof(zero))); err != nil {
		return nil, err
	}
	offs := ints[T](buf(d, 1), end(d)+1)[d.Offset():]
	prev := offs[0]
	if prev < 0 {
		return nil, invalid("an offset is negative: %d", prev)
	}
	for _, o := range offs[1:] {
		if o < prev {
			return nil, invalid("offsets go back from %d to %d", prev, o)
		}
		prev = o
	}
	if int64(prev) > int64(limit) {
		return nil, invalid("offset %d lies behind the end at %d", prev, limit)
	}
	return offs, nil
}

func checkBytes[T offset](d arrow.ArrayData, text bool) error {
	data := buf(d, 2)
	offs, err := offsetsOf[T](d, len(data))
	if err != nil || !text {
		return err
	}
	all := data[offs[0]:offs[len(offs)-1]]
	if !utf8.Valid(all) {
		return invalid("text is not valid UTF-8")
	}
	if isASCII(all) {
		return nil
	}
	// The whole is valid; a row could still begin inside a character.
	for _, o := range offs[:len(offs)-1] {
		if int(o) < len(data) && !utf8.RuneStart(data[o]) && int64(o) < int64(offs[len(offs)-1]) {
			return invalid("text is not valid UTF-8")
		}
	}
	return nil
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func checkViews(d arrow.ArrayData, text bool) error {
	if err := fits(d, 1, end(d)*arrow.ViewHeaderSizeBytes); err != nil || d.Len() == 0 {
		return err
	}
	views := ints[arrow.ViewHeader](buf(d, 1), end(d))[d.Offset():]
	valid := buf(d, 0)
	for i := range views {
		if !bit(valid, d.Offset()+i) {
			continue
		}
		b, ok := viewBytes(&views[i], d.Buffers())
		if !ok {
			return invalid("the view of row %d points outside its buffers", i)
		}
		if text && !utf8.Valid(b) {
			return invalid("text is not valid UTF-8")
		}
	}
	return nil
}

// viewBytes is what a view stands for.
func viewBytes(v *arrow.ViewHeader, bufs []*memory.Buffer) ([]byte, bool) {
	n := v.Len()
	if n < 0 {
		return nil, false
	}
	if v.IsInline() {
		return v.InlineBytes(), true
	}
	i, o := int(v.BufferIndex()), int(v.BufferOffset())
	if i < 0 || i+2 >= len(bufs) || bufs[i+2] == nil || o < 0 || o > bufs[i+2].Len()-n {
		return nil, false
	}
	return bufs[i+2].Bytes()[o : o+n], true
}

// bit reports whether bit i of a bitmap is set; without bitmap all are.
func bit(b []byte, i int) bool { return len(b) == 0 || b[i>>3]>>(i&7)&1 != 0 }

func checkDictionary(d arrow.ArrayData, dt *arrow.DictionaryType, depth int) error {
	w := dt.IndexType.(arrow.FixedWidthDataType).BitWidth() / 8
	if err := fits(d, 1, end(d)*w); err != nil {
		return err
	}
	dict := d.Dictionary()
	if dict == nil || isNil(dict) {
		if d.Len() == 0 || d.NullN() == d.Len() {
			return nil
		}
		return invalid("its dictionary is missing")
	}
	if err := check(dict, depth+1); err != nil {
		return err
	}
	valid, n := buf(d, 0), int64(dict.Len())
	codes, err := indexes(d, dt, 0, d.Len())
	if err != nil {
		return err
	}
	for i, c := range codes {
		if (c < 0 || c >= n) && bit(valid, d.Offset()+i) {
			return invalid("index %d is outside the dictionary of %d values", c, n)
		}
	}
	return nil
}

func checkChildren(d arrow.ArrayData, count, need, depth int) error {
	kids := d.Children()
	if len(kids) != count {
		return invalid("it has %d parts instead of %d", len(kids), count)
	}
	for _, k := range kids {
		if k == nil || k.Len() < need && d.Len() > 0 {
			return invalid("a part is shorter than the %d rows it needs", need)
		}
		if err := check(k, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkLists[T offset](d arrow.ArrayData, depth int) error {
	if err := checkChildren(d, 1, 0, depth); err != nil {
		return err
	}
	if d.DataType().ID() == arrow.MAP {
		if s, ok := d.Children()[0].DataType().(*arrow.StructType); !ok || len(s.Fields()) != 2 {
			return invalid("the entries of a map are not pairs")
		}
	}
	_, err := offsetsOf[T](d, d.Children()[0].Len())
	return err
}

func checkListViews[T offset](d arrow.ArrayData, depth int) error {
	if err := checkChildren(d, 1, 0, depth); err != nil || d.Len() == 0 {
		return err
	}
	var zero T
	w := int(unsafe.Sizeof(zero))
	for i := 1; i <= 2; i++ {
		if err := fits(d, i, end(d)*w); err != nil {
			return err
		}
	}
	offs, sizes := ints[T](buf(d, 1), end(d))[d.Offset():], ints[T](buf(d, 2), end(d))[d.Offset():]
	n, total := T(d.Children()[0].Len()), int64(0)
	valid := buf(d, 0)
	for i := range offs {
		if !bit(valid, d.Offset()+i) {
			continue
		}
		if offs[i] < 0 || sizes[i] < 0 || offs[i] > n || sizes[i] > n-offs[i] {
			return invalid("the list of row %d lies outside its elements", i)
		}
		// Lists may share elements; all of them together still must be bearable.
		if total += int64(sizes[i]); total > maxRows {
			return invalid("its lists have more than %d elements", maxRows)
		}
	}
	return nil
}

func checkRuns(d arrow.ArrayData, depth int) error {
	kids := d.Children()
	if len(kids) != 2 || kids[0] == nil || kids[1] == nil {
		return invalid("run-end encoding without its two parts")
	}
	for _, k := range kids {
		if err := check(k, depth+1); err != nil {
			return err
		}
	}
	ends, err := runEnds(kids[0])
	if err != nil {
		return err
	}
	prev := int64(0)
	for _, e := range ends {
		if e <= prev {
			return invalid("run ends do not rise")
		}
		prev = e
	}
	if d.Len() > 0 && (prev < int64(end(d)) || kids[1].Len() < len(ends)) {
		return invalid("its runs end at %d, before row %d", prev, end(d))
	}
	return nil
}
