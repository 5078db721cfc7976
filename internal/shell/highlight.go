package shell

import (
	"os"
	"strings"

	"github.com/volley-sql/volley/internal/lineedit"
	"github.com/volley-sql/volley/planner/parse"
)

// The colours, by what a token is.
const (
	reset  = "\x1b[0m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	blue   = "\x1b[34m"
	cyan   = "\x1b[36m"
)

// colourful reports whether a terminal is to be shown colours.
func colourful() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// highlight says how a text is coloured.
func highlight(text string, isFunction func(string) bool) []lineedit.Span {
	if isDot(text) {
		return []lineedit.Span{{From: 0, To: len(text), Style: bold}}
	}
	var out []lineedit.Span
	tokens := parse.Tokens(text)
	for i, t := range tokens {
		if style := styleOf(text, tokens, i, isFunction); style != "" {
			out = append(out, lineedit.Span{From: t.From, To: t.To, Style: style})
		}
	}
	return out
}

func styleOf(text string, tokens []parse.Token, i int, isFunction func(string) bool) string {
	piece := text[tokens[i].From:tokens[i].To]
	switch tokens[i].Kind {
	case parse.TokenKeyword, parse.TokenName:
		if i+1 < len(tokens) && text[tokens[i+1].From] == '(' && isFunction(piece) {
			return cyan
		}
		if tokens[i].Kind == parse.TokenKeyword {
			return bold + blue
		}
	case parse.TokenString:
		return green
	case parse.TokenNumber:
		return yellow
	case parse.TokenComment:
		return dim
	case parse.TokenBad:
		if piece != "" && strings.ContainsAny(piece[:1], `'"`) { // not closed yet
			return green
		}
		return red
	}
	return ""
}

// colourDetail colours the detail of an error: its first words, and the caret.
func colourDetail(detail string) string {
	lines := strings.SplitAfter(detail, "\n")
	for i, l := range lines {
		switch {
		case i == 0 && strings.HasPrefix(l, "error"):
			head, rest, _ := strings.Cut(l, "]")
			if rest == "" {
				head, rest = "error", strings.TrimPrefix(l, "error")
			} else {
				head += "]"
			}
			lines[i] = bold + red + head + reset + rest
		case strings.HasSuffix(l, "^\n") && strings.Trim(l, " |^\n") == "":
			at := strings.IndexByte(l, '^')
			lines[i] = l[:at] + bold + red + strings.TrimSuffix(l[at:], "\n") + reset + "\n"
		case strings.HasPrefix(l, "  --> "):
			lines[i] = dim + strings.TrimSuffix(l, "\n") + reset + "\n"
		case strings.HasPrefix(l, "  hint: "):
			lines[i] = cyan + "  hint:" + reset + strings.TrimPrefix(l, "  hint:")
		}
	}
	return strings.Join(lines, "")
}
