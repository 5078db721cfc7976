package parse

import "strings"

// Piece is one statement of a script.
type Piece struct {
	From, To int // byte range in the script, without the semicolon and the space around
	Line     int // number of its first line, from 1
	// Ended says that a semicolon closed the statement. Only the last piece
	// may lack it: a shell then waits for more lines.
	Ended bool
}

// Script cuts a script into statements at the semicolons that are not inside
// strings, names or comments. Pieces without any token are left out. It never
// fails: an open quote or comment reaches to the end of the text.
func Script(sql string) []Piece {
	var out []Piece
	l := lexer{src: sql}
	line, counted := 1, 0
	for i := 0; i < len(sql); {
		t := l.next(i)
		if t.kind == tEOF {
			break
		}
		if t.kw == ";" {
			i = t.end
			continue
		}
		p := Piece{From: t.pos}
		last := t
		for t.kind != tEOF && (t.kw != ";" || t.kind == tBad) {
			last = t
			t = l.next(t.end)
		}
		p.To = last.end
		p.Ended = t.kw == ";" && t.kind != tBad
		line += strings.Count(sql[counted:p.From], "\n")
		counted = p.From
		p.Line = line
		out = append(out, p)
		i = max(t.end, last.end)
	}
	return out
}

// TokenKind is the kind of a Token.
type TokenKind uint8

// The kinds.
const (
	TokenKeyword TokenKind = iota
	TokenName              // a word that is no keyword
	TokenQuotedName
	TokenNumber
	TokenString
	TokenOperator
	TokenComment
	TokenBad // an open quote or comment, or a character of no token
)

// Token is a piece of text for highlighting and completion.
type Token struct {
	Kind     TokenKind
	From, To int
}

// Tokens cuts text into tokens, comments included and white space left out.
// It never fails.
func Tokens(sql string) []Token {
	kinds := [...]TokenKind{tIdent: TokenName, tQuoted: TokenQuotedName, tInt: TokenNumber, tNumber: TokenNumber, tString: TokenString, tOp: TokenOperator, tBad: TokenBad}
	var out []Token
	l := lexer{src: sql}
	for i := 0; i < len(sql); {
		t := l.next(i)
		out = l.comments(out, i, t.pos)
		if t.kind == tEOF {
			break
		}
		k := kinds[t.kind]
		if t.kind == tIdent && t.kw != "" {
			k = TokenKeyword
		}
		out = append(out, Token{k, t.pos, t.end})
		i = t.end
	}
	return out
}

// comments appends the comments between two tokens.
func (l *lexer) comments(out []Token, from, to int) []Token {
	for i := from; i < to; {
		end := i + 1
		switch {
		case l.at(i) == '-' && l.at(i+1) == '-':
			end = min(l.lineEnd(i+2), to)
		case l.at(i) == '/' && l.at(i+1) == '*':
			end, _ = l.comment(i)
		default:
			i = end
			continue
		}
		out = append(out, Token{TokenComment, i, end})
		i = end
	}
	return out
}
