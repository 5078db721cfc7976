package parse

import "strings"

// clauseStarts are the keywords people misspell in the middle of a statement.
var clauseStarts = []string{
	"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "JOIN", "INNER", "LEFT",
	"RIGHT", "FULL", "CROSS", "NATURAL", "LATERAL", "QUALIFY", "WINDOW", "BETWEEN", "VALUES", "TABLE", "VIEW", "DATABASE",
	"PARTITIONED", "OPTIONS", "LOCATION", "USING", "DISTINCT", "INTO", "OVERWRITE", "TEMPORARY",
}

// misspelt looks for a keyword that the current token, or the name before it
// that was taken for an alias, was probably meant to be.
func (p *parser) misspelt(wanted string) (word string, at token, ok bool) {
	candidates := clauseStarts
	switch {
	case p.prev.end == 0 || wanted == "a statement":
		candidates = statementWords
	default:
		for _, w := range strings.FieldsFunc(wanted, func(r rune) bool { return r == ' ' || r == ',' }) {
			if w == strings.ToUpper(w) {
				candidates = append([]string{w}, candidates...)
			}
		}
	}
	for _, t := range []token{p.tok, p.prev} {
		if t.kind != tIdent || t.kw != "" || t.end == 0 {
			continue
		}
		if w := nearest(strings.ToUpper(p.text(t)), candidates); w != "" {
			return w, t, true
		}
	}
	return "", token{}, false
}

// nearest returns the candidate within one typing error of word (two in words
// of six letters or more), or "".
func nearest(word string, candidates []string) string {
	best, bestD := "", 3
	for _, c := range candidates {
		limit := 1
		if len(c) >= 6 {
			limit = 2
		}
		if abs(len(c)-len(word)) > limit || len(word) < 3 {
			continue
		}
		if d := distance(word, c); d <= limit && d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance counts the insertions, deletions, changes and swaps of neighbours
// that turn a into b. Both are short.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
