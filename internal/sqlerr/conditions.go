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
	AmbiguousReference       = define("AMBIGUOUS_REFERENCE", "42704", User)
	ArithmeticOverflow       = define("ARITHMETIC_OVERFLOW", "22003", User)
	BinaryArithmeticOverflow = define("BINARY_ARITHMETIC_OVERFLOW", "22003", User)
	Cancelled                = define("OPERATION_CANCELED", "HY008", User)
	CastInvalidInput         = define("CAST_INVALID_INPUT", "22018", User)
	CastOverflow             = define("CAST_OVERFLOW", "22003", User)
	DatatypeMismatch         = define("DATATYPE_MISMATCH", "42K09", User)
	DivideByZero             = define("DIVIDE_BY_ZERO", "22012", User)
	FileNotFound             = define("PATH_NOT_FOUND", "42K03", User)
	FileReadFailed           = define("FAILED_READ_FILE", "KD001", User)
	InternalError            = define("INTERNAL_ERROR", "XX000", Bug)
	InvalidParameterValue    = define("INVALID_PARAMETER_VALUE", "22023", User)
	MemoryLimit              = define("RESOURCE.MEMORY_LIMIT", "53200", Resource)
	NumericOutOfRange        = define("NUMERIC_VALUE_OUT_OF_RANGE", "22003", User)
	ParseSyntaxError         = define("PARSE_SYNTAX_ERROR", "42601", User)
	StatementTooComplex      = define("STATEMENT_TOO_COMPLEX", "54001", Resource)
	TableOrViewNotFound      = define("TABLE_OR_VIEW_NOT_FOUND", "42P01", User)
	UnresolvedColumn         = define("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", User)
	UnresolvedRoutine        = define("UNRESOLVED_ROUTINE", "42883", User)
	Unsupported              = define("UNSUPPORTED_FEATURE", "0A000", User)
	WrongNumArgs             = define("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", User)
)
