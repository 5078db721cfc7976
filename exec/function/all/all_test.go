package all

import "testing"

func TestRegistry(t *testing.T) {
	r, err := Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Defs() {
		if d.Doc == "" || d.Family == "" || d.Resolve == nil {
			t.Errorf("%s has no documentation, family or Resolve", d.Name)
		}
	}
}
