package str

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
)

func similarities() []function.Def {
	return []function.Def{
		def("jaro_winkler_similarity", "str1, str2", "Returns the Jaro-Winkler similarity of two strings: 1 if they are equal, 0 if they share nothing.", build.Func(build.Fixed(types.Float64Type, s, s), build.BinaryE(func(c *build.Context, a, b string) (float64, error) { return jaroWinkler(c, []rune(a), []rune(b)) })),
			ex("SELECT jaro_winkler_similarity('MARTHA', 'MARHTA')", "0.9611111111111111")),
	}
}

// jaroWinkler raises the Jaro similarity by a tenth of what is left for each of
// up to four characters that both begin with.
func jaroWinkler(c *build.Context, a, b []rune) (float64, error) {
	j, err := jaro(c, a, b)
	if err != nil {
		return 0, err
	}
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return j + float64(prefix)*0.1*(1-j), nil
}

func jaro(x *build.Context, a, b []rune) (float64, error) {
	if len(a) == 0 && len(b) == 0 {
		return 1, nil
	}
	reach := max(max(len(a), len(b))/2-1, 0)
	var shared []rune // of a that b has near the same place
	taken := make([]bool, len(b))
	for i, c := range a {
		if err := x.Stopped(); err != nil {
			return 0, err
		}
		for k := max(0, i-reach); k < min(len(b), i+reach+1); k++ {
			if !taken[k] && b[k] == c {
				taken[k] = true
				shared = append(shared, c)
				break
			}
		}
	}
	if len(shared) == 0 {
		return 0, nil
	}
	swapped, at := 0, 0
	for k, t := range taken {
		if t {
			if b[k] != shared[at] {
				swapped++
			}
			at++
		}
	}
	m := float64(len(shared))
	return (m/float64(len(a)) + m/float64(len(b)) + (m-float64(swapped/2))/m) / 3, nil
}
