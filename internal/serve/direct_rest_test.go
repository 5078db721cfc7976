package serve_test

import (
	dbsql "database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	_ "github.com/volley-sql/volley/flight/driver"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/serve"
)

// wide is a result whose partitions are larger than what is on its way to a client that does not read.
func wide(extra string) string {
	return "SELECT a.id, repeat('x', 1000) AS s" + extra + " FROM range(120000) a JOIN range(120000) b ON a.id = b.id"
}

const wideRows = 120_000

// TestDirectBroken: what a client of ours has not read of a partition when its
// executor is killed comes from the server, and no row twice. Where the rows
// that are made in their place are others there is an error.
func TestDirectBroken(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{})
	d.ends(t.Context(), joined) // executors listen
	db, err := dbsql.Open("volley", "grpc://"+d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, c := range map[string]struct {
		text    string
		changed bool
	}{
		"in order":     {wide("") + " ORDER BY a.id", false},
		"in any order": {wide(""), false},
		"other rows":   {wide(", uuid() AS u"), true},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := db.QueryContext(t.Context(), c.text)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			types, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			seen := make([]bool, wideRows)
			n := 0
			for rows.Next() {
				var id int64
				into := make([]any, len(types))
				into[0] = &id
				for i := range into[1:] {
					into[i+1] = new(dbsql.RawBytes)
				}
				if err := rows.Scan(into...); err != nil {
					t.Fatal(err)
				}
				if seen[id] || strings.Contains(c.text, "ORDER BY") && id != int64(n) {
					t.Fatalf("row %d is %d, seen %v", n, id, seen[id])
				}
				seen[id] = true
				if n++; n == 10 {
					for _, pid := range d.app.Driver().Executors() {
						if p, err := os.FindProcess(pid); err != nil || p.Kill() != nil {
							t.Error("an executor cannot be killed")
						}
						if !c.changed { // else all of them, whichever has the rows that are being read
							break
						}
					}
				}
			}
			switch err := rows.Err(); {
			case c.changed && (err == nil || !strings.Contains(err.Error(), "RESULT_CHANGED")):
				t.Errorf("%d rows, error %v", n, err)
			case !c.changed && (err != nil || n != wideRows):
				t.Errorf("%d rows, error %v", n, err)
			}
		})
	}
}

// TestRestTicket: the ticket of who has some rows gives those behind them, once
// it is made of one of the server's and there are as many.
func TestRestTicket(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{})
	const text = joined + " ORDER BY a.id"
	rest := func(e *flight.FlightEndpoint, rows int64) *flight.Ticket {
		b, ok := sql.RestTicket(e.GetTicket().GetTicket(), rows)
		if !ok {
			t.Fatal("no ticket")
		}
		return &flight.Ticket{Ticket: b}
	}
	next := int64(0)
	for n, e := range d.ends(t.Context(), text).GetEndpoint() {
		if n == 0 {
			next = 1000
		}
		_, _, err := readTicket(t.Context(), d.dial(""), rest(e, next*int64(1-n)), func(rec arrow.RecordBatch) {
			for _, id := range rec.Column(0).(*array.Int64).Int64Values() {
				if id != next {
					t.Fatalf("%d where %d belongs", id, next)
				}
				next++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if next != joinedRows {
		t.Errorf("%d rows", next)
	}
	if _, ok := sql.RestTicket(rest(d.ends(t.Context(), text).GetEndpoint()[0], 1).GetTicket(), 1); ok {
		t.Error("there is a ticket for the rest of the rest")
	}
	for name, bad := range map[string]func(e []*flight.FlightEndpoint) *flight.Ticket{
		"too many": func(e []*flight.FlightEndpoint) *flight.Ticket { return rest(e[0], 1<<40) },
		"below 0":  func(e []*flight.FlightEndpoint) *flight.Ticket { return rest(e[0], -1) },
		"forged": func(e []*flight.FlightEndpoint) *flight.Ticket {
			t := rest(e[0], 1)
			t.Ticket[len(t.Ticket)-1] ^= 1
			return t
		},
	} {
		e := d.ends(t.Context(), text).GetEndpoint()
		if rows, _, err := readTicket(t.Context(), d.dial(""), bad(e), nil); rows > 0 || !strings.Contains(fmt.Sprint(err), "RESULT_CHANGED") {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
	// Without executors that give results there is nothing that could be taken already.
	_, grant, _ := sql.SplitTicket(d.ends(t.Context(), text).GetEndpoint()[0].GetTicket().GetTicket())
	other := serveDirect(t, "2", serve.ServerOptions{SQL: sql.Options{Endpoints: 2}})
	for _, text := range []string{text, "SELECT 1 AS one"} {
		e := other.plan(t.Context(), text).GetEndpoint()[0]
		var q pb.TicketStatementQuery
		if err := unmarshal(e.GetTicket().GetTicket(), &q); err != nil {
			t.Fatal(err)
		}
		with, err := flightsql.CreateStatementQueryTicket(append(q.GetStatementHandle(), grant...))
		if err != nil {
			t.Fatal(err)
		}
		if rows, _, err := readTicket(t.Context(), other.dial(""), rest(&flight.FlightEndpoint{Ticket: &flight.Ticket{Ticket: with}}, 1), nil); rows > 0 || status.Code(err) != codes.NotFound {
			t.Errorf("%s: %d rows, %v", text, rows, err)
		}
	}
}

func unmarshal(ticket []byte, into *pb.TicketStatementQuery) error {
	var a anypb.Any
	if err := proto.Unmarshal(ticket, &a); err != nil {
		return err
	}
	return a.UnmarshalTo(into)
}
