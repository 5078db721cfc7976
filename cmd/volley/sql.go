package main

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/shell"
)

// sqlFlags are the flags of volley sql.
type sqlFlags struct {
	appFlags
	execute []string
	files   []string
	format  string
	pipe    bool
	params  []string
	header  bool
}

func sqlCommand() *cobra.Command {
	f := &sqlFlags{}
	cmd := &cobra.Command{
		Use:   "sql",
		Short: "The SQL shell, or statements from flags, files and standard input",
		Example: `  volley sql
  volley sql -e "SELECT count(*) FROM 'data/*.parquet'" --format csv
  volley sql --tables data -f report.sql`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.add(cmd)
	return cmd
}

func (f *sqlFlags) add(cmd *cobra.Command) {
	f.appFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.execute, "execute", "e", nil, "run statements and leave; may be repeated")
	fl.StringArrayVarP(&f.files, "file", "f", nil, "run the statements of a file and leave; may be repeated")
	fl.StringVar(&f.format, "format", "", "output: table, box, csv, tsv, json, jsonl, markdown, parquet or arrow (default box on a terminal, table elsewhere)")
	fl.BoolVar(&f.header, "header", true, "column names first in csv and tsv")
	fl.BoolVar(&f.pipe, "pipe", false, "serve another program: statements on standard input, rows as CSV and a status line each on standard output")
	fl.StringArrayVar(&f.params, "param", nil, "a value for a parameter marker, name=value; may be repeated")
}

func (f *sqlFlags) run(ctx context.Context) error {
	params, err := parseParams(f.params)
	if err != nil {
		return err
	}
	if f.format != "" && !output.Known(f.format) {
		return usagef("there is no output format %q; there are %s", f.format, strings.Join(output.Formats, ", "))
	}
	a, err := f.open()
	if err != nil {
		return err
	}
	defer a.Close()
	s, err := a.Session(ctx)
	if err != nil {
		return err
	}
	if f.pipe {
		return servePipe(ctx, s, os.Stdin, os.Stdout)
	}
	if f.shell() {
		return runShell(ctx, a, s, f.options(params))
	}
	r := shell.NewRunner(a, s, f.options(params))
	for _, text := range f.execute {
		if err := r.Script(ctx, "", text); err != nil {
			return err
		}
	}
	for _, file := range f.files {
		if err := r.File(ctx, file); err != nil {
			return err
		}
	}
	if len(f.execute)+len(f.files) > 0 {
		return nil
	}
	text, err := readAll(ctx, os.Stdin)
	if err != nil {
		return err
	}
	return r.Script(ctx, "", text)
}

// shell reports whether a person is to be asked for statements.
func (f *sqlFlags) shell() bool {
	return len(f.execute)+len(f.files) == 0 && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
}

func (f *sqlFlags) options(params session.Params) shell.Options {
	return shell.Options{Params: params, Format: f.format, Header: f.header, Stages: f.verbose}
}

// readAll reads a text to its end, or until ctx ends.
func readAll(ctx context.Context, in io.Reader) (string, error) {
	type read struct {
		text []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text, err := io.ReadAll(in)
		done <- read{text, err}
	}()
	select {
	case r := <-done:
		return string(r.text), r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
