package shell

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// historySize is the number of entries that are kept.
const historySize = 2000

// history remembers what was entered, in a file with a JSON string a line
// (entries may have many lines). It works without the file when that cannot
// be read or written.
type history struct {
	path    string
	entries []string
}

// historyPath is where history is kept; empty if nowhere.
func historyPath() string {
	if p, set := os.LookupEnv("VOLLEY_HISTORY"); set {
		return p
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "volley", "history")
}

// openHistory reads the file at path, which need not be there. A file that
// has grown to twice the size is shortened.
func openHistory(path string) *history {
	h := &history{path: path}
	if path == "" {
		return h
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return h
	}
	for line := range strings.Lines(string(text)) {
		var e string
		if json.Unmarshal([]byte(line), &e) == nil && e != "" {
			h.entries = append(h.entries, e)
		}
	}
	if len(h.entries) > 2*historySize {
		h.entries = h.entries[len(h.entries)-historySize:]
		h.rewrite()
	}
	return h
}

// rewrite puts the entries in the place of the file. Failures are harmless.
func (h *history) rewrite() {
	var b strings.Builder
	for _, e := range h.entries {
		b.WriteString(encodeEntry(e))
	}
	tmp := h.path + ".new"
	if os.WriteFile(tmp, []byte(b.String()), 0o600) == nil {
		os.Rename(tmp, h.path)
	}
}

func encodeEntry(e string) string {
	b, _ := json.Marshal(e) // a string always has a JSON form
	return string(b) + "\n"
}

// Add implements lineedit.History. Blank entries, and one the same as the
// last, are left out.
func (h *history) Add(entry string) {
	entry = strings.TrimSpace(entry)
	if n := len(h.entries); entry == "" || n > 0 && h.entries[n-1] == entry {
		return
	}
	h.entries = append(h.entries, entry)
	if h.path != "" && h.append(entry) != nil {
		h.path = "" // it cannot be kept: this session still has it
	}
}

func (h *history) append(entry string) error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(encodeEntry(entry))
	return errors.Join(err, f.Close())
}

// At implements lineedit.History.
func (h *history) At(i int) string { return h.entries[i] }

// Len implements lineedit.History.
func (h *history) Len() int { return len(h.entries) }
