package serve_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

const serverWord = "serve-server"

// runServer serves until its standard input ends.
func runServer() int {
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer a.Close()
	s, err := serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.Addr())
	bufio.NewReader(os.Stdin).ReadString('\n')
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s.Close(ctx)
	return 0
}

// started is a client of a server in a process of its own that has just started.
func started(b *testing.B) (c *flightsql.Client, end func()) {
	_, out, stop := launch(b, serverWord)
	if !out.Scan() {
		b.Fatal("the server's process has ended")
	}
	conn, err := grpc.NewClient(out.Text(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	conn.Connect()
	for s := conn.GetState(); s != connectivity.Ready; s = conn.GetState() {
		conn.WaitForStateChange(b.Context(), s)
	}
	return &flightsql.Client{Client: flight.NewClientFromConn(conn, nil)}, func() {
		conn.Close()
		stop()
	}
}

// launch runs this binary as one of programs. It ends with its input, which stop closes.
func launch(b *testing.B, args ...string) (in io.Writer, out *bufio.Scanner, stop func()) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p := exec.Command(exe, args...)
	p.Stderr = os.Stderr
	stdin, err := p.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	return stdin, bufio.NewScanner(stdout), func() {
		stdin.Close()
		p.Wait()
	}
}

// BenchmarkFirstRows is how long the first record of a large table takes, in
// milliseconds: at a server that has just started and has read nothing
// (first-ms, the median) and of the same statement again (again-ms). The table
// is the Parquet files in the folder VOLLEY_FIRST_ROWS, else of 1,000,000 rows.
func BenchmarkFirstRows(b *testing.B) {
	dir := os.Getenv("VOLLEY_FIRST_ROWS")
	if dir == "" {
		dir = filepath.ToSlash(b.TempDir()) + "/t"
		run(b, session(b, engine(b, app.Options{Threads: 2})), "INSERT OVERWRITE DIRECTORY '"+dir+"' USING parquet SELECT "+columns8+" FROM range(1000000)")
	}
	table := "parquet.`" + dir + "`"
	for _, c := range []struct{ name, text string }{
		{"all", "SELECT * FROM " + table},
		{"rare", "SELECT * FROM " + table + " WHERE i = 17 AND f > 1000000"},
		{"like", "SELECT * FROM " + table + " WHERE u LIKE '%99999%'"},
		{"last", "SELECT id, u FROM " + table + " WHERE id > 90000000"},
		{"limit", "SELECT * FROM " + table + " LIMIT 10"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var first, again []float64
			for b.Loop() {
				client, end := started(b)
				for _, took := range []*[]float64{&first, &again} {
					ctx, cancel := context.WithCancel(b.Context())
					from := time.Now()
					for _, err := range fetch(ctx, client, c.text) {
						if err != nil {
							b.Fatal(err)
						}
						break
					}
					*took = append(*took, float64(time.Since(from).Microseconds())/1e3)
					cancel()
				}
				end()
			}
			for unit, took := range map[string][]float64{"first-ms": first, "again-ms": again} {
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2], unit)
			}
		})
	}
}
