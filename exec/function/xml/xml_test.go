package xml

import (
	"testing"

	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

func testOptions(t testing.TB, opts map[string]string, reading bool) *options {
	t.Helper()
	o, err := parseOptions(opts, calendar.Use{Reading: reading})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestSchema holds schemas against Spark's schema_of_xml.
func TestSchema(t *testing.T) {
	for text, want := range map[string]string{
		`<p><a attr="2">1</a><a>3</a></p>`:                   "STRUCT<a: ARRAY<STRUCT<_VALUE: BIGINT, _attr: BIGINT>>>",
		`<p id="1">x</p>`:                                    "STRUCT<_VALUE: STRING, _id: BIGINT>",
		`<p><a>t<b>1</b>u</a></p>`:                           "STRUCT<a: STRUCT<_VALUE: ARRAY<STRING>, b: BIGINT>>",
		`<p><a>1</a><a><b>2</b></a></p>`:                     "STRUCT<a: ARRAY<STRING>>",
		`<p><a>10:30:00</a><e>-1.</e><f>NaN</f></p>`:         "STRUCT<a: TIME(6), e: DOUBLE, f: STRING>",
		`<p><a>2020-01-01</a><a>2020-01-01T00:00:00</a></p>`: "STRUCT<a: ARRAY<TIMESTAMP>>",
		`<p/>`: "STRUCT<>", `<p`: "STRUCT<_corrupt_record: STRING>", `<p></q>`: "STRUCT<_corrupt_record: STRING>",
	} {
		if got := testOptions(t, nil, true).schema(text); got.SQL() != want {
			t.Errorf("schema of %s is %s, want %s", text, got.SQL(), want)
		}
	}
}

// FuzzRead reads damaged texts by the schema found in them: no panic, and what
// is written of the values is read as the same schema's values again.
func FuzzRead(f *testing.F) {
	f.Add(`<p i="1">t<a>1</a><a>2</a><b><c>x</c></b></p>`)
	f.Add(`<?xml version="1.0"?><n:p xmlns:n="u"><n:a><![CDATA[x<]]></n:a><!-- c --></n:p>`)
	f.Add(`<p><a>1</a`)
	f.Fuzz(func(t *testing.T, text string) {
		o := testOptions(t, nil, true)
		typ := o.schema(text)
		row := make([]types.Datum, len(typ.Children()))
		if o.record(text, typ, row) != nil {
			return
		}
		w := &writer{o: testOptions(t, map[string]string{"validatename": "false"}, false)}
		if _, err := w.row(row, typ); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}
