package shell

import (
	"os"
	"strings"

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

// highlight colours a text. Taking the colours out gives the text again.
func highlight(text string, isFunction func(string) bool) string {
	if isDot(text) {
		return bold + text + reset
	}
	var b strings.Builder
	tokens := parse.Tokens(text)
	at := 0
	for i, t := range tokens {
		b.WriteString(text[at:t.From])
		at = t.To
		piece := text[t.From:t.To]
		colour := ""
		switch t.Kind {
		case parse.TokenKeyword, parse.TokenName:
			called := i+1 < len(tokens) && text[tokens[i+1].From] == '(' && isFunction(piece)
			switch {
			case called:
				colour = cyan
			case t.Kind == parse.TokenKeyword:
				colour = bold + blue
			}
		case parse.TokenString:
			colour = green
		case parse.TokenNumber:
			colour = yellow
		case parse.TokenComment:
			colour = dim
		case parse.TokenBad:
			colour = red
			if strings.ContainsAny(piece[:1], `'"`) { // not closed yet
				colour = green
			}
		}
		if colour == "" {
			b.WriteString(piece)
			continue
		}
		for k, line := range strings.Split(piece, "\n") { // prompts stand between lines
			if k > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(colour + line + reset)
		}
	}
	b.WriteString(text[at:])
	return b.String()
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
		case strings.HasSuffix(l, "^\n"):
			lines[i] = strings.TrimSuffix(l, "^\n") + bold + red + "^" + reset + "\n"
		case strings.HasPrefix(l, "  --> "):
			lines[i] = dim + strings.TrimSuffix(l, "\n") + reset + "\n"
		case strings.HasPrefix(l, "  hint: "):
			lines[i] = cyan + "  hint:" + reset + strings.TrimPrefix(l, "  hint:")
		}
	}
	return strings.Join(lines, "")
}
