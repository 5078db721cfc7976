package sql

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// DoPutCommandStatementIngest implements flightsql.Server: it writes the rows of
// the call to a table as they come. A call that breaks off writes nothing.
func (s *Server) DoPutCommandStatementIngest(ctx context.Context, cmd flightsql.StatementIngest, r flight.MessageReader) (int64, error) {
	c, release, err := s.in(ctx, cmd.GetTransactionId())
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	defer release()
	to, err := ingestTarget(cmd)
	if err != nil {
		return -1, err
	}
	name := newObjectID().name()
	ev := QueryEvent{ID: name, User: c.user, Session: c.id, Text: "ingest into " + to.Table, Started: time.Now()}
	leave, err := s.admit.enter(ctx, c.user)
	ev.Waited = time.Since(ev.Started)
	n := int64(0)
	if err == nil {
		n, err = s.ingest(ctx, c, to, r)
		leave()
	}
	ev.Took, ev.Rows, ev.Err = time.Since(ev.Started)-ev.Waited, n, err
	s.o.Observe(ev)
	if err != nil {
		return 0, s.failed(ctx, name, err)
	}
	return n, nil
}

func (s *Server) ingest(ctx context.Context, c *client, to IngestTarget, r flight.MessageReader) (int64, error) {
	// The schema comes with the first message.
	first, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, received(err)
	}
	schema := r.Schema()
	if schema == nil || schema.NumFields() == 0 {
		return 0, status.Error(codes.InvalidArgument, "Rows to ingest have no columns.")
	}
	if first != nil {
		first.Retain()
		defer first.Release()
	}
	return c.session.Ingest(ctx, to, schema, func(yield func(arrow.RecordBatch, error) bool) {
		if first != nil && !yield(first, nil) {
			return
		}
		for first != nil {
			rec, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, received(err))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	})
}

func ingestTarget(cmd flightsql.StatementIngest) (IngestTarget, error) {
	to := IngestTarget{
		Catalog: cmd.GetCatalog(), Schema: cmd.GetSchema(), Table: cmd.GetTable(), Temporary: cmd.GetTemporary(), Options: cmd.GetOptions(),
	}
	if to.Table == "" {
		return to, status.Error(codes.InvalidArgument, "The call does not name the table to ingest into.")
	}
	o := cmd.GetTableDefinitionOptions()
	to.Create = o.GetIfNotExist() == flightsql.TableDefinitionOptionsTableNotExistOptionCreate
	switch o.GetIfExists() {
	case flightsql.TableDefinitionOptionsTableExistsOptionAppend:
		to.Exists = AppendIfExists
	case flightsql.TableDefinitionOptionsTableExistsOptionReplace:
		to.Exists = ReplaceIfExists
	}
	return to, nil
}
