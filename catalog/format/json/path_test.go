package json

import (
	stdjson "encoding/json"
	"strings"
	"testing"
)

// TestPath holds paths against Spark's get_json_object.
func TestPath(t *testing.T) {
	const none = "\x00"
	for _, c := range [][3]string{
		{`{"a":[{"b":[1,2]},{"b":[3]}]}`, "$.a[*].b", "[[1,2],[3]]"},
		{`{"a":[{"b":[1,2]}]}`, "$.a[*].b[*]", "[1,2]"},
		{`{"a":[{"b":"x"},{"c":[3]}]}`, "$.a[*].b", `"x"`},
		{`{"a":[{"b":"x"},{"b":"y"}]}`, "$.a[0].b", "x"},
		{`[[1,[5,6]],[3]]`, "$[*][*]", "[1,5,6,3]"},
		{`[[[1],[2]],[[3]]]`, "$[0][*]", "[[1],[2]]"},
		{`{"a" : 1.50 , "b": 1e3}`, "$", `{"a":1.5,"b":1000.0}`},
		{`{"a":1e400}`, "$.a", `"Infinity"`},
		{`{'a':'it'} more`, "$.a", "it"},
		{"{\"a\":[\"x\ty\"]}", "$.a", `["x\ty"]`},
		{`{"a":1,"a":2}`, "$.a", "1"},
		{`{"a":null,"a":2}`, "$.a", "2"},
		{`{" a":1,"a":3}`, "$[' a']", "3"},
		{`{"a":[1,2]}`, "$.a[ 1]", "2"},
		{`{"a":[1,2]}`, "$.a[1 ]", none},
		{`{"a":1}`, "$ .a", none},
		{`{"a":1}`, "$.*", none},
		{`{"*":1}`, "$['*']", none},
		{`[{"a":1}]`, "$.a", none},
		{`{"a":1,`, "$.a", none},
		{`{"a":NaN}`, "$.a", none},
		{``, "$", none},
	} {
		got := none
		if p, ok := ParsePath(c[1]); ok {
			if found, ok := NewFinder().Path(c[0], p); ok {
				got = string(found)
			}
		}
		if got != c[2] {
			t.Errorf("%s of %s is %q, want %q", c[1], c[0], got, c[2])
		}
	}
}

// FuzzPath looks for paths in damaged texts: no panic, and what is found with
// everything quoted is JSON.
func FuzzPath(f *testing.F) {
	f.Add(`{"a":[{"b":"x"},{"b":[1,[2]]}]}`, "$.a[*].b")
	f.Add(`[[[1],[2]],[[3]]]`, "$[*][*][0]")
	f.Add(`{"a`, "$['a'][0]")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, ok := ParsePath(path)
		if !ok {
			return
		}
		f := NewFinder()
		found, ok := f.Path(text, p)
		if s := string(found); ok && strings.HasPrefix(text, "[") && strings.HasPrefix(path, "$[*]") && !stdjson.Valid(found) {
			t.Errorf("%s of %s is %s", path, text, s)
		}
		f.Length(text)
		f.Keys(text, func(string) {})
		f.Members(text, func(string) bool { return true }, func(string, []byte) {})
	})
}
