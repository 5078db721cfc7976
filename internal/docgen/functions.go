package docgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
)

var kinds = map[function.Kind]string{
	function.Aggregate: "aggregate", function.Window: "window function", function.Generator: "generator",
}

func functions() (string, error) {
	reg, err := all.Registry()
	if err != nil {
		return "", err
	}
	families := map[string][]*function.Def{}
	for _, d := range reg.Defs() {
		families[d.Family] = append(families[d.Family], d)
	}
	var b strings.Builder
	b.WriteString("# Functions\n\n")
	fmt.Fprintf(&b, note, "the families below `exec/function`")
	b.WriteString("DESCRIBE FUNCTION shows the same text. The lines under an example are its result; all examples run as tests.\n\n")
	for _, f := range sorted(families) {
		slices.SortFunc(families[f], func(x, y *function.Def) int { return strings.Compare(x.Name, y.Name) })
		names := make([]string, len(families[f]))
		for i, d := range families[f] {
			names[i] = "`" + d.Name + "`"
		}
		fmt.Fprintf(&b, "- **%s**: %s\n", f, strings.Join(names, " "))
	}
	for _, f := range sorted(families) {
		fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(f[:1])+f[1:])
		for _, d := range families[f] {
			writeFunction(&b, d)
		}
	}
	return b.String(), nil
}

func writeFunction(b *strings.Builder, d *function.Def) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`", escape(d.Name), signature(d))
	var notes []string
	if k := kinds[d.Kind]; k != "" {
		notes = append(notes, k)
	}
	switch d.Volatility {
	case function.Stable:
		notes = append(notes, "constant within a query")
	case function.Volatile:
		notes = append(notes, "computed anew for every row")
	}
	if len(d.Aliases) > 0 {
		notes = append(notes, "also `"+strings.Join(d.Aliases, "`, `")+"`")
	}
	notes = append(notes, "since "+d.Since)
	fmt.Fprintf(b, " — %s\n\n%s\n", strings.Join(notes, "; "), escape(d.Doc))
	for _, e := range d.Examples {
		fmt.Fprintf(b, "\n    %s\n", strings.ReplaceAll(e.SQL, "\n", "\n    "))
		for line := range strings.SplitSeq(e.Want, "\n") {
			fmt.Fprintf(b, "    -- %s\n", strings.ReplaceAll(line, "\t", "  "))
		}
	}
}

// signature writes operators as they are used: "a + b", "NOT a".
func signature(d *function.Def) string {
	if c := d.Name[0]; c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		return d.Name + "(" + d.Args + ")"
	}
	if x, y, ok := strings.Cut(d.Args, ","); ok {
		return strings.TrimSpace(x) + " " + d.Name + " " + strings.TrimSpace(y)
	}
	return d.Name + " " + d.Args
}
