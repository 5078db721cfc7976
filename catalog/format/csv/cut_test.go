package csv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
)

// rowsOf reads splits one after the other, as text.
func rowsOf(t testing.TB, splits []catalog.Split, opts format.Options) []string {
	t.Helper()
	var out []string
	schema := formattest.ParseSchema("a string,b string,c string,_corrupt_record string")
	for _, sp := range splits {
		err := formattest.Split(context.Background(), New(), local.New(), sp, schema, []int{0, 1, 2, 3}, opts, 7, nil, func(b *vec.Batch) error {
			for _, i := range b.Selection() {
				out = append(out, fmt.Sprintf("%q %q %q %q", b.Cols[0].Get(int(i)), b.Cols[1].Get(int(i)), b.Cols[2].Get(int(i)), b.Cols[3].Get(int(i))))
			}
			return nil
		})
		if err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

// sameInPieces holds the rows of a file in one piece against those of pieces of every size.
func sameInPieces(t testing.TB, f store.File, opts format.Options, sizes ...int64) (most int) {
	t.Helper()
	o, err := parseOptions(opts, reading)
	if err != nil {
		return 0
	}
	want := rowsOf(t, []catalog.Split{{Path: f.Path, Length: f.Size, Size: f.Size}}, opts)
	for _, size := range sizes {
		splits, err := o.splits(context.Background(), local.New(), f, size)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(splits))
		at := int64(0)
		for _, sp := range splits {
			if sp.Start != at || sp.Length <= 0 {
				t.Fatalf("size %d: split at %d of %d bytes, want one at %d", size, sp.Start, sp.Length, at)
			}
			at += sp.Length
		}
		if at != f.Size {
			t.Fatalf("size %d: the splits end at %d of %d", size, at, f.Size)
		}
		if got := rowsOf(t, splits, opts); !reflect.DeepEqual(got, want) {
			text, _ := os.ReadFile(f.Path)
			t.Fatalf("size %d, options %v, %d splits of %q:\ngot  %q\nwant %q", size, opts, len(splits), text, got, want)
		}
	}
	return most
}

// mix is text of the pieces that decide how CSV is cut.
func mix(r *rand.Rand, n int) string {
	pieces := []string{`"`, `""`, `\`, `\"`, ",", ",", "\n", "\n", "\r\n", "\r", "a", "bc", " ", "#", "é", "\t", `"x",`, "1,2,3\n", "\"p\nq\",", `"say ""hi""",`, "\"z\"\n"}
	var b strings.Builder
	for range n {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

var cutOptions = []format.Options{
	{"multiline": "true"},
	{"multiline": "true", "escape": `"`},
	{"multiline": "true", "header": "true", "comment": "#"},
	{"multiline": "true", "escape": `"`, "ignoreleadingwhitespace": "true", "comment": "#"},
	{"multiline": "true", "quote": "", "sep": "\t"},
	{"multiline": "true", "sep": "a,"},
}

// Records that span lines are the same however the file is cut.
func TestCutsBetweenRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	most := 0
	for i := range 200 {
		p := write(t, fmt.Sprintf("%d.csv", i), mix(r, 1+r.IntN(60)))
		f, _, err := local.New().Stat(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		if f.Size == 0 {
			continue
		}
		most = max(most, sameInPieces(t, f, cutOptions[i%len(cutOptions)], 1, 2, 3, 5, 8, 13, 40))
	}
	if most < 8 {
		t.Errorf("no file was cut into more than %d pieces", most)
	}
}

func FuzzCuts(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for i := range 12 {
		f.Add([]byte(mix(r, 30)), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, n uint8) {
		p := write(t, "f.csv", string(text))
		file, _, err := local.New().Stat(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		if file.Size > 0 {
			sameInPieces(t, file, cutOptions[int(n)%len(cutOptions)], 1, 1+int64(n)/8, 64)
		}
	})
}

func TestSpansLines(t *testing.T) {
	for text, want := range map[string]bool{
		"a,b\n1,2\n": false, "a,b\n\"x\ny\",2\n": true, "a,b\n1,\"x\r\ny\"": true, "a,b\n\"x\",\"y\"\n": false, "a,b\n1,x\"\n2,\"y\n": false,
		"a,b\n5\" pipe,2\n6\" pipe,3\n": false, "": false, "\"open": false, "\"a\n\",\"b\"": true, "a,b\n\"x \"\"\ny\"\"\",2\n": true,
	} {
		p := write(t, "f.csv", text)
		f, _, err := local.New().Stat(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		if got := SpansLines(context.Background(), local.New(), f, format.Options{"escape": `"`}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
