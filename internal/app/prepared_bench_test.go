package app

import (
	"context"
	"testing"

	"github.com/volley-sql/volley/internal/session"
)

// BenchmarkSelect1 is the shortest query there is: what is left is what every query costs.
func BenchmarkSelect1(b *testing.B) {
	a, err := Open(Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	s, err := a.Session(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	p, err := s.Prepare(context.Background(), "SELECT 1")
	if err != nil {
		b.Fatal(err)
	}
	run := map[string]func() (*session.Result, error){
		"text":     func() (*session.Result, error) { return s.Run(context.Background(), "SELECT 1", session.Params{}) },
		"prepared": func() (*session.Result, error) { return p.Run(context.Background(), nil) },
	}
	for _, name := range []string{"text", "prepared"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := run[name]()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Collect(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
