package shell

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/planner/parse"
)

// names is what completion knows of the session. All lists may be empty.
type names interface {
	tables() []string
	// columns are those of a table or of files ('path' in quotes), with their types.
	columns(table string) []column
	functions() []string
}

type column struct{ name, kind string }

// candidate is a text that may stand in the place of the prefix.
type candidate struct{ value, group, note string }

// complete proposes what may stand at the cursor, a byte offset in text. The
// prefix is the part of text before the cursor that candidates replace.
func complete(text string, cursor int, w names) (prefix string, out []candidate) {
	head := text[:cursor]
	if isDot(text) {
		return completeDot(head, w)
	}
	tokens := parse.Tokens(head)
	if n := len(tokens); n > 0 && tokens[n-1].Kind == parse.TokenComment {
		return "", nil
	}
	if open, ok := openQuote(head, tokens); ok {
		return completePath(open)
	}
	prefix = wordBefore(head)
	before := strings.TrimRight(head[:cursor-len(prefix)], " \t\r\n")
	if strings.HasSuffix(before, ".") && before == head[:cursor-len(prefix)] {
		return prefix, matching(prefix, columnsOf(text, wordBefore(before[:len(before)-1]), w))
	}
	if afterTable(before) {
		return prefix, matching(prefix, group("tables", w.tables()))
	}
	from := mentioned(text, w)
	if len(from) == 0 && prefix != "" { // FROM is not written yet: it may be any table
		for _, t := range w.tables() {
			from = append(from, mention{name: t})
		}
	}
	for _, t := range from {
		for _, c := range w.columns(t.name) {
			out = append(out, candidate{quoteWord(c.name), "columns", c.kind})
		}
	}
	out = append(out, group("tables", w.tables())...)
	if prefix == "" {
		return prefix, dedupe(out)
	}
	lower := prefix == strings.ToLower(prefix)
	for _, k := range parse.Keywords() {
		if lower {
			k = strings.ToLower(k)
		}
		out = append(out, candidate{k, "keywords", ""})
	}
	for _, f := range w.functions() {
		out = append(out, candidate{f + "(", "functions", ""})
	}
	return prefix, matching(prefix, dedupe(out))
}

// openQuote returns the text of a string that the cursor stands in.
func openQuote(head string, tokens []parse.Token) (string, bool) {
	if len(tokens) == 0 {
		return "", false
	}
	last := tokens[len(tokens)-1]
	if last.Kind != parse.TokenBad || head[last.From] != '\'' && head[last.From] != '"' {
		return "", false
	}
	return head[last.From+1:], true
}

// completePath proposes the files and folders that continue path.
func completePath(path string) (string, []candidate) {
	dir, base := filepath.Split(path)
	look := dir
	if look == "" {
		look = "."
	}
	if rest, ok := strings.CutPrefix(look, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			look = filepath.Join(home, rest)
		}
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return path, nil
	}
	var out []candidate
	for _, e := range entries {
		n := e.Name()
		if !strings.HasPrefix(n, base) || strings.HasPrefix(n, ".") && !strings.HasPrefix(base, ".") {
			continue
		}
		note := ""
		if e.IsDir() {
			n, note = n+"/", "folder"
		}
		out = append(out, candidate{filepath.ToSlash(dir) + n, "files", note})
	}
	return path, out
}

func isWord(r byte) bool {
	return r == '_' || r == '`' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
}

// wordBefore is the word that text ends with.
func wordBefore(text string) string {
	i := len(text)
	for i > 0 && isWord(text[i-1]) {
		i--
	}
	return text[i:]
}

// afterTable reports whether a table's name is what comes after text.
func afterTable(text string) bool {
	switch strings.ToUpper(wordBefore(text)) {
	case "FROM", "JOIN", "INTO", "TABLE", "DESCRIBE", "DESC", "OVERWRITE", "UPDATE":
		return true
	}
	return false
}

// mention is a table in a statement, with the name it goes by there.
type mention struct{ name, alias string }

// mentioned finds the tables that stand after FROM and JOIN, and those after
// commas that follow them, in the statement as far as it is written.
func mentioned(text string, w names) []mention {
	var out []mention
	tokens := slices.DeleteFunc(parse.Tokens(text), func(t parse.Token) bool { return t.Kind == parse.TokenComment })
	known := map[string]string{}
	for _, t := range w.tables() {
		known[strings.ToLower(t)] = t
	}
	at := func(i int) string {
		if i < 0 || i >= len(tokens) {
			return ""
		}
		return text[tokens[i].From:tokens[i].To]
	}
	for i, t := range tokens {
		word := at(i)
		name := ""
		switch t.Kind {
		case parse.TokenString:
			if afterTable(at(i - 1)) {
				name = word
			}
		case parse.TokenName, parse.TokenKeyword, parse.TokenQuotedName:
			name = known[strings.ToLower(strings.Trim(word, "`"))]
		}
		if name == "" || at(i-1) == "." && t.Kind == parse.TokenString {
			continue
		}
		m := mention{name: name, alias: strings.Trim(word, "`")}
		next := i + 1
		if strings.EqualFold(at(next), "AS") {
			next++
		}
		if next < len(tokens) && tokens[next].Kind == parse.TokenName {
			m.alias = at(next)
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// columnsOf proposes the columns of the table that goes by the name alias.
func columnsOf(text, alias string, w names) []candidate {
	alias = strings.Trim(alias, "`")
	var out []candidate
	for _, m := range mentioned(text, w) {
		if !strings.EqualFold(m.alias, alias) && !strings.EqualFold(m.name, alias) {
			continue
		}
		for _, c := range w.columns(m.name) {
			out = append(out, candidate{quoteWord(c.name), "columns", c.kind})
		}
	}
	return dedupe(out)
}

// quoteWord puts a name in backquotes if it needs them.
func quoteWord(n string) string {
	for i := range len(n) {
		if !isWord(n[i]) || n[i] == '`' || i == 0 && n[i] >= '0' && n[i] <= '9' {
			return "`" + strings.ReplaceAll(n, "`", "``") + "`"
		}
	}
	return n
}

func group(g string, values []string) []candidate {
	out := make([]candidate, len(values))
	for i, v := range values {
		out[i] = candidate{value: quoteWord(v), group: g}
	}
	return out
}

// matching are the candidates that begin with prefix, in any case.
func matching(prefix string, in []candidate) []candidate {
	var out []candidate
	for _, c := range in {
		if len(c.value) >= len(prefix) && strings.EqualFold(c.value[:len(prefix)], prefix) {
			out = append(out, c)
		}
	}
	return out
}

func dedupe(in []candidate) []candidate {
	seen := map[string]bool{}
	return slices.DeleteFunc(in, func(c candidate) bool {
		k := strings.ToLower(c.value)
		dup := seen[k]
		seen[k] = true
		return dup
	})
}

// completeDot completes dot commands and what stands after them.
func completeDot(head string, w names) (string, []candidate) {
	name, rest, spaced := strings.Cut(strings.TrimLeft(head, " "), " ")
	if !spaced {
		var out []candidate
		for _, d := range dots() {
			out = append(out, candidate{d.name, "commands", d.help})
		}
		return name, matching(name, out)
	}
	d, _ := findDot(name)
	if d == nil {
		return "", nil
	}
	arg := strings.TrimLeft(rest, " ")
	switch d.takes {
	case takesTable:
		return arg, matching(arg, group("tables", w.tables()))
	case takesFunction:
		return arg, matching(arg, group("functions", w.functions()))
	case takesFormat:
		return arg, matching(arg, group("formats", output.Formats))
	case takesSwitch:
		return arg, matching(arg, group("values", []string{"on", "off"}))
	case takesFile:
		return completePath(strings.TrimLeft(arg, `'"`))
	}
	return "", nil
}
