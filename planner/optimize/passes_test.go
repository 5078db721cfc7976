package optimize

import "testing"

func TestPassTable(t *testing.T) {
	place := map[string]int{}
	for i, p := range Passes {
		if _, dup := place[p.Name]; dup {
			t.Errorf("there are two passes called %q", p.Name)
		}
		place[p.Name] = i
		if len(p.Rules) == 0 {
			t.Errorf("pass %q has no rules", p.Name)
		}
	}
	for _, b := range Before {
		i, ok := place[b[0]]
		j, ok2 := place[b[1]]
		switch {
		case !ok || !ok2:
			t.Errorf("the constraint %q before %q names a pass that is not there", b[0], b[1])
		case i >= j:
			t.Errorf("%q must come before %q: %s", b[0], b[1], b[2])
		}
	}
}

func TestRuleNames(t *testing.T) {
	for _, p := range Passes {
		names := map[string]bool{}
		for _, r := range p.Rules {
			if r.Name == "" || names[r.Name] {
				t.Errorf("pass %q has the rule %q twice or without a name", p.Name, r.Name)
			}
			names[r.Name] = true
			kinds := 0
			for _, has := range []bool{r.local != nil, r.plan != nil, r.expr != nil} {
				if has {
					kinds++
				}
			}
			if kinds != 1 {
				t.Errorf("rule %q is of %d kinds", r.Name, kinds)
			}
		}
	}
}
