package output

import (
	"bufio"
	"strings"

	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/types"
)

// textWriter writes the cells of a result that are texts of many lines, such as
// plans, one under the other without any frame.
type textWriter struct {
	w *bufio.Writer
	o Options
}

func (t *textWriter) header(types.Schema) error { return nil }

func (t *textWriter) batch(s types.Schema, b *vec.Batch) error {
	for _, row := range b.Selection() {
		for i, c := range b.Cols {
			v := c.Get(int(row))
			if v == nil {
				continue
			}
			for line := range strings.SplitSeq(strings.TrimRight(cast.Format(v, s[i].Type, t.o.Zone), "\n"), "\n") {
				t.w.WriteString(screen.Visible(line))
				t.w.WriteByte('\n')
			}
		}
	}
	return nil
}

func (t *textWriter) end(int64) error { return nil }
