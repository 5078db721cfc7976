package output

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/screen"
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
		"markdown": "",
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
			if want := "| n    | s       |\n| ---: | ------- |\n|    1 | a,\"b\"\\n |\n| NULL |         |\n|   -3 | NULL    |\n"; got != want {
				t.Errorf("markdown: %s", cmp.Diff(want, got))
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

// TestWidth prints tables of many shapes on screens of many widths: all lines
// are as long as the first, none is longer than the screen, and numbers are whole.
func TestWidth(t *testing.T) {
	texts := []types.Datum{"日本語のとても長い文字列です、幅は二倍です", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", "plain", "", nil, strings.Repeat("long ", 100), "e\u0301e\u0301", "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧"}
	for columns := range 30 {
		var s types.Schema
		b := &vec.Batch{N: len(texts)}
		for c := range columns + 1 {
			if c%3 == 0 {
				s = append(s, types.Field{Name: strings.Repeat("name", c%4), Type: types.Int64Type, Nullable: true})
				n := int64(123456)
				b.Cols = append(b.Cols, vec.FromDatums(types.Int64Type, n, n, nil, n, n, n, n, int64(1)))
			} else {
				s = append(s, types.Field{Name: "é", Type: types.StringType, Nullable: true})
				b.Cols = append(b.Cols, vec.FromDatums(types.StringType, texts...))
			}
		}
		for _, width := range []int{10, 12, 20, 21, 30, 47, 80, 200, 1000} {
			for _, style := range []string{"box", "table"} {
				var out bytes.Buffer
				if _, err := Write(&out, style, s, stream(b), Options{Width: width, Types: style == "box", Footer: true, MaxRows: columns % 7}); err != nil {
					t.Fatal(err)
				}
				got := out.String()
				lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
				for _, line := range lines[:len(lines)-1] {
					if w := screen.Width(line); w > width || w != screen.Width(lines[0]) {
						t.Fatalf("%d columns in %d: a line of %d\n%s", columns+1, width, w, got)
					}
				}
				if strings.Contains(got, "12…") {
					t.Fatalf("%d columns in %d: a number is cut\n%s", columns+1, width, got)
				}
				if strings.Contains(lines[1], "… ") != strings.Contains(lines[len(lines)-1], "columns (") && !strings.Contains(lines[1], "e…") && !strings.Contains(lines[1], "a…") && !strings.Contains(lines[1], "m…") && !strings.Contains(lines[1], "n…") {
					t.Fatalf("%d columns in %d: is one left out?\n%s", columns+1, width, got)
				}
			}
		}
	}
}

func TestColumnsLeftOut(t *testing.T) {
	var s types.Schema
	b := &vec.Batch{N: 1}
	for c := range 12 {
		s = append(s, types.Field{Name: fmt.Sprintf("c%d", c), Type: types.Int64Type})
		b.Cols = append(b.Cols, vec.FromDatums(types.Int64Type, int64(100000+c)))
	}
	var out bytes.Buffer
	if _, err := Write(&out, "table", s, stream(b), Options{Width: 40, Footer: true}); err != nil {
		t.Fatal(err)
	}
	want := `+--------+--------+---+--------+
|   c0   |   c1   | … |   c11  |
+--------+--------+---+--------+
| 100000 | 100001 | … | 100011 |
+--------+--------+---+--------+
1 row, 12 columns (3 shown)
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// TestLongResult prints more rows than the widths are taken from: later values
// that are wider stand out, on a screen they are cut, and memory stays what it is.
func TestLongResult(t *testing.T) {
	const n = 3 * sampleRows
	rows := func(yield func(*vec.Batch, error) bool) {
		for i := range n {
			text := "x"
			if i == n-1 {
				text = "a text that is long"
			}
			if !yield(batch([]types.Datum{int64(i)}, []types.Datum{text}), nil) {
				return
			}
		}
	}
	for _, width := range []int{0, 20} {
		var out bytes.Buffer
		got, err := Write(&out, "table", schema, rows, Options{Width: width, Footer: true})
		if err != nil || got != n || strings.Count(out.String(), "\n") != n+5 {
			t.Errorf("%d rows, %v", got, err)
		}
		want := "| 2998 | x |\n| 2999 | a text that is long |\n"
		if width > 0 {
			want = "| 999 | x |\n| 1000 | x |\n"
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("the end is %q", out.String()[out.Len()-200:])
		}
	}
	w := &tableWriter{w: bufio.NewWriter(io.Discard), style: "table"}
	w.header(schema)
	for b := range rows {
		w.batch(schema, b)
	}
	if len(w.head) > 0 {
		t.Errorf("%d rows are held", len(w.head))
	}
}

func TestCells(t *testing.T) {
	s := types.Schema{{Name: "b", Type: types.BinaryType}, {Name: "t|*", Type: types.StringType}}
	for _, c := range []struct {
		style, binary, text string
		o                   Options
		want                string
	}{
		{"table", "\x00\xffA", "a|b", Options{}, "| [00 FF 41] | a|b |"},
		{"table", strings.Repeat("\x00", 1<<20), strings.Repeat("é", 1<<20), Options{Width: 24}, "| [00 00 … | ééééééé… |"},
		{"table", "", strings.Repeat("x", 30), Options{MaxCell: 20}, "| [] | xxxxxxxxxxxxxxxxxxx… |"},
		{"markdown", "\x01", "a|b *c* d_e _f_ \\ \\* <g> `h` [i](j) & ~k~", Options{}, "| \\[01] | a\\|b \\*c\\* d_e \\_f\\_ \\ \\\\\\* \\<g> \\`h\\` \\[i](j) \\& \\~k\\~ |"},
		{"markdown", "\x01", "two\nlines", Options{}, "| \\[01] | two\\nlines |"},
	} {
		b := &vec.Batch{N: 1, Cols: []*vec.Vec{vec.FromDatums(types.BinaryType, c.binary), vec.FromDatums(types.StringType, c.text)}}
		var out bytes.Buffer
		if _, err := Write(&out, c.style, s, stream(b), c.o); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), c.want+"\n") {
			t.Errorf("%s: not %s in\n%s", c.style, c.want, out.String())
		}
	}
}

// TestAppendCell holds the quick texts of values against those of casts.
func TestAppendCell(t *testing.T) {
	dec, wide := types.DecimalType(12, 2), types.DecimalType(38, 10)
	for _, c := range []struct {
		typ    types.Type
		values []types.Datum
	}{
		{types.BoolType, []types.Datum{true, false}},
		{types.Int8Type, []types.Datum{int64(-128), int64(127)}},
		{types.Int16Type, []types.Datum{int64(-32768), int64(5)}},
		{types.Int32Type, []types.Datum{int64(math.MinInt32), int64(0)}},
		{types.Int64Type, []types.Datum{int64(math.MinInt64), int64(math.MaxInt64)}},
		{types.Float32Type, []types.Datum{1.5, math.Inf(1)}},
		{types.Float64Type, []types.Datum{math.NaN(), 1e300, -0.1}},
		{types.StringType, []types.Datum{"", "a,b", "\xff"}},
		{types.BinaryType, []types.Datum{"\x00\xff"}},
		{types.DateType, []types.Datum{int64(0), int64(-1_000_000)}},
		{types.TimestampType, []types.Datum{int64(1), int64(1e15)}},
		{dec, []types.Datum{types.Int128From(-12345), types.Int128From(5), types.Int128From(0)}},
		{wide, []types.Datum{types.Int128From(-1), types.Int128From(math.MaxInt64)}},
	} {
		v := vec.FromDatums(c.typ, c.values...)
		for i := range c.values {
			want := cast.Format(v.Get(i), c.typ, time.UTC)
			if got, _ := appendCell(nil, v, i, c.typ, time.UTC); string(got) != want {
				t.Errorf("%s: %q, not %q", c.typ, got, want)
			}
		}
	}
}

func TestAppendJSON(t *testing.T) {
	for s, want := range map[string]string{
		"": `""`, "a b": `"a b"`, `"\`: `"\"\\"`, "<&>": `"<&>"`, "é日🙂": `"é日🙂"`, "\n\x00\x7f": "\"\\n\\u0000\x7f\"", "a\xffb": "\"a\ufffdb\"",
	} {
		if got := string(appendJSON(nil, s)); got != want {
			t.Errorf("%q: %s, not %s", s, got, want)
		}
	}
}

func TestColours(t *testing.T) {
	got := write(t, "box", Options{Colour: true, Types: true}, batch([]types.Datum{nil}, []types.Datum{"NULL"}))
	if !strings.Contains(got, "│   \x1b[2mNULL\x1b[0m │ NULL   │") || !strings.Contains(got, "\x1b[1mn\x1b[0m") {
		t.Errorf("%q", got)
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
