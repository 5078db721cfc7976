package hold

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// File is a spill file of frames: written once by one thread, then read any
// number of times, also by several threads.
type File struct {
	f     *os.File
	w     *bufio.Writer
	bytes int64
}

const fileBuffer = 1 << 18

// CreateFile makes a spill file in dir. It is removed by Close.
func CreateFile(dir string) (*File, error) {
	f, err := os.CreateTemp(dir, "run-")
	if err != nil {
		return nil, spillError(err)
	}
	return &File{f: f, w: bufio.NewWriterSize(f, fileBuffer)}, nil
}

func spillError(err error) error {
	return sqlerr.Wrap(err, sqlerr.SpillFailed, "Cannot write or read a spill file: %v.", err)
}

// Write appends a frame.
func (f *File) Write(frame []byte) error {
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(frame)))
	_, err := f.w.Write(head[:])
	if err == nil {
		_, err = f.w.Write(frame)
	}
	if err != nil {
		return spillError(err)
	}
	f.bytes += int64(len(frame)) + 4
	return nil
}

// Flush ends writing.
func (f *File) Flush() error {
	if err := f.w.Flush(); err != nil {
		return spillError(err)
	}
	f.w = nil
	return nil
}

// Bytes is the size of the file.
func (f *File) Bytes() int64 { return f.bytes }

// Frames reads the file from its start.
func (f *File) Frames() *Frames {
	return &Frames{r: bufio.NewReaderSize(io.NewSectionReader(f.f, 0, f.bytes), fileBuffer)}
}

// Close removes the file.
func (f *File) Close() {
	f.f.Close()
	os.Remove(f.f.Name())
}

// Frames is one reading of a File.
type Frames struct{ r *bufio.Reader }

// Next reads the next frame into buf's memory, grown as needed. It returns nil at the end.
func (r *Frames) Next(buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r.r, head[:]); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, spillError(err)
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	if cap(buf) < n || buf == nil {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r.r, buf); err != nil {
		return nil, spillError(err)
	}
	return buf, nil
}
