package sql

import (
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// metadataBatch is how many rows of a listing make a record.
const metadataBatch = 1024

// metadata answers a metadata command, whose ticket is the command itself.
func (s *Server) metadata(ctx context.Context, c *client, cmd proto.Message) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	switch cmd := cmd.(type) {
	case *pb.CommandGetCatalogs:
		return s.listing(schema_ref.Catalogs, func(add func() *array.RecordBuilder) error {
			names, err := c.session.Catalogs(ctx)
			for _, n := range names {
				text(add(), 0, n)
			}
			return err
		})
	case *pb.CommandGetDbSchemas:
		return s.schemas(ctx, c, cmd)
	case *pb.CommandGetTables:
		return s.tables(ctx, c, cmd)
	case *pb.CommandGetTableTypes:
		return s.listing(schema_ref.TableTypes, func(add func() *array.RecordBuilder) error {
			for _, t := range []TableType{LocalTemporary, SystemTable, BaseTable, View} { // in order of name
				text(add(), 0, string(t))
			}
			return nil
		})
	case *pb.CommandGetXdbcTypeInfo:
		return s.listing(schema_ref.XdbcTypeInfo, func(add func() *array.RecordBuilder) error {
			typeInfo(add, cmd.DataType)
			return nil
		})
	case *pb.CommandGetSqlInfo:
		return s.sqlInfo(ctx, cmd)
	case *pb.CommandGetPrimaryKeys: // there are no keys: tables have none
		return s.listing(schema_ref.PrimaryKeys, none)
	case *pb.CommandGetExportedKeys:
		return s.listing(schema_ref.ExportedKeys, none)
	case *pb.CommandGetImportedKeys:
		return s.listing(schema_ref.ImportedKeys, none)
	case *pb.CommandGetCrossReference:
		return s.listing(schema_ref.CrossReference, none)
	}
	return nil, nil, status.Errorf(codes.InvalidArgument, "%s cannot be read with DoGet.", cmd.ProtoReflect().Descriptor().FullName())
}

func none(func() *array.RecordBuilder) error { return nil }

// listing makes records of rows that fill adds: it calls add for every row and
// appends to all columns of the builder it returns. There is at least one record.
func (s *Server) listing(schema *arrow.Schema, fill func(add func() *array.RecordBuilder) error) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	b := array.NewRecordBuilder(s.alloc, schema)
	defer b.Release()
	var records []arrow.RecordBatch
	n := 0
	err := fill(func() *array.RecordBuilder {
		if n == metadataBatch {
			records, n = append(records, b.NewRecordBatch()), 0
		}
		n++
		return b
	})
	records = append(records, b.NewRecordBatch())
	if err != nil {
		for _, r := range records {
			r.Release()
		}
		return nil, nil, err
	}
	return schema, func(yield func(arrow.RecordBatch, error) bool) {
		stopped := false
		for _, r := range records {
			stopped = stopped || !yield(r, nil)
			r.Release()
		}
	}, nil
}

// text appends a string to a column; an empty one is NULL where the column takes it.
func text(b *array.RecordBuilder, col int, s string) {
	f := b.Field(col).(*array.StringBuilder)
	if s == "" && b.Schema().Field(col).Nullable {
		f.AppendNull()
		return
	}
	f.Append(s)
}

func (s *Server) schemas(ctx context.Context, c *client, cmd *pb.CommandGetDbSchemas) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	match := pattern(cmd.DbSchemaFilterPattern)
	return s.listing(schema_ref.DBSchemas, func(add func() *array.RecordBuilder) error {
		if cmd.Catalog != nil && *cmd.Catalog == "" {
			return nil // schemas without a catalog: there are none
		}
		names, err := c.session.Schemas(ctx, cmd.GetCatalog())
		for _, n := range names {
			if match(n.Schema) {
				b := add()
				text(b, 0, n.Catalog)
				text(b, 1, n.Schema)
			}
		}
		return err
	})
}

func (s *Server) tables(ctx context.Context, c *client, cmd *pb.CommandGetTables) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	schema := schema_ref.Tables
	if cmd.IncludeSchema {
		schema = schema_ref.TablesWithIncludedSchema
	}
	inSchema, named := pattern(cmd.DbSchemaFilterPattern), pattern(cmd.TableNameFilterPattern)
	wanted := map[TableType]bool{}
	for _, t := range cmd.TableTypes {
		wanted[TableType(strings.ToUpper(t))] = true
	}
	match := func(n TableName) bool {
		return (cmd.Catalog == nil || *cmd.Catalog == n.Catalog) && inSchema(n.Schema) && named(n.Name) && (len(cmd.TableTypes) == 0 || wanted[n.Type])
	}
	return s.listing(schema, func(add func() *array.RecordBuilder) error {
		for t, err := range c.session.Tables(ctx, match, cmd.IncludeSchema) {
			if err != nil {
				return err
			}
			b := add()
			text(b, 0, t.Catalog)
			text(b, 1, t.Schema)
			text(b, 2, t.Name)
			text(b, 3, string(t.Type))
			if cmd.IncludeSchema {
				columns := t.Columns
				if columns == nil { // drivers read a schema for every table
					columns = arrow.NewSchema(nil, nil)
				}
				b.Field(4).(*array.BinaryBuilder).Append(flight.SerializeSchema(columns, s.alloc))
			}
		}
		return nil
	})
}

// pattern is a match for a LIKE pattern with \ as escape; nil matches everything.
func pattern(p *string) func(string) bool {
	if p == nil || *p == "%" {
		return func(string) bool { return true }
	}
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	escaped := false
	for _, r := range *p {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			re.WriteString(".*")
		case !escaped && r == '_':
			re.WriteString(".")
		default:
			re.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	if escaped {
		re.WriteString(`\\`)
	}
	re.WriteString(`\z`)
	x, err := regexp.Compile(re.String())
	if err != nil { // too large for a regular expression: nothing has such a name
		return func(string) bool { return false }
	}
	return x.MatchString
}

// described is the FlightInfo of a metadata command.
func (s *Server) described(desc *flight.FlightDescriptor, schema *arrow.Schema) (*flight.FlightInfo, error) {
	return &flight.FlightInfo{
		Schema: wired(schema).encoded(), FlightDescriptor: desc,
		Endpoint:     []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: desc.GetCmd()}}},
		TotalRecords: -1, TotalBytes: -1,
	}, nil
}

// GetFlightInfoCatalogs implements flightsql.Server.
func (s *Server) GetFlightInfoCatalogs(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.Catalogs)
}

// GetFlightInfoSchemas implements flightsql.Server.
func (s *Server) GetFlightInfoSchemas(_ context.Context, _ flightsql.GetDBSchemas, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.DBSchemas)
}

// GetFlightInfoTables implements flightsql.Server.
func (s *Server) GetFlightInfoTables(_ context.Context, cmd flightsql.GetTables, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	if cmd.GetIncludeSchema() {
		return s.described(d, schema_ref.TablesWithIncludedSchema)
	}
	return s.described(d, schema_ref.Tables)
}

// GetFlightInfoTableTypes implements flightsql.Server.
func (s *Server) GetFlightInfoTableTypes(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.TableTypes)
}

// GetFlightInfoXdbcTypeInfo implements flightsql.Server.
func (s *Server) GetFlightInfoXdbcTypeInfo(_ context.Context, _ flightsql.GetXdbcTypeInfo, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.XdbcTypeInfo)
}

// GetFlightInfoSqlInfo implements flightsql.Server.
func (s *Server) GetFlightInfoSqlInfo(_ context.Context, _ flightsql.GetSqlInfo, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.SqlInfo)
}

// GetFlightInfoPrimaryKeys implements flightsql.Server.
func (s *Server) GetFlightInfoPrimaryKeys(_ context.Context, _ flightsql.TableRef, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.PrimaryKeys)
}

// GetFlightInfoExportedKeys implements flightsql.Server.
func (s *Server) GetFlightInfoExportedKeys(_ context.Context, _ flightsql.TableRef, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.ExportedKeys)
}

// GetFlightInfoImportedKeys implements flightsql.Server.
func (s *Server) GetFlightInfoImportedKeys(_ context.Context, _ flightsql.TableRef, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.ImportedKeys)
}

// GetFlightInfoCrossReference implements flightsql.Server.
func (s *Server) GetFlightInfoCrossReference(_ context.Context, _ flightsql.CrossTableRef, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return s.described(d, schema_ref.CrossReference)
}
