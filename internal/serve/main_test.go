package serve_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/local"
	"github.com/volley-sql/volley/internal/linktest"
)

// programs are what this binary runs instead of tests if its first argument says so.
var programs = map[string]func(args []string) int{
	executorWord: runExecutor,
	serverWord:   func([]string) int { return runServer() },
}

// TestMain lets this binary be an executor of the clusters that tests start, or a server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && programs[os.Args[1]] != nil {
		os.Exit(programs[os.Args[1]](os.Args[2:]))
	}
	os.Exit(m.Run())
}

// linkFile names a file. Others reach an executor over a link that forwards nothing while that file is there.
const linkFile = "VOLLEY_TEST_LINK"

func linked(addr, file string) string {
	k, err := linktest.New(addr)
	if err != nil {
		panic(err)
	}
	go func() {
		for stopped := false; ; time.Sleep(5 * time.Millisecond) {
			switch _, err := os.Stat(file); {
			case err == nil && !stopped:
				k.Stop(true, true)
				stopped = true
			case err != nil && stopped:
				k.Resume()
				stopped = false
			}
		}
	}()
	return k.Addr()
}

const executorWord = "serve-executor"

func runExecutor(args []string) int {
	token, err := local.ReadToken(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	o := executor.Options{Host: "127.0.0.1", Token: token}
	if stop := os.Getenv(linkFile); stop != "" {
		o.Advertise = func(addr string) string { return linked(addr, stop) }
	}
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
	if err := executor.Run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
