package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/internal/app"
)

// appFlags are the flags of every command that opens an application.
type appFlags struct {
	master, memory, warehouse, tables string
	threads                           int
	conf                              []string
	verbose                           bool
}

func (f *appFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.master, "master", "", "where to run: local[N], local[*] or local-cluster[EXECUTORS,CORES,MIB] (default local[*])")
	fl.IntVar(&f.threads, "threads", 0, "threads of this process (default: one a core)")
	fl.StringVar(&f.memory, "memory", "", "memory queries may use, such as 4GB (default: three quarters of the machine's)")
	fl.StringVar(&f.warehouse, "warehouse", "", "folder of a catalog that persists (default: one in memory)")
	fl.StringVar(&f.tables, "tables", "", "folder whose files and folders become tables named after them")
	fl.StringArrayVar(&f.conf, "conf", nil, "a setting, key=value; may be repeated")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "log what the driver does, and show the stages of each query")
}

// open starts the application. settings given by flags come last, so they win over --conf.
func (f *appFlags) open() (*app.App, error) {
	conf := map[string]string{}
	for _, c := range f.conf {
		k, v, ok := strings.Cut(c, "=")
		if !ok {
			return nil, usagef("--conf takes key=value, not %q", c)
		}
		conf[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	if f.memory != "" {
		conf["volley.execution.memory"] = f.memory
	}
	o := app.Options{Master: f.master, Threads: f.threads, Warehouse: f.warehouse, Conf: conf, Tables: f.tables}
	if f.verbose {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	if f.tables != "" {
		if info, err := os.Stat(f.tables); err != nil || !info.IsDir() {
			return nil, usagef("--tables %s is not a folder", filepath.Clean(f.tables))
		}
	}
	a, err := app.Open(o)
	if err != nil {
		return nil, err
	}
	collect(a.Driver().Account().Limit())
	return a, nil
}
