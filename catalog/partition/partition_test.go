package partition

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/types"
)

func TestEscape(t *testing.T) {
	for _, s := range []string{"plain", "a/b", "10:20:30", "50%", "ü=1", "", "tab\t", "x%2Fy"} {
		e := Escape(s)
		if strings.ContainsAny(e, "/:=\t") {
			t.Errorf("Escape(%q) = %q", s, e)
		}
		if got := Unescape(e); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}

func TestFolderAndBack(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	cases := []struct {
		t    types.Type
		d    types.Datum
		want string
	}{
		{types.Int32Type, int64(-5), "c=-5"},
		{types.StringType, "a b/c", "c=a b%2Fc"},
		{types.StringType, nil, "c=" + Null},
		{types.BoolType, true, "c=true"},
		{types.Float64Type, 1e10, "c=1.0E10"},
		{types.DecimalType(10, 2), types.Int128From(-150), "c=-1.50"},
		{types.DateType, int64(20000), "c=2024-10-04"},
		{types.TimestampType, int64(1_000_000_500_000), "c=1970-01-12 14%3A46%3A40.5"},
	}
	for _, c := range cases {
		got, err := Folder(types.Schema{{Name: "c", Type: c.t}}, []types.Datum{c.d}, berlin)
		if err != nil || got != c.want {
			t.Errorf("%v: %q %v, want %q", c.d, got, err, c.want)
			continue
		}
		back, ok := Parse(Unescape(strings.TrimPrefix(got, "c=")), c.t, berlin)
		if !ok || !reflect.DeepEqual(back, c.d) {
			t.Errorf("%q came back as %v", got, back)
		}
	}
}
