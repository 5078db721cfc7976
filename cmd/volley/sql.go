package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/shell"
)

// sqlFlags are the flags of volley sql.
type sqlFlags struct {
	appFlags
	connect connectFlags
	sources []source
	format  string
	pipe    bool
	params  []string
	header  bool
}

// source is a text of statements: of a flag, or of a file, where - is standard input.
type source struct{ text, file string }

// sourceFlag is -e or -f. Both fill one list, so statements run in the order they are given.
type sourceFlag struct {
	list *[]source
	file bool
}

// Set implements pflag.Value.
func (s sourceFlag) Set(v string) error {
	if s.file {
		*s.list = append(*s.list, source{file: v})
	} else {
		*s.list = append(*s.list, source{text: v})
	}
	return nil
}

// Type implements pflag.Value.
func (s sourceFlag) Type() string { return "string" }

// String implements pflag.Value.
func (s sourceFlag) String() string { return "" }

const sqlLong = `Runs SQL statements: those of -e and -f in the order given, without either those
on standard input. At a terminal it is a shell then, with line editing, history and
completion; .help lists its commands.

Statements end with a semicolon; the last one needs none. The first that fails ends
the run, with its place on standard error; nothing that it was writing stays behind.

Files are tables: SELECT * FROM 'data/*.parquet', FROM csv.` + "`sales.csv`" + `. With --tables
every file and folder of a folder is a table. Values of --param stand for :name in
expressions and for ${name} anywhere.

With --connect statements run at a server of 'volley serve', or another of Flight SQL; files
that they name are there. An interrupt cancels the statement at the server.

Exit codes: 0 if all went well, 1 if a statement failed, 2 if the command line is
wrong, 128 and its number after a signal (130 for an interrupt), 141 if the reader of
the output has gone.

Environment: VOLLEY_… sets settings (docs/reference/settings.md), VOLLEY_USER, VOLLEY_PASSWORD
and VOLLEY_TOKEN log in at the server of --connect, VOLLEY_HISTORY names
the file of the shell's history (empty: none), PAGER the program that .pager on uses,
NO_COLOR turns colours off.`

func sqlCommand() *cobra.Command {
	f := &sqlFlags{}
	cmd := &cobra.Command{
		Use:   "sql",
		Short: "Run SQL: a shell, or statements of flags, files and standard input",
		Long:  sqlLong,
		Example: `  volley sql
  volley sql -e "SELECT count(*) FROM 'data/*.parquet'" --format csv
  volley sql --tables data -f report.sql --param day=2026-11-21
  volley sql --connect grpc+tls://ana@warehouse.example.org:31337/sales
  volley sql --master 'local-cluster[2,4,4096]' -f - <report.sql`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.add(cmd)
	return cmd
}

func (f *sqlFlags) add(cmd *cobra.Command) {
	f.appFlags.add(cmd)
	f.connect.add(cmd)
	fl := cmd.Flags()
	fl.VarP(sourceFlag{list: &f.sources}, "execute", "e", "`SQL` statements to run; may be repeated")
	fl.VarP(sourceFlag{list: &f.sources, file: true}, "file", "f", "a `file` of statements to run, - for standard input; may be repeated")
	addFormat(cmd, &f.format, &f.header)
	fl.BoolVar(&f.pipe, "pipe", false, "serve another program: statements on standard input, rows as CSV and a status line each on standard output")
	fl.StringArrayVar(&f.params, "param", nil, "a value for :name and ${name}, `name=value`; may be repeated")
	complete(cmd, "execute", cobra.NoFileCompletions)
	complete(cmd, "param", cobra.NoFileCompletions)
	cmd.MarkFlagFilename("file", "sql")
}

func (f *sqlFlags) run(ctx context.Context) error {
	params, err := parseParams(f.params)
	if err != nil {
		return err
	}
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if f.pipe && (len(f.sources) > 0 || f.format != "") {
		return usagef("--pipe takes statements from standard input and has a format of its own: it goes with neither -e, -f nor --format")
	}
	far, err := f.connect.given()
	if err != nil {
		return err
	}
	if far {
		return f.runAtServer(ctx, params)
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
	return f.runIn(ctx, shell.Local(a, s), params)
}

// runAtServer runs the statements at a server.
func (f *sqlFlags) runAtServer(ctx context.Context, params session.Params) error {
	for flag, set := range map[string]bool{
		"master": f.master != "", "threads": f.threads != 0, "memory": f.memory != "", "warehouse": f.warehouse != "", "tables": f.tables != "", "pipe": f.pipe,
	} {
		if set {
			return usagef("--%s is of statements that run in this process; it does not go with --connect", flag)
		}
	}
	conf, err := f.settings()
	if err != nil {
		return err
	}
	s, address, err := f.connect.open(ctx, conf)
	if err != nil {
		return err
	}
	defer s.Close()
	return f.runIn(ctx, shell.Remote(s, address), params)
}

// runIn runs the statements, or the shell, in an engine.
func (f *sqlFlags) runIn(ctx context.Context, e shell.Engine, params session.Params) error {
	if f.shell() {
		return runShell(ctx, e, f.options(params))
	}
	r := shell.NewRunner(e, f.options(params))
	sources := f.sources
	if len(sources) == 0 {
		sources = []source{{file: "-"}}
	}
	for _, src := range sources {
		if err := f.runSource(ctx, r, src); err != nil {
			return err
		}
	}
	return nil
}

func (f *sqlFlags) runSource(ctx context.Context, r *shell.Runner, src source) error {
	switch src.file {
	case "":
		return r.Script(ctx, "", src.text)
	case "-":
		text, err := readAll(ctx, os.Stdin)
		if err != nil {
			return err
		}
		return r.Script(ctx, "", text)
	}
	return r.File(ctx, src.file)
}

// shell reports whether a person is to be asked for statements.
func (f *sqlFlags) shell() bool {
	return len(f.sources) == 0 && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
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
