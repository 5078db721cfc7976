package session

import (
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// AddFileView makes a temporary view of the rows of a file or folder, in the
// place of one of the same name. The path is looked at when the view is used,
// and what is wrong with it is an error then.
func (s *Session) AddFileView(name, path string) error {
	q := &ast.Query{Body: &ast.Select{
		Items: []ast.SelectItem{{Expr: &ast.Star{}}},
		From:  &ast.FileRef{Path: path},
	}}
	text := ast.SQL(q)
	st := &statement{st: q, text: text, snap: s.Settings.Snapshot(), now: time.Now()}
	v := &view{name: name, text: text}
	cat, db := s.Current()
	open := &resolver{s: s, catalog: cat, database: db} // whoever makes it known opens it to everybody
	v.def = &bind.View{Name: []string{name}, Query: q, SQL: text, Resolver: open, Settings: st.snap}
	return s.putView(v, false, catalog.CreateOrReplace)
}
