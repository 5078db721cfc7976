package shell

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// dots lists the commands. It is a function since .help speaks of them all.
func dots() []dot {
	return []dot{
		{name: ".clear", help: "clear the screen", run: (*Shell).clear},
		{name: ".conf", args: "[KEY [VALUE]]", help: "show settings, or set one", takes: takesText, most: 2, run: (*Shell).conf},
		{name: ".exit", help: "leave", run: (*Shell).quit},
		{name: ".functions", args: "[PATTERN]", help: "list functions; * stands for anything", takes: takesFunction, most: 1, run: (*Shell).functionsLike},
		{name: ".header", args: "on|off", help: "column names first in csv and tsv", takes: takesSwitch, least: 1, most: 1, run: toggle(func(sh *Shell) *bool { return &sh.header })},
		{name: ".help", help: "show this list", run: (*Shell).help},
		{name: ".maxrows", args: "N", help: "rows a table shows; 0: as fits the screen", takes: takesText, least: 1, most: 1, run: (*Shell).setMaxRows},
		{name: ".mode", args: "[FORMAT]", help: "format of results: " + strings.Join(output.Formats, ", "), takes: takesFormat, most: 1, run: (*Shell).mode},
		{name: ".output", args: "[FILE]", help: "write results to a file; without one to the screen again", takes: takesFile, most: 1, run: (*Shell).output},
		{name: ".pager", args: "on|off", help: "show long results whole, through $PAGER", takes: takesSwitch, least: 1, most: 1, run: toggle(func(sh *Shell) *bool { return &sh.pager })},
		{name: ".quit", help: "leave", run: (*Shell).quit},
		{name: ".read", args: "FILE", help: "run the statements of a file", takes: takesFile, least: 1, most: 1, run: (*Shell).read},
		{name: ".schema", args: "[TABLE]", help: "show the columns of a table, or of all", takes: takesTable, most: 1, run: (*Shell).schema},
		{name: ".stages", args: "on|off", help: "show the stages of each query before it runs", takes: takesSwitch, least: 1, most: 1, run: toggle(func(sh *Shell) *bool { return &sh.stages })},
		{name: ".tables", args: "[PATTERN]", help: "list tables and views; * stands for anything", takes: takesTable, most: 1, run: (*Shell).tablesLike},
		{name: ".timer", args: "on|off", help: "show how long statements took", takes: takesSwitch, least: 1, most: 1, run: toggle(func(sh *Shell) *bool { return &sh.timer })},
	}
}

func toggle(of func(*Shell) *bool) func(*Shell, []string) error {
	return func(sh *Shell, args []string) error {
		on, err := onOff(args[0])
		if err == nil {
			*of(sh) = on
		}
		return err
	}
}

func (sh *Shell) help([]string) error {
	_, err := fmt.Fprint(os.Stdout, helpText())
	return err
}

func (sh *Shell) quit([]string) error {
	sh.leaving = true
	return nil
}

func (sh *Shell) clear([]string) error {
	_, err := fmt.Fprint(os.Stdout, "\x1b[H\x1b[2J\x1b[3J")
	return err
}

func (sh *Shell) mode(args []string) error {
	if len(args) == 0 {
		now := sh.format
		if now == "" {
			now = "box on a terminal, table elsewhere"
		}
		fmt.Fprintln(os.Stdout, now)
		return nil
	}
	f := strings.ToLower(args[0])
	if !output.Known(f) {
		return sqlerr.New(sqlerr.InvalidParameterValue, "There is no output format %s.", args[0]).WithHint("Formats are %s.", strings.Join(output.Formats, ", "))
	}
	if output.Binary(f) && sh.out.terminal {
		fmt.Fprintf(os.Stdout, "Results need a file now: .output FILE\n")
	}
	sh.format = f
	return nil
}

func (sh *Shell) output(args []string) error {
	next := standardOutput()
	if len(args) > 0 {
		var err error
		if next, err = fileOutput(expandHome(args[0])); err != nil {
			return err
		}
	}
	old := sh.out
	sh.out = next
	return old.close()
}

func (sh *Shell) read(args []string) error {
	return sh.cancellable(func(ctx context.Context) error { return sh.File(ctx, expandHome(args[0])) })
}

func (sh *Shell) setMaxRows(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "A number of rows is wanted, not %s.", args[0])
	}
	sh.maxRows = n
	return nil
}

func (sh *Shell) conf(args []string) error {
	sql := "SET"
	switch len(args) {
	case 1:
		if k, v, ok := strings.Cut(args[0], "="); ok {
			return sh.sql("SET " + k + "=" + v)
		}
		sql = "SET " + args[0]
	case 2:
		sql = "SET " + args[0] + "=" + args[1]
	}
	return sh.sql(sql)
}

func (sh *Shell) tablesLike(args []string) error {
	return sh.cancellable(func(ctx context.Context) error {
		list, err := sh.engine.Tables(ctx)
		if err != nil {
			return err
		}
		return columnsOfWords(slices.DeleteFunc(slices.Clone(list), func(n string) bool { return !like(n, args) }))
	})
}

func (sh *Shell) functionsLike(args []string) error {
	return columnsOfWords(slices.DeleteFunc(sh.names.functions(), func(n string) bool { return !like(n, args) }))
}

// like reports whether a name fits a pattern with * and ?, in any case. A
// pattern without either fits names that contain it.
func like(name string, pattern []string) bool {
	if len(pattern) == 0 {
		return true
	}
	p := strings.ToLower(strings.ReplaceAll(pattern[0], "%", "*"))
	if !strings.ContainsAny(p, "*?") {
		p = "*" + p + "*"
	}
	ok, err := path.Match(p, strings.ToLower(name))
	return ok && err == nil
}

func (sh *Shell) schema(args []string) error {
	if len(args) == 1 {
		return sh.sql("DESCRIBE TABLE " + args[0])
	}
	for _, t := range sh.names.tables() {
		fmt.Fprintln(os.Stdout, t)
		for _, c := range sh.names.columns(t) {
			fmt.Fprintf(os.Stdout, "  %s %s\n", quoteWord(c.name), c.kind)
		}
	}
	return nil
}

// columnsOfWords prints words side by side, in columns that are read downwards.
func columnsOfWords(words []string) error {
	width, _ := screenSize()
	_, err := fmt.Fprint(os.Stdout, layWords(words, max(width, 40)))
	return err
}

func layWords(words []string, width int) string {
	widest := 0
	for _, w := range words {
		widest = max(widest, len([]rune(w)))
	}
	across := max(1, (width+2)/(widest+2))
	down := (len(words) + across - 1) / across
	var b strings.Builder
	for r := range down {
		line := ""
		for c := r; c < len(words); c += down {
			line += words[c] + strings.Repeat(" ", widest+2-len([]rune(words[c])))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
