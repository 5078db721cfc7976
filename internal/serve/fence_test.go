package serve_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// TestFenceWhileFoldersAreSwapped runs statements over a folder that a link to
// outside takes the place of all the time, in this process and on executors: no
// row from outside is ever read, and nothing is written or removed there.
func TestFenceWhileFoldersAreSwapped(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]app.Options{
		"in this process":       {Threads: 2},
		"on executor processes": {Master: "local-cluster[2,1,512]", ExecutorCommand: []string{exe, executorWord}},
	} {
		t.Run(name, func(t *testing.T) { swapped(t, o) })
	}
}

func swapped(t *testing.T, o app.Options) {
	top := filepath.ToSlash(t.TempDir())
	data, secret := top+"/data", top+"/secret"
	place := func(dir, word string) {
		for i := range 4 {
			text := "x\n" + strings.Repeat(word+"\n", 50)
			if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(fmt.Sprintf("%s/%d.csv", dir, i), []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	place(data+"/d", "inside")
	place(secret, "secret")
	if err := os.Symlink(secret, data+"/link"); err != nil {
		t.Skip(err)
	}
	o.Files, o.Warehouse = []string{data}, top+"/warehouse"
	s := session(t, engine(t, o))
	run(t, s, "CREATE TABLE t (x STRING) USING csv OPTIONS (header 'true') LOCATION '"+data+"/d'")
	run(t, s, "CREATE TABLE w (x STRING) USING csv LOCATION '"+data+"/d/w'")

	stop, swapping := make(chan struct{}), sync.WaitGroup{}
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, m := range [][2]string{{"d", "keep"}, {"link", "d"}, {"d", "link"}, {"keep", "d"}} {
				// A writer may make the folder meanwhile.
				for os.Rename(data+"/"+m[0], data+"/"+m[1]) != nil {
					os.RemoveAll(data + "/" + m[1])
				}
			}
		}
	})
	done, refused := 0, 0
	for _, text := range []string{
		"SELECT count(*), max(x) FROM t", "SELECT x FROM csv.`" + data + "/d`", "SELECT x FROM '" + data + "/d/*.csv'", "SELECT * FROM text.`" + data + "/d/1.csv`",
		"SELECT min(x), max(x) FROM '" + data + "/d' GROUP BY x", "INSERT INTO w SELECT 'mine'", "INSERT OVERWRITE w SELECT 'mine'",
		"INSERT OVERWRITE DIRECTORY '" + data + "/d/o' USING csv SELECT 'mine' AS x", "TRUNCATE TABLE w",
	} {
		t.Run(text, func(t *testing.T) {
			for i := 0; i < 15 || (done == 0 || refused == 0) && i < 300; i++ {
				out, _, err := try(t, s, text, nil)
				if strings.Contains(out, "secret") {
					t.Fatalf("a row from outside: %.100s", out)
				}
				if err == nil {
					done++
				} else {
					refused++
				}
				if err != nil && (strings.Contains(err.Error(), "secret") || sqlerr.As(err) == nil || sqlerr.Is(err, sqlerr.InternalError)) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	close(stop)
	swapping.Wait()
	if done == 0 || refused == 0 {
		t.Errorf("%d statements ran and %d did not: nothing was swapped", done, refused)
	}
	found, err := os.ReadDir(secret)
	if err != nil || len(found) != 4 {
		t.Errorf("outside lies %v, %v", found, err)
	}
	for _, f := range found {
		if b, err := os.ReadFile(secret + "/" + f.Name()); err != nil || strings.Count(string(b), "secret\n") != 50 {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}
