package control

import (
	"context"
	"net"
	"reflect"
	"testing"

	"google.golang.org/grpc"

	"github.com/volley-sql/volley/internal/sqlerr"
)

var token = string([]byte{0, 1, 200, 255, 10, 13, 'x'}) // any bytes

func serve(t *testing.T, accept func(ctx context.Context, c *Conn) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(ServerOptions()...)
	NewServer(g, token, accept)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	return l.Addr().String()
}

func TestMessagesCross(t *testing.T) {
	a := Attempt{Job: "j", Stage: 1, Partition: 2, Attempt: 3}
	messages := []Message{
		&Register{Protocol: 1, ID: "x", Host: "h", Addr: "a", Slots: 1, Threads: 2, PID: 3}, &Heartbeat{Memory: 5, Progress: []Progress{{Attempt: a, Rows: 7}}},
		&Report{Attempt: a, Rows: []int64{1, 2}, Bytes: []int64{3, 4}, Nodes: []NodeStats{{Node: 1, Rows: 2}}},
		&Report{Attempt: a, Failure: FailureOf(sqlerr.New(sqlerr.DivideByZero, "no").At(7))},
		&Welcome{}, &Welcome{Refused: "why"}, &Launch{Attempt: a, Task: []byte("task")}, &Cancel{Attempt: a}, &DropJob{Job: "j"}, &Stop{Reason: "r"},
	}
	addr := serve(t, func(_ context.Context, c *Conn) error {
		for range messages {
			m, err := c.Recv()
			if err != nil {
				return err
			}
			if err := c.Send(m); err != nil {
				return err
			}
		}
		return nil
	})
	c, hangUp, err := Dial(t.Context(), addr, token)
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp()
	for _, m := range messages {
		if err := c.Send(m); err != nil {
			t.Fatal(err)
		}
		got, err := c.Recv()
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("sent %+v, got %+v, %v", m, got, err)
		}
	}
	if e := messages[3].(*Report).Failure.Err(); !sqlerr.Is(e, sqlerr.DivideByZero) || sqlerr.As(e).Pos != 7 {
		t.Errorf("failure became %v", e)
	}
}

func TestWrongTokenIsRefused(t *testing.T) {
	addr := serve(t, func(context.Context, *Conn) error {
		t.Error("a stranger was let in")
		return nil
	})
	for _, bad := range []string{"", "x", token + "x"} {
		c, hangUp, err := Dial(t.Context(), addr, bad)
		if err != nil {
			continue
		}
		if m, err := c.Recv(); err == nil {
			t.Errorf("token %q got %+v", bad, m)
		}
		hangUp()
	}
}
