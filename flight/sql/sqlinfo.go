package sql

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/protobuf/proto"
)

// bits makes a bitmask of the numbers of bits.
func bits(n ...int32) (m int32) {
	for _, b := range n {
		m |= 1 << b
	}
	return m
}

// sqlInfos is what GetSqlInfo says. The type of a value decides which member
// of a union clients find it in, so it must be the protocol's: bool, string,
// int64 for lengths and enumerations, int32 for bitmasks and where ADBC reads one.
func sqlInfos(o Options, e Dialect) map[flightsql.SqlInfo]any {
	all := map[flightsql.SqlInfo]any{
		flightsql.SqlInfoFlightSqlServerName:                        "Volley",
		flightsql.SqlInfoFlightSqlServerVersion:                     o.Version,
		flightsql.SqlInfoFlightSqlServerArrowVersion:                arrow.PkgVersion,
		flightsql.SqlInfoFlightSqlServerReadOnly:                    false,
		flightsql.SqlInfoFlightSqlServerSql:                         true,
		flightsql.SqlInfoFlightSqlServerSubstrait:                   false,
		flightsql.SqlInfoFlightSqlServerSubstraitMinVersion:         "",
		flightsql.SqlInfoFlightSqlServerSubstraitMaxVersion:         "",
		flightsql.SqlInfoFlightSqlServerTransaction:                 int32(pb.SqlSupportedTransaction_SQL_SUPPORTED_TRANSACTION_NONE),
		flightsql.SqlInfoFlightSqlServerCancel:                      true,
		flightsql.SqlInfoFlightSqlServerStatementTimeout:            int32(o.QueryTimeout.Milliseconds()),
		flightsql.SqlInfoFlightSqlServerTransactionTimeout:          int32(o.SessionIdle.Milliseconds()),
		flightsql.SqlInfoFlightSqlServerBulkIngestion:               true,
		flightsql.SqlInfoFlightSqlServerIngestTransactionsSupported: e.Transactions,

		flightsql.SqlInfoDDLCatalog:                             false,
		flightsql.SqlInfoDDLSchema:                              true,
		flightsql.SqlInfoDDLTable:                               true,
		flightsql.SqlInfoIdentifierCase:                         int64(pb.SqlSupportedCaseSensitivity_SQL_CASE_SENSITIVITY_CASE_INSENSITIVE),
		flightsql.SqlInfoIdentifierQuoteChar:                    "`",
		flightsql.SqlInfoQuotedIdentifierCase:                   int64(pb.SqlSupportedCaseSensitivity_SQL_CASE_SENSITIVITY_CASE_INSENSITIVE),
		flightsql.SqlInfoAllTablesAreASelectable:                true,
		flightsql.SqlInfoNullOrdering:                           int64(pb.SqlNullOrdering_SQL_NULLS_SORTED_LOW),
		flightsql.SqlInfoKeywords:                               e.Keywords,
		flightsql.SqlInfoNumericFunctions:                       e.Numeric,
		flightsql.SqlInfoStringFunctions:                        e.String,
		flightsql.SqlInfoSystemFunctions:                        e.System,
		flightsql.SqlInfoDateTimeFunctions:                      e.Datetime,
		flightsql.SqlInfoSearchStringEscape:                     `\`,
		flightsql.SqlInfoExtraNameChars:                         "",
		flightsql.SqlInfoSupportsColumnAliasing:                 true,
		flightsql.SqlInfoNullPlusNullIsNull:                     true,
		flightsql.SqlInfoSupportsConvert:                        conversions(),
		flightsql.SqlInfoSupportsTableCorrelationNames:          true,
		flightsql.SqlInfoSupportsDifferentTableCorrelationNames: false,
		flightsql.SqlInfoSupportsExpressionsInOrderBy:           true,
		flightsql.SqlInfoSupportsOrderByUnrelated:               true,
		flightsql.SqlInfoSupportedGroupBy:                       bits(int32(pb.SqlSupportedGroupBy_SQL_GROUP_BY_UNRELATED), int32(pb.SqlSupportedGroupBy_SQL_GROUP_BY_BEYOND_SELECT)),
		flightsql.SqlInfoSupportsLikeEscapeClause:               true,
		flightsql.SqlInfoSupportsNonNullableColumns:             true,
		flightsql.SqlInfoSupportedGrammar:                       bits(int32(pb.SupportedSqlGrammar_SQL_MINIMUM_GRAMMAR), int32(pb.SupportedSqlGrammar_SQL_CORE_GRAMMAR)),
		flightsql.SqlInfoANSI92SupportedLevel:                   bits(int32(pb.SupportedAnsi92SqlGrammarLevel_ANSI92_ENTRY_SQL)),
		flightsql.SqlInfoSupportsIntegrityEnhancementFacility:   false,
		flightsql.SqlInfoOuterJoinsSupportLevel:                 bits(int32(pb.SqlOuterJoinsSupportLevel_SQL_FULL_OUTER_JOINS)),
		flightsql.SqlInfoSchemaTerm:                             "schema",
		flightsql.SqlInfoProcedureTerm:                          "procedure",
		flightsql.SqlInfoCatalogTerm:                            "catalog",
		flightsql.SqlInfoCatalogAtStart:                         true,
		flightsql.SqlInfoSchemasSupportedActions:                everyAction,
		flightsql.SqlInfoCatalogsSupportedActions:               everyAction,
		flightsql.SqlInfoSupportedPositionedCommands:            int32(0),
		flightsql.SqlInfoSelectForUpdateSupported:               false,
		flightsql.SqlInfoStoredProceduresSupported:              false,
		flightsql.SqlInfoSupportedSubqueries: bits(int32(pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_COMPARISONS), int32(pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_EXISTS),
			int32(pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_INS)),
		flightsql.SqlInfoCorrelatedSubqueriesSupported: true,
		flightsql.SqlInfoSupportedUnions:               bits(int32(pb.SqlSupportedUnions_SQL_UNION), int32(pb.SqlSupportedUnions_SQL_UNION_ALL)),
		flightsql.SqlInfoMaxRowSizeIncludesBlobs:       true,

		flightsql.SqlInfoDefaultTransactionIsolation:                         int64(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_NONE),
		flightsql.SqlInfoTransactionsSupported:                               e.Transactions,
		flightsql.SqlInfoSupportedTransactionsIsolationlevels:                bits(int32(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_NONE)),
		flightsql.SqlInfoDataDefinitionCausesTransactionCommit:               false,
		flightsql.SqlInfoDataDefinitionsInTransactionsIgnored:                false,
		flightsql.SqlInfoSupportedResultSetTypes:                             bits(int32(pb.SqlSupportedResultSetType_SQL_RESULT_SET_TYPE_FORWARD_ONLY)),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetUnspecified:       int32(0),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetForwardOnly:       bits(int32(pb.SqlSupportedResultSetConcurrency_SQL_RESULT_SET_CONCURRENCY_READ_ONLY)),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetScrollSensitive:   int32(0),
		flightsql.SqlInfoSupportedConcurrenciesForResultSetScrollInsensitive: int32(0),
		flightsql.SqlInfoBatchUpdatesSupported:                               true,
		flightsql.SqlInfoSavePointsSupported:                                 false,
		flightsql.SqlInfoNamedParametersSupported:                            true,
		flightsql.SqlInfoLocatorsUpdateCopy:                                  false,
		flightsql.SqlInfoStoredFunctionsUsingCallSyntaxSupported:             false,
	}
	if e.Transactions {
		all[flightsql.SqlInfoFlightSqlServerTransaction] = int32(pb.SqlSupportedTransaction_SQL_SUPPORTED_TRANSACTION_TRANSACTION)
		all[flightsql.SqlInfoDefaultTransactionIsolation] = int64(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_READ_COMMITTED)
		all[flightsql.SqlInfoSupportedTransactionsIsolationlevels] = bits(int32(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_READ_COMMITTED))
	}
	for _, id := range unlimited { // 0: no limit, or none that is known
		all[id] = int64(0)
	}
	all[flightsql.SqlInfoMaxConnections] = int64(o.MaxSessions)
	return all
}

var everyAction = bits(int32(pb.SqlSupportedElementActions_SQL_ELEMENT_IN_PROCEDURE_CALLS), int32(pb.SqlSupportedElementActions_SQL_ELEMENT_IN_INDEX_DEFINITIONS),
	int32(pb.SqlSupportedElementActions_SQL_ELEMENT_IN_PRIVILEGE_DEFINITIONS))

var unlimited = []flightsql.SqlInfo{
	flightsql.SqlInfoMaxBinaryLiteralLen, flightsql.SqlInfoMaxCharLiteralLen, flightsql.SqlInfoMaxColumnNameLen, flightsql.SqlInfoMaxColumnsInGroupBy,
	flightsql.SqlInfoMaxColumnsInIndex, flightsql.SqlInfoMaxColumnsInOrderBy, flightsql.SqlInfoMaxColumnsInSelect, flightsql.SqlInfoMaxColumnsInTable,
	flightsql.SqlInfoMaxCursorNameLen, flightsql.SqlInfoMaxIndexLen, flightsql.SqlInfoDBSchemaNameLen, flightsql.SqlInfoMaxProcedureNameLen,
	flightsql.SqlInfoMaxCatalogNameLen, flightsql.SqlInfoMaxRowSize, flightsql.SqlInfoMaxStatementLen, flightsql.SqlInfoMaxStatements,
	flightsql.SqlInfoMaxTableNameLen, flightsql.SqlInfoMaxTablesInSelect, flightsql.SqlInfoMaxUsernameLen,
}

// conversions says which types CAST takes to which.
func conversions() map[int32][]int32 {
	const (
		bigint    = int32(pb.SqlSupportsConvert_SQL_CONVERT_BIGINT)
		binary    = int32(pb.SqlSupportsConvert_SQL_CONVERT_BINARY)
		bit       = int32(pb.SqlSupportsConvert_SQL_CONVERT_BIT)
		char      = int32(pb.SqlSupportsConvert_SQL_CONVERT_CHAR)
		date      = int32(pb.SqlSupportsConvert_SQL_CONVERT_DATE)
		decimal   = int32(pb.SqlSupportsConvert_SQL_CONVERT_DECIMAL)
		float     = int32(pb.SqlSupportsConvert_SQL_CONVERT_FLOAT)
		integer   = int32(pb.SqlSupportsConvert_SQL_CONVERT_INTEGER)
		numeric   = int32(pb.SqlSupportsConvert_SQL_CONVERT_NUMERIC)
		real      = int32(pb.SqlSupportsConvert_SQL_CONVERT_REAL)
		smallint  = int32(pb.SqlSupportsConvert_SQL_CONVERT_SMALLINT)
		timestamp = int32(pb.SqlSupportsConvert_SQL_CONVERT_TIMESTAMP)
		tinyint   = int32(pb.SqlSupportsConvert_SQL_CONVERT_TINYINT)
		varbinary = int32(pb.SqlSupportsConvert_SQL_CONVERT_VARBINARY)
		varchar   = int32(pb.SqlSupportsConvert_SQL_CONVERT_VARCHAR)
	)
	numbers := []int32{bigint, bit, decimal, float, integer, numeric, real, smallint, tinyint}
	texts := []int32{char, varchar}
	out := map[int32][]int32{}
	for _, n := range numbers {
		out[n] = slices.Concat(numbers, texts)
	}
	for _, t := range texts {
		out[t] = slices.Concat(numbers, texts, []int32{binary, date, timestamp, varbinary})
	}
	out[date] = append([]int32{date, timestamp}, texts...)
	out[timestamp] = append([]int32{date, timestamp, bigint}, texts...)
	out[binary] = append([]int32{binary, varbinary}, texts...)
	out[varbinary] = out[binary]
	return out
}

// registerSqlInfo fills in what GetSqlInfo says.
func (s *Server) registerSqlInfo() {
	s.infos = map[uint32]bool{}
	for id, v := range sqlInfos(s.o, s.engine.Dialect()) {
		if err := s.RegisterSqlInfo(id, v); err != nil {
			panic(err) // a value of a type the protocol does not have
		}
		s.infos[uint32(id)] = true
	}
}

// sqlInfo answers GetSqlInfo, in order of id. Ids that are not known are left
// out: the routing's own answer would be an error.
func (s *Server) sqlInfo(ctx context.Context, cmd *pb.CommandGetSqlInfo) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	var ids []uint32
	for _, id := range cmd.GetInfo() {
		if s.infos[id] {
			ids = append(ids, id)
		}
	}
	if len(cmd.GetInfo()) == 0 {
		ids = slices.Sorted(maps.Keys(s.infos))
	}
	if len(ids) == 0 {
		return s.listing(schema_ref.SqlInfo, none)
	}
	known := proto.Clone(cmd).(*pb.CommandGetSqlInfo)
	known.Info = ids
	schema, chunks, err := s.DoGetSqlInfo(ctx, known)
	if err != nil {
		return nil, nil, err
	}
	return schema, fromChunks(chunks), nil
}

// fromChunks reads the stream of a handler of arrow-go's to its end.
func fromChunks(chunks <-chan flight.StreamChunk) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		stopped := false
		for c := range chunks {
			if !stopped {
				stopped = !yield(c.Data, c.Err)
			}
			if c.Data != nil {
				c.Data.Release()
			}
		}
	}
}
