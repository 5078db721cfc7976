// Package formattest holds formats against what Spark answered: tables of
// small files with the options they were read with, and the schema and rows,
// cast to text, that came out.
package formattest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Case is one file.
type Case struct {
	Text   string            `json:"text"`
	Hex    string            `json:"hex"`
	Opts   map[string]string `json:"opts"`
	Schema string            `json:"schema"`
	Spark  struct {
		Error  string      `json:"error"`
		Schema string      `json:"schema"`
		Rows   [][]*string `json:"rows"`
	} `json:"spark"`
	// Differs says why the answer here is another one on purpose.
	Differs string `json:"differs"`
}

// Zone is the session time zone of the answers.
const Zone = "America/Los_Angeles"

// Run reads every case of a file with f, by several batch sizes.
func Run(t *testing.T, f format.Format, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, c := range cases {
		if c.Differs != "" {
			continue
		}
		text := []byte(c.Text)
		if c.Hex != "" {
			if text, err = hex.DecodeString(c.Hex); err != nil {
				t.Fatal(err)
			}
		}
		p := filepath.Join(dir, fmt.Sprint("f", i))
		if err := os.WriteFile(p, text, 0o644); err != nil {
			t.Fatal(err)
		}
		opts := format.Options{"timezone": Zone}
		for k, v := range c.Opts {
			opts[strings.ToLower(k)] = v
		}
		for _, size := range []int{1, 2048} {
			schema, rows, err := Read(f, p, opts, c.Schema, size)
			label := fmt.Sprintf("%q %v %s", text, c.Opts, c.Schema)
			if c.Spark.Error != "" {
				if err == nil {
					t.Errorf("%s: no error but %v", label, rows)
				} else if sqlerr.As(err) == nil {
					t.Errorf("%s: an error without condition: %v", label, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", label, err)
				continue
			}
			if c.Schema == "" && schema != c.Spark.Schema {
				t.Errorf("%s:\nschema %s\nwant   %s", label, schema, c.Spark.Schema)
				continue
			}
			var want [][]string
			for _, r := range c.Spark.Rows {
				var row []string
				for _, v := range r {
					if v == nil {
						row = append(row, "NULL")
					} else {
						row = append(row, *v)
					}
				}
				want = append(want, row)
			}
			if d := cmp.Diff(want, rows); d != "" {
				t.Errorf("%s: %s", label, d)
			}
		}
	}
}

// Read reads a whole file, with the schema given or inferred, and returns the
// schema and the rows as Spark's casts to text show them.
func Read(f format.Format, path string, opts format.Options, declared string, size int) (schema string, out [][]string, err error) {
	ctx, st := context.Background(), local.New()
	file, _, err := st.Stat(ctx, path)
	if err != nil {
		return "", nil, err
	}
	var s types.Schema
	if declared != "" {
		s = ParseSchema(declared)
	} else if s, err = f.Infer(ctx, st, []store.File{file}, opts); err != nil {
		return "", nil, err
	}
	if len(s) == 0 {
		return "struct<>", nil, nil
	}
	var cols []int
	for i := range s {
		cols = append(cols, i)
	}
	acct := mem.NewAccount("test", 0)
	err = Scan(ctx, f, st, file, s, cols, opts, size, acct, func(b *vec.Batch) error {
		for _, i := range b.Selection() {
			var row []string
			for k, c := range b.Cols {
				row = append(row, show(c.Get(int(i)), s[k].Type))
			}
			out = append(out, row)
		}
		return nil
	})
	if used := acct.Used(); err == nil && used != 0 {
		err = fmt.Errorf("%d bytes were not given back", used)
	}
	return types.StructType(s...).String(), out, err
}

// Scan reads the splits of a file one after the other.
func Scan(ctx context.Context, f format.Format, st store.Store, file store.File, s types.Schema, cols []int, opts format.Options, size int, acct *mem.Account, take func(*vec.Batch) error) error {
	splits, err := f.Splits(ctx, st, file, s, nil, opts)
	if err != nil {
		return err
	}
	for _, sp := range splits {
		if err := Split(ctx, f, st, sp, s, cols, opts, size, acct, take); err != nil {
			return err
		}
	}
	return nil
}

// Split reads one split.
func Split(ctx context.Context, f format.Format, st store.Store, sp catalog.Split, s types.Schema, cols []int, opts format.Options, size int, acct *mem.Account, take func(*vec.Batch) error) error {
	in, err := f.Open(ctx, format.ReadRequest{Store: st, Split: sp, Schema: s, Cols: cols, BatchSize: size, Options: opts, Account: acct})
	if err != nil {
		return err
	}
	for b, err := range in {
		if err != nil {
			return err
		}
		if b.N > size {
			return fmt.Errorf("a batch of %d rows where %d are the most", b.N, size)
		}
		if err := take(b); err != nil {
			return err
		}
	}
	return nil
}

// ParseSchema reads "a int, b array<string>".
func ParseSchema(s string) types.Schema {
	p := &schemaParser{s: s}
	return p.fields(' ', 0)
}

type schemaParser struct{ s string }

func (p *schemaParser) word(stop string) string {
	i := strings.IndexAny(p.s, stop)
	if i < 0 {
		i = len(p.s)
	}
	w := strings.TrimSpace(p.s[:i])
	p.s = p.s[i:]
	return w
}

func (p *schemaParser) fields(between byte, end byte) []types.Field {
	var out []types.Field
	for {
		p.s = strings.TrimLeft(p.s, " ,")
		if p.s == "" || p.s[0] == end {
			p.s = strings.TrimPrefix(p.s, string(end))
			return out
		}
		name := p.word(string(between))
		p.s = strings.TrimLeft(p.s[1:], " ")
		out = append(out, types.Field{Name: name, Type: p.typ(), Nullable: true})
	}
}

var flat = map[string]types.Type{
	"boolean": types.BoolType, "tinyint": types.Int8Type, "smallint": types.Int16Type, "int": types.Int32Type, "bigint": types.Int64Type,
	"float": types.Float32Type, "double": types.Float64Type, "string": types.StringType, "binary": types.BinaryType, "date": types.DateType,
	"timestamp": types.TimestampType, "timestamp_ntz": types.TimestampNTZType,
}

func (p *schemaParser) typ() types.Type {
	w := p.word("<>,() ")
	switch w {
	case "decimal":
		var prec, scale int
		fmt.Sscanf(p.s, "(%d,%d)", &prec, &scale)
		p.s = p.s[strings.IndexByte(p.s, ')')+1:]
		return types.DecimalType(prec, scale)
	case "array":
		p.s = p.s[1:]
		e := p.typ()
		p.s = p.s[1:]
		return types.ArrayType(e, true)
	case "map":
		p.s = p.s[1:]
		k := p.typ()
		p.s = p.s[1:]
		v := p.typ()
		p.s = p.s[1:]
		return types.MapType(k, v, true)
	case "struct":
		p.s = p.s[1:]
		return types.StructType(p.fields(':', '>')...)
	}
	t, ok := flat[w]
	if !ok {
		panic("type " + w)
	}
	return t
}

// show is a value cast to text.
func show(d types.Datum, t types.Type) string {
	if d == nil {
		return "NULL"
	}
	switch t.Kind {
	case types.Float32:
		return string(textvalue.AppendFloat(nil, d.(float64), 32))
	case types.Float64:
		return string(textvalue.AppendFloat(nil, d.(float64), 64))
	case types.Decimal:
		return string(textvalue.AppendDecimal(nil, d.(types.Int128), int(t.S)))
	case types.Date:
		return string(textvalue.AppendDate(nil, int32(d.(int64))))
	case types.Timestamp:
		loc, err := time.LoadLocation(Zone)
		if err != nil {
			panic(err)
		}
		return string(textvalue.AppendTimestamp(nil, textvalue.FromInstant(d.(int64), loc)))
	case types.TimestampNTZ:
		return string(textvalue.AppendTimestamp(nil, d.(int64)))
	case types.Array:
		return "[" + list(d.([]types.Datum), func(int) types.Type { return t.Elem() }) + "]"
	case types.Struct:
		return "{" + list(d.([]types.Datum), func(i int) types.Type { return t.Children()[i].Type }) + "}"
	case types.Map:
		m := d.(types.MapDatum)
		var parts []string
		for i := range m.Keys {
			parts = append(parts, nested(m.Keys[i], t.Key())+" -> "+nested(m.Values[i], t.Value()))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(d)
}

func list(ds []types.Datum, typ func(int) types.Type) string {
	var parts []string
	for i, d := range ds {
		parts = append(parts, nested(d, typ(i)))
	}
	return strings.Join(parts, ", ")
}

func nested(d types.Datum, t types.Type) string {
	if d == nil {
		return "null"
	}
	return show(d, t)
}
