// Package arrowmsg checks messages of Arrow's IPC format, whose files and
// streams come from anybody, before a library reads them: lengths, buffers
// against the body, what compressed buffers claim, the size of the schema.
// Running out of memory cannot be caught, so it must not come to that.
package arrowmsg

import (
	"encoding/binary"
	"errors"
	"fmt"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Limits on what a message may claim, in bytes.
const (
	MaxMetadata = 16 << 20
	MaxBody     = 512 << 20
	// MaxUnpacked bounds the uncompressed size of one message's buffers.
	MaxUnpacked = 1 << 30
)

const (
	maxFields = 100_000
	maxDepth  = 64
)

// table is a flatbuffer table. Its accessors panic where offsets lead out of
// the buffer; Check recovers.
type table struct{ flatbuffers.Table }

func root(b []byte) table {
	return table{flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}}
}

// field is the place of field i, 0 if it is not there.
func (t table) field(i int) flatbuffers.UOffsetT {
	if o := t.Offset(flatbuffers.VOffsetT(4 + 2*i)); o != 0 {
		return flatbuffers.UOffsetT(o) + t.Pos
	}
	return 0
}

func (t table) int64(i int) int64 {
	if p := t.field(i); p != 0 {
		return t.GetInt64(p)
	}
	return 0
}

func (t table) byte(i int) byte {
	if p := t.field(i); p != 0 {
		return t.GetByte(p)
	}
	return 0
}

func (t table) table(i int) (table, bool) {
	p := t.field(i)
	if p == 0 {
		return table{}, false
	}
	return table{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(p)}}, true
}

// vector is the place of the first element of a vector and their number.
func (t table) vector(i, width int) (start, n int, err error) {
	p := t.field(i)
	if p == 0 {
		return 0, 0, nil
	}
	at := int(t.GetUOffsetT(p)) + int(p)
	n = int(t.GetUOffsetT(flatbuffers.UOffsetT(at)))
	start = at + flatbuffers.SizeUOffsetT
	if n < 0 || n > (len(t.Bytes)-start)/width {
		return 0, 0, errors.New("damaged metadata: a list is longer than the message")
	}
	return start, n, nil
}

// Kinds of messages.
const (
	kindSchema     = 1
	kindDictionary = 2
	kindBatch      = 3
)

// errOffset is what panics of flatbuffers come to: there is no other way out of them.
var errOffset = errors.New("damaged metadata: an offset leads out of them")

// Check checks the metadata of a message and its body against each other. A
// reader that gets past it finds buffers inside the body and takes no more
// memory than the limits allow; what values are is not looked at.
func Check(meta, body []byte) (err error) {
	defer func() {
		if recover() != nil {
			err = errOffset
		}
	}()
	if len(meta) < 8 || len(meta) > MaxMetadata {
		return fmt.Errorf("the metadata of a message has %d bytes; at most %d are allowed", len(meta), MaxMetadata)
	}
	return checkMessage(root(meta), body)
}

// BodyLength is the length of the body that the metadata of a message claim.
func BodyLength(meta []byte) (n int64, err error) {
	defer func() {
		if recover() != nil {
			err = errOffset
		}
	}()
	if n = root(meta).int64(3); n < 0 || n > MaxBody {
		return 0, fmt.Errorf("the body of a message has %d bytes; at most %d are allowed", n, MaxBody)
	}
	return n, nil
}

func checkMessage(msg table, body []byte) error {
	header, ok := msg.table(2)
	if !ok {
		return errors.New("a message without header")
	}
	if err := checkPairs(msg, 4); err != nil {
		return err
	}
	switch kind := msg.byte(1); kind {
	case kindSchema:
		count := 0
		if err := checkPairs(header, 2); err != nil {
			return err
		}
		return checkFields(header, 1, 0, &count)
	case kindDictionary:
		data, ok := header.table(1)
		if !ok {
			return errors.New("a dictionary without data")
		}
		return checkBatch(data, body)
	case kindBatch:
		return checkBatch(header, body)
	default:
		return fmt.Errorf("messages of kind %d are not read here", kind)
	}
}

// checkFields walks a schema: offsets may make a small message stand for a huge tree.
func checkFields(t table, slot, depth int, count *int) error {
	if depth > maxDepth {
		return fmt.Errorf("the schema nests deeper than %d levels", maxDepth)
	}
	start, n, err := t.vector(slot, flatbuffers.SizeUOffsetT)
	if err != nil {
		return err
	}
	if *count += n; *count > maxFields {
		return fmt.Errorf("the schema has more than %d fields", maxFields)
	}
	for i := range n {
		f := table{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(flatbuffers.UOffsetT(start + i*flatbuffers.SizeUOffsetT))}}
		if err := checkPairs(f, 6); err != nil {
			return err
		}
		if t, ok := f.table(3); ok && f.byte(2) == typeUnion {
			if _, _, err := t.vector(1, 4); err != nil {
				return err
			}
		}
		if err := checkFields(f, 5, depth+1, count); err != nil {
			return err
		}
	}
	return nil
}

// typeUnion is the tag of unions, whose type lists codes.
const typeUnion = 14

// checkPairs checks the length of a list of custom metadata.
func checkPairs(t table, slot int) error {
	_, _, err := t.vector(slot, flatbuffers.SizeUOffsetT)
	return err
}

func checkBatch(t table, body []byte) error {
	const maxRows = 1<<31 - 1
	if n := t.int64(0); n < 0 || n > maxRows {
		return fmt.Errorf("a batch of %d rows", n)
	}
	start, n, err := t.vector(1, 16)
	if err != nil {
		return err
	}
	for i := range n {
		length := int64(binary.LittleEndian.Uint64(t.Bytes[start+16*i:]))
		nulls := int64(binary.LittleEndian.Uint64(t.Bytes[start+16*i+8:]))
		if length < 0 || length > maxRows || nulls < 0 || nulls > length {
			return fmt.Errorf("a column of %d values of which %d are null", length, nulls)
		}
	}
	if start, n, err = t.vector(2, 16); err != nil {
		return err
	}
	if _, _, err := t.vector(4, 8); err != nil { // buffers of view columns
		return err
	}
	_, packed := t.table(3)
	unpacked := int64(0)
	for i := range n {
		at := int64(binary.LittleEndian.Uint64(t.Bytes[start+16*i:]))
		size := int64(binary.LittleEndian.Uint64(t.Bytes[start+16*i+8:]))
		if at < 0 || size < 0 || at > int64(len(body)) || size > int64(len(body))-at {
			return fmt.Errorf("a buffer of %d bytes at %d lies outside the body of %d", size, at, len(body))
		}
		if !packed || size == 0 {
			continue
		}
		if size < 8 {
			return fmt.Errorf("a compressed buffer of %d bytes", size)
		}
		// −1 says that this buffer is not compressed after all.
		if claim := int64(binary.LittleEndian.Uint64(body[at:])); claim >= 0 {
			unpacked += min(claim, MaxUnpacked+1)
		} else if claim != -1 {
			return fmt.Errorf("a compressed buffer of %d bytes uncompressed", claim)
		}
		if unpacked > MaxUnpacked {
			return fmt.Errorf("a message of more than %d bytes uncompressed", MaxUnpacked)
		}
	}
	return nil
}
