package mem

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"syscall"

	"github.com/klauspost/compress/s2"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Spill is a file of frames that a task writes and reads back: operator state
// that found no room in memory. It has no name after creation where the system
// allows that, so it goes with the process whatever happens; Close removes it
// elsewhere. A frame is
//
//	stored length │ length │ CRC32C of what is stored │ codec   (4 × uint32, little endian)
//	stored bytes
//
// Writing belongs to one goroutine. When it is over, any number of them may read.
type Spill struct {
	f     *os.File
	named bool
	size  int64
	comp  []byte
	buf   []byte // written frames not in the file yet
}

const (
	frameHead  = 16
	codecNone  = 0
	codecS2    = 1
	spillBuf   = 256 << 10
	maxPayload = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// NewSpill makes a spill file in dir, which is called for it.
func NewSpill(dir func() (string, error)) (*Spill, error) {
	if dir == nil {
		dir = func() (string, error) { return os.TempDir(), nil }
	}
	d, err := dir()
	if err != nil {
		return nil, spillError(err)
	}
	f, err := os.CreateTemp(d, "volley-spill-*")
	if err != nil {
		return nil, spillError(err)
	}
	return &Spill{f: f, named: os.Remove(f.Name()) != nil}, nil
}

// Write appends a frame and returns the size of the file after it.
func (s *Spill) Write(frame []byte) (int64, error) {
	if len(frame) > maxPayload {
		return s.size, sqlerr.New(sqlerr.SpillFailed, "A spilled batch of %d bytes is too large.", len(frame))
	}
	if n := s2.MaxEncodedLen(len(frame)); n > len(s.comp) {
		s.comp = make([]byte, n)
	}
	stored, codec := s2.Encode(s.comp, frame), uint32(codecS2)
	if len(stored) >= len(frame) {
		stored, codec = frame, codecNone
	}
	le := binary.LittleEndian
	s.buf = le.AppendUint32(s.buf, uint32(len(stored)))
	s.buf = le.AppendUint32(s.buf, uint32(len(frame)))
	s.buf = le.AppendUint32(s.buf, crc32.Checksum(stored, castagnoli))
	s.buf = le.AppendUint32(s.buf, codec)
	s.buf = append(s.buf, stored...)
	s.size += frameHead + int64(len(stored))
	if len(s.buf) >= spillBuf {
		return s.size, s.Flush()
	}
	return s.size, nil
}

// Flush writes what is buffered. It ends writing, before reading.
func (s *Spill) Flush() error {
	_, err := s.f.Write(s.buf)
	s.buf = s.buf[:0]
	if err != nil {
		return spillError(err)
	}
	return nil
}

// Size is the bytes written so far.
func (s *Spill) Size() int64 { return s.size }

// Close removes the file. It may be called more than once.
func (s *Spill) Close() {
	if s.f == nil {
		return
	}
	name := s.f.Name()
	s.f.Close()
	if s.named {
		os.Remove(name)
	}
	s.f, s.buf, s.comp = nil, nil, nil
}

// Frames reads the frames between two places in the file, both of them ends of frames (or 0).
func (s *Spill) Frames(from, to int64) *SpillReader { return &SpillReader{s: s, at: from, end: to} }

// SpillReader reads frames in order. It belongs to one goroutine.
type SpillReader struct {
	s       *Spill
	at, end int64
	stored  []byte
	frame   []byte
	head    [frameHead]byte
}

// Next returns the next frame, valid until the next call; nil after the last one.
func (r *SpillReader) Next() ([]byte, error) {
	if r.at >= r.end {
		return nil, nil
	}
	if _, err := r.s.f.ReadAt(r.head[:], r.at); err != nil {
		return nil, spillError(err)
	}
	le := binary.LittleEndian
	n, raw := int(le.Uint32(r.head[:])), int(le.Uint32(r.head[4:]))
	if n > maxPayload || raw > maxPayload || r.at+frameHead+int64(n) > r.end {
		return nil, corrupt()
	}
	if r.stored == nil || n > cap(r.stored) {
		r.stored = make([]byte, n)
	}
	b := r.stored[:n]
	if _, err := r.s.f.ReadAt(b, r.at+frameHead); err != nil {
		return nil, spillError(err)
	}
	if crc32.Checksum(b, castagnoli) != le.Uint32(r.head[8:]) {
		return nil, corrupt()
	}
	r.at += frameHead + int64(n)
	if le.Uint32(r.head[12:]) == codecNone {
		return b, nil
	}
	if raw > cap(r.frame) {
		r.frame = make([]byte, raw)
	}
	out, err := s2.Decode(r.frame[:raw], b)
	if err != nil || len(out) != raw {
		return nil, corrupt()
	}
	return out, nil
}

func corrupt() error {
	return sqlerr.New(sqlerr.SpillFailed, "A spill file does not hold what was written to it.")
}

// spillError names the condition of an I/O error on a spill file.
func spillError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return sqlerr.Wrap(err, sqlerr.DiskFull, "The disk is full: %v.", err).
			WithHint("Free space in the spill directory, or raise --memory so that less is spilled.")
	}
	return sqlerr.Wrap(err, sqlerr.SpillFailed, "Spilling to disk failed: %v.", err)
}
