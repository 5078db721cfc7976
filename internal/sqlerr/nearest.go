package sqlerr

import (
	"sort"
	"strings"
)

// Nearest returns up to n of the candidates that a user who wrote name may
// have meant, nearest first: by edit distance without regard to case, ties in
// the order given.
func Nearest(name string, candidates []string, n int) []string {
	type scored struct {
		s string
		d int
	}
	lower := strings.ToLower(name)
	var all []scored
	seen := map[string]bool{}
	for _, c := range candidates {
		if !seen[c] && len(all) < 10_000 {
			seen[c] = true
			all = append(all, scored{c, distance(lower, strings.ToLower(c))})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].d < all[j].d })
	var out []string
	for _, a := range all[:min(n, len(all))] {
		out = append(out, a.s)
	}
	return out
}

// distance is the Levenshtein distance in bytes; of long names the heads are compared.
func distance(a, b string) int {
	const most = 64
	a, b = a[:min(len(a), most)], b[:min(len(b), most)]
	var row [most + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Near reports whether a user who wrote name may well have meant candidate.
func Near(name, candidate string) bool {
	return distance(strings.ToLower(name), strings.ToLower(candidate)) <= max(1, min(len(name), len(candidate))/3)
}
