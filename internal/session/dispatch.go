package session

import (
	"context"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// execute runs a statement of any kind.
func (s *Session) execute(ctx context.Context, st *statement) (*Result, error) {
	r, err := s.dispatch(st.zoned(ctx), st)
	if err != nil {
		return nil, err
	}
	r.Settings = st.snap
	return r, nil
}

func (s *Session) dispatch(ctx context.Context, st *statement) (*Result, error) {
	switch n := st.st.(type) {
	case *ast.Query:
		return s.query(ctx, st, n)
	case *ast.Explain:
		return s.explain(ctx, st, n)
	case *ast.CreateTable:
		return s.createTable(ctx, st, n)
	case *ast.CreateTableLike:
		return s.createTableLike(ctx, st, n)
	case *ast.CreateView:
		return s.createView(ctx, st, n)
	case *ast.CreateDatabase:
		return s.createDatabase(ctx, st, n)
	case *ast.CreateFunction:
		return s.createFunction(ctx, st, n)
	case *ast.Drop:
		return s.drop(ctx, st, n)
	case *ast.AlterTable:
		return s.alterTable(ctx, st, n)
	case *ast.Truncate:
		return s.truncate(ctx, st, n)
	case *ast.Insert:
		return s.insert(ctx, st, n)
	case *ast.InsertDirectory:
		return s.insertDirectory(ctx, st, n)
	case *ast.Use:
		return s.use(ctx, st, n)
	case *ast.Show:
		return s.show(ctx, st, n)
	case *ast.Describe:
		return s.describe(ctx, st, n)
	}
	if r, err, ok := s.dispatchRights(ctx, st); ok {
		return r, err
	}
	return s.dispatchState(ctx, st)
}

// dispatchState runs the statements about the session itself.
func (s *Session) dispatchState(ctx context.Context, st *statement) (*Result, error) {
	switch n := st.st.(type) {
	case *ast.Transaction:
		return s.transactionStatement(ctx, n)
	case *ast.SetConf:
		return s.set(n)
	case *ast.SetTimeZone:
		return s.setTimeZone(n)
	case *ast.Reset:
		if n.Key == "" {
			s.Settings.ResetAll()
		} else {
			s.Settings.Reset(n.Key)
		}
		return empty(), nil
	case *ast.Declare:
		return s.declare(ctx, st, n)
	case *ast.SetVar:
		return s.setVariable(ctx, st, n)
	case *ast.ExecuteImmediate:
		return s.executeImmediate(ctx, st, n)
	case *ast.Cache:
		return s.cache(ctx, st, n)
	case *ast.Uncache:
		return s.uncache(ctx, st, n)
	case *ast.ClearCache:
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.cached)
		return empty(), nil
	case *ast.Refresh:
		return s.refresh(ctx, st, n)
	case *ast.Analyze:
		return s.analyze(ctx, st, n)
	case *ast.Repair:
		_, _, err := s.table(ctx, st, &n.Table, "MSCK REPAIR TABLE")
		return empty(), err
	case *ast.Delete, *ast.Update, *ast.Merge:
		return nil, unsupportedChange(n)
	}
	return nil, sqlerr.New(sqlerr.Unsupported, "The statement is not supported: %s.", ast.SQL(st.st)).At(st.st.Pos())
}

// unsupportedChange is the error of row-level changes, which tables of plain files have not.
func unsupportedChange(n ast.Statement) error {
	word, name := "DELETE", ast.Name{}
	switch n := n.(type) {
	case *ast.Delete:
		name = n.Table
	case *ast.Update:
		word, name = "UPDATE TABLE", n.Table
	case *ast.Merge:
		word, name = "MERGE INTO TABLE", n.Target
	}
	return sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: Table %s does not support %s. Please check the current catalog and namespace to make sure the qualified table name is expected.", quote(name.Parts), word).At(n.Pos())
}
