package local_test

import (
	"os"
	"testing"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/clustertest"
	"github.com/volley-sql/volley/cluster/local"
)

// The executors of these tests are this binary, started again.
const word = "local-test-executor"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == word {
		os.Exit(clustertest.Executor(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func open(t *testing.T, s clustertest.Setup) cluster.Manager {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m, err := local.New(local.Options{Command: []string{exe, word}, Driver: s.Driver, Token: s.Token, Env: s.Env})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSuite(t *testing.T) { clustertest.Run(t, open) }
