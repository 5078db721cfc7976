package files

import (
	"context"
	"encoding/json"
	"io"
	"path"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Publication to a plain folder. Many files cannot appear at once in a file
// system, so a list of changes does: commitName is written in one step, and
// from then on readers of this engine see the new state (they apply the list
// to what they find), while the files move one by one. Then _SUCCESS is
// written anew and the list removed. A list whose writer died is completed by
// the next writer. Other tools, which do not know the list, may see a mixture
// while the files move.
const (
	commitName   = "_volley_commit.json"
	successName  = "_SUCCESS"
	commitLockID = "commit"
)

// change is the list of changes. Paths are relative to the location, with slashes.
type change struct {
	Job    string   `json:"job"`
	Add    []move   `json:"add"`
	Remove []string `json:"remove"`
}

type move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Publish makes the files of a finished job the data at the location: beside
// what is there (Append), instead of it (Overwrite: all of it, or the
// partitions that match static), or instead of the partitions the new files
// are of (OverwritePartitions). It ends the job.
func (j *Job) Publish(ctx context.Context, mode catalog.WriteMode, static map[string]types.Datum, files []catalog.File) error {
	if j.Target.SingleFile && j.Target.FileName == "" {
		return j.publishSingle(ctx, files)
	}
	root := strings.TrimRight(slash(j.Target.Location), "/")
	unlock, err := lockCommits(ctx, j.st, j.Target)
	if err != nil {
		return err
	}
	defer unlock()
	recoverCommit(ctx, j.st, root)
	c := change{Job: j.Target.Job}
	for _, f := range files {
		c.Add = append(c.Add, move{relative(root, f.Path), FinalName(f)})
	}
	if mode != catalog.Append {
		if c.Remove, err = j.replaced(ctx, root, mode, static, files, c.Add); err != nil {
			return err
		}
	}
	data, err := json.Marshal(c)
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.InternalError, "list of changes: %v", err)
	}
	if err := c.place(ctx, j.st, root, commitName, data); err != nil {
		return err
	}
	if err := c.apply(ctx, j.st, root); err != nil {
		return err
	}
	unlock()
	return j.Discard(ctx)
}

// FinalName is the place of a published file below its table's folder.
func FinalName(f catalog.File) string {
	name := path.Base(slash(f.Path))
	if f.Partition != "" {
		return f.Partition + "/" + name
	}
	return name
}

func (j *Job) publishSingle(ctx context.Context, files []catalog.File) error {
	if len(files) != 1 {
		return sqlerr.New(sqlerr.InternalError, "%d files were written for the single file %s", len(files), j.Target.Location)
	}
	if err := j.st.Rename(ctx, files[0].Path, j.Target.Location); err != nil {
		return err
	}
	return j.Discard(ctx)
}

// lockCommits lets one writer at a time publish to a location. The function returned may be called twice.
func lockCommits(ctx context.Context, st store.Store, t catalog.WriteTarget) (unlock func(), err error) {
	dir := t.StagingDir()
	if !local.Is(dir) {
		return func() {}, nil
	}
	l, err := lockJob(ctx, st, path.Dir(local.Path(dir))+"/"+commitLockID)
	if err != nil {
		return nil, cannot(err, "publish to", t.Location)
	}
	return func() {
		if l != nil {
			l.Unlock()
			l = nil
		}
	}, nil
}

// replaced lists the files the job takes the place of.
func (j *Job) replaced(ctx context.Context, root string, mode catalog.WriteMode, static map[string]types.Datum, files []catalog.File, added []move) ([]string, error) {
	keep := map[string]bool{}
	for _, m := range added {
		keep[m.To] = true
	}
	match, err := Replaces(j.Target, mode, static, files)
	if err != nil {
		return nil, err
	}
	var out []string
	for f, err := range j.st.List(ctx, root) {
		if err != nil {
			if notFound(err) {
				return nil, nil
			}
			return nil, err
		}
		rel := relative(root, f.Path)
		if hidden(rel) || keep[rel] {
			continue
		}
		folder := ""
		if i := strings.LastIndexByte(rel, '/'); i >= 0 {
			folder = rel[:i]
		}
		if match(folder) {
			out = append(out, rel)
		}
	}
	return out, nil
}

// Replaces returns a test of partition folders: do files there give way to
// those of a job in this mode?
func Replaces(t catalog.WriteTarget, mode catalog.WriteMode, static map[string]types.Datum, files []catalog.File) (func(folder string) bool, error) {
	dynamic := map[string]bool{}
	for _, f := range files {
		dynamic[f.Partition] = true
	}
	loc := zoneOf(t.Options)
	for name := range static {
		if t.Schema.Index(name) < 0 {
			return nil, sqlerr.New(sqlerr.UnresolvedColumn, "`%s` is not a column of %s.", name, t.Location)
		}
	}
	return func(folder string) bool {
		if mode == catalog.Append {
			return false
		}
		if mode == catalog.OverwritePartitions && !dynamic[folder] {
			return false
		}
		ls, err := parseLevels(folder)
		if err != nil {
			// No partition folders: this is not part of the table by static values.
			return len(static) == 0
		}
		for name, want := range static {
			raw, ok := valueOf(ls, name)
			if !ok {
				return false
			}
			got, ok := partition.Parse(raw, t.Schema[t.Schema.Index(name)].Type, loc)
			if !ok || (got == nil) != (want == nil) {
				return false
			}
			if c, ok := Compare(got, want); got != nil && (!ok || c != 0) {
				return false
			}
		}
		return true
	}, nil
}

// apply moves and removes files as listed, then takes the list away. It goes
// through again where a run before it stopped. If a file cannot be moved, what
// was moved goes back and nothing has changed; once all are moved there is no
// way back, and a file that cannot be removed is reported at the end.
func (c change) apply(ctx context.Context, st store.Store, root string) error {
	ctx = context.WithoutCancel(ctx)
	for i, m := range c.Add {
		err := st.Rename(ctx, root+"/"+m.From, root+"/"+m.To)
		if err == nil {
			continue
		}
		if _, _, serr := st.Stat(ctx, root+"/"+m.To); serr == nil && notFound(err) {
			continue // moved by the run before
		}
		for _, m := range c.Add[:i] {
			_ = st.Rename(ctx, root+"/"+m.To, root+"/"+m.From)
		}
		_ = st.Remove(ctx, root+"/"+commitName)
		return err
	}
	var left error
	for _, r := range c.Remove {
		if err := st.Remove(ctx, root+"/"+r); err != nil && !notFound(err) {
			left = err
		}
	}
	removeEmptyFolders(ctx, st, root, c.Remove)
	if err := c.place(ctx, st, root, successName, nil); err != nil && left == nil {
		left = err
	}
	if err := st.Remove(ctx, root+"/"+commitName); err != nil && left == nil {
		left = err
	}
	return left
}

// removeEmptyFolders removes the partition folders that removals emptied.
// Remove refuses folders with something in them, which is what is wanted.
func removeEmptyFolders(ctx context.Context, st store.Store, root string, removed []string) {
	seen := map[string]bool{}
	for _, r := range removed {
		for d := path.Dir(r); d != "." && !seen[d]; d = path.Dir(d) {
			if st.Remove(ctx, root+"/"+d) != nil {
				break
			}
			seen[d] = true
		}
	}
}

// recoverCommit completes a publication whose writer died. The caller holds
// the location's commit lock, or is about to take it.
func recoverCommit(ctx context.Context, st store.Store, root string) {
	c, err := readChange(ctx, st, root)
	if err != nil || c == nil {
		return
	}
	if local.Is(root) {
		// Only a dead job's list is anybody else's business.
		l, err := st.TryLock(ctx, root+"/"+catalog.StagingName+"/"+c.Job+".lock")
		if err != nil || l == nil {
			return
		}
		defer l.Unlock()
		// The job may have ended well between the two looks.
		again, err := readChange(ctx, st, root)
		if err != nil || again == nil || again.Job != c.Job {
			return
		}
	}
	_ = c.apply(ctx, st, root)
}

// readChange returns the list of changes at a location, nil if there is none.
func readChange(ctx context.Context, st store.Store, root string) (*change, error) {
	p := root + "/" + commitName
	if _, _, err := st.Stat(ctx, p); err != nil {
		if notFound(err) {
			return nil, nil
		}
		return nil, err
	}
	r, err := st.Open(ctx, p)
	if err != nil {
		if notFound(err) {
			return nil, nil
		}
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot read %s: %v.", p, err)
	}
	c := &change{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.FileReadFailed, "The list of changes %s is damaged: %v.", p, err)
	}
	return c, nil
}

// place makes or replaces a file at the location in one step. It is written in
// the job's staging folder, so that nothing lies about if the process dies meanwhile.
func (c change) place(ctx context.Context, st store.Store, root, name string, data []byte) error {
	staged := root + "/" + catalog.StagingName + "/" + c.Job + "/" + name
	w, err := st.Create(ctx, staged)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		w.Abort()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return st.Rename(ctx, staged, root+"/"+name)
}
