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
	"time"

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
	loc     *time.Location
	date    *textvalue.Pattern
	stamp   *textvalue.Pattern
	ntz     *textvalue.Pattern

	comments, bareNames, singleQuotes, leadingZeros, nonNumbers, anyEscape, controls bool

	asString, preferDecimal, inferStamp, dropAllNull bool
	sampling                                         float64
	ignoreNull                                       bool // of the writer
}

func parseOptions(opts format.Options) (*options, error) {
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
	pattern := func(key string) *textvalue.Pattern {
		if opts[key] == "" {
			return nil
		}
		p, err := textvalue.CompilePattern(opts[key])
		note(err)
		return p
	}
	o := &options{
		corrupt: opts["columnnameofcorruptrecord"], loc: time.UTC, sampling: 1,
		date: pattern("dateformat"), stamp: pattern("timestampformat"), ntz: pattern("timestampntzformat"),
		comments: flag("allowcomments", false), bareNames: flag("allowunquotedfieldnames", false), singleQuotes: flag("allowsinglequotes", true),
		leadingZeros: flag("allownumericleadingzeros", false), nonNumbers: flag("allownonnumericnumbers", true),
		anyEscape: flag("allowbackslashescapinganycharacter", false), controls: flag("allowunquotedcontrolchars", false),
		asString: flag("primitivesasstring", false), preferDecimal: flag("prefersdecimal", false), inferStamp: flag("infertimestamp", false),
		dropAllNull: flag("dropfieldifallnull", false), ignoreNull: flag("ignorenullfields", true),
	}
	if o.corrupt == "" {
		o.corrupt = "_corrupt_record"
	}
	var err error
	o.layout, err = textfile.ParseLayout(opts)
	note(err)
	o.multi = o.layout.Whole
	if z := opts["timezone"]; z != "" {
		loc, ok := textvalue.Zone(z)
		if !ok {
			note(sqlerr.New(sqlerr.InvalidParameterValue, "The time zone %q of the option timeZone is not known.", z))
		}
		o.loc = loc
	}
	if s := opts["samplingratio"]; s != "" {
		f, ok := textvalue.ParseFloat(s, 64)
		if !ok || !(f > 0 && f <= 1) {
			note(sqlerr.New(sqlerr.InvalidParameterValue, "The option samplingRatio must be above 0 and at most 1, not %q.", s))
		}
		o.sampling = f
	}
	switch strings.ToUpper(opts["mode"]) {
	case "", "PERMISSIVE":
	case "DROPMALFORMED":
		o.mode = dropMalformed
	case "FAILFAST":
		o.mode = failFast
	default:
		note(sqlerr.New(sqlerr.InvalidParameterValue, "The option mode must be PERMISSIVE, DROPMALFORMED or FAILFAST, not %q.", opts["mode"]))
	}
	return o, first
}

func (o *options) parseDate(s string) (int32, bool) {
	if o.date == nil {
		return textvalue.ParseDate(s)
	}
	d, _, _, ok := o.date.Parse(s)
	return d, ok
}

func (o *options) parseStamp(s string) (int64, bool) {
	if o.stamp == nil {
		us, _, ok := textvalue.ParseTimestamp(s, o.loc)
		return us, ok
	}
	days, tod, zone, ok := o.stamp.Parse(s)
	if zone == nil {
		zone = o.loc
	}
	return calendar.FromLocal(zone, int64(days)*calendar.MicrosPerDay+tod), ok
}

func (o *options) parseNTZ(s string) (int64, bool) {
	if o.ntz == nil {
		us, zone, ok := textvalue.ParseTimestamp(s, time.UTC)
		return us, ok && !zone
	}
	days, tod, zone, ok := o.ntz.Parse(s)
	return int64(days)*calendar.MicrosPerDay + tod, ok && zone == nil
}
