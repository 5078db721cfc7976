package physical

import (
	"fmt"
	"math"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/outline"
)

// Format writes the plan as an indented tree. note, which may be nil, adds
// text to the line of a node: measured rows and times, say. The input of a
// Shared node is written where its key first occurs.
func Format(n Node, note func(Node) string) string {
	seen := map[int32]bool{}
	return outline.Format(n, outline.Options[Node]{
		Field: field,
		Note:  note,
		Cut: func(n Node) bool {
			s, ok := n.(*Shared)
			if !ok {
				return false
			}
			cut := seen[s.Key]
			seen[s.Key] = true
			return cut
		},
	})
}

// Line writes one node without its inputs.
func Line(n Node) string {
	var b strings.Builder
	outline.Line(&b, n, &outline.Options[Node]{Field: field})
	return b.String()
}

func field(n Node, name string, v any) (string, bool) {
	switch x := v.(type) {
	case Meta:
		if x.Est < 0 {
			return "", true
		}
		return fmt.Sprintf("rows≈%.0f", math.Ceil(x.Est)), true
	case catalog.Scan:
		names := make([]string, len(x.Cols))
		for i, c := range x.Cols {
			names[i] = x.Schema[c].Name
		}
		text := fmt.Sprintf("format=%s columns=[%s]", x.Format, strings.Join(names, ", "))
		if x.Splits != nil {
			text += fmt.Sprintf(" splits=%d", len(x.Splits))
		}
		return text, true
	case JoinKind:
		return x.String(), true
	case int64:
		if _, ok := n.(*Recursive); ok && x < 0 {
			return "", true
		}
	case AggMode:
		return x.String(), true
	case ExchangeKind:
		return x.String(), true
	}
	switch name {
	case "NullSafe", "KeyNames", "AggNames", "Names", "StateTypes", "States", "MarkName":
		if p, ok := n.(*Project); ok && name == "Names" {
			return projectNames(p), true
		}
		return nullSafe(v), true
	case "Exprs":
		return "", true
	case "Func":
		return fmt.Sprintf("keep=%s <= %d", v, n.(*TopK).K), true
	case "K":
		return "", true
	case "Emit":
		return "emit=[" + strings.Join(columnNames(n), ", ") + "]", true
	case "Limit":
		if l, ok := v.(int64); ok {
			return nonNegative("limit", l), true
		}
	case "Count":
		if l, ok := v.(int64); ok {
			return nonNegative("count", l), true
		}
	}
	return "", false
}

func nonNegative(name string, v int64) string {
	if v < 0 {
		return ""
	}
	return fmt.Sprintf("%s=%d", name, v)
}

// nullSafe shows the NullSafe list only if a key is.
func nullSafe(v any) string {
	if flags, ok := v.([]bool); ok {
		for _, f := range flags {
			if f {
				return fmt.Sprintf("nullSafe=%v", flags)
			}
		}
	}
	return ""
}

func projectNames(p *Project) string {
	parts := make([]string, len(p.Exprs))
	for i, e := range p.Exprs {
		parts[i] = expr.String(e)
		if name := expr.Ident(p.Names[i]); name != parts[i] {
			parts[i] += " AS " + name
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func columnNames(n Node) []string {
	s := n.Schema()
	out := make([]string, len(s))
	for i, f := range s {
		out[i] = f.Name
	}
	return out
}

var joinKinds = [...]string{"Inner", "Left", "Right", "Full", "Semi", "Anti", "Cross", "Mark", "Single"}

func (k JoinKind) String() string { return joinKinds[k] }

func (m AggMode) String() string { return [...]string{"Complete", "Partial", "Final"}[m] }

func (k ExchangeKind) String() string {
	return [...]string{"Gather", "Broadcast", "Hash", "RoundRobin", "Ranges"}[k]
}
