package stage

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Format writes the job for EXPLAIN STAGES: every stage with what it reads,
// its tasks, its plan, and where its rows go.
func Format(j *Job) string {
	var b strings.Builder
	for _, s := range j.Stages {
		fmt.Fprintf(&b, "Stage %d: %d %s", s.ID, s.Tasks, plural("task", s.Tasks))
		for _, in := range s.Inputs {
			fmt.Fprintf(&b, ", reads stage %d (%s)", in.Stage, in.Kind)
		}
		fmt.Fprintf(&b, " → %s\n", s.Output)
		for line := range strings.Lines(physical.Format(s.Plan, nil)) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

// String is the output as EXPLAIN STAGES shows it.
func (o Output) String() string {
	if o.Result {
		return "result"
	}
	s := o.Kind.String()
	if len(o.Keys) > 0 {
		keys := make([]string, len(o.Keys))
		for i, k := range o.Keys {
			keys[i] = expr.String(k)
		}
		s += "(" + strings.Join(keys, ", ") + ")"
	}
	if o.Tasks > 0 {
		s += fmt.Sprintf(" into %d", o.Tasks)
	}
	if o.Channels > 1 {
		s += fmt.Sprintf(" into %d", o.Channels)
	}
	return s
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
