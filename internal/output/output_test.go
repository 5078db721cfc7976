package output

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

var schema = types.Schema{{Name: "n", Type: types.Int64Type, Nullable: true}, {Name: "s", Type: types.StringType, Nullable: true}}

func stream(batches ...*vec.Batch) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for _, b := range batches {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func batch(n []types.Datum, s []types.Datum) *vec.Batch {
	return &vec.Batch{N: len(n), Cols: []*vec.Vec{vec.FromDatums(types.Int64Type, n...), vec.FromDatums(types.StringType, s...)}}
}

func write(t *testing.T, format string, o Options, batches ...*vec.Batch) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(&b, format, schema, stream(batches...), o); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	b := batch([]types.Datum{int64(1), nil, int64(-3)}, []types.Datum{"a,\"b\"\n", "", nil})
	for format, want := range map[string]string{
		"csv":      "n,s\n1,\"a,\"\"b\"\"\n\"\n,\"\"\n-3,\n",
		"tsv":      "n\ts\n1\ta,\"b\"\\n\n\\N\t\n-3\t\\N\n",
		"jsonl":    "{\"n\":1,\"s\":\"a,\\\"b\\\"\\n\"}\n{\"n\":null,\"s\":\"\"}\n{\"n\":-3,\"s\":null}\n",
		"json":     "[\n {\"n\":1,\"s\":\"a,\\\"b\\\"\\n\"},\n {\"n\":null,\"s\":\"\"},\n {\"n\":-3,\"s\":null}\n]\n",
		"markdown": "|  n   |    s    |\n",
		"text":     "1\na,\"b\"\n\n-3\n",
		"table":    "3 rows in no time\n",
	} {
		got := write(t, format, Options{Header: true, Footer: true, Note: func() string { return "in no time" }}, b)
		switch format {
		case "table":
			if !strings.HasSuffix(got, want) || !strings.Contains(got, `| a,"b"\n |`) {
				t.Errorf("table:\n%s", got)
			}
		case "markdown":
			if !strings.HasPrefix(got, "| n | s |\n") || strings.Count(got, "\n") != 5 {
				t.Errorf("markdown:\n%s", got)
			}
		default:
			if got != want {
				t.Errorf("%s: %q, want %q", format, got, want)
			}
		}
	}
}

// TestControl prints texts that would move the cursor or turn the writing.
func TestControl(t *testing.T) {
	nasty := "\x1b[2J\x07\u202e\u0085\u200b\r\x00"
	for _, format := range []string{"table", "box", "text", "markdown"} {
		got := write(t, format, Options{}, batch([]types.Datum{int64(1)}, []types.Datum{nasty}))
		if strings.ContainsAny(got, "\x1b\x07\u202e\u0085\u200b\r\x00") || !strings.Contains(got, "001b") {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestWidth(t *testing.T) {
	b := batch([]types.Datum{int64(1), int64(22), int64(333)}, []types.Datum{"日本語のとても長い文字列です、幅は二倍です", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", "plain"})
	for _, width := range []int{20, 21, 30, 47, 80} {
		got := write(t, "box", Options{Width: width, Types: true, Footer: true}, b)
		first := -1
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "3 rows") {
				continue
			}
			w := text.StringWidthWithoutEscSequences(line)
			if w > width {
				t.Errorf("width %d: %d columns: %s", width, w, line)
			}
			if first < 0 {
				first = w
			}
			if w != first {
				t.Errorf("width %d: lines of %d and %d columns:\n%s", width, first, w, got)
			}
		}
	}
}

func TestMiddleRows(t *testing.T) {
	var bs []*vec.Batch
	for i := range 100 {
		bs = append(bs, batch([]types.Datum{int64(i)}, []types.Datum{"x"}))
	}
	got := write(t, "table", Options{MaxRows: 5, Footer: true}, bs...)
	for _, want := range []string{"|  0 | x |", "|  2 | x |", "⋮", "| 98 | x |", "| 99 | x |", "100 rows (5 shown)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "| 50 |") {
		t.Errorf("the middle is shown:\n%s", got)
	}
}

func TestArrow(t *testing.T) {
	b := batch([]types.Datum{int64(1), nil, int64(3)}, []types.Datum{"a", "b", nil})
	b.Sel = []uint16{0, 2}
	got := write(t, "arrow", Options{}, b, batch(nil, nil))
	r, err := ipc.NewReader(strings.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var rows int64
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if r.Err() != nil || rows != 2 || r.Schema().Field(1).Name != "s" {
		t.Errorf("%d rows, %v, %v", rows, r.Schema(), r.Err())
	}
}

func TestParquet(t *testing.T) {
	got := write(t, "parquet", Options{}, batch([]types.Datum{int64(1)}, []types.Datum{"a"}))
	if !strings.HasPrefix(got, "PAR1") || !strings.HasSuffix(got, "PAR1") {
		t.Errorf("%q", got)
	}
	twice := types.Schema{schema[0], {Name: "n", Type: types.StringType}}
	var out bytes.Buffer
	if _, err := Write(&out, "parquet", twice, stream(), Options{}); err == nil || out.Len() > 0 {
		t.Errorf("two columns of one name: %v, %d bytes", err, out.Len())
	}
}

// gone is a writer whose reader has gone.
type gone struct{ err error }

func (g gone) Write([]byte) (int, error) { return 0, g.err }

// TestGone breaks off when nobody reads, and does not run a query to its end.
func TestGone(t *testing.T) {
	want := errors.New("gone")
	for _, format := range []string{"csv", "tsv", "json", "jsonl", "parquet", "arrow", "text"} {
		read := 0
		endless := func(yield func(*vec.Batch, error) bool) {
			ns, ss := make([]types.Datum, 1000), make([]types.Datum, 1000)
			for i := range ns {
				ns[i], ss[i] = int64(i)*7919, strings.Repeat("x", 100)
			}
			b := batch(ns, ss)
			for read < 3000 {
				read++
				if !yield(b, nil) {
					return
				}
			}
		}
		_, err := Write(gone{want}, format, schema, endless, Options{})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", format, err)
		}
		if read > 2000 {
			t.Errorf("%s: %d batches were read", format, read)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := Write(&bytes.Buffer{}, "xml", schema, stream(), Options{}); err == nil || Known("xml") || Known("text") {
		t.Errorf("xml: %v", err)
	}
}
