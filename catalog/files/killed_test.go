package files

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/types"
)

// A writer process that is killed at any moment leaves all of the rows of some
// write, none of a half one; and the next write clears away whatever it left.
func TestKilledWriters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := overwrite(dir, "first", false); err != nil {
		t.Fatal(err)
	}
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	killedInside := 0
	for i := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^TestHelperWriter$")
		cmd.Env = append(os.Environ(), "VOLLEY_TEST_WRITE_TO="+dir, fmt.Sprint("VOLLEY_TEST_ROUND=", i))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for range 1 + rand.IntN(3) {
			if line, err := lines.ReadString('\n'); err != nil || line != "publishing\n" {
				t.Fatalf("the writer said %q, %v", line, err)
			}
		}
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if _, err := os.Stat(filepath.Join(dir, commitName)); err == nil {
			killedInside++
		}
		generation(t, dir)
	}
	t.Logf("%d of %d writers died while their files moved", killedInside, rounds)
	if err := overwrite(dir, "last", false); err != nil {
		t.Fatal(err)
	}
	if got := generation(t, dir); got != "last" {
		t.Errorf("the rows are of %q", got)
	}
	want := writeFiles + 1 // and _SUCCESS
	var left []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, _ error) error {
		if p != dir {
			left = append(left, d.Name())
		}
		return nil
	})
	if len(left) != want {
		t.Errorf("there are %d files, want %d: %v", len(left), want, left)
	}
}

// TestHelperWriter is not a test: it is the process that TestKilledWriters kills.
func TestHelperWriter(t *testing.T) {
	dir := os.Getenv("VOLLEY_TEST_WRITE_TO")
	if dir == "" {
		t.Skip("runs as a process of TestKilledWriters")
	}
	for i := range 1_000_000 {
		if err := overwrite(dir, fmt.Sprint(os.Getenv("VOLLEY_TEST_ROUND"), ".", i), true); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

const writeFiles = 8

// overwrite replaces what is in dir by files with a line each. With say it
// tells on standard output when they begin to move.
func overwrite(dir, line string, say bool) error {
	ctx, st := context.Background(), local.New()
	j, err := StartJob(ctx, st, catalog.WriteTarget{Format: "text", Location: dir, Schema: types.Schema{{Name: "value", Type: types.StringType}}})
	if err != nil {
		return err
	}
	var files []catalog.File
	for i := range writeFiles {
		p := fmt.Sprintf("%s/part-%d-%s.txt", j.Target.StagingDir(), i, j.Target.Job)
		w, err := st.Create(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, line)
		if err := w.Close(); err != nil {
			return err
		}
		files = append(files, catalog.File{Path: p, Rows: 1})
	}
	if say {
		fmt.Println("publishing")
	}
	return j.Publish(ctx, catalog.Overwrite, nil, files)
}

// generation is the line all files in dir have.
func generation(t *testing.T, dir string) string {
	t.Helper()
	tab := open(t, dir, nil)
	if len(tab.files) != writeFiles {
		t.Fatalf("there are %d files: %v", len(tab.files), names(tab, dir))
	}
	first := ""
	for i, f := range tab.files {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = string(b)
		}
		if string(b) != first || first == "" {
			t.Fatalf("files of two writes: %q and %q", first, b)
		}
	}
	return strings.TrimSpace(first)
}
