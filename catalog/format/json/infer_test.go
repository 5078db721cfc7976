package json

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
)

func inferred(t *testing.T, opts format.Options, lines ...string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(p, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	f, _, err := local.New().Stat(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New().Infer(context.Background(), local.New(), []store.File{f}, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range s {
		out = append(out, c.Name+" "+c.Type.SQL())
	}
	return strings.Join(out, ", ")
}

// A record that turns out damaged leaves nothing in the schema, however far
// it was read: types it widened and fields and elements it added are taken back.
func TestDamagedRecordsLeaveNoTrace(t *testing.T) {
	good := []string{`{"a":1,"s":{"x":1},"l":[1]}`, `{"a":2,"s":{"x":2},"l":[2],"n":null,"é\n":1}`}
	damaged := []string{
		`{"a":"text","s":{"x":1.5,"y":1},"l":[{"z":1}],"new":{"deep":[[1]]},"n":[1]`,
		`{"a":1.5,"b":1,"b":{"c":1}`, `{"l":{"k":1}}]`[:12], `[{"a":true},{"q":1}`, `{"s":1,"s":[1],"a":`, `{"é\n":"x","w":`,
	}
	opts := format.Options{"mode": "DROPMALFORMED"}
	want := inferred(t, opts, good...)
	for i := range damaged {
		for _, at := range []int{0, 1, 2} {
			lines := append(append(append([]string{}, good[:at]...), damaged[:i+1]...), good[at:]...)
			if got := inferred(t, opts, lines...); got != want {
				t.Fatalf("with %d damaged records at line %d the schema is\n%s, want\n%s", i+1, at, got, want)
			}
		}
	}
	if got := inferred(t, opts, append(damaged, append([]string{`{"b":1}`, `{"a":1.5,"l":[[true]]}`}, good...)...)...); got != "a DOUBLE, b BIGINT, l ARRAY<STRING>, n STRING, s STRUCT<x: BIGINT>, é\n BIGINT" {
		t.Errorf("%s", got)
	}
}

// Strings of any length with a quote, an escape or a control character at any
// place: what looks at eight bytes at a time finds it.
func TestStringsOfAnyLength(t *testing.T) {
	for n := range 40 {
		text := strings.Repeat("é~a", n)
		for at := range len(text) + 1 {
			if at < len(text) && text[at]&0xc0 == 0x80 {
				continue
			}
			for _, special := range []struct{ raw, value string }{{`\"`, `"`}, {`\\`, `\`}, {"\x7f", "\x7f"}, {"\x01", ""}, {"ÿ", "ÿ"}} {
				s := scanner{o: &options{}, b: []byte(`"` + text[:at] + special.raw + text[at:] + `" `)}
				got, err := s.string()
				if special.value == "" {
					if err == nil {
						t.Fatalf("a control character at %d of %d was not found", at, len(text))
					}
					continue
				}
				if want := text[:at] + special.value + text[at:]; err != nil || got != want || s.i != len(s.b)-1 {
					t.Fatalf("%q gave %q, %v, at %d", s.b, got, err, s.i)
				}
			}
		}
	}
}
