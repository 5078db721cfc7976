package parquet

import (
	"context"
	"github.com/volley-sql/volley/internal/sqlerr"
	"io"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/internal/types"
)

func (Format) Create(ctx context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	return nil, sqlerr.New(sqlerr.Unsupported, "Writing Parquet files is not supported.")
}
func (Format) Extension(opts format.Options) string { return ".parquet" }
