package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/shell"
)

// runShell starts the shell, which cancels statements by interrupts and stays.
func runShell(ctx context.Context, a *app.App, s *session.Session, o shell.Options) error {
	signal.Stop(signals)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	return shell.New(a, s, o, versionText()).Run(ctx)
}
