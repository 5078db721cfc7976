// Package csv reads and writes comma-separated values as Spark's CSV source
// does: options and their defaults, what counts as a quote, which texts are
// values of a type, what happens to records that do not fit (mode).
//
//	block of lines ─► tokenizer: fields as strings that borrow the block
//	               ─► columns: a typed loop each ─► batch
//
// Records are lines unless the option multiLine is set; then the file is looked
// through once for places between records to cut it at (cut.go).
package csv

import (
	"strings"
	"unicode/utf16"

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
	if len(utf16.Encode([]rune(s))) > 1 { // as Java counts
		return 0, sqlerr.New(sqlerr.OptionTooLong, "The value of the option %s exceeds one character: %q.", key, s)
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The option %s must be an ASCII character, not %q.", key, s)
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
		case '"', '\'', '\\', '|', '^', '.', '*', '+', '?', '$', '(', ')', '[', ']', '{', '}':
			out = append(out, s[i])
		default:
			return "", sqlerr.New(sqlerr.UnsupportedDelimiter, "Invalid delimiter. Unsupported special character for delimiter: \\%c.", s[i])
		}
	}
	if len(out) == 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "Delimiter cannot be empty string")
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

// bool reads a flag; keys of options are in lower case.
func (p *parser) bool(name string, def bool) bool {
	s, ok := p.opts[strings.ToLower(name)]
	switch {
	case !ok:
		return def
	case strings.EqualFold(s, "true") && len(s) == 4:
		return true
	case strings.EqualFold(s, "false") && len(s) == 5:
		return false
	}
	p.note(sqlerr.New(sqlerr.InvalidParameterValue, "%s flag can be true or false, not %q.", name, s))
	return def
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
		header: p.bool("header", false), ltrim: p.bool("ignoreLeadingWhiteSpace", false), rtrim: p.bool("ignoreTrailingWhiteSpace", false),
		null: text(opts, "nullvalue", ""), empty: text(opts, "emptyvalue", ""),
		nan: text(opts, "nanvalue", "NaN"), inf: text(opts, "positiveinf", "Inf"), neg: text(opts, "negativeinf", "-Inf"),
		corrupt: text(opts, "columnnameofcorruptrecord", "_corrupt_record"),
		infer:   p.bool("inferSchema", false), preferDate: p.bool("preferDate", true), enforce: p.bool("enforceSchema", true),
		byName: opts[format.ByName] == "true", sampling: 1,
	}
	p.bool("escapeQuotes", true)
	p.bool("quoteAll", false)
	p.bool("columnPruning", true)
	for _, k := range []string{"enabledatetimeparsingfallback", "ignorecorruptfiles", "ignoremissingfiles"} {
		_, err := textfile.Bool(opts, k, false)
		p.note(err)
	}
	_, err := textfile.Int(opts, "inputbuffersize", 0)
	p.note(err)
	if s := opts["unescapedquotehandling"]; s != "" && !quoteHandling[strings.ToUpper(s)] {
		p.note(sqlerr.New(sqlerr.InvalidParameterValue, "No enum constant UnescapedQuoteHandling.%s for the option unescapedQuoteHandling.", strings.ToUpper(s)))
	}
	o.layout, err = textfile.ParseLayout(opts)
	p.note(err)
	o.sep, err = separator(opts)
	p.note(err)
	if o.maxColumns, err = textfile.Int(opts, "maxcolumns", 20480); err != nil {
		p.note(sqlerr.New(sqlerr.InvalidParameterValue, "maxColumns should be an integer. Found %s", opts["maxcolumns"]))
	}
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
			p.note(sqlerr.New(sqlerr.InvalidParameterValue, "For input string: %q: the option samplingRatio must be above 0 and at most 1.", s))
		}
		o.sampling = f
	}
	o.mode = parseMode(opts["mode"])
	return o, p.err
}

// quoteHandling lists the values of an option that only says how Spark's
// parser goes on after a stray quote; here such a field is text as it stands.
var quoteHandling = map[string]bool{"STOP_AT_CLOSING_QUOTE": true, "BACK_TO_DELIMITER": true, "STOP_AT_DELIMITER": true, "SKIP_VALUE": true, "RAISE_ERROR": true}

// parseMode reads the mode; one that is none is the default, as in Spark.
func parseMode(s string) mode {
	switch strings.ToUpper(s) {
	case "DROPMALFORMED":
		return dropMalformed
	case "FAILFAST":
		return failFast
	}
	return permissive
}
