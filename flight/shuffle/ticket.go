package shuffle

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/volley-sql/volley/exec/exchange"
)

// Tickets are opaque to whoever carries them: a MAC under the application's
// secret, then the key. Only drivers and executors of the application can make one.
const macSize = sha256.Size

func mac(secret, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("volley shuffle ticket 1\x00"))
	h.Write(body)
	return h.Sum(nil)
}

// NewTicket makes the ticket for a channel.
func NewTicket(secret []byte, k exchange.Key) []byte {
	var body []byte
	for _, n := range [...]int32{k.Stage, k.Partition, k.Attempt, k.Channel} {
		body = binary.LittleEndian.AppendUint32(body, uint32(n))
	}
	body = append(body, k.Job...)
	return append(mac(secret, body), body...)
}

// OpenTicket checks a ticket and returns what it is for.
func OpenTicket(secret, ticket []byte) (exchange.Key, bool) {
	const fixed = 16
	if len(ticket) < macSize+fixed || len(ticket) > 4096 {
		return exchange.Key{}, false
	}
	body := ticket[macSize:]
	if !hmac.Equal(ticket[:macSize], mac(secret, body)) {
		return exchange.Key{}, false
	}
	n := func(i int) int32 { return int32(binary.LittleEndian.Uint32(body[4*i:])) }
	return exchange.Key{Task: exchange.Task{Job: string(body[fixed:]), Stage: n(0), Partition: n(1), Attempt: n(2)}, Channel: n(3)}, true
}
