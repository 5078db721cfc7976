package exchange

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Frames have a header of 12 bytes: magic, CRC-32C of the body, length of the body.
const (
	headerSize = 12
	magic      = 0x31594c56 // "VLY1"
	// MaxFrame bounds what a reader accepts; TargetFrame is what writers aim at.
	MaxFrame    = 256 << 20
	TargetFrame = 2 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal fills in the header of a frame whose body starts at headerSize.
func seal(frame []byte) {
	body := frame[headerSize:]
	binary.LittleEndian.PutUint32(frame, magic)
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(body)))
}

// Verify checks a frame and returns its body.
func Verify(frame []byte) ([]byte, error) {
	if len(frame) < headerSize || len(frame) > MaxFrame || binary.LittleEndian.Uint32(frame) != magic {
		return nil, sqlerr.New(sqlerr.ShuffleLost, "A shuffle frame of %d bytes is not one.", len(frame))
	}
	body := frame[headerSize:]
	if uint32(len(body)) != binary.LittleEndian.Uint32(frame[8:]) || crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(frame[4:]) {
		return nil, sqlerr.New(sqlerr.ShuffleLost, "A shuffle frame of %d bytes is damaged.", len(frame))
	}
	return body, nil
}

// Seal returns a frame with the given body.
func Seal(body []byte) []byte {
	f := append(make([]byte, headerSize, headerSize+len(body)), body...)
	seal(f)
	return f
}
