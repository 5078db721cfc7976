package ast

// Insert is INSERT INTO or INSERT OVERWRITE a table.
type Insert struct {
	Span
	With        []CTE // WITH … INSERT
	Table       Name
	Overwrite   bool
	Partition   []Property // PARTITION (k = v, k2): a nil value is dynamic
	IfNotExists bool       // of the partition
	Columns     []string
	ByName      bool
	// Replace is the condition of INSERT INTO t REPLACE WHERE.
	Replace Expr
	Query   *Query
}

// InsertDirectory is INSERT OVERWRITE [LOCAL] DIRECTORY 'p' USING fmt query.
type InsertDirectory struct {
	Span
	Local   bool
	Path    string // empty: the option path
	Using   string
	Options []Property
	Query   *Query
}

// Delete is DELETE FROM t WHERE ….
type Delete struct {
	Span
	Table Name
	Alias *Alias
	Where Expr
}

// Update is UPDATE t SET … WHERE ….
type Update struct {
	Span
	Table Name
	Alias *Alias
	Set   []Assignment
	Where Expr
}

// Assignment is column = value. A nil Value is DEFAULT.
type Assignment struct {
	Span
	Column Name
	Value  Expr
}

// Merge is MERGE INTO target USING source ON … WHEN ….
type Merge struct {
	Span
	SchemaEvolution bool
	Target          Name
	Alias           *Alias
	Source          Relation
	On              Expr
	Clauses         []MergeClause
}

// MergeMatch is which rows a MergeClause is about.
type MergeMatch uint8

// The kinds.
const (
	WhenMatched MergeMatch = iota
	WhenNotMatched
	WhenNotMatchedBySource
)

// MergeAction is what a MergeClause does.
type MergeAction uint8

// The actions.
const (
	MergeDelete MergeAction = iota
	MergeUpdate
	MergeInsert
)

// MergeClause is one WHEN of a Merge. All says UPDATE SET * or INSERT *.
type MergeClause struct {
	Span
	Match  MergeMatch
	Cond   Expr
	Action MergeAction
	All    bool
	Set    []Assignment
}

// ShowKind is what a Show lists.
type ShowKind uint8

// The kinds.
const (
	ShowTables ShowKind = iota
	ShowTableExtended
	ShowViews
	ShowDatabases
	ShowCatalogs
	ShowColumns
	ShowFunctions
	ShowPartitions
	ShowProperties
	ShowCreateTable
	ShowCurrentDatabase
)

// Show is a SHOW statement.
type Show struct {
	Span
	Kind ShowKind
	// In is the database of SHOW TABLES IN d, or the second name of SHOW COLUMNS IN t IN d.
	In Name
	// Name is the table of SHOW COLUMNS, PARTITIONS, TBLPROPERTIES and CREATE TABLE.
	Name Name
	// Pattern is the LIKE pattern, nil without one. In it * is any text and | separates alternatives.
	Pattern   *string
	Partition []Property
	Key       string // SHOW TBLPROPERTIES t (key)
	Scope     string // SHOW USER|SYSTEM|ALL FUNCTIONS, upper case, or empty
	AsSerde   bool
}

// Describe is DESCRIBE [TABLE|DATABASE|FUNCTION|QUERY] [EXTENDED] ….
type Describe struct {
	Span
	Kind      ObjectKind // ObjTable, ObjDatabase, ObjFunction or ObjQuery
	Extended  bool
	AsJSON    bool
	Name      Name
	Column    Name       // DESCRIBE t column
	Partition []Property // DESCRIBE t PARTITION (…)
	Query     *Query
}

// ExplainMode is what EXPLAIN shows.
type ExplainMode uint8

// The modes. Plain EXPLAIN is ExplainSimple: the physical plan.
const (
	ExplainSimple ExplainMode = iota
	ExplainExtended
	ExplainLogical
	ExplainOptimized
	ExplainPhysical
	ExplainStages
	ExplainFormatted
	ExplainCodegen
	ExplainCost
	ExplainAnalyze
)

var explainNames = [...]string{"", "EXTENDED", "LOGICAL", "OPTIMIZED", "PHYSICAL", "STAGES", "FORMATTED", "CODEGEN", "COST", "ANALYZE"}

func (m ExplainMode) String() string { return explainNames[m] }

// Explain is EXPLAIN [mode] statement.
type Explain struct {
	Span
	Mode      ExplainMode
	Statement Statement
}

// SetConf is SET key = value, SET key (Value nil), SET (Key empty) and SET -v.
type SetConf struct {
	Span
	Key     string
	Value   *string
	Verbose bool
}

// SetTimeZone is SET TIME ZONE LOCAL | 'zone' | INTERVAL '…' HOUR TO ….
type SetTimeZone struct {
	Span
	Zone   string // empty: LOCAL, or Offset
	Offset *Interval
}

// Reset is RESET [key].
type Reset struct {
	Span
	Key string
}

// Cache is CACHE [LAZY] TABLE t [OPTIONS (…)] [AS query].
type Cache struct {
	Span
	Lazy    bool
	Table   Name
	Options []Property
	Query   *Query
}

// Uncache is UNCACHE TABLE [IF EXISTS] t.
type Uncache struct {
	Span
	Table    Name
	IfExists bool
}

// TransactionOp is what a Transaction statement does.
type TransactionOp uint8

// The operations.
const (
	BeginTransaction TransactionOp = iota
	CommitTransaction
	RollbackTransaction
)

func (o TransactionOp) String() string {
	return [...]string{"START TRANSACTION", "COMMIT", "ROLLBACK"}[o]
}

// Transaction is START TRANSACTION (or BEGIN), COMMIT or ROLLBACK.
type Transaction struct {
	Span
	Op TransactionOp
}

// ClearCache is CLEAR CACHE.
type ClearCache struct{ Span }

// Refresh is REFRESH TABLE t, REFRESH FUNCTION f or REFRESH path.
type Refresh struct {
	Span
	Table    Name
	Function bool
	Path     string
}

// Analyze is ANALYZE TABLE t COMPUTE STATISTICS, or of all tables of a database.
type Analyze struct {
	Span
	Table      Name
	Tables     bool // ANALYZE TABLES [IN Table]
	Partition  []Property
	NoScan     bool
	AllColumns bool
	Columns    []string
}

// Repair is [MSCK] REPAIR TABLE t [ADD|DROP|SYNC PARTITIONS].
type Repair struct {
	Span
	Table     Name
	Add, Drop bool
}

// Declare is DECLARE [OR REPLACE] [VARIABLE] names [type] [DEFAULT value].
type Declare struct {
	Span
	Replace bool
	Names   []Name
	Type    *TypeName
	Default Expr
}

// SetVar is SET VARIABLE a = 1, (b, c) = (query).
type SetVar struct {
	Span
	Set   []Assignment
	Names []Name // of the form with a query
	Query *Query
}

// ExecuteImmediate is EXECUTE IMMEDIATE text [INTO variables] [USING value [AS name], …].
type ExecuteImmediate struct {
	Span
	Text  Expr
	Into  []Name
	Using []Argument
}

// Argument is a value for a parameter of EXECUTE IMMEDIATE; without a name it
// stands for a place, or for the parameter called as the variable it is.
type Argument struct {
	Span
	Value Expr
	Name  string
}

func (*ExecuteImmediate) statement() {}
func (*Insert) statement()           {}
func (*InsertDirectory) statement()  {}
func (*Delete) statement()           {}
func (*Update) statement()           {}
func (*Merge) statement()            {}
func (*Show) statement()             {}
func (*Describe) statement()         {}
func (*Explain) statement()          {}
func (*SetConf) statement()          {}
func (*SetTimeZone) statement()      {}
func (*Reset) statement()            {}
func (*Cache) statement()            {}
func (*Uncache) statement()          {}
func (*ClearCache) statement()       {}
func (*Transaction) statement()      {}
func (*Refresh) statement()          {}
func (*Analyze) statement()          {}
func (*Repair) statement()           {}
func (*Declare) statement()          {}
func (*SetVar) statement()           {}
