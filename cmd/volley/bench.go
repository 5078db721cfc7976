package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/shell"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/parse"
)

// benchFlags are the flags of volley bench.
type benchFlags struct {
	appFlags
	runs    int
	only    []string
	out     string
	timeout time.Duration
}

// benchReport is what --out holds, as JSON. Times are in seconds.
type benchReport struct {
	Version   string        `json:"version"`
	Go        string        `json:"go"`
	Cores     int           `json:"cores"`
	Master    string        `json:"master"`
	Tables    string        `json:"tables"`
	Folder    string        `json:"folder"`
	Runs      int           `json:"runs"`
	PeakBytes int64         `json:"peak_rss_bytes,omitempty"`
	Queries   []*benchQuery `json:"queries"`
}

// benchQuery is the measure of one query. CPU is user and system time of all
// threads of this process; with executors of their own it is the driver's alone.
type benchQuery struct {
	Name    string    `json:"name"`
	Rows    int64     `json:"rows"`
	Cold    float64   `json:"cold_s"`
	ColdCPU float64   `json:"cold_cpu_s"`
	Hot     []float64 `json:"hot_s"`
	HotCPU  []float64 `json:"hot_cpu_s"`
	Error   string    `json:"error,omitempty"`
}

func benchCommand() *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench FOLDER",
		Short: "Measure the queries of a folder",
		Long: `Runs every query of a folder (*.sql, in the order of their names) in one session
of this process: once cold, that is the first time in the session, then several
times hot. Every result is read to its end. Shown are the time of the cold run,
the least and the median of the hot ones, and the least CPU time of a hot run.`,
		Example: "  volley bench queries --tables data --master 'local[2]' --runs 5 --out figures.json",
		Args:    oneArg("the FOLDER of queries"),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0], cmd.OutOrStdout()) },
	}
	f.appFlags.add(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.runs, "runs", 3, "hot runs a query")
	fl.StringSliceVar(&f.only, "queries", nil, "names of queries to run, such as q01,q14; default all")
	fl.StringVar(&f.out, "out", "", "file to write the figures to, as JSON")
	fl.DurationVar(&f.timeout, "timeout", 0, "break off a run after this long; default never")
	return cmd
}

func (f *benchFlags) run(ctx context.Context, folder string, w io.Writer) error {
	if f.runs < 0 {
		return usagef("--runs is the number of hot runs, not %d", f.runs)
	}
	files, err := f.queries(folder)
	if err != nil {
		return err
	}
	save, err := f.report()
	if err != nil {
		return err
	}
	defer save(nil)
	a, err := f.open()
	if err != nil {
		return err
	}
	defer a.Close()
	s, err := a.Session(ctx)
	if err != nil {
		return err
	}
	report := &benchReport{Version: versionText(), Go: runtime.Version(), Cores: runtime.NumCPU(), Master: f.master, Tables: f.tables, Folder: folder, Runs: f.runs}
	failed := 0
	terminal := term.IsTerminal(int(os.Stderr.Fd()))
	for i, file := range files {
		if terminal {
			fmt.Fprintf(os.Stderr, "\r\x1b[K%s, query %d of %d", queryName(file), i+1, len(files))
		}
		q, err := f.measure(ctx, s, file)
		if terminal {
			fmt.Fprint(os.Stderr, "\r\x1b[K")
		}
		if err != nil {
			return err
		}
		if q.Error != "" {
			failed++
			fmt.Fprintf(os.Stderr, "%s: %s\n", q.Name, q.Error)
		}
		report.Queries = append(report.Queries, q)
	}
	report.PeakBytes = peakMemory()
	if err := report.print(w); err != nil {
		return err
	}
	if err := save(report); err != nil {
		return err
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d queries failed\n", failed, len(files))
		return errReported
	}
	return nil
}

// report makes the file of --out, before anything is measured in vain. save
// writes the figures to it; before that, or with nil, it takes the file away.
func (f *benchFlags) report() (save func(*benchReport) error, err error) {
	if f.out == "" {
		return func(*benchReport) error { return nil }, nil
	}
	failed := func(err error) error {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot write %s: %v.", f.out, shell.Reason(err))
	}
	part := f.out + ".part"
	file, err := os.Create(part)
	if err != nil {
		return nil, failed(err)
	}
	open := true
	return func(r *benchReport) error {
		if !open {
			return nil
		}
		open = false
		var text []byte
		var err error
		if r != nil {
			if text, err = json.MarshalIndent(r, "", "  "); err == nil {
				_, err = file.Write(append(text, '\n'))
			}
		}
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err == nil && r != nil {
			err = os.Rename(part, f.out)
		}
		if err != nil || r == nil {
			os.Remove(part)
		}
		if err != nil {
			return failed(err)
		}
		return nil
	}, nil
}

// queries lists the files of folder to run.
func (f *benchFlags) queries(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		return nil, usagef("%s: %v", folder, err)
	}
	slices.Sort(files)
	if len(f.only) > 0 {
		var keep []string
		for _, name := range f.only {
			at := slices.IndexFunc(files, func(p string) bool { return queryName(p) == name })
			if at < 0 {
				return nil, usagef("there is no query %s in %s", name, folder)
			}
			keep = append(keep, files[at])
		}
		files = keep
	}
	if len(files) == 0 {
		return nil, usagef("there are no *.sql files in %s", folder)
	}
	return files, nil
}

func queryName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".sql") }

// measure runs a query cold and hot. A failure of the query is noted in it; the error is one of reading the file.
func (f *benchFlags) measure(ctx context.Context, s *session.Session, file string) (*benchQuery, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.FileNotFound, "Cannot read the query %s: %v.", file, shell.Reason(err))
	}
	q := &benchQuery{Name: queryName(file)}
	for i := range f.runs + 1 {
		rows, wall, cpu, err := f.once(ctx, s, string(text))
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			q.Error = err.Error()
			return q, nil
		}
		if q.Rows = rows; i == 0 {
			q.Cold, q.ColdCPU = wall, cpu
			continue
		}
		q.Hot, q.HotCPU = append(q.Hot, wall), append(q.HotCPU, cpu)
	}
	return q, nil
}

// once runs the statements of a query and writes their rows as CSV to nowhere:
// a result counts as there when a client could have it.
func (f *benchFlags) once(ctx context.Context, s *session.Session, text string) (rows int64, wall, cpu float64, err error) {
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	start, startCPU := time.Now(), processTime()
	for _, p := range parse.Script(text) {
		res, err := s.Run(ctx, text[p.From:p.To], session.Params{})
		if err != nil {
			return 0, 0, 0, err
		}
		snap := res.Settings
		if snap == nil {
			snap = s.Settings.Snapshot()
		}
		if rows, err = output.Write(io.Discard, "csv", res.Schema, res.Rows, output.Options{Zone: settings.TimeZone(snap)}); err != nil {
			return 0, 0, 0, err
		}
	}
	return rows, time.Since(start).Seconds(), (processTime() - startCPU).Seconds(), nil
}

func (r *benchReport) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "query\trows\tcold s\thot s\tmedian s\tcpu s\t\n")
	var cold, hot, median, cpu float64
	for _, q := range r.Queries {
		if q.Error != "" {
			fmt.Fprintf(t, "%s\tfailed\t\t\t\t\t\n", q.Name)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%.3f\t", q.Name, q.Rows, q.Cold)
		cold += q.Cold
		if len(q.Hot) == 0 {
			fmt.Fprint(t, "\t\t\t\n")
			continue
		}
		sorted := slices.Sorted(slices.Values(q.Hot))
		fmt.Fprintf(t, "%.3f\t%.3f\t%.3f\t\n", sorted[0], sorted[len(sorted)/2], slices.Min(q.HotCPU))
		hot, median, cpu = hot+sorted[0], median+sorted[len(sorted)/2], cpu+slices.Min(q.HotCPU)
	}
	fmt.Fprintf(t, "total\t\t%.3f\t%.3f\t%.3f\t%.3f\t\n", cold, hot, median, cpu)
	if err := t.Flush(); err != nil {
		return err
	}
	if r.PeakBytes > 0 {
		fmt.Fprintf(w, "peak memory %d MB\n", r.PeakBytes/1e6)
	}
	return nil
}
