package main

import (
	"context"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
)

func runShell(ctx context.Context, a *app.App, s *session.Session, f *sqlFlags) error { return nil }
