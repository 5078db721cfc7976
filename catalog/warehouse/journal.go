package warehouse

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/metastore"
)

// Many records cannot be replaced in one step, a file can: changes that are
// made together are first written to one. From then on they count, readers look
// there before they look at a record. Then the records are replaced one by one,
// and the file is removed. A process that dies in between leaves the file to the
// next one that changes something.

// journal is the file of changes.
type journal struct {
	Changes []entry `json:"changes"`
}

// entry is a change with its object in the stored form.
type entry struct {
	metastore.Change
	Stored json.RawMessage `json:"object,omitempty"`

	decoded *metastore.Object
}

// database is what a change makes of a database; nil of no change.
func (e *entry) database() *catalog.Database {
	if e == nil {
		return nil
	}
	return e.Record
}

func (e *entry) object() *metastore.Object {
	if e == nil {
		return nil
	}
	return e.decoded
}

func (t *tx) journal() string { return filepath.Join(t.dir, ".changes"+ext) }

// load reads the journal, once.
func (t *tx) load() error {
	if t.read {
		return nil
	}
	data, err := read(t.journal())
	if err != nil {
		return err
	}
	t.read = true
	if data == nil {
		return nil
	}
	j := &journal{}
	if err := json.Unmarshal(data, j); err != nil {
		return damaged(t.journal(), err)
	}
	for i := range j.Changes {
		c := &j.Changes[i]
		if len(c.Stored) == 0 {
			continue
		}
		if c.decoded, err = metastore.Decode(c.Stored); err != nil {
			return damaged(t.journal(), err)
		}
	}
	t.changes = j
	return nil
}

// pending is the change of a database (name is empty) or object that is being made.
func (t *tx) pending(db, name string) (*entry, error) {
	if err := t.load(); err != nil || t.changes == nil {
		return nil, err
	}
	for i := range t.changes.Changes {
		c := &t.changes.Changes[i]
		if c.Database == db && (c.Namespace && name == "" || !c.Namespace && c.Name == name && name != "") {
			return c, nil
		}
	}
	return nil, nil
}

// over is the names of the databases, or of the objects of one, with the changes made.
func (t *tx) over(names []string, db string) ([]string, error) {
	if err := t.load(); err != nil || t.changes == nil {
		return names, err
	}
	for _, c := range t.changes.Changes {
		name, there := c.Name, c.decoded != nil
		switch {
		case db == "" && c.Namespace:
			name, there = c.Database, c.Record != nil
		case db == "" || c.Namespace || c.Database != db:
			continue
		}
		i, found := slices.BinarySearch(names, name)
		switch {
		case there && !found:
			names = slices.Insert(names, i, name)
		case !there && found:
			names = slices.Delete(names, i, i+1)
		}
	}
	return names, nil
}

// Apply implements metastore.Tx.
func (t *tx) Apply(changes []metastore.Change) error {
	if len(changes) == 1 { // one file: its own step is enough
		return metastore.Each(t, changes)
	}
	j := journal{Changes: make([]entry, len(changes))}
	for i, c := range changes {
		j.Changes[i].Change = c
		if c.Object != nil {
			stored, err := metastore.Encode(c.Object)
			if err != nil {
				return damaged(t.object(c.Database, c.Name), err)
			}
			j.Changes[i].Stored = stored
		}
	}
	data, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		return damaged(t.journal(), err)
	}
	if err := write(t.journal(), data); err != nil {
		return err
	}
	t.changes, t.read = nil, false
	// They are made now, whatever comes: a failure to replace the records is the next writer's to repair.
	_ = t.complete()
	return nil
}

// complete makes the changes of a journal that is there. The lock is held.
func (t *tx) complete() error {
	if err := t.load(); err != nil || t.changes == nil {
		return err
	}
	changes := make([]metastore.Change, len(t.changes.Changes))
	for i, c := range t.changes.Changes {
		changes[i] = c.Change
		changes[i].Object = c.decoded
	}
	if err := metastore.Each(t, changes); err != nil {
		return err
	}
	if err := remove(t.journal(), false); err != nil {
		return err
	}
	t.changes = nil
	return nil
}
