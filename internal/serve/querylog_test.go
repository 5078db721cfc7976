package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// lines is a log of JSON lines, each sent on as it is written.
type lines chan map[string]any

func (l lines) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			return 0, err
		}
		l <- m
	}
	return len(p), nil
}

// TestQueryLog: the log has every statement, those that were refused too, and no secrets.
func TestQueryLog(t *testing.T) {
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	log := make(lines, 100)
	s, err := serve.Start(serve.New(a), serve.ServerOptions{
		Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour, Queries: slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	t.Cleanup(stop)
	c, err := flightsql.NewClient(s.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// run has a statement planned, as every client has, and read if that goes well.
	run := func(text string) {
		i, err := c.Execute(t.Context(), text)
		if err != nil {
			return
		}
		r, err := c.DoGet(t.Context(), i.GetEndpoint()[0].GetTicket())
		if err != nil {
			return
		}
		defer r.Release()
		for r.Next() {
		}
	}
	long := "SELECT '" + strings.Repeat("x", 10_000) + "'"
	for _, q := range []struct{ text, logged, condition string }{
		{"SELECT id FROM range(3)", "SELECT id FROM range(3)", ""},
		{"SELECT * FROM nowhere", "SELECT * FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND"},
		{"SELEC 1", "SELEC 1", "PARSE_SYNTAX_ERROR"},
		{"SELECT 1 / (id - 2) FROM range(3)", "SELECT 1 / (id - 2) FROM range(3)", "DIVIDE_BY_ZERO"},
		{"CREATE TEMP VIEW v USING csv OPTIONS (path 'x', 'password' 'open sesame')", "CREATE TEMP VIEW v USING csv OPTIONS (path 'x', 'password' '***')", "PATH_NOT_FOUND"},
		{"SET my.api.key = 'k1''k2'", "SET my.api.key = '***'", "*"},
		{"SELECT 'a' AS token, 'b'", "SELECT 'a' AS token, '***'", ""}, // rather too much than too little
		{"SELECT token, id FROM (SELECT 1 AS token, 2 AS id) WHERE token IS NOT NULL", "SELECT token, id FROM (SELECT 1 AS token, 2 AS id) WHERE token IS NOT NULL", ""},
		{"SELECT 1 WHERE 'token: abc' LIKE 'x' AND \"Authorization\" = 'Bearer z.y'", "SELECT 1 WHERE 'token: '***'' LIKE 'x' AND \"Authorization\" = '***'", ""},
		{"SELECT 'password' = 'never closed", "SELECT 'password' = '***'", "*"},
		{long, long[:4096] + "…", ""},
		{"SET my.password = '" + strings.Repeat("p", 10_000) + "'", "SET my.password = '***'…", "*"},
	} {
		run(q.text)
		select {
		case m := <-log:
			if m["text"] != q.logged {
				t.Errorf("%s is logged as %v", q.text, m["text"])
			}
			if got, _ := m["condition"].(string); got != q.condition && q.condition != "*" {
				t.Errorf("%s: condition %q, want %q", q.text, got, q.condition)
			}
			if q.text == "SELECT id FROM range(3)" && (m["rows"] != 3.0 || m["bytes"] != 24.0 || m["user"] != "anonymous" || m["query"] == "") {
				t.Errorf("%v", m)
			}
			if took, ok := m["took_ms"].(float64); !ok || took <= 0 || took > 60_000 {
				t.Errorf("%s: took %v ms", q.text, m["took_ms"])
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s is not in the log", q.text)
		}
	}
	// Values of parameters are nobody's business.
	p, err := c.Prepare(t.Context(), "SELECT :v || ''")
	if err != nil {
		t.Fatal(err)
	}
	p.SetParameters(record(t, arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.BinaryTypes.String}}, nil), `[{"v": "hunter2"}]`))
	i, err := p.Execute(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.DoGet(t.Context(), i.GetEndpoint()[0].GetTicket())
	if err != nil {
		t.Fatal(err)
	}
	for r.Next() {
	}
	r.Release()
	m := <-log
	if line, _ := json.Marshal(m); bytes.Contains(line, []byte("hunter2")) || m["text"] != "SELECT :v || ''" {
		t.Errorf("%s", line)
	}
	p.Close(t.Context())
	stop()
	if len(log) > 0 {
		t.Errorf("more than was said: %v", <-log)
	}
}
