package scratch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDir(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "new")
	d := New(parent, "x-")
	path, err := d.Path()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Path(); err != nil || again != path {
		t.Errorf("%s, then %s, error %v", path, again, err)
	}
	if err := os.WriteFile(filepath.Join(path, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestSweep: folders of the dead go, those of the living, of others and of those just born stay.
func TestSweep(t *testing.T) {
	parent := t.TempDir()
	living := New(parent, "x-")
	alive, err := living.Path()
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	dead, foreign := filepath.Join(parent, "x-dead"), filepath.Join(parent, "x-foreign")
	for _, dir := range []string{dead, foreign} {
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dead, lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sweep(parent, "x-", time.Now())
	if _, err := os.Stat(dead); err != nil {
		t.Error("a folder that may be in the making was removed")
	}
	sweep(parent, "x-", time.Now().Add(time.Hour))
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Error("the folder of a dead process stays")
	}
	for _, dir := range []string{alive, foreign} {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("%s was removed", dir)
		}
	}
}
