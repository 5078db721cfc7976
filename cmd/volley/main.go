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
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	root := rootCommand()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	return exitCode(ctx, called, err)
}

// exitCode reports an error and gives the code to leave with: those of
// shells (128 and the signal's number) after signals.
func exitCode(ctx context.Context, called *cobra.Command, err error) int {
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
		fmt.Fprintf(os.Stderr, "volley: %v\nRun '%s --help' for usage.\n", err, called.CommandPath())
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
		Long: `Volley runs Spark SQL over Parquet, CSV, JSON and Arrow files, on one machine or on a
cluster of executors that exchange data over Arrow Flight.

Without a command it is volley sql: at a terminal the shell.`,
		Example: `  volley
  volley -e "SELECT * FROM 'data.csv'"
  volley run examples/nightly_sales.sql --param day=2026-11-20`,
		Version:      versionText(),
		SilenceUsage: true, SilenceErrors: true,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.add(root)
	root.SetVersionTemplate("volley {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(sqlCommand(), runCommand(), serveCommand(), generateCommand(), benchCommand(), executorCommand(), versionCommand())
	return root
}

// flagError says which flag may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return usageError{err}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := sqlerr.Nearest(unknown.GetSpecifiedName(), names, 1); len(near) > 0 && sqlerr.Near(unknown.GetSpecifiedName(), near[0]) {
		return usagef("%v; did you mean --%s?", err, near[0])
	}
	return usageError{err}
}

// noArgs refuses arguments, which commands without any take for names of commands.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return usagef("%s takes no arguments, but there is %q", cmd.Name(), args[0])
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if near := sqlerr.Nearest(args[0], names, 1); len(near) > 0 && (sqlerr.Near(args[0], near[0]) || strings.HasPrefix(near[0], args[0])) {
		return usagef("there is no command %q; did you mean %q?", args[0], near[0])
	}
	return usagef("there is no command %q", args[0])
}

// oneArg takes exactly one argument; what says which.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usagef("%s takes one argument, %s, but there are %d", cmd.Name(), what, len(args))
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
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
