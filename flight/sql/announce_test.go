package sql_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/internal/serve"
)

// TestParametersForJava: clients in Java write times in milliseconds, so that is what they are told, and nobody else is.
func TestParametersForJava(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	const text = "SELECT 1 WHERE TIMESTAMP'2026-11-21 00:00:00Z' = ? AND TIMESTAMP_NTZ'2026-11-21 00:00:00' = ? AND TIME'01:00:00' = ? AND 7L = ?"
	for agent, want := range map[string][]arrow.DataType{
		"":                       {&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Microsecond}, arrow.FixedWidthTypes.Time64ns, arrow.PrimitiveTypes.Int64},
		"grpc-java-netty/1.71.0": {&arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Millisecond}, arrow.FixedWidthTypes.Time32ms, arrow.PrimitiveTypes.Int64},
	} {
		c, err := flightsql.NewClient(s.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUserAgent(agent))
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Prepare(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if got := p.ParameterSchema().Field(i).Type; !arrow.TypeEqual(got, w) {
				t.Errorf("%q is told that parameter %d is %v, not %v", agent, i, got, w)
			}
		}
		p.Close(t.Context())
		c.Close()
	}
}
