package main

import (
	"io"
	"log/slog"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/local"
)

// executorCommand is what drivers start; people have no use for it.
func executorCommand() *cobra.Command {
	o := executor.Options{Host: "127.0.0.1"}
	cmd := &cobra.Command{
		Use: "executor", Short: "Run tasks for a driver (started by it)", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := local.ReadToken(os.Stdin)
			if err != nil {
				return err
			}
			o.Token = token
			o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
			go func() { // the driver holds the other end: when it is gone, so are we
				io.Copy(io.Discard, os.Stdin)
				os.Exit(3)
			}()
			collect(o.Memory)
			// One more than compute: connections must not wait for a task's loop.
			runtime.GOMAXPROCS(min(runtime.GOMAXPROCS(0), o.Cores+1))
			return executor.Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ID, "id", "", "name of the executor")
	f.StringVar(&o.Driver, "driver", "", "host:port of the driver")
	f.IntVar(&o.Cores, "cores", 1, "threads of a task")
	f.Int64Var(&o.Memory, "memory", 0, "bytes tasks may reserve")
	return cmd
}
