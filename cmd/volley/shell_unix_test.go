//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is the shell at a terminal, and what it has shown so far.
type terminal struct {
	t    *testing.T
	f    *os.File
	mu   sync.Mutex
	text string
}

func (s *terminal) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := s.f.Read(buf)
		s.mu.Lock()
		s.text += string(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
		// Editors ask where the cursor is; terminals answer.
		for range strings.Count(string(buf[:n]), "\x1b[6n") {
			s.f.WriteString("\x1b[1;1R")
		}
	}
}

// enter types a text and waits until the shell shows what.
func (s *terminal) enter(keys, what string) {
	s.t.Helper()
	s.mu.Lock()
	s.text = ""
	s.mu.Unlock()
	if _, err := s.f.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
	s.wait(what)
}

func (s *terminal) wait(what string) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		text := s.text
		s.mu.Unlock()
		if strings.Contains(text, what) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%q does not come; shown was %q", what, text)
		}
	}
}

func TestShell(t *testing.T) {
	dir := t.TempDir()
	cmd, temp := command(t, "--tables", filepath.Dir(file(t, "stores.csv", "id,city\n1,Oslo\n2,Wien\n")))
	history := filepath.Join(dir, "history")
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=xterm", "VOLLEY_HISTORY="+history, "INPUTRC=/dev/null")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &terminal{t: t, f: f}
	go s.listen()
	s.wait("volley> ")
	s.enter("select city,\r", "-> ")
	s.enter("id * 21 as x from stores order by 2;\r", "2 rows in ")
	s.wait("│ Wien   │  42 │")
	s.enter(".tables\r", "stores")
	s.enter("select nope;\r", "UNRESOLVED_COLUMN")
	s.enter("select count(*) from range(1000000000000);\r", "\n")
	time.Sleep(300 * time.Millisecond)
	s.enter("\x03", "cancelled")
	for _, line := range []string{".mode csv", ".output " + filepath.Join(dir, "out.csv"), "select 7 as seven;", ".output"} {
		s.enter(line+"\r", "\x1b[?2004hvolley> ")
	}
	s.enter("select 40 + 2;\r", "\r\n42\r\n")
	s.wait("\x1b[?2004hvolley> ")
	time.Sleep(100 * time.Millisecond) // keys typed while the editor asks for the cursor's place are lost
	s.enter("e", "e\x1b[0m")
	s.enter("\x03", "\x1b[?2004hvolley> ")
	time.Sleep(100 * time.Millisecond)
	s.enter("\x04", "\n")
	if code := exitOf(t, cmd.Wait()); code != 0 {
		t.Errorf("code %d", code)
	}
	noLeaks(t, temp)
	if text, _ := os.ReadFile(filepath.Join(dir, "out.csv")); string(text) != "seven\n7\n" {
		t.Errorf("the file has %q", text)
	}
	if text, _ := os.ReadFile(history); !strings.Contains(string(text), "select city,") {
		t.Errorf("history has %q", text)
	}
}
