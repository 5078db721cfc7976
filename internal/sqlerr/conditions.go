package sqlerr

// Condition is a kind of error: a stable name users may match on, its
// SQLSTATE, and who is to blame.
type Condition struct {
	Name  string
	State string
	Blame Blame
}

var byName = map[string]*Condition{}

func define(name, state string, blame Blame) *Condition {
	c := &Condition{name, state, blame}
	if byName[name] != nil {
		panic("sqlerr: condition " + name + " is defined twice")
	}
	byName[name] = c
	return c
}

// Lookup returns the condition called name, or nil. Errors that crossed a
// wire are rebuilt with it.
func Lookup(name string) *Condition { return byName[name] }

// The conditions, sorted by name. Names and states are those of Spark's
// error-conditions.json where Spark has the condition.
var (
	AmbiguousReference            = define("AMBIGUOUS_REFERENCE", "42704", User)
	ArithmeticOverflow            = define("ARITHMETIC_OVERFLOW", "22003", User)
	BinaryArithmeticOverflow      = define("BINARY_ARITHMETIC_OVERFLOW", "22003", User)
	BinaryOpDiffTypes             = define("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09", User)
	BinaryOpWrongType             = define("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "42K09", User)
	Cancelled                     = define("OPERATION_CANCELED", "HY008", User)
	CastInvalidInput              = define("CAST_INVALID_INPUT", "22018", User)
	CastOverflow                  = define("CAST_OVERFLOW", "22003", User)
	CastWithConf                  = define("DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "42K09", User)
	CastWithFunc                  = define("DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "42K09", User)
	CastWithoutSuggestion         = define("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09", User)
	CatalogNotFound               = define("CATALOG_NOT_FOUND", "42P08", User)
	CombinationQueryResultClauses = define("UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", "0A000", User)
	ConflictingDirectories        = define("CONFLICTING_DIRECTORY_STRUCTURES", "KD009", User)
	ConflictingPartitionNames     = define("CONFLICTING_PARTITION_COLUMN_NAMES", "KD009", User)
	DataDiffTypes                 = define("DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09", User)
	DataSourceNotFound            = define("DATA_SOURCE_NOT_FOUND", "42K02", User)
	DatatypeMismatch              = define("DATATYPE_MISMATCH", "42K09", User)
	DatatypeMissingSize           = define("DATATYPE_MISSING_SIZE", "42K01", User)
	DatetimeOverflow              = define("DATETIME_OVERFLOW", "22008", User)
	DecimalPrecision              = define("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003", User)
	DivideByZero                  = define("DIVIDE_BY_ZERO", "22012", User)
	ExpectTableNotView            = define("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809", User)
	ExpectViewNotTable            = define("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", "42809", User)
	FileNotFound                  = define("PATH_NOT_FOUND", "42K03", User)
	FileReadFailed                = define("FAILED_READ_FILE", "KD001", User)
	IncompleteTypeDefinition      = define("INCOMPLETE_TYPE_DEFINITION", "42K01", User)
	InternalError                 = define("INTERNAL_ERROR", "XX000", Bug)
	IntervalDivideByZero          = define("INTERVAL_DIVIDED_BY_ZERO", "22012", User)
	IntervalMixedUnits            = define("_LEGACY_ERROR_TEMP_0029", "42601", User)
	IntervalOverflow              = define("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "22015", User)
	IntervalOverflowSuggest       = define("INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", "22015", User)
	InvalidEscape                 = define("INVALID_ESCAPE_CHAR", "42604", User)
	InvalidIdentifier             = define("INVALID_IDENTIFIER", "42602", User)
	InvalidIntervalFields         = define("INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION", "22006", User)
	InvalidIntervalFormat         = define("INVALID_INTERVAL_FORMAT.INTERVAL_PARSING", "22006", User)
	InvalidIntervalShape          = define("INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE", "22006", User)
	InvalidIntervalUnit           = define("INVALID_INTERVAL_FORMAT.INVALID_UNIT", "22006", User)
	InvalidNumericLiteral         = define("INVALID_NUMERIC_LITERAL_RANGE", "22003", User)
	InvalidOrderingType           = define("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09", User)
	InvalidParameterValue         = define("INVALID_PARAMETER_VALUE", "22023", User)
	InvalidPartitionValue         = define("INVALID_PARTITION_VALUE", "42846", User)
	InvalidSQLSyntax              = define("INVALID_SQL_SYNTAX", "42000", User)
	InvalidTableFunctionArgument  = define("INVALID_SQL_SYNTAX.INVALID_TABLE_FUNCTION_IDENTIFIER_ARGUMENT_MISSING_PARENTHESES", "42000", User)
	InvalidTypedLiteral           = define("INVALID_TYPED_LITERAL", "42604", User)
	LocationAlreadyExists         = define("LOCATION_ALREADY_EXISTS", "42710", User)
	MalformedCSVRecord            = define("MALFORMED_CSV_RECORD", "KD000", User)
	MalformedRecord               = define("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023", User)
	MemoryLimit                   = define("RESOURCE.MEMORY_LIMIT", "53200", Resource)
	NonFoldableInput              = define("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09", User)
	NumericOutOfRange             = define("NUMERIC_VALUE_OUT_OF_RANGE", "22003", User)
	NumericOutOfRangeStrict       = define("NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION", "22003", User)
	NumericOutOfRangeSuggest      = define("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", User)
	ParseEmptyStatement           = define("PARSE_EMPTY_STATEMENT", "42617", User)
	ParseSyntaxError              = define("PARSE_SYNTAX_ERROR", "42601", User)
	RemainderByZero               = define("REMAINDER_BY_ZERO", "22012", User)
	RepetitiveWindow              = define("INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION", "42000", User)
	SchemaAlreadyExists           = define("SCHEMA_ALREADY_EXISTS", "42P06", User)
	SchemaNotEmpty                = define("SCHEMA_NOT_EMPTY", "2BP01", User)
	SchemaNotFound                = define("SCHEMA_NOT_FOUND", "42704", User)
	StatementTooComplex           = define("STATEMENT_TOO_COMPLEX", "54001", Resource)
	TableOrViewAlreadyExists      = define("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", User)
	TableOrViewNotFound           = define("TABLE_OR_VIEW_NOT_FOUND", "42P01", User)
	TempViewAlreadyExists         = define("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", User)
	TooManyNameParts              = define("IDENTIFIER_TOO_MANY_NAME_PARTS", "42601", User)
	UnableToInferSchema           = define("UNABLE_TO_INFER_SCHEMA", "42KD9", User)
	UnclosedComment               = define("UNCLOSED_BRACKETED_COMMENT", "42601", User)
	UnexpectedInputType           = define("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", User)
	UnexpectedNull                = define("DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09", User)
	UnresolvedColumn              = define("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", User)
	UnresolvedRoutine             = define("UNRESOLVED_ROUTINE", "42883", User)
	Unsupported                   = define("UNSUPPORTED_FEATURE", "0A000", User)
	UnsupportedDatatype           = define("UNSUPPORTED_DATATYPE", "0A000", User)
	UnsupportedTypedLiteral       = define("UNSUPPORTED_TYPED_LITERAL", "0A000", User)
	UserRaised                    = define("USER_RAISED_EXCEPTION", "P0001", User)
	ValueOutOfRange               = define("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09", User)
	ViewNotFound                  = define("VIEW_NOT_FOUND", "42P01", User)
	WriteFailed                   = define("TASK_WRITE_FAILED", "58030", Resource)
	WrongCommandForObjectType     = define("WRONG_COMMAND_FOR_OBJECT_TYPE", "42809", User)
	WrongNumArgs                  = define("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", User)
)
