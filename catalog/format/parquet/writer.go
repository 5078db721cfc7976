package parquet

import (
	"context"
	"io"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/internal/types"
)

func (Format) Create(ctx context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	panic("not yet")
}
func (Format) Extension(opts format.Options) string { return ".parquet" }
