package catalog

import "context"

// Function is a function of one value that is defined in SQL.
type Function struct {
	Name Name `json:"name"`
	// SQL is its CREATE FUNCTION; Database is where names in it were looked up.
	SQL      string            `json:"sql"`
	Database string            `json:"database"`
	Settings map[string]string `json:"settings,omitempty"`
	// Access is who may do what with it. Its body reads with its owner's rights.
	Access *Access `json:"access,omitempty"`
}

// Functions is a catalog that keeps functions in its databases, beside tables
// of whatever names. Their errors are ROUTINE_NOT_FOUND and SCHEMA_NOT_FOUND.
type Functions interface {
	Function(ctx context.Context, database, name string) (*Function, error)
	// ListFunctions gives names sorted.
	ListFunctions(ctx context.Context, database string) ([]string, error)
	// CreateFunction records a function. One that is replaced keeps its rights, and
	// belongs to whoever replaces it.
	CreateFunction(ctx context.Context, f Function, mode CreateMode) error
	DropFunction(ctx context.Context, database, name string, ifExists bool) error
}
