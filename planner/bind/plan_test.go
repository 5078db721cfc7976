package bind

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/volley-sql/volley/planner/logical"
)

var update = flag.Bool("update", false, "write the plans as they are now to testdata/plans.txt")

// TestPlans holds the plans of testdata/plans.txt: statements after "-- ", each
// followed by its columns and plan.
func TestPlans(t *testing.T) {
	const file = "testdata/plans.txt"
	env := newWorld(t, smallDDL).env(t)
	want := read(t, file)
	var out strings.Builder
	for block := range strings.SplitSeq(want, "-- ") {
		sql, _, _ := strings.Cut(block, "\n")
		if sql == "" {
			continue
		}
		p, err := bindText(env, sql)
		if err != nil {
			t.Errorf("%s\n  gives %v", sql, err)
			continue
		}
		out.WriteString("-- " + sql + "\n")
		for i, f := range p.Schema() {
			if i > 0 {
				out.WriteString(", ")
			}
			out.WriteString(f.Name + " " + f.Type.String())
			if !f.Nullable {
				out.WriteString(" not null")
			}
		}
		out.WriteString("\n" + logical.Format(p.Node) + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := out.String(); got != want {
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("line %d is\n%s\nwant\n%s\n(go test -update writes the file)", i+1, g[i], w[i])
			}
		}
		t.Fatal("the plans differ in length; go test -update writes the file")
	}
}
