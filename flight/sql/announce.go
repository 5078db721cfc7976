package sql

import (
	"context"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/metadata"
)

// announced is what a client is told of the types of parameters. Clients in
// Java are told that times count in milliseconds: the JDBC driver writes
// milliseconds into whatever unit it was told (arrow-java issue 838), and its
// times have no finer unit. Values of other units are taken all the same.
func announced(ctx context.Context, params *arrow.Schema) *arrow.Schema {
	md, _ := metadata.FromIncomingContext(ctx)
	if agent := md.Get("user-agent"); len(agent) == 0 || !strings.Contains(agent[0], "grpc-java") {
		return params
	}
	fields := params.Fields() // a copy
	for i, f := range fields {
		switch t := f.Type.(type) {
		case *arrow.TimestampType:
			fields[i].Type = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: t.TimeZone}
		case *arrow.Time32Type, *arrow.Time64Type:
			fields[i].Type = arrow.FixedWidthTypes.Time32ms
		}
	}
	m := params.Metadata()
	return arrow.NewSchema(fields, &m)
}
