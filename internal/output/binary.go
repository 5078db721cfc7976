package output

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/parquet"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// parquetWriter writes a Parquet file, which needs a name for each column.
type parquetWriter struct {
	w  io.Writer
	fw format.Writer
}

func (p *parquetWriter) header(s types.Schema) (err error) {
	seen := map[string]bool{}
	for _, f := range s {
		if seen[f.Name] {
			return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists.", f.Name).
				WithHint("Columns of Parquet files need names of their own: give this one another by AS.")
		}
		seen[f.Name] = true
	}
	p.fw, err = parquet.New().Create(context.Background(), p.w, s, nil)
	return err
}

func (p *parquetWriter) batch(_ types.Schema, b *vec.Batch) error { return p.fw.Write(b) }

func (p *parquetWriter) end(int64) error { return p.fw.Close() }

// arrowWriter writes an Arrow IPC stream.
type arrowWriter struct {
	w   io.Writer
	enc *arrowvec.Encoder
	ipc *ipc.Writer
}

func (a *arrowWriter) header(s types.Schema) error {
	a.enc = arrowvec.NewEncoder(s)
	a.enc.Borrow = true // records are written before the batch goes back
	a.ipc = ipc.NewWriter(a.w, ipc.WithSchema(a.enc.Schema()))
	return nil
}

func (a *arrowWriter) batch(_ types.Schema, b *vec.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	r, err := a.enc.Record(b)
	if err != nil {
		return err
	}
	defer r.Release()
	return a.ipc.Write(r)
}

func (a *arrowWriter) end(int64) error { return a.ipc.Close() }
