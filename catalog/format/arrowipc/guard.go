package arrowipc

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/arrowmsg"
)

// guarded reads messages and checks their frames and metadata before arrow-go
// sees them: lengths against what is left of the file, buffers against the
// body, the claims of compressed buffers, the size of the schema. What the
// values are is checked by exec/vec/arrowvec.
type guarded struct {
	src  io.Reader
	left int64 // bytes of the file behind src
	acct *mem.Account
	held int64
	msg  *ipc.Message
}

var _ ipc.MessageReader = (*guarded)(nil)

func (g *guarded) Retain()  {}
func (g *guarded) Release() {}

// close gives memory back.
func (g *guarded) close() {
	if g.msg != nil {
		g.msg.Release()
		g.msg = nil
	}
	g.hold(0)
}

// hold makes n bytes the reservation for the message at hand.
func (g *guarded) hold(n int64) error {
	if g.acct == nil {
		return nil
	}
	if n > g.held {
		if err := g.acct.Reserve(n - g.held); err != nil {
			return err
		}
	} else {
		g.acct.Release(g.held - n)
	}
	g.held = n
	return nil
}

func (g *guarded) read(n int64) ([]byte, error) {
	if n > g.left {
		return nil, fmt.Errorf("a message of %d bytes goes beyond the end of the file, %d bytes on", n, g.left)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(g.src, b); err != nil {
		return nil, err
	}
	g.left -= n
	return b, nil
}

// Message returns the next message, io.EOF at the end of the stream.
func (g *guarded) Message() (*ipc.Message, error) {
	if g.left < 4 {
		return nil, io.EOF
	}
	size, err := g.length()
	if err != nil {
		return nil, err
	}
	if size < 8 || size > arrowmsg.MaxMetadata {
		return nil, fmt.Errorf("the metadata of a message has %d bytes; at most %d are allowed", size, arrowmsg.MaxMetadata)
	}
	meta, err := g.read(size)
	if err != nil {
		return nil, err
	}
	bodyLen, err := arrowmsg.BodyLength(meta)
	if err != nil {
		return nil, err
	}
	if err := g.hold(bodyLen); err != nil {
		return nil, err
	}
	body, err := g.read(bodyLen)
	if err != nil {
		return nil, err
	}
	if err := arrowmsg.Check(meta, body); err != nil {
		return nil, err
	}
	if g.msg != nil {
		g.msg.Release()
	}
	g.msg = ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body))
	return g.msg, nil
}

// length reads the frame before a message: the length of its metadata.
func (g *guarded) length() (int64, error) {
	b, err := g.read(4)
	if err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0xffffffff { // since 0.15
		if b, err = g.read(4); err != nil {
			return 0, err
		}
		n = binary.LittleEndian.Uint32(b)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return int64(int32(n)), nil
}
