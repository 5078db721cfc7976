package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/parse"
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
	f.appFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.execute, "execute", "e", nil, "run statements and leave; may be repeated")
	fl.StringArrayVarP(&f.files, "file", "f", nil, "run the statements of a file and leave; may be repeated")
	fl.StringVar(&f.format, "format", "", "output: table, box, csv, tsv, json, jsonl, markdown, parquet or arrow (default box on a terminal, table elsewhere)")
	fl.BoolVar(&f.header, "header", true, "column names first in csv and tsv")
	fl.BoolVar(&f.pipe, "pipe", false, "serve another program: statements on standard input, rows as CSV and a status line each on standard output")
	fl.StringArrayVar(&f.params, "param", nil, "a value for a parameter marker, name=value; may be repeated")
	return cmd
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
	r := newScriptRunner(a, s, f.format, params)
	r.header, r.verbose = f.header, f.verbose
	for _, text := range f.execute {
		if err := r.script(ctx, "", text); err != nil {
			return err
		}
	}
	for _, file := range f.files {
		if err := r.file(ctx, file); err != nil {
			return err
		}
	}
	switch {
	case len(f.execute)+len(f.files) > 0:
		return nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		return runShell(ctx, a, s, f)
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	return r.script(ctx, "", string(text))
}

// scriptRunner runs statements one after the other and prints what they give.
type scriptRunner struct {
	app     *app.App
	session *session.Session
	params  session.Params
	format  string
	header  bool
	verbose bool
	out     *os.File
	// quiet leaves out results of commands; summary lines of writes go to standard error.
	progress bool
}

func newScriptRunner(a *app.App, s *session.Session, format string, p session.Params) *scriptRunner {
	r := &scriptRunner{app: a, session: s, params: p, format: format, header: true, out: os.Stdout}
	r.progress = term.IsTerminal(int(os.Stderr.Fd()))
	if r.format == "" {
		r.format = "table"
		if term.IsTerminal(int(r.out.Fd())) {
			r.format = "box"
		}
	}
	return r
}

func (r *scriptRunner) file(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.FileNotFound, "Cannot read the script %s: %v.", path, unwrapPath(err))
	}
	return r.script(ctx, filepath.ToSlash(path), string(text))
}

// script runs the statements of text. The first that fails ends it, with an
// error that knows its place in the file.
func (r *scriptRunner) script(ctx context.Context, file, text string) error {
	for _, p := range parse.Script(text) {
		if err := r.statement(ctx, text[p.From:p.To]); err != nil {
			if e := sqlerr.As(err); e != nil {
				e.File = file
				if file != "" && e.Line == 0 {
					e.Line = p.Line
				}
			}
			return err
		}
	}
	return nil
}

// expand puts the values of parameters in the place of ${name}; other
// ${…} are left to the session, which knows settings.
func (r *scriptRunner) expand(sql string) string {
	if !strings.Contains(sql, "${") {
		return sql
	}
	for name, v := range r.params.Named {
		if text, ok := v.Value.(string); ok {
			sql = strings.ReplaceAll(sql, "${"+name+"}", text)
		}
	}
	return sql
}

func (r *scriptRunner) statement(ctx context.Context, sql string) error {
	sql = r.expand(sql)
	stop := r.watch(sql)
	res, err := r.session.Run(ctx, sql, r.params)
	if err != nil {
		stop()
		return err
	}
	if len(res.Schema) == 0 { // nothing to show; the statement may still have to be carried out
		for _, err := range res.Rows {
			if err != nil {
				stop()
				return err
			}
		}
		stop()
		return nil
	}
	return r.print(res, stop)
}

func (r *scriptRunner) print(res *session.Result, stop func()) error {
	o := output.Options{Header: r.header, Types: r.format == "box", Footer: r.format == "box" || r.format == "table", Zone: zoneOf(res, r.session)}
	if term.IsTerminal(int(r.out.Fd())) {
		if w, _, err := term.GetSize(int(r.out.Fd())); err == nil {
			o.Width = w
		}
		o.MaxRows = 40
	}
	rows := res.Rows
	_, err := output.Write(r.out, r.format, res.Schema, whenFirst(rows, stop), o)
	stop()
	return err
}

func zoneOf(res *session.Result, s *session.Session) *timeLocation {
	snap := res.Settings
	if snap == nil {
		snap = s.Settings.Snapshot()
	}
	return settings.TimeZone(snap)
}
