// Package direct is how executors give the rows of a result to clients
// themselves, without the server in between.
//
//	server ── FlightInfo: executor's address, ticket ──► client
//	client ── DoGet(ticket) ──► executor: Gate (who asks) ─ Open (what for) ─ store ─ records ──► client
//
// The driver makes a ticket once the rows are on an executor; it says what may be
// read, by whom and until when, under a key that the driver and its executors
// share. Executors know nothing of sessions and statements: what they have is
// there until its job is dropped. Logins are judged by the driver.
package direct

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"sync"
	"time"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/internal/wire"
)

// Grant is what a ticket allows: to read one channel on one executor.
type Grant struct {
	// User is who may, alone.
	User     string
	Executor string
	Output   exchange.Key
	// Expires is when the ticket ends, in Unix milliseconds.
	Expires int64
	// Schema is the schema of the rows as the client was told it, Cols what the channel holds.
	Schema []byte
	Cols   types.Schema
	// Compression is that of the session: lz4, zstd or none.
	Compression string
}

// KeySize is the size in bytes of a key of tickets.
const KeySize = 32

// MaxTicket bounds tickets: clients refuse answers of more than 4 MiB, in which
// there may be many.
const MaxTicket = 64 << 10

var codec = sync.OnceValues(func() (*wire.Codec[Grant], error) {
	return wire.New[Grant](nil, []wire.Enum{wire.EnumOf(types.Struct)})
})

// sealer is AES-256 in GCM: nobody without the key can read a ticket, make one or change one.
func sealer(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// Seal makes the ticket of a grant. It is good together with handle alone, the
// name the server has for the endpoint.
func Seal(key, handle []byte, g Grant) ([]byte, error) {
	c, err := codec()
	if err != nil {
		return nil, err
	}
	text, err := c.Encode(g)
	if err != nil {
		return nil, err
	}
	a, err := sealer(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize())
	rand.Read(nonce)
	return a.Seal(nonce, nonce, text, handle), nil
}

// Open reads a ticket. It reports false for one that is forged, changed, of
// another key or handle, or expired.
func Open(key, handle, ticket []byte, now time.Time) (Grant, bool) {
	a, err := sealer(key)
	if err != nil || len(ticket) < a.NonceSize() || len(ticket) > MaxTicket {
		return Grant{}, false
	}
	text, err := a.Open(nil, ticket[:a.NonceSize()], ticket[a.NonceSize():], handle)
	if err != nil {
		return Grant{}, false
	}
	c, err := codec()
	if err != nil {
		return Grant{}, false
	}
	g, err := c.Decode(text)
	return g, err == nil && now.UnixMilli() < g.Expires
}
