package shell

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/session"
)

// world is what completion knows of a session. Tables and columns are looked
// up when they are first wanted and forgotten after each statement.
type world struct {
	e        Engine
	funcs    func() []string
	isFunc   func() map[string]bool
	list     []string
	looked   bool
	ofTables map[string][]column
	spent    time.Duration // on looking up columns since the last statement
}

func newWorld(e Engine) *world {
	w := &world{e: e}
	w.funcs = sync.OnceValue(func() []string {
		reg, err := all.Registry()
		if err != nil {
			return nil
		}
		var out []string
		for _, d := range reg.Defs() {
			for _, n := range append([]string{d.Name}, d.Aliases...) {
				if quoteWord(n) == n { // operators have names of their own
					out = append(out, n)
				}
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	})
	w.isFunc = sync.OnceValue(func() map[string]bool {
		out := map[string]bool{}
		for _, n := range w.funcs() {
			out[n] = true
		}
		return out
	})
	w.forget()
	return w
}

func (w *world) forget() {
	w.list, w.looked, w.ofTables, w.spent = nil, false, map[string][]column{}, 0
}

func (w *world) functions() []string { return slices.Clone(w.funcs()) }

func (w *world) isFunction(name string) bool { return w.isFunc()[strings.ToLower(name)] }

func (w *world) tables() []string {
	if w.looked {
		return w.list
	}
	w.looked = true
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := w.e.Tables(ctx)
	if err != nil {
		return nil
	}
	w.list = list
	return w.list
}

func (w *world) columns(table string) []column {
	if c, ok := w.ofTables[table]; ok {
		return c
	}
	if w.spent > 2*patience { // too slow to be asked again and again
		return nil
	}
	w.ofTables[table] = nil
	defer func(start time.Time) { w.spent += time.Since(start) }(time.Now())
	name := table
	if !strings.HasPrefix(name, "'") && !strings.HasPrefix(name, `"`) {
		name = quoteWord(name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	res, err := w.e.Run(ctx, "DESCRIBE QUERY SELECT * FROM "+name, session.Params{})
	if err != nil {
		return nil
	}
	rows, err := res.Collect()
	if err != nil {
		return nil
	}
	var out []column
	for _, r := range rows {
		n, _ := r[0].(string)
		k, _ := r[1].(string)
		out = append(out, column{n, k})
	}
	w.ofTables[table] = out
	return out
}

// expandHome puts the home folder in the place of ~/.
func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
