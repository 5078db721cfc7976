// Package wire is the binary form of plans and tasks: compact, versioned, and
// derived from the structs by reflection, so that a new node or field needs
// no codec code. Sealed interfaces are written as an index into the list of
// their node types; a node that is reached twice through one pointer is
// written once.
//
//	message  = format number, fingerprint, value
//	bool     = one byte 0 or 1
//	ints     = varint (zigzag if signed)
//	float64  = 8 bytes, little endian
//	string   = length, bytes
//	slice    = 0 for nil, else length+1, elements
//	map      = 0 for nil, else length+1, keys and values sorted by key
//	pointer  = 0 for nil, else 1, value
//	struct   = fields in order
//	node     = 0 for nil, 1 and a back reference, or type index+2, struct
//	any      = a types.Datum: kind byte, value
//
// The fingerprint is a hash of the layout of every type a codec can write.
// Two builds that disagree about a struct therefore refuse each other's
// messages instead of misreading them.
//
// Decoding trusts nothing: lengths are checked against what is left, nesting
// and the size of shared structure are bounded, and errors never are panics.
// What a field means (that an index is in range, say) is for its user to check.
package wire

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"reflect"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// format is the number of the message format described above.
const format = 1

// A Family is a sealed interface with its node types, in wire order.
type Family struct {
	iface reflect.Type
	nodes []reflect.Type // pointers to structs
}

// FamilyOf describes the interface N by a list of zero nodes.
func FamilyOf[N any](nodes []N) Family {
	f := Family{iface: reflect.TypeFor[N]()}
	for _, n := range nodes {
		f.nodes = append(f.nodes, reflect.TypeOf(n))
	}
	return f
}

// An Enum is an integer type with a largest value.
type Enum struct {
	t    reflect.Type
	last uint64
}

// EnumOf describes an enumeration whose values go from 0 to last.
func EnumOf[T ~uint8](last T) Enum { return Enum{reflect.TypeFor[T](), uint64(last)} }

// A Codec writes and reads values of the root type T. It is safe for concurrent use.
type Codec[T any] struct {
	families    map[reflect.Type]Family
	enums       map[reflect.Type]uint64
	codecs      map[reflect.Type]*typeCodec
	fingerprint uint64
	root        *typeCodec
}

// New makes the codec of T. It fails for types that cannot be written, such
// as structs with unexported fields.
func New[T any](families []Family, enums []Enum) (*Codec[T], error) {
	c := &Codec[T]{families: map[reflect.Type]Family{}, enums: map[reflect.Type]uint64{}, codecs: map[reflect.Type]*typeCodec{}}
	for _, f := range families {
		c.families[f.iface] = f
	}
	for _, e := range enums {
		c.enums[e.t] = e.last
	}
	b := builder{families: c.families, enums: c.enums, codecs: c.codecs}
	b.layout = fnv.New64a()
	c.root = b.of(reflect.TypeFor[T]())
	if b.err != nil {
		return nil, b.err
	}
	c.fingerprint = b.layout.Sum64()
	return c, nil
}

// Encode writes v.
func (c *Codec[T]) Encode(v T) ([]byte, error) {
	e := &encoder{seen: map[seenKey]uint64{}}
	e.uvarint(format)
	e.buf = binary.LittleEndian.AppendUint64(e.buf, c.fingerprint)
	c.root.enc(e, reflect.ValueOf(&v).Elem())
	if e.err != nil {
		return nil, e.err
	}
	return e.buf, nil
}

// Decode reads what Encode wrote and nothing else. Its errors have the
// condition INTERNAL_ERROR and, for another build's message, a text that says so.
func (c *Codec[T]) Decode(b []byte) (T, error) {
	var v T
	d := &decoder{buf: b}
	if f := d.uvarint(); d.err == nil && f != format {
		d.fail("format %d is not known, this is %d", f, format)
	}
	if fp := d.fixed64(); d.err == nil && fp != c.fingerprint {
		d.fail("it was written by another version of Volley")
	}
	if d.err == nil {
		root := reflect.ValueOf(&v).Elem()
		c.root.dec(d, root)
		if d.err == nil && root.Kind() == reflect.Interface && root.IsNil() {
			d.fail("it is empty")
		}
	}
	if d.err == nil && len(d.buf) > 0 {
		d.fail("%d bytes follow the end", len(d.buf))
	}
	if d.err != nil {
		var zero T
		return zero, d.err
	}
	return v, nil
}

// typeCodec writes and reads one Go type.
type typeCodec struct {
	enc func(e *encoder, v reflect.Value)
	dec func(d *decoder, v reflect.Value)
}

var datumType = reflect.TypeFor[types.Datum]()

func unsupported(t reflect.Type) error {
	return sqlerr.New(sqlerr.InternalError, "%s", fmt.Sprintf("wire: no encoding for %s", t))
}
