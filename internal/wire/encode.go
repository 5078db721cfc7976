package wire

import (
	"encoding/binary"
	"math"
	"reflect"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// maxDepth bounds the nesting of pointers, nodes and data in a message.
const maxDepth = 10_000

// seenKey identifies a node: one pointer may be written under two interfaces.
type seenKey struct {
	iface reflect.Type
	p     uintptr
}

type encoder struct {
	buf   []byte
	depth int
	seen  map[seenKey]uint64 // number of each node written, from 0
	err   error
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) enter() bool {
	if e.depth++; e.depth > maxDepth {
		e.fail(sqlerr.New(sqlerr.StatementTooComplex, "The plan is nested too deeply to be sent."))
	}
	return e.err == nil
}

func (e *encoder) leave() { e.depth-- }

func (e *encoder) uvarint(u uint64) { e.buf = binary.AppendUvarint(e.buf, u) }
func (e *encoder) varint(i int64)   { e.buf = binary.AppendVarint(e.buf, i) }
func (e *encoder) float(f float64) {
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(f))
}

func (e *encoder) string(s string) {
	e.uvarint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) bool(b bool) {
	if b {
		e.buf = append(e.buf, 1)
	} else {
		e.buf = append(e.buf, 0)
	}
}

// encodeNode writes a sealed interface. Nodes are numbered when they are
// complete, as the decoder numbers them.
func encodeNode(e *encoder, v reflect.Value, index map[reflect.Type]uint64, codecs []*typeCodec) {
	if v.IsNil() {
		e.uvarint(0)
		return
	}
	p := v.Elem()
	key := seenKey{v.Type(), p.Pointer()}
	if n, ok := e.seen[key]; ok {
		e.uvarint(1)
		e.uvarint(n)
		return
	}
	i, ok := index[p.Type()]
	if !ok {
		e.fail(unsupported(p.Type()))
		return
	}
	if !e.enter() {
		return
	}
	e.uvarint(i + 2)
	codecs[i].enc(e, p.Elem())
	e.leave()
	e.seen[key] = uint64(len(e.seen))
}
