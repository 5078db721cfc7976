package exchange

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// A frame is a header and a body. The header says what the frame is, so that
// a whole frame in the wrong place is found like a flipped bit:
//
//	magic │ CRC-32C of the rest of the header │ CRC-32C of the body │ length of the body
//	identity of the channel (64 bits) │ place in the channel, from 0 │ rows
//
// Fields are 32 bits but for the identity, little endian.
const (
	headerSize = 32
	magic      = 0x32594c56 // "VLY2"
	// MaxFrame bounds what a reader accepts; TargetFrame is what writers aim
	// at. Only a single row of that size makes a frame much larger.
	MaxFrame    = 256 << 20
	TargetFrame = 2 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Identity is the number that frames of the channel carry.
func (k Key) Identity() uint64 {
	const prime = 1099511628211 // FNV-1a
	h := uint64(14695981039346656037)
	for _, n := range [...]int32{k.Stage, k.Partition, k.Attempt, k.Channel} {
		for s := 0; s < 32; s += 8 {
			h = (h ^ uint64(uint32(n)>>s&0xff)) * prime
		}
	}
	for i := range len(k.Job) {
		h = (h ^ uint64(k.Job[i])) * prime
	}
	return h
}

// seal fills in the header of a frame whose body starts at headerSize, but for what stamp adds.
func seal(frame []byte, rows int) {
	body := frame[headerSize:]
	binary.LittleEndian.PutUint32(frame, magic)
	binary.LittleEndian.PutUint32(frame[8:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(frame[12:], uint32(len(body)))
	binary.LittleEndian.PutUint32(frame[28:], uint32(rows))
}

// bodySum is the checksum and the length of a sealed frame's body.
func bodySum(frame []byte) uint64 { return binary.LittleEndian.Uint64(frame[8:]) }

// stamp makes a sealed frame the one at a place of a channel.
func stamp(frame []byte, identity uint64, place int) {
	binary.LittleEndian.PutUint64(frame[16:], identity)
	binary.LittleEndian.PutUint32(frame[24:], uint32(place))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[8:headerSize], castagnoli))
}

// Verify checks that a frame is undamaged and the one at a place of the
// channel with an identity, and returns its body.
func Verify(frame []byte, identity uint64, place int) ([]byte, error) {
	le := binary.LittleEndian
	if len(frame) < headerSize || len(frame) > MaxFrame || le.Uint32(frame) != magic {
		return nil, sqlerr.New(sqlerr.ShuffleLost, "A shuffle frame of %d bytes is not one.", len(frame))
	}
	head, body := frame[8:headerSize], frame[headerSize:]
	if crc32.Checksum(head, castagnoli) != le.Uint32(frame[4:]) || uint32(len(body)) != le.Uint32(frame[12:]) ||
		crc32.Checksum(body, castagnoli) != le.Uint32(frame[8:]) {
		return nil, sqlerr.New(sqlerr.ShuffleLost, "A shuffle frame of %d bytes is damaged.", len(frame))
	}
	if le.Uint64(frame[16:]) != identity || le.Uint32(frame[24:]) != uint32(place) {
		return nil, sqlerr.New(sqlerr.ShuffleLost, "A shuffle frame of %d bytes stands where another belongs.", len(frame))
	}
	return body, nil
}

// Seal returns a frame with the given body for a Writer.
func Seal(body []byte) []byte {
	f := append(make([]byte, headerSize, headerSize+len(body)), body...)
	seal(f, 0)
	return f
}
