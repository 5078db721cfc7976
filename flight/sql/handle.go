package sql

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"sync"
	"time"

	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
)

// A handle is what clients hold for a query, a prepared statement or a
// transaction: a name of it that nobody can make up.
//
//	kind 1 · endpoint 2 · session 16 · object 16 · expiry 8 (Unix seconds, 0: none) · MAC 16
//
// Clients must not look inside, and servers must not trust it before the MAC is checked.
type handle struct {
	kind     handleKind
	endpoint uint16
	session  string
	object   objectID
	expires  time.Time
}

type handleKind uint8

const (
	queryHandle handleKind = iota + 1
	preparedHandle
	transactionHandle
)

// objectID names a query, prepared statement or transaction within its session.
type objectID [16]byte

func newObjectID() (id objectID) {
	rand.Read(id[:])
	return id
}

// name is enough to tell queries apart, not to reach one.
func (id objectID) name() string { return hex.EncodeToString(id[:4]) }

const (
	sessionSize = 22 // of auth.NewSessionID
	macSize     = 16
	handleSize  = 1 + 2 + sessionSize + 16 + 8 + macSize
)

// errHandle is the error of every handle that is malformed, forged, expired,
// of another user or of something that is not there any more. It does not say
// which, so that handles cannot be probed.
var errHandle = errors.New("unknown handle")

// SplitTicket takes the ticket of an endpoint whose rows an executor gives
// apart: the server's handle and what it had the executor's driver add to it.
func SplitTicket(ticket []byte) (handle, grant []byte, ok bool) {
	cmd, err := unpack(ticket)
	if err != nil {
		return nil, nil, false
	}
	t, is := cmd.(*pb.TicketStatementQuery)
	if !is || len(t.GetStatementHandle()) <= handleSize {
		return nil, nil, false
	}
	b := t.GetStatementHandle()
	return b[:handleSize], b[handleSize:], true
}

// sealer makes handles and checks them.
type sealer struct {
	key  []byte
	macs sync.Pool // of hash.Hash with the key in place, which takes as long as a sum
}

func (s *sealer) seal(h handle) []byte {
	b := make([]byte, 0, handleSize)
	b = append(b, byte(h.kind))
	b = binary.BigEndian.AppendUint16(b, h.endpoint)
	var session [sessionSize]byte
	copy(session[:], h.session)
	b = append(b, session[:]...)
	b = append(b, h.object[:]...)
	var expires int64
	if !h.expires.IsZero() {
		expires = h.expires.Unix()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(expires))
	return append(b, s.mac(b)...)
}

func (s *sealer) mac(b []byte) []byte {
	m, ok := s.macs.Get().(hash.Hash)
	if !ok {
		m = hmac.New(sha256.New, s.key)
	}
	defer s.macs.Put(m)
	m.Reset()
	m.Write(b)
	return m.Sum(make([]byte, 0, sha256.Size))[:macSize]
}

// open checks a handle of one kind.
func (s *sealer) open(b []byte, kind handleKind, now time.Time) (handle, error) {
	if len(b) != handleSize {
		return handle{}, errHandle
	}
	body, mac := b[:handleSize-macSize], b[handleSize-macSize:]
	if subtle.ConstantTimeCompare(mac, s.mac(body)) != 1 {
		return handle{}, errHandle
	}
	h := handle{kind: handleKind(body[0]), endpoint: binary.BigEndian.Uint16(body[1:])}
	h.session = string(body[3 : 3+sessionSize])
	copy(h.object[:], body[3+sessionSize:])
	if e := int64(binary.BigEndian.Uint64(body[3+sessionSize+16:])); e != 0 {
		h.expires = time.Unix(e, 0)
		if now.After(h.expires) {
			return handle{}, errHandle
		}
	}
	if h.kind != kind {
		return handle{}, errHandle
	}
	return h, nil
}
