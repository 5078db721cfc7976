package parse_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/planner/parse"
)

// TestRulesAskForKeywords reads the rules' source: a word that a rule asks for
// but the keyword table lacks would never match.
func TestRulesAskForKeywords(t *testing.T) {
	call := regexp.MustCompile(`\bp\.(?:is|isAny|isSeq|accept|acceptAny|expect)\(([^()]*)\)`)
	word := regexp.MustCompile(`"([A-Z_]+)"`)
	listed := parse.Keywords()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(src), -1) {
			for _, w := range word.FindAllStringSubmatch(m[1], -1) {
				asked++
				if !slices.Contains(listed, w[1]) {
					t.Errorf("%s asks for %s, which is not in keywordList", file, w[1])
				}
			}
		}
	}
	if asked < 200 {
		t.Errorf("found only %d words: the pattern of this test no longer fits the rules", asked)
	}
}
