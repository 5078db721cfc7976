package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// maxNodes bounds the nodes of a message with shared ones counted as often as
// they are reached, which is how often a walk visits them.
const maxNodes = 50_000_000

type decoder struct {
	buf   []byte
	depth int
	nodes []decodedNode
	size  int // nodes read so far, shared ones as often as they were referred to
	err   error
}

type decodedNode struct {
	v    reflect.Value
	size int
}

func (d *decoder) fail(f string, args ...any) {
	if d.err == nil {
		d.err = sqlerr.New(sqlerr.InternalError, "a plan cannot be read: %s", fmt.Sprintf(f, args...))
		d.buf = nil
	}
}

func (d *decoder) enter() bool {
	if d.depth++; d.depth > maxDepth {
		d.fail("it is nested too deeply")
	}
	return d.err == nil
}

func (d *decoder) leave() { d.depth-- }

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.buf) {
		d.fail("it ends too early")
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) uvarint() uint64 {
	u, n := binary.Uvarint(d.buf)
	if n <= 0 || n > 1 && d.buf[n-1] == 0 {
		d.fail("a number is malformed")
		return 0
	}
	d.buf = d.buf[n:]
	return u
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) fixed64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) float() float64 { return math.Float64frombits(d.fixed64()) }

func (d *decoder) bool() bool {
	b := d.take(1)
	if b == nil {
		return false
	}
	if b[0] > 1 {
		d.fail("a flag is %d", b[0])
	}
	return b[0] == 1
}

// count reads a length that the rest of the message must be able to hold.
func (d *decoder) count(u uint64) int {
	if u > uint64(len(d.buf)) {
		d.fail("it ends too early")
		return 0
	}
	return int(u)
}

func (d *decoder) string() string { return string(d.take(d.count(d.uvarint()))) }

// length reads the length of a slice or map; ok is false for nil and errors.
func (d *decoder) length() (n int, ok bool) {
	u := d.uvarint()
	if u == 0 || d.err != nil {
		return 0, false
	}
	n = d.count(u - 1)
	return n, d.err == nil
}

func decodeNode(d *decoder, v reflect.Value, f Family, codecs []*typeCodec) {
	tag := d.uvarint()
	switch {
	case d.err != nil || tag == 0:
		return
	case tag == 1:
		n := d.uvarint()
		if d.err != nil {
			return
		}
		if n >= uint64(len(d.nodes)) || !d.nodes[n].v.Type().Implements(f.iface) {
			d.fail("it refers to node %d, which is not there", n)
			return
		}
		v.Set(d.nodes[n].v)
		d.grow(d.nodes[n].size)
		return
	case tag-2 >= uint64(len(codecs)):
		d.fail("node type %d of %s is not known", tag-2, f.iface)
		return
	}
	if !d.enter() {
		return
	}
	before := d.size
	p := reflect.New(f.nodes[tag-2].Elem())
	d.grow(1)
	codecs[tag-2].dec(d, p.Elem())
	d.leave()
	if d.err == nil {
		v.Set(p)
		d.nodes = append(d.nodes, decodedNode{p, d.size - before})
	}
}

func (d *decoder) grow(n int) {
	if d.size += n; d.size > maxNodes {
		d.fail("it has too many nodes")
	}
}
