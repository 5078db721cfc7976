package files

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

func isNotExist(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}

// A reader waits this long for a publication to end: listTries times listWait.
const (
	listTries = 400
	listWait  = 10 * time.Millisecond
)

// stable lists a folder as it was at one moment between publications. A
// publication that ends while the folder is listed makes it list again; one
// that is under way is waited for, or completed if its writer is dead.
func stable(ctx context.Context, st store.Store, dir string) ([]store.File, error) {
	for range listTries {
		before, err := marks(ctx, st, dir)
		if err != nil {
			return nil, err
		}
		if before.commit != 0 {
			recoverCommit(ctx, st, strings.TrimRight(dir, "/"))
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(listWait):
			}
			continue
		}
		var out []store.File
		for f, err := range st.List(ctx, dir) {
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
		if after, err := marks(ctx, st, dir); err != nil {
			return nil, err
		} else if before == after {
			return out, nil
		}
	}
	return nil, sqlerr.New(sqlerr.FileReadFailed, "The folder %s could not be read: a job is publishing files there.", dir).
		WithHint("If no job runs, remove the file %s/%s.", dir, commitName)
}

// mark identifies a state of publication at a folder by times of change.
type mark struct{ success, commit int64 }

func marks(ctx context.Context, st store.Store, dir string) (m mark, err error) {
	for _, p := range []struct {
		name string
		to   *int64
	}{{successName, &m.success}, {commitName, &m.commit}} {
		f, _, err := st.Stat(ctx, strings.TrimRight(dir, "/")+"/"+p.name)
		switch {
		case err == nil:
			*p.to = f.ModTime
		case !notFound(err):
			return m, err
		}
	}
	return m, nil
}
