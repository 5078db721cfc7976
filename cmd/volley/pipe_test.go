package main

import "testing"

func TestEndsInComment(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"select 1 -- one;\n", true},
		{"select 1 --;", true},
		{"select '--;\n", false},
		{"select 1 /* -- ;\n", false},
		{"select 1 -- one\n", false},
		{"-- nothing;\n", false},
	} {
		if got := endsInComment(c.text); got != c.want {
			t.Errorf("%q gives %v", c.text, got)
		}
	}
}
