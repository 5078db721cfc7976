package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/volley-sql/volley/internal/shell"
)

// runShell starts the shell, which cancels statements by interrupts and stays.
func runShell(ctx context.Context, e shell.Engine, o shell.Options) error {
	signal.Stop(signals)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	return shell.New(e, o, versionText()).Run(ctx)
}
