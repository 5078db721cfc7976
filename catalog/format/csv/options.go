// Package csv reads and writes comma-separated values as Spark's CSV source
// does: options and their defaults, what counts as a quote, which texts are
// values of a type, what happens to records that do not fit (mode).
//
//	block of lines ─► tokenizer: fields as strings that borrow the block
//	               ─► columns: a typed loop each ─► batch
//
// Records are lines unless the option multiLine is set; then a file is one split.
package csv

import (
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// mode says what happens to records that do not fit.
type mode uint8

const (
	permissive mode = iota // NULL for what does not fit
	dropMalformed
	failFast
)

type options struct {
	layout        textfile.Layout
	sep           string
	quote, escape byte // 0: none
	escapeEscape  byte // what escapes escape inside quotes, 0: nothing
	comment       byte // 0: none
	header        bool
	ltrim, rtrim  bool
	null          string
	empty         string
	nan, inf, neg string
	times         textvalue.Times
	mode          mode
	corrupt       string
	infer         bool
	preferDate    bool
	enforce       bool
	byName        bool // columns are found by the header's names
	maxColumns    int
	sampling      float64
}

func oneByte(opts format.Options, key string, def byte) (byte, error) {
	s, ok := opts[key]
	switch {
	case !ok:
		return def, nil
	case s == "" || s == "\x00":
		return 0, nil
	case len(s) == 1:
		return s[0], nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The option %s must be one ASCII character, not %q.", key, s)
}

// separator reads sep: escapes like \t, several characters allowed.
func separator(opts format.Options) (string, error) {
	s, ok := opts["sep"]
	if !ok {
		if s, ok = opts["delimiter"]; !ok {
			return ",", nil
		}
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'n':
			out = append(out, '\n')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '0':
			out = append(out, 0)
		default:
			out = append(out, s[i])
		}
	}
	if len(out) == 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "The option sep cannot be empty.")
	}
	return string(out), nil
}

func text(opts format.Options, key, def string) string {
	if s, ok := opts[key]; ok {
		return s
	}
	return def
}

// parser collects the first error of many options.
type parser struct {
	opts format.Options
	err  error
}

func (p *parser) bool(key string, def bool) bool {
	b, err := textfile.Bool(p.opts, key, def)
	p.note(err)
	return b
}

func (p *parser) byte(key string, def byte) byte {
	b, err := oneByte(p.opts, key, def)
	p.note(err)
	return b
}

func (p *parser) note(err error) {
	if p.err == nil {
		p.err = err
	}
}

// parseOptions reads options for reading or writing files.
func parseOptions(opts format.Options, use calendar.Use) (*options, error) {
	p := &parser{opts: opts}
	o := &options{
		quote: p.byte("quote", '"'), escape: p.byte("escape", '\\'), comment: p.byte("comment", 0),
		header: p.bool("header", false), ltrim: p.bool("ignoreleadingwhitespace", false), rtrim: p.bool("ignoretrailingwhitespace", false),
		null: text(opts, "nullvalue", ""), empty: text(opts, "emptyvalue", ""),
		nan: text(opts, "nanvalue", "NaN"), inf: text(opts, "positiveinf", "Inf"), neg: text(opts, "negativeinf", "-Inf"),
		corrupt: text(opts, "columnnameofcorruptrecord", "_corrupt_record"),
		infer:   p.bool("inferschema", false), preferDate: p.bool("preferdate", true), enforce: p.bool("enforceschema", true),
		byName: opts[format.ByName] == "true", sampling: 1,
	}
	var err error
	o.layout, err = textfile.ParseLayout(opts)
	p.note(err)
	o.sep, err = separator(opts)
	p.note(err)
	o.maxColumns, err = textfile.Int(opts, "maxcolumns", 20480)
	p.note(err)
	if o.escape != o.quote {
		o.escapeEscape = o.escape
	}
	if _, ok := opts["chartoescapequoteescaping"]; ok {
		o.escapeEscape = p.byte("chartoescapequoteescaping", 0)
	}
	o.times, err = textvalue.ParseTimes(opts, use)
	p.note(err)
	if s := opts["samplingratio"]; s != "" {
		f, ok := textvalue.ParseFloat(s, 64)
		if !ok || !(f > 0 && f <= 1) {
			p.note(sqlerr.New(sqlerr.InvalidParameterValue, "The option samplingRatio must be above 0 and at most 1, not %q.", s))
		}
		o.sampling = f
	}
	o.mode, err = parseMode(opts["mode"])
	p.note(err)
	return o, p.err
}

func parseMode(s string) (mode, error) {
	switch strings.ToUpper(s) {
	case "", "PERMISSIVE":
		return permissive, nil
	case "DROPMALFORMED":
		return dropMalformed, nil
	case "FAILFAST":
		return failFast, nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The option mode must be PERMISSIVE, DROPMALFORMED or FAILFAST, not %q.", s)
}
