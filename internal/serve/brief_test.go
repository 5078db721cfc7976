package serve_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/app"
)

// TestBriefIsLarge: the goroutine that makes the rows of a brief plan is the one
// that sends them, so it must not wait for itself when they are more than is buffered.
func TestBriefIsLarge(t *testing.T) {
	c := dial(t, listening(t, engine(t, app.Options{Threads: 2})).Addr())
	const text = "SELECT repeat(x, 200000) AS r FROM VALUES ('a'), ('b'), ('c'), ('d') v(x) CROSS JOIN VALUES (1), (2), (3) w(y)"
	for _, text := range []string{
		"SELECT repeat(x, 1500000) AS r, x FROM VALUES ('a'), ('b'), ('c'), ('d'), ('e') v(x)",
		text, // no brief plan, for comparison
	} {
		info, err := c.Execute(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		rows, size := int64(0), 0
		for rec, err := range redeem(t.Context(), c, info.GetEndpoint()[0].GetTicket()) {
			if err != nil {
				t.Fatal(err)
			}
			rows += rec.NumRows()
			for i := range int(rec.NumRows()) {
				size += len(rec.Column(0).ValueStr(i))
			}
		}
		if rows != 5 && rows != 12 || size != 7_500_000 && size != 2_400_000 {
			t.Errorf("%d rows of %d bytes from %s", rows, size, text)
		}
	}
}

// TestBriefEndsWithItsClient: who waits for a brief plan that takes long and
// goes ends it, and so does the time that the call has.
func TestBriefEndsWithItsClient(t *testing.T) {
	s := listening(t, engine(t, app.Options{Threads: 2}))
	c := dial(t, s.Addr())
	info, err := c.Execute(t.Context(), "SELECT reduce(sequence(1, n), 0D, (a, x) -> a + reduce(sequence(1, 3000), 0D, (b, y) -> b + sin(y + x + n))) FROM VALUES (3000000) v(n)")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, err = range redeem(ctx, c, info.GetEndpoint()[0].GetTicket()) {
		if err != nil {
			break
		}
	}
	if status.Code(err) != codes.DeadlineExceeded && status.Code(err) != codes.Canceled {
		t.Errorf("the rows end with %v", err)
	}
	wait(t, "the query to end", func() bool { return s.Stats().Running == 0 && s.Stats().Queries == 0 })
}

// TestBriefFails: errors among the rows of a brief plan have their place, and
// leave the session as it is.
func TestBriefFails(t *testing.T) {
	c := dial(t, listening(t, engine(t, app.Options{Threads: 2})).Addr())
	for range 2 {
		for _, err := range fetch(t.Context(), c, "SELECT 1 / x FROM VALUES (1), (0) v(x)") {
			if status.Code(err) != codes.InvalidArgument {
				t.Errorf("a division by zero: %v", err)
			}
		}
	}
	n := int64(0)
	for rec, err := range fetch(t.Context(), c, "SELECT x FROM VALUES (1), (0), (5) v(x) WHERE x > 0 LIMIT 1") {
		if err != nil {
			t.Fatal(err)
		}
		n += rec.NumRows()
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestBrief: what is brief reads nothing and makes no rows.
func TestBrief(t *testing.T) {
	a := engine(t, app.Options{Threads: 2})
	s := session(t, a)
	for text, want := range map[string]bool{
		"SELECT 1":                      true,
		"SELECT upper('a'), now()":      true,
		"SELECT * FROM VALUES (1), (2)": true,
		"SELECT x + 1 FROM VALUES (1) v(x) WHERE x > 0 LIMIT 1": true,
		"SELECT * FROM range(10)":                               false,
		"SELECT explode(sequence(1, 1000))":                     false,
		"SELECT sum(x) FROM VALUES (1) v(x)":                    false,
	} {
		_, r, err := start(t.Context(), s, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Rows {
			if err != nil {
				t.Fatal(err)
			}
		}
		if r.Brief != want {
			t.Errorf("%s: brief %v", text, r.Brief)
		}
	}
}
