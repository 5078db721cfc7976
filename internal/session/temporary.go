package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// temporaries is the catalog of the session's temporary tables as an open
// transaction sees it; nil if there are none.
func (s *Session) temporaries() catalog.Catalog {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txn != nil && s.txn.catalogs[""] != nil {
		return s.txn.catalogs[""]
	}
	return s.temp
}

// temporaryTables lists them.
func (s *Session) temporaryTables() []catalog.Entry {
	c := s.temporaries()
	if c == nil {
		return nil
	}
	list, err := c.List(context.Background(), DefaultDatabase)
	if err != nil { // a catalog in memory: the transaction has just ended
		return nil
	}
	for i := range list {
		list[i].Database, list[i].IsTemp = "", true
	}
	return list
}

// temporary returns the catalog of the temporary table called name, nil if there is none.
func (s *Session) temporary(name string) catalog.Catalog {
	for _, e := range s.temporaryTables() {
		if strings.EqualFold(e.Name, name) {
			return s.temporaries()
		}
	}
	return nil
}

// temporaryTarget is where rows of a temporary table go. The first one makes
// the catalog of such tables.
func (s *Session) temporaryTarget(to Ingestion) (*target, error) {
	if to.Catalog != "" || to.Database != "" {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "A temporary table is in no catalog and no schema: `%s`.`%s` cannot be given for `%s`.", to.Catalog, to.Database, to.Table)
	}
	if s.tempView([]string{to.Table}) != nil {
		return nil, sqlerr.New(sqlerr.TempViewAlreadyExists, "Cannot create the temporary table `%s` because a temporary view of that name exists.", to.Table)
	}
	s.mu.Lock()
	if s.temp == nil && !s.closed {
		if s.cfg.Temporary == nil {
			s.mu.Unlock()
			return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: temporary tables.")
		}
		s.temp, s.dropTemp = s.cfg.Temporary()
		if s.txn != nil {
			s.txn.add(s.temp)
		}
	}
	s.mu.Unlock()
	c := s.temporaries()
	if c == nil {
		return nil, errClosed
	}
	return &target{cat: c, db: DefaultDatabase, name: to.Table, parts: []string{to.Table}}, nil
}
