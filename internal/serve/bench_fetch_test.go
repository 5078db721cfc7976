//go:build unix

package serve_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// BenchmarkFetch has one client read VOLLEY_ROWS rows (1,000,000) of eight
// columns over loopback from a server in a process of its own: records that are
// ready, sent by arrow-go's own writer (kit) and by the server (ready), and what
// the server makes of Parquet files and of range(). "scan" runs the query for
// one row. cpu-ms/op is of both processes; compare it on a busy machine.
//
// With VOLLEY_SHUFFLED the rows lie in the files in no order: numbers and texts
// near each other have little in common.
func BenchmarkFetch(b *testing.B) {
	rows := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("VOLLEY_ROWS")); err == nil {
		rows = n
	}
	s := startFetch(b, rows)
	drain := func(b *testing.B, records iter.Seq2[arrow.RecordBatch, error]) {
		n := int64(0)
		for rec, err := range records {
			if err != nil {
				b.Fatal(err)
			}
			n += rec.NumRows()
		}
		if n != int64(rows) {
			b.Fatalf("%d rows", n)
		}
	}
	kit, client := s.dial(b, s.kit), s.dial(b, s.volley)
	answer := func(text string) func() iter.Seq2[arrow.RecordBatch, error] {
		return func() iter.Seq2[arrow.RecordBatch, error] { return fetch(b.Context(), client, text) }
	}
	of := []struct {
		name string
		run  func() iter.Seq2[arrow.RecordBatch, error]
	}{
		{"kit", func() iter.Seq2[arrow.RecordBatch, error] {
			return redeem(b.Context(), kit, &flight.Ticket{Ticket: []byte("t")})
		}},
		{"ready", answer("READY")},
		{"uncompressed", answer("SELECT * FROM " + s.table("none"))},
		{"snappy", answer("SELECT * FROM " + s.table("snappy"))},
	}
	for _, c := range of {
		b.Run(c.name, func(b *testing.B) {
			s.measured(b, func() { drain(b, c.run()) })
		})
	}
	// All of them by turns, since machines have fast and slow minutes.
	b.Run("turns", func(b *testing.B) {
		took := make([][]float64, len(of))
		for _, c := range of {
			drain(b, c.run()) // footers are read and buffers made once
		}
		for b.Loop() {
			for i, c := range of {
				from := time.Now()
				drain(b, c.run())
				took[i] = append(took[i], time.Since(from).Seconds()*1e3)
			}
		}
		for i, c := range of {
			b.ReportMetric(median(took[i]), c.name+"-ms")
			b.ReportMetric(median(took[0])/median(took[i]), c.name+"-rate")
		}
	})
	b.Run("range", func(b *testing.B) {
		s.measured(b, func() { drain(b, answer(fetchRows(rows))()) })
	})
	for _, codec := range []string{"none", "snappy"} {
		b.Run("scan/"+codec, func(b *testing.B) {
			q := "SELECT count(*) FROM " + s.table(codec) + " WHERE i >= 0 AND f >= 0 AND d >= 0 AND dt > DATE'2000-01-01' AND ts > TIMESTAMP'1960-01-01' AND s > 'a' AND u >= '0'"
			s.measured(b, func() {
				for _, err := range fetch(b.Context(), client, q) {
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// cpu is the time that this process has computed, on all threads.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fetchRows is the query whose rows are in the tables.
func fetchRows(rows int) string {
	text := "SELECT " + columns8 + " FROM range(" + strconv.Itoa(rows) + ")"
	if os.Getenv("VOLLEY_SHUFFLED") != "" {
		text += " ORDER BY xxhash64(id)"
	}
	return text
}

// fetchServer is a process that serves records that are ready and tables.
type fetchServer struct {
	dir         string
	kit, volley string // addresses
	ask         io.Writer
	answer      *bufio.Scanner
}

func startFetch(b *testing.B, rows int) *fetchServer {
	s := &fetchServer{dir: filepath.ToSlash(b.TempDir())}
	var stop func()
	s.ask, s.answer, stop = launch(b, fetchWord, s.dir, strconv.Itoa(rows))
	b.Cleanup(stop)
	s.kit, s.volley = s.line(b), s.line(b)
	return s
}

func (s *fetchServer) line(b *testing.B) string {
	if !s.answer.Scan() {
		b.Fatal("the server's process has ended")
	}
	return s.answer.Text()
}

func (s *fetchServer) table(codec string) string { return "parquet.`" + s.dir + "/" + codec + "`" }

func (s *fetchServer) dial(b *testing.B, address string) *flightsql.Client {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return dial(b, a)
}

// measured runs f as a benchmark and reports the time that both processes computed, too.
func (s *fetchServer) measured(b *testing.B, f func()) {
	both := func() time.Duration {
		fmt.Fprintln(s.ask, "cpu")
		n, err := strconv.ParseInt(s.line(b), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return cpu() + time.Duration(n)
	}
	from := both()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(both()-from)/float64(b.N)/1e6, "cpu-ms/op")
}

const fetchWord = "serve-fetch"

func init() { programs[fetchWord] = runFetchServer }

// runFetchServer makes tables of so many rows in a folder, serves them and the
// records of one of them, prints the addresses, and answers each line of its
// input with the time it has computed.
func runFetchServer(args []string) int {
	if err := serveFetch(args[0], args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveFetch(dir, count string) error {
	rows, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as volley serve does
	}
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		return err
	}
	defer a.Close()
	k := &kit{Engine: serve.New(a)}
	s, err := serve.Start(k, serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer s.Close(ctx)
	c, err := flightsql.NewClient(s.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return err
	}
	defer c.Close()
	for _, codec := range []string{"none", "snappy"} {
		if _, err := c.ExecuteUpdate(ctx, "INSERT OVERWRITE DIRECTORY '"+dir+"/"+codec+"' USING parquet OPTIONS (compression '"+codec+"') "+fetchRows(rows)); err != nil {
			return err
		}
	}
	for rec, err := range fetch(ctx, c, "SELECT * FROM parquet.`"+dir+"/none`") {
		if err != nil {
			return err
		}
		rec.Retain()
		k.ready = append(k.ready, rec)
	}
	plain, err := listen.Open(listen.Options{Address: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer plain.Stop()
	flight.RegisterFlightServiceServer(plain.Server, &plainServer{ready: k.ready})
	plain.Serve()
	debug.FreeOSMemory()
	fmt.Printf("%s\n%s\n", plain.Addr(), s.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan() && strings.TrimSpace(in.Text()) != ""; {
		fmt.Println(int64(cpu()))
	}
	return nil
}
