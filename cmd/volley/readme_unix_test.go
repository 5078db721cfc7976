//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadme runs the commands of the README's tour, and holds what they show
// against what the README says.
func TestReadme(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"testdata", "examples"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// The test binary is the volley of the commands.
	if err := os.Symlink(os.Args[0], filepath.Join(dir, "volley")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range consoleBlocks(string(text)) {
		if strings.HasPrefix(c.command, "go build ") {
			continue
		}
		ran++
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		cmd := exec.CommandContext(ctx, "sh", "-c", c.command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), asVolley+"=1", "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+t.TempDir())
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run() // some commands of the tour fail
		cancel()
		if d := cmp.Diff(c.output, out.String()); d != "" {
			t.Errorf("%s\n%s", c.command, d)
		}
	}
	if ran < 4 {
		t.Errorf("%d commands were run", ran)
	}
	tour := strings.Split(between(string(text), "```console\n", "```"), "\n")
	if n := len(tour) - 1; n > 25 {
		t.Errorf("the tour has %d lines", n)
	}
}

// TestReadmeOrder: what it is, the two commands, the tour, the limits.
func TestReadmeOrder(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			titles = append(titles, strings.TrimSpace(strings.TrimLeft(line, "#")))
		}
	}
	if d := cmp.Diff([]string{"Volley", "Two commands", "A tour in twenty lines", "Honest limits", "More"}, titles); d != "" {
		t.Error(d)
	}
}

type consoleCommand struct{ command, output string }

// consoleBlocks are the commands of a page's console blocks, with what follows each.
func consoleBlocks(page string) (out []consoleCommand) {
	for {
		block := between(page, "```console\n", "```")
		if block == "" {
			return out
		}
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out = append(out, consoleCommand{command: strings.TrimSpace(command)})
			} else if n := len(out); n > 0 {
				out[n-1].output += line
			}
		}
		page = page[strings.Index(page, "```console\n")+len("```console\n")+len(block):]
	}
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	body, _, _ := strings.Cut(rest, to)
	return body
}
