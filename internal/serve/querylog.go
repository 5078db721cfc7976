package serve

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	fsql "github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// loggedText bounds the text of a statement in the log, in bytes.
const loggedText = 4 << 10

// logQuery writes one line for a statement. Texts of statements hold no values
// of parameters; what looks like a secret in them is blanked.
func logQuery(log *slog.Logger, e fsql.QueryEvent) {
	text := logged(e.Text)
	attrs := []slog.Attr{
		slog.String("query", e.ID), slog.String("user", e.User), slog.String("session", tail(e.Session)), slog.String("text", text),
		slog.Float64("waited_ms", milliseconds(e.Waited)), slog.Float64("took_ms", milliseconds(e.Took)), slog.Int64("rows", e.Rows), slog.Int64("bytes", e.Bytes),
	}
	level := slog.LevelInfo
	if e.Err != nil {
		level = slog.LevelWarn
		if x := sqlerr.As(e.Err); x != nil {
			attrs = append(attrs, slog.String("condition", x.Cond.Name))
		} else {
			attrs = append(attrs, slog.String("error", e.Err.Error()))
		}
	}
	log.LogAttrs(context.Background(), level, "statement", attrs...)
}

// milliseconds has the precision of microseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// tail is the end of a session's id: enough to tell sessions apart, not to use one.
func tail(id string) string {
	if len(id) > 6 {
		return id[len(id)-6:]
	}
	return id
}

// secrets are the values behind a name that speaks of a secret: whatever stands
// behind a sign, and quoted texts behind a space or comma, where a bare word is
// rather the next word of a statement.
var secrets = regexp.MustCompile("(?is)(" +
	"(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|authorization|(?:api|access|private)[_.-]?key)[a-z0-9_.'\"`-]*)" +
	"(?:(\\s*(?:=>|=|:)\\s*)(?:" + quoted + "|[^\\s'\",;)]+)|([\\s,]\\s*)(?:" + quoted + "))")

// quoted is a text of SQL in either of its quotes, or one that does not end.
const quoted = `'(?:[^'\\]|\\.|'')*(?:'|\\?\z)|"(?:[^"\\]|\\.)*(?:"|\\?\z)`

// logged is what the log has of a statement. It is cut first: looking for
// secrets in a hundred megabytes takes a minute.
func logged(text string) string {
	if len(text) <= loggedText {
		return redact(text)
	}
	return redact(text[:loggedText]) + "…"
}

func redact(text string) string { return secrets.ReplaceAllString(text, "$1$2$3'***'") }
