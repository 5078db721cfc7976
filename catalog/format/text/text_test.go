package text

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func TestRead(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte("a\nb\n"))
	z.Close()
	cases := []struct {
		name, text string
		opts       format.Options
		want       []string
	}{
		{"f.txt", "a\nb\r\nc\rd", nil, []string{"a", "b", "c", "d"}},
		{"f.txt", "a\n\nb\n", nil, []string{"a", "", "b"}},
		{"f.txt", "", nil, nil},
		{"f.txt", "a|b\n|c", format.Options{"linesep": "|"}, []string{"a", "b\n", "c"}},
		{"f.txt", "a\nb\n", format.Options{"wholetext": "true"}, []string{"a\nb\n"}},
		{"f.txt.gz", zipped.String(), nil, []string{"a", "b"}},
		{"f.txt", "\xe9\n", format.Options{"encoding": "iso-8859-1"}, []string{"é"}},
		{"f.txt", "\xff\xfea\x00\n\x00\x3d\xd8\x00\xde", format.Options{"encoding": "UTF-16"}, []string{"a", "😀"}},
		{"f.txt", "\xe4\xb8x\n", nil, []string{"\ufffdx"}},
	}
	for _, c := range cases {
		p := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(p, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 2048} {
			_, rows, err := formattest.Read(New(), p, c.opts, "", size)
			if err != nil {
				t.Errorf("%q: %v", c.text, err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r[0])
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%q %v: %s", c.text, c.opts, d)
			}
		}
	}
	p := filepath.Join(t.TempDir(), "f.txt.gz")
	if err := os.WriteFile(p, zipped.Bytes()[:12], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := formattest.Read(New(), p, nil, "", 10); !sqlerr.Is(err, sqlerr.FileReadFailed) || !strings.Contains(err.Error(), p) {
		t.Errorf("a file cut short: %v", err)
	}
	if _, _, err := formattest.Read(New(), p, format.Options{"encoding": "EBCDIC"}, "", 10); !sqlerr.Is(err, sqlerr.Charset) {
		t.Errorf("an unknown encoding: %v", err)
	}
}

func TestWrite(t *testing.T) {
	var buf bytes.Buffer
	w, err := New().Create(context.Background(), &buf, types.Schema{{Name: "value", Type: types.StringType}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &vec.Batch{N: 3, Cols: []*vec.Vec{vec.FromDatums(types.StringType, "a", nil, "c")}, Sel: []uint16{1, 2}}
	if err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || buf.String() != "\nc\n" || w.Bytes() != 3 {
		t.Errorf("%q %v", buf.String(), err)
	}
}
