package sql

import (
	"bytes"
	"testing"
	"time"
)

// FuzzHandle: what opens was sealed, to the last bit.
func FuzzHandle(f *testing.F) {
	s := sealer{key: bytes.Repeat([]byte("k"), 32)}
	now := time.Unix(1_800_000_000, 0)
	for _, h := range []handle{
		{kind: queryHandle, session: "0123456789012345678901", object: objectID{1}},
		{kind: queryHandle, endpoint: 7, session: "0123456789012345678901", object: objectID{1}, expires: now.Add(time.Hour)},
		{kind: queryHandle, session: "short", object: objectID{2}, expires: now.Add(-time.Hour)},
		{kind: preparedHandle, session: "", object: objectID{}},
	} {
		f.Add(s.seal(h))
	}
	f.Add([]byte{})
	f.Add(make([]byte, handleSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []handleKind{queryHandle, preparedHandle, transactionHandle} {
			h, err := s.open(b, kind, now)
			if err != nil {
				continue
			}
			if h.kind != kind || !bytes.Equal(s.seal(h), b) || !h.expires.IsZero() && now.After(h.expires) {
				t.Errorf("% x opened as %+v", b, h)
			}
			other := sealer{key: bytes.Repeat([]byte("x"), 32)}
			if _, err := other.open(b, kind, now); err == nil {
				t.Error("another key opens it")
			}
		}
	})
}
