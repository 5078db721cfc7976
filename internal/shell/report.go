package shell

import (
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Report writes an error for people: message, place and hint, in colours on a
// terminal.
func Report(w *os.File, err error) {
	text := fmt.Sprintf("error: %v\n", err)
	if e := sqlerr.As(err); e != nil {
		text = e.Detail()
	}
	if colourful() && term.IsTerminal(int(w.Fd())) {
		text = colourDetail(text)
	}
	fmt.Fprint(w, text)
}
