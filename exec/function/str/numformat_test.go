package str

import (
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// The answers are Spark's.
func TestNumFormatWrite(t *testing.T) {
	cases := []struct {
		x            int64
		scale        int
		format, want string
	}{
		{454, 0, "9999", " 454"},
		{454, 0, "00999", "00454"},
		{454, 0, "90999", "  454"},
		{454, 0, "99", "##"},
		{0, 0, "9", " "},
		{0, 0, "0", "0"},
		{0, 0, "99.99", " 0.00"},
		{0, 0, "S99", "  +"},
		{0, 0, "99S", "+  "},
		{0, 0, "$99.99", "$ 0.00"},
		{78, 0, "99.", "78 "},
		{78, 0, "99.S", "78+ "},
		{-78, 0, "99.PR", "<78> "},
		{45, 2, ".99", ".45"},
		{45, 2, "9.99", "0.45"},
		{12345, 0, "9,999", "# ###"},
		{45, 0, "9,999", "   45"},
		{45, 0, "0,000", "0,045"},
		{12454, 0, "99G99,9", "12,45,4"},
		{-1, 0, "S9999", "   -1"},
		{-1, 0, "MI9999", "   -1"},
		{-1, 0, "9999MI", "   1-"},
		{454, 0, "MI999", " 454"},
		{454, 0, "999PR", "454  "},
		{-4, 0, "9999PR", "   <4>"},
		{-1, 1, "S9.9", " -.1"},
		{-1, 1, "9.9S", "0.1-"},
		{781200, 4, "99.99", "78.12"},
		{78123, 3, "99.9", "##.#"},
		{-12345, 0, "S999", "-###"},
		{-124548, 1, "99g999d9s", "12,454.8-"},
	}
	for _, c := range cases {
		f, err := compileNumFormat(c.format)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		// What stands before in the buffer is none of the number's.
		if got := string(f.append([]byte(" -"), types.Int128From(c.x), c.scale)); got != " -"+c.want {
			t.Errorf("%d/10^%d by %s is %q, want %q", c.x, c.scale, c.format, got[2:], c.want)
		}
	}
}

func TestNumFormatRead(t *testing.T) {
	const none = -1 << 62
	cases := []struct {
		text, format string
		want         int64
	}{
		{"454", "999", 454},
		{" 4 54 ", "999", 454},
		{"1234", "999", none},
		{"", "999", none},
		{" ", "999", none},
		{"05", "000", none},
		{"5", "999", 5},
		{"1,2,3,4", "9,9,9,9", 1234},
		{"1234", "9,999", none},
		{"1,234,5", "9,999", none},
		{"$345", "S$999,099.99", 34500},
		{"123", "9G999", 123},
		{"<123>", "999PR", -123},
		{"123", "999PR", 123},
		{"123>", "999PR", none},
		{"<123", "999PR", none},
		{"<-1>", "S9PR", 1},
		{"-123", "MI999", -123},
		{"123-", "999MI", -123},
		{"+1", "MI9", none},
		{"+1", "S9", 1},
		{"-1+", "MI9S", -1},
		{"-1-", "MI9S", 1},
		{".5", ".9", 5},
		{"5", "9.9", 50},
		{"5.", "9.9", 50},
		{"1.25", "9.9", none},
		{"123", "$999", none},
	}
	for _, c := range cases {
		f, err := compileNumFormat(c.format)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		v, ok := f.parse(c.text)
		if got := v.Int64(); ok != (c.want != none) || ok && got != c.want {
			t.Errorf("%q by %s is %d, %v; want %d", c.text, c.format, got, ok, c.want)
		}
	}
}

func TestNumFormatFaults(t *testing.T) {
	for format, want := range map[string]*sqlerr.Condition{
		"": sqlerr.FormatEmpty, "SS999": sqlerr.FormatRepeated, "9.9.9": sqlerr.FormatRepeated, "MI999MI": sqlerr.FormatRepeated,
		"9$9": sqlerr.FormatCurrency, ".99$": sqlerr.FormatCurrency, ",999": sqlerr.FormatSeparators, "999,": sqlerr.FormatSeparators, "9,,99": sqlerr.FormatSeparators,
		"99.9,9": sqlerr.FormatSeparatorPoint, "PR999": sqlerr.FormatUnexpected, "x99": sqlerr.FormatUnexpected, "99S9": sqlerr.FormatUnexpected, "$S9": sqlerr.FormatUnexpected,
		"S": sqlerr.FormatDigits, "PR": sqlerr.FormatDigits, ".": sqlerr.FormatDigits, "999999999999999999999999999999999999999": sqlerr.DecimalPrecision,
	} {
		if _, err := compileNumFormat(format); !sqlerr.Is(err, want) {
			t.Errorf("%q: %v, want %s", format, err, want.Name)
		}
	}
}

// No format and no text panics.
func FuzzNumFormat(f *testing.F) {
	f.Add("S$9,999.99PR", "<-$1,234.50>", int64(-123450))
	f.Add("MI0G000D9S", " 1 2", int64(7))
	f.Fuzz(func(t *testing.T, format, text string, x int64) {
		n, err := compileNumFormat(format)
		if err != nil {
			return
		}
		n.parse(text)
		scale := min(n.after, 18)
		n.append(nil, types.Int128From(x), scale)
	})
}
