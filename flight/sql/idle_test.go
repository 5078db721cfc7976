package sql_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"

	"github.com/volley-sql/volley/internal/serve"
)

// TestTakenUpMeanwhile: a session that a call finds idle at its end stays if
// another call comes and goes before it is let go.
func TestTakenUpMeanwhile(t *testing.T) {
	f := &fake{}
	s := serving(t, f, serve.ServerOptions{})
	c := s.client()
	var info *flight.FlightInfo
	var failed error
	asked := func() { info, failed = c.Execute(t.Context(), "rows 2") }
	f.asked.Store(&asked)
	if _, err := c.GetExecuteSchema(t.Context(), "rows 1"); err != nil {
		t.Fatal(err)
	}
	if failed != nil || info == nil {
		t.Fatalf("%v, %v", info, failed)
	}
	if n, err := fetch(t.Context(), c, info); n != 2000 || err != nil {
		t.Errorf("%d rows of a result, %v", n, err)
	}

	c = s.client() // another connection, thus another session
	asked = func() { _, failed = c.ExecuteUpdate(t.Context(), "touch") }
	closed := f.closed.Load()
	f.asked.Store(&asked)
	if _, err := c.GetExecuteSchema(t.Context(), "rows 1"); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if f.asked.Load() != nil || f.closed.Load() != closed {
		t.Errorf("the session was ended with what a call had put into it")
	}
}
