package shuffle

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/volley-sql/volley/exec/exchange"
)

// Tickets are opaque to whoever carries them: a MAC under the application's
// secret, then what the ticket is for: the time it was made, the channel, and the
// executor that is to honour it. Only drivers and executors of the application
// can make one, and they make one for each fetch. A ticket is worth nothing at
// another executor, after its job (the output is gone then), and after a day.
const (
	macSize     = sha256.Size
	ticketFixed = 8 + 6*4 + 2
	maxTicket   = 4096
	// ticketLife leaves room for clocks that differ between machines, or jump.
	ticketLife = 24 * time.Hour
)

func mac(secret, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("volley shuffle ticket 3\x00"))
	h.Write(body)
	return h.Sum(nil)
}

// NewTicket makes the ticket for a channel at an executor.
func NewTicket(secret []byte, executor string, k exchange.Key, part exchange.Slice, now time.Time) []byte {
	le := binary.LittleEndian
	body := le.AppendUint64(nil, uint64(now.Unix()))
	for _, n := range [...]int32{k.Stage, k.Partition, k.Attempt, k.Channel, part.First, part.Count} {
		body = le.AppendUint32(body, uint32(n))
	}
	body = le.AppendUint16(body, uint16(len(executor)))
	body = append(body, executor...)
	body = append(body, k.Job...)
	return append(mac(secret, body), body...)
}

// OpenTicket checks a ticket shown to an executor and returns what it is for.
func OpenTicket(secret []byte, executor string, ticket []byte, now time.Time) (exchange.Key, exchange.Slice, bool) {
	if len(ticket) < macSize+ticketFixed || len(ticket) > maxTicket {
		return exchange.Key{}, exchange.Slice{}, false
	}
	body := ticket[macSize:]
	if !hmac.Equal(ticket[:macSize], mac(secret, body)) {
		return exchange.Key{}, exchange.Slice{}, false
	}
	le := binary.LittleEndian
	age := now.Sub(time.Unix(int64(le.Uint64(body)), 0))
	n := func(i int) int32 { return int32(le.Uint32(body[8+4*i:])) }
	text := body[ticketFixed:]
	name := int(le.Uint16(body[ticketFixed-2:]))
	if age.Abs() > ticketLife || name > len(text) || string(text[:name]) != executor {
		return exchange.Key{}, exchange.Slice{}, false
	}
	return exchange.Key{Task: exchange.Task{Job: string(text[name:]), Stage: n(0), Partition: n(1), Attempt: n(2)}, Channel: n(3)}, exchange.Slice{First: n(4), Count: n(5)}, true
}
