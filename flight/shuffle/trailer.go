package shuffle

import (
	"encoding/binary"
	"hash/crc32"
)

// A trailer is the metadata of the last message of a channel: its identity and
// how many frames there were, with a CRC-32C in front. A stream that ends
// without one was cut, however well it ends.
const trailerSize = 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newTrailer(identity uint64, frames int) []byte {
	b := make([]byte, trailerSize)
	binary.LittleEndian.PutUint64(b[4:], identity)
	binary.LittleEndian.PutUint32(b[12:], uint32(frames))
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

// ends reports whether b is the trailer of a channel of so many frames.
func ends(b []byte, identity uint64, frames int) bool {
	return len(b) == trailerSize && binary.LittleEndian.Uint32(b) == crc32.Checksum(b[4:], castagnoli) &&
		binary.LittleEndian.Uint64(b[4:]) == identity && binary.LittleEndian.Uint32(b[12:]) == uint32(frames)
}
