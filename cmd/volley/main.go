// Command volley is the one binary: shell, script runner, data generator,
// benchmark, and (with a master) the driver of a cluster.
//
// Exit codes: 0 success, 1 a statement or job failed, 2 wrong usage, 129, 130 and
// 143 after a hang-up, an interrupt and a request to terminate, 141 when the reader of the
// output has gone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/internal/shell"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// version is set by release builds with -ldflags "-X main.version=…".
var version = ""

func main() { os.Exit(run(os.Args[1:])) }

// signals are what ends the process in good order. The shell takes interrupts for itself.
var signals = make(chan os.Signal, 1)

// stopped is the signal that ended the run.
type stopped struct{ os.Signal }

func (s stopped) Error() string { return "stopped by signal: " + s.String() }

func run(args []string) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants it ignored
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // writes fail, and what is open is closed
	go func() {
		s := <-signals
		signal.Stop(signals) // a second one ends the process at once
		cancel(stopped{s})
	}()
	stopProfile, err := profile()
	if err != nil {
		shell.Report(os.Stderr, err)
		return 2
	}
	defer stopProfile()
	cmd := rootCommand()
	cmd.SetArgs(args)
	return exitCode(ctx, cmd.ExecuteContext(ctx))
}

// exitCode reports an error and gives the code to leave with: those of
// shells (128 and the signal's number) after signals.
func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var by stopped
	switch {
	case err == nil:
		return 0
	case errors.As(context.Cause(ctx), &by):
		fmt.Fprintln(os.Stderr, "volley: cancelled, nothing unfinished stays behind")
		if n, ok := by.Signal.(syscall.Signal); ok {
			return 128 + int(n)
		}
		return 130
	case errors.Is(err, shell.ErrClosedOutput), errors.Is(err, syscall.EPIPE) && sqlerr.As(err) == nil:
		return 141
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "volley: %v\nRun 'volley --help' for usage.\n", err)
		return 2
	case errors.Is(err, errReported):
		return 1
	}
	shell.Report(os.Stderr, err)
	return 1
}

// errReported ends a command with exit code 1 whose error has been shown.
var errReported = errors.New("reported")

// usageError is a wrong command line: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func rootCommand() *cobra.Command {
	f := &sqlFlags{}
	root := &cobra.Command{
		Use:   "volley",
		Short: "A distributed SQL and DataFrame engine over Apache Arrow",
		Long: `Volley runs SQL over Parquet, CSV, JSON and Arrow files, on one machine or on a
cluster of executors that exchange data over Arrow Flight.

Without a command it starts the SQL shell.`,
		SilenceUsage: true, SilenceErrors: true,
		Args:              usageArgs(cobra.NoArgs),
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.add(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(sqlCommand(), runCommand(), generateCommand(), benchCommand(), executorCommand(), versionCommand())
	return root
}

// usageArgs turns what an argument check reports into a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: usageArgs(cobra.NoArgs),
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "volley", versionText()) },
	}
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "(development)"
}
