package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/shell"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// appFlags are the flags of every command that opens an application.
type appFlags struct {
	master, memory, warehouse, tables string
	threads                           int
	conf                              []string
	verbose                           bool
	files                             []string // nil: all
}

func (f *appFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.master, "master", "", "where to run, a master `URL`: local[N], local[*] or local-cluster[EXECUTORS,CORES,MIB] (default local[*])")
	fl.IntVar(&f.threads, "threads", 0, "threads of a local master, `N` (default: one a core)")
	fl.StringVar(&f.memory, "memory", "", "memory that queries may use, a `SIZE` such as 512m or 4g (default: three quarters of the machine's)")
	fl.StringVar(&f.warehouse, "warehouse", "", "`folder` of a catalog that persists (default: one in memory)")
	fl.StringVar(&f.tables, "tables", "", "`folder` whose files and folders become tables named after them")
	fl.StringArrayVar(&f.conf, "conf", nil, "a setting, `key=value`; may be repeated")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "log what the driver does, and show the stages of each query")
	complete(cmd, "master", cobra.FixedCompletions([]string{"local[*]", "local[2]", "local-cluster[2,2,2048]"}, cobra.ShellCompDirectiveNoFileComp))
	complete(cmd, "conf", completeConf)
	complete(cmd, "memory", cobra.NoFileCompletions)
	complete(cmd, "threads", cobra.NoFileCompletions)
	cmd.MarkFlagDirname("warehouse")
	cmd.MarkFlagDirname("tables")
}

// complete has shells complete the values of a flag. The flag is there.
func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

func completeConf(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, s := range settings.Table() {
		out = append(out, cobra.CompletionWithDesc(s.Key+"=", s.Doc))
	}
	return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func addFormat(cmd *cobra.Command, format *string, header *bool) {
	fl := cmd.Flags()
	fl.StringVar(format, "format", "", "`format` of results: "+strings.Join(output.Formats, ", ")+" (default box on a terminal, table elsewhere)")
	fl.BoolVar(header, "header", true, "column names first in csv and tsv")
	complete(cmd, "format", cobra.FixedCompletions(output.Formats, cobra.ShellCompDirectiveNoFileComp))
}

func checkFormat(format string) error {
	if format != "" && !output.Known(format) {
		return usagef("there is no output format %q; there are %s", format, strings.Join(output.Formats, ", "))
	}
	return nil
}

// settings are those of --conf and of the flags that stand for one, which win. Each is checked here, where it is a matter of usage.
func (f *appFlags) settings() (map[string]string, error) {
	conf := map[string]string{}
	set := func(flag, key, value string) error {
		if _, err := (*settings.Snapshot)(nil).With(key, value); err != nil {
			return usageOf(flag, err)
		}
		conf[key] = value
		return nil
	}
	for _, c := range f.conf {
		k, v, ok := strings.Cut(c, "=")
		if k = strings.TrimSpace(k); !ok || k == "" {
			return nil, usagef("--conf takes key=value, not %q", c)
		}
		if settings.Lookup(k) == nil { // other keys of Spark are kept, but one that is nearly a known one is a mistake
			if meant := settings.Meant(k); meant != "" {
				return nil, usagef("--conf %s: there is no such setting; did you mean %s?", k, meant)
			}
		}
		if err := set("--conf "+k, k, strings.TrimSpace(v)); err != nil {
			return nil, err
		}
	}
	if f.memory != "" {
		if err := set("--memory", settings.Memory.Key, f.memory); err != nil {
			return nil, err
		}
	}
	return conf, nil
}

// usageOf is an error of the engine as one of usage.
func usageOf(flag string, err error) error {
	e := sqlerr.As(err)
	switch {
	case e == nil:
		return usagef("%s: %v", flag, err)
	case e.Hint != "":
		return usagef("%s: %s %s", flag, e.Msg, e.Hint)
	}
	return usagef("%s: %s", flag, e.Msg)
}

// open starts the application. Settings given by flags come last, so they win over --conf.
func (f *appFlags) open(more ...func(*app.Options)) (*app.App, error) {
	conf, err := f.settings()
	if err != nil {
		return nil, err
	}
	if err := app.CheckMaster(f.master); err != nil {
		return nil, usageOf("--master", err)
	}
	if f.threads < 0 || f.threads > 0 && strings.HasPrefix(f.master, "local-cluster") {
		return nil, usagef("--threads is the number of threads of a local master; executors of local-cluster[EXECUTORS,CORES,MIB] have CORES")
	}
	if f.tables != "" {
		if info, err := os.Stat(f.tables); err != nil || !info.IsDir() {
			return nil, usagef("--tables %s is not a folder", filepath.Clean(f.tables))
		}
	}
	o := app.Options{Master: f.master, Threads: f.threads, Warehouse: f.warehouse, Conf: conf, Tables: f.tables, Files: f.files}
	if f.verbose {
		o.Log = slog.New(slog.NewTextHandler(shell.Stderr(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	for _, m := range more {
		m(&o)
	}
	a, err := app.Open(o)
	if err != nil {
		return nil, err
	}
	collect(a.Driver().Account().Limit())
	return a, nil
}
