package worlds

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/local"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/slt"
)

// root is where the files are.
const root = "../../testdata/slt"

// pending runs the records marked "skipif pending" too: what Spark answers and Volley does not yet.
var pending = flag.Bool("pending", false, "run what is known not to work yet")

// zone is the session time zone of the expected rows.
const zone = "America/Los_Angeles"

// world is a way to run statements that must not change what they answer.
type world struct {
	name    string
	master  string
	threads int
	conf    map[string]string
	// kill is how long executors live, on average, before one is killed; 0: for good.
	kill time.Duration
	// often says that the world is visited by every run of the tests.
	often bool
}

func worldList() []world {
	conf := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m["volley."+pairs[i]] = pairs[i+1]
		}
		return m
	}
	return []world{
		{name: "plain", threads: 1, conf: conf("execution.batchSize", "2048"), often: true},
		{name: "threads4", threads: 4, conf: conf("execution.batchSize", "3"), often: true},
		{name: "batch1", threads: 1, conf: conf("execution.batchSize", "1")},
		{name: "batch3", threads: 1, conf: conf("execution.batchSize", "3")},
		{name: "batch1-threads4", threads: 4, conf: conf("execution.batchSize", "1")},
		{name: "spill", threads: 2, conf: conf("execution.forceSpill", "true"), often: true},
		{name: "spill-batch3", threads: 1, conf: conf("execution.forceSpill", "true", "execution.batchSize", "3")},
		{name: "unoptimized", threads: 2, conf: conf("optimizer.enabled", "false")},
		{name: "wire", threads: 2, conf: conf("execution.wireForm", "true"), often: true},
		{name: "cluster", master: "local-cluster[3,1,512]", often: true},
		{name: "cluster-batch3-spill", master: "local-cluster[2,2,512]", conf: conf("execution.forceSpill", "true", "execution.batchSize", "3", "execution.rangeSort", "0")},
		{name: "cluster-killed", master: "local-cluster[3,1,512]", kill: 700 * time.Millisecond},
	}
}

// TestMain lets this binary be an executor: drivers start it with the words of executorArgs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == executorWord {
		os.Exit(runExecutor(os.Args[2:]))
	}
	os.Exit(m.Run())
}

const executorWord = "worlds-executor"

func runExecutor(args []string) int {
	token, err := local.ReadToken(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	o := executor.Options{Host: "127.0.0.1", Token: token}
	for i := 0; i+1 < len(args); i += 2 {
		switch args[i] {
		case "--id":
			o.ID = args[i+1]
		case "--driver":
			o.Driver = args[i+1]
		case "--cores":
			fmt.Sscan(args[i+1], &o.Cores)
		case "--memory":
			fmt.Sscan(args[i+1], &o.Memory)
		}
	}
	go func() { // the driver holds the other end
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err := executor.Run(context.Background(), o); err != nil {
		return 1
	}
	return 0
}

// TestFiles runs every file in some worlds, and in all of them with VOLLEY_ALL_WORLDS=1.
func TestFiles(t *testing.T) {
	files := list(t)
	all := os.Getenv("VOLLEY_ALL_WORLDS") != ""
	for _, w := range worldList() {
		if !all && (!w.often || testing.Short() && w.name != "plain") {
			continue
		}
		t.Run(w.name, func(t *testing.T) { w.run(t, files) })
	}
}

func list(t *testing.T) []string {
	var files []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".slt") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", root, err)
	}
	return files
}

func (w world) run(t *testing.T, files []string) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	conf := map[string]string{"spark.sql.session.timeZone": zone, "spark.sql.warehouse.dir": t.TempDir()}
	for k, v := range w.conf {
		conf[k] = v
	}
	a, err := app.Open(app.Options{Master: w.master, Threads: w.threads, Conf: conf, ExecutorCommand: []string{exe, executorWord}, Admins: []string{"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if w.kill > 0 {
		defer killing(t, a, w.kill)()
	}
	labels := []string{w.name}
	if !*pending {
		labels = append(labels, "pending")
	}
	if w.master != "" {
		labels = append(labels, "distributed")
	}
	total := 0
	for _, f := range files {
		name, _ := filepath.Rel(root, f)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".slt"), func(t *testing.T) {
			s, err := a.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			e := &engine{s: s, app: a, users: map[string]*engine{}, dir: filepath.ToSlash(t.TempDir())}
			ran, fails, err := slt.Run(t.Context(), f, e, labels, false)
			if err != nil {
				t.Fatal(err)
			}
			total += ran
			for _, x := range fails {
				t.Error(x)
			}
			e.clear(t)
		})
	}
	t.Logf("%d statements", total)
}

// killing kills one executor after the other, at random moments, until the returned function is called.
func killing(t *testing.T, a *app.App, every time.Duration) (stop func()) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the kills: %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	done := make(chan struct{})
	var wg sync.WaitGroup
	killed := 0
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(every/2 + time.Duration(r.Int64N(int64(every)))):
			}
			var pids []int
			for _, pid := range a.Driver().Executors() {
				pids = append(pids, pid)
			}
			if len(pids) < 2 {
				continue // replacements are on their way
			}
			slices.Sort(pids)
			if p, err := os.FindProcess(pids[r.IntN(len(pids))]); err == nil && p.Kill() == nil {
				killed++
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
		t.Logf("%d executors killed", killed)
	}
}

// engine runs statements in a session; ${dir} in them is a folder of the file's own.
type engine struct {
	s     *session.Session
	dir   string
	app   *app.App
	users map[string]*engine
}

// As implements slt.Users.
func (e *engine) As(ctx context.Context, user string, roles []string) (slt.Engine, error) {
	k := strings.Join(append([]string{user}, roles...), " ")
	if e.users[k] == nil {
		s, err := e.app.SessionOf(ctx, app.User{Name: user, Roles: roles, Rights: true})
		if err != nil {
			return nil, err
		}
		e.users[k] = &engine{s: s, dir: e.dir}
	}
	return e.users[k], nil
}

// Run implements slt.Engine.
func (e *engine) Run(ctx context.Context, sql string) (*slt.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	res, err := e.s.Run(ctx, strings.ReplaceAll(sql, "${dir}", e.dir), session.Params{})
	if err != nil {
		return nil, err
	}
	rows, err := res.Collect()
	if err != nil {
		return nil, err
	}
	out := &slt.Result{}
	for _, f := range res.Schema {
		out.Columns = append(out.Columns, f.Name)
	}
	for _, r := range rows {
		cells := make([]*string, len(r))
		for c, d := range r {
			if d != nil {
				text := cast.Format(d, res.Schema[c].Type, settings.TimeZone(res.Settings))
				cells[c] = &text
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out, nil
}

// clear reports tables that a file has left behind, which the next one would see, and drops them.
func (e *engine) clear(t *testing.T) {
	res, err := e.Run(t.Context(), "SHOW TABLES IN default")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Rows {
		if len(r) < 3 || r[2] != nil && *r[2] == "true" {
			continue
		}
		t.Errorf("table %s is left", *r[1])
		if _, err := e.Run(t.Context(), "DROP TABLE default."+*r[1]); err != nil {
			t.Error(err)
		}
	}
}
