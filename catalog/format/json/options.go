// Package json reads and writes JSON as Spark's JSON source does: a value a
// line, or with the option multiLine a value or an array of values a file.
// Records are objects; an array of objects is a record each. What follows the
// first value of a line is not looked at.
//
//	block ─► scanner (syntax, one pass) ─► builders, one a column and level ─► batch
//	                                   └─► shapes, when the schema is to be found
package json

import (
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
)

type mode uint8

const (
	permissive mode = iota
	dropMalformed
	failFast
)

type options struct {
	layout  textfile.Layout
	multi   bool
	mode    mode
	corrupt string
	times   textvalue.Times

	comments, bareNames, singleQuotes, leadingZeros, nonNumbers, anyEscape, controls bool

	asString, preferDecimal, inferStamp, dropAllNull bool
	sampling                                         float64
	ignoreNull, sortKeys                             bool // of the writer
	// rewrite: a value read as text is written anew and not taken as it stands.
	rewrite bool
}

// reading is what patterns of options are compiled for.
var reading = calendar.Use{Reading: true}

// parseOptions reads options for reading or writing.
func parseOptions(opts format.Options, use calendar.Use) (*options, error) {
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	flag := func(key string, def bool) bool {
		b, err := textfile.Bool(opts, key, def)
		note(err)
		return b
	}
	o := &options{
		corrupt: opts["columnnameofcorruptrecord"], sampling: 1,
		comments: flag("allowcomments", false), bareNames: flag("allowunquotedfieldnames", false), singleQuotes: flag("allowsinglequotes", true),
		leadingZeros: flag("allownumericleadingzeros", false), nonNumbers: flag("allownonnumericnumbers", true),
		anyEscape: flag("allowbackslashescapinganycharacter", false), controls: flag("allowunquotedcontrolchars", false),
		asString: flag("primitivesasstring", false), preferDecimal: flag("prefersdecimal", false), inferStamp: flag("infertimestamp", false),
		dropAllNull: flag("dropfieldifallnull", false), ignoreNull: flag("ignorenullfields", true), sortKeys: flag("sortkeys", false),
	}
	if o.corrupt == "" {
		o.corrupt = "_corrupt_record"
	}
	var err error
	o.layout, err = textfile.ParseLayout(opts)
	note(err)
	o.multi = o.layout.Whole
	o.times, err = textvalue.ParseTimes(opts, use)
	note(err)
	if s := opts["samplingratio"]; s != "" {
		f, ok := textvalue.ParseFloat(s, 64)
		if !ok || !(f > 0 && f <= 1) {
			note(sqlerr.New(sqlerr.InvalidParameterValue, "For input string: %q: the option samplingRatio must be above 0 and at most 1.", s))
		}
		o.sampling = f
	}
	switch strings.ToUpper(opts["mode"]) {
	case "DROPMALFORMED":
		o.mode = dropMalformed
	case "FAILFAST":
		o.mode = failFast
	}
	return o, first
}
