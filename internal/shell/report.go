package shell

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Report writes an error for people: message, place and hint, in colours on a
// terminal.
func Report(w *os.File, err error) {
	text := fmt.Sprintf("error: %v\n", err)
	if e := sqlerr.As(err); e != nil {
		text = e.Detail()
	}
	if term.IsTerminal(int(w.Fd())) {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for i, l := range lines { // values in messages must not move the cursor
			lines[i] = screen.Visible(strings.ReplaceAll(l, "\t", " "))
		}
		if text = strings.Join(lines, "\n") + "\n"; colourful() {
			text = colourDetail(text)
		}
	}
	fmt.Fprint(w, text)
}
