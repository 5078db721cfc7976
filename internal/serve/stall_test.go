package serve_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/linktest"
	"github.com/volley-sql/volley/internal/serve"
)

// TestStalledExecutorLink: where the links to executors stop forwarding, a
// query still ends with its client, and one whose client waits has all its
// rows once they forward again.
func TestStalledExecutorLink(t *testing.T) {
	stop := filepath.Join(t.TempDir(), "stop")
	t.Setenv(linkFile, stop)
	d := serveDirect(t, "2", serve.ServerOptions{SQL: sql.Options{Endpoints: 2}})
	hold := func() {
		if err := os.WriteFile(stop, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	move := func() {
		if err := os.Remove(stop); err != nil {
			t.Fatal(err)
		}
	}
	const large = "SELECT a.id, repeat('x', 200) AS s FROM range(2000000) a JOIN range(2000000) b ON a.id = b.id"
	for _, name := range []string{"the client goes", "the link moves again"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			i := d.plan(ctx, large)
			if len(i.GetEndpoint()) != 2 {
				t.Fatalf("%d endpoints", len(i.GetEndpoint()))
			}
			f := d.dial("")
			st, err := f.DoGet(ctx, i.GetEndpoint()[0].GetTicket())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := st.Recv(); err != nil {
				t.Fatal(err)
			}
			hold()
			time.Sleep(300 * time.Millisecond) // what is on its way arrives
			if name == "the client goes" {
				cancel()
				wait(t, "the job to end", func() bool { return len(d.app.Jobs()) == 0 })
				move()
				return
			}
			move()
			for err == nil {
				_, err = st.Recv()
			}
			if err.Error() != "EOF" {
				t.Error(err)
			}
			if n, _, err := readTicket(ctx, f, i.GetEndpoint()[1].GetTicket(), nil); err != nil || n == 0 {
				t.Errorf("%d rows, %v", n, err)
			}
			wait(t, "the job to end", func() bool { return len(d.app.Jobs()) == 0 })
		})
	}
	if n, s, err := readTicket(t.Context(), d.dial(""), d.plan(t.Context(), "SELECT id FROM range(1000)").GetEndpoint()[0].GetTicket(), nil); n != 1000 || s != 499500 || err != nil {
		t.Errorf("the next query: %d rows, sum %d, %v", n, s, err)
	}
}

// TestStalledDirectReader: an executor gives up a client whose link stops forwarding as soon as the server would.
func TestStalledDirectReader(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{Listen: listen.Options{PingAfter: time.Second, PingWait: time.Second}})
	e := d.ends(t.Context(), joined).GetEndpoint()[0]
	k, err := linktest.New(e.GetLocation()[0].GetUri()[len("grpc+tcp://"):])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st, err := d.dial("grpc+tcp://"+k.Addr()).DoGet(ctx, e.GetTicket())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Recv(); err != nil {
		t.Fatal(err)
	}
	k.Stop(true, false) // signs of life do not arrive; that the connection is closed does
	wait(t, "the executor to give the connection up", func() bool { return k.Ended() > 0 })
	// The rows are still there for who comes by another way.
	if n, _, err := readTicket(t.Context(), d.dial(e.GetLocation()[0].GetUri()), e.GetTicket(), nil); err != nil || n == 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}
