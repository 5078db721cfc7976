package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/volley-sql/volley/internal/shell"
)

func runCommand() *cobra.Command {
	f := &sqlFlags{}
	cmd := &cobra.Command{
		Use:   "run SCRIPT",
		Short: "Run a SQL script",
		Long: `Runs the statements of a script, one after the other. The first that fails ends
it with exit code 1; nothing it was writing stays behind.

Values given with --param stand for :name in expressions and for ${name} anywhere.
Lines "-- param name = value" at the top of the script give defaults.`,
		Example: "  volley run examples/nightly_sales.sql --param day=2026-11-20",
		Args:    oneArg("the SCRIPT"),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.runScript(cmd.Context(), args[0]) },
	}
	f.appFlags.add(cmd)
	addFormat(cmd, &f.format, &f.header)
	cmd.Flags().StringArrayVar(&f.params, "param", nil, "a value for :name and ${name}, `name=value`; may be repeated")
	complete(cmd, "param", cobra.NoFileCompletions)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"sql"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

func (f *sqlFlags) runScript(ctx context.Context, path string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	text, err := shell.ReadScript(path)
	if err != nil {
		return err
	}
	defaults := scriptParams(text)
	list := make([]string, 0, len(defaults)+len(f.params))
	for _, d := range defaults {
		list = append(list, d.name+"="+d.value)
	}
	params, err := parseParams(append(list, f.params...)) // later ones win
	if err != nil {
		return err
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
	return shell.NewRunner(shell.Local(a, s), f.options(params)).Script(ctx, filepath.ToSlash(path), text)
}

type scriptParam struct{ name, value string }

// scriptParams reads the lines "-- param name = value" of the comment that a script begins with.
func scriptParams(text string) []scriptParam {
	var out []scriptParam
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		rest, ok := strings.CutPrefix(strings.TrimSpace(comment), "param ")
		if !ok {
			continue
		}
		if name, value, ok := strings.Cut(rest, "="); ok {
			out = append(out, scriptParam{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return out
}
