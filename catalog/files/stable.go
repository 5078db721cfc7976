package files

import (
	"context"
	"errors"
	"io/fs"

	"github.com/volley-sql/volley/catalog/store"
)

func isNotExist(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}

// stable lists a folder.
func stable(ctx context.Context, st store.Store, dir string) ([]store.File, error) {
	var out []store.File
	for f, err := range st.List(ctx, dir) {
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
