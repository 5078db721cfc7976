package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Job is a write to a location that is under way: a staging folder, and a lock
// that tells others the job lives. Tasks write into Target.StagingDir();
// Publish or Discard ends the job. A job whose process died leaves a staging
// folder with a free lock, which the next job at the location removes.
type Job struct {
	Target catalog.WriteTarget
	st     store.Store
	lock   store.Lock
	// made is set if the location was not there before.
	made bool
}

// NewJobID returns a name for a job that no other has.
func NewJobID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// StartJob prepares a write to target, whose Job it sets if empty, and clears
// away what dead jobs left at the location.
func StartJob(ctx context.Context, st store.Store, target catalog.WriteTarget) (*Job, error) {
	if target.Job == "" {
		target.Job = NewJobID()
	}
	target.Within = st.Bounds()
	j := &Job{Target: target, st: st}
	if err := j.checkLocation(ctx); err != nil {
		return nil, err
	}
	dir := target.StagingDir()
	if local.Is(dir) {
		l, err := lockJob(ctx, st, dir)
		if err != nil {
			return nil, cannot(err, "write below", target.Location)
		}
		j.lock = l
	}
	if err := st.MkdirAll(ctx, dir); err != nil {
		_ = j.Discard(ctx)
		return nil, err
	}
	j.sweep(ctx)
	return j, nil
}

// lockJob takes the lock beside a staging folder. It comes before the folder,
// since a folder without lock is taken for a dead job's. Another job may hold
// the new lock for a moment while it looks for dead ones, and another may
// remove the empty folders the lock is to lie in, even while they are made:
// MkdirAll then says that one is there, or that one is not.
func lockJob(ctx context.Context, st store.Store, dir string) (store.Lock, error) {
	for try := 0; ; try++ {
		var l store.Lock
		err := st.MkdirAll(ctx, filepath.Dir(local.Path(dir)))
		if err == nil {
			l, err = st.Lock(ctx, dir+".lock")
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) || try > 100 {
			return l, err
		}
	}
}

// cannot is the error of a write that does not begin or end: of the system, or
// of a place that may not be used.
func cannot(err error, what, location string) error {
	if sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		return err
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot %s %s: %v.", what, location, pe)
	}
	return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot %s %s: %v.", what, location, err)
}

// checkLocation refuses a folder where a file is, and the other way round.
func (j *Job) checkLocation(ctx context.Context) error {
	t := j.Target
	_, isDir, err := j.st.Stat(ctx, t.Location)
	if err != nil {
		if notFound(err) {
			j.made = true
			return nil
		}
		return err
	}
	if single := t.SingleFile && t.FileName == ""; single == isDir {
		kind := map[bool]string{true: "a folder", false: "a file"}[isDir]
		return sqlerr.New(sqlerr.LocationAlreadyExists, "Cannot write to %s: it is %s.", t.Location, kind)
	}
	return nil
}

// sweep removes what jobs that are dead left beside this one's folder, and
// finishes a publication that was cut short. Failure to clean is no failure of the job.
func (j *Job) sweep(ctx context.Context) {
	dir := j.Target.StagingDir()
	if !local.Is(dir) {
		return
	}
	// First: what a dead job had begun to publish still lies in its staging folder.
	recoverCommit(ctx, j.st, strings.TrimRight(slash(j.Target.Location), "/"))
	parent := filepath.Dir(local.Path(dir))
	names, err := j.st.Names(ctx, parent)
	if err != nil {
		return
	}
	for _, name := range names {
		id := strings.TrimSuffix(name, ".lock")
		if id == j.Target.Job || id == commitLockID {
			continue
		}
		removeDead(ctx, j.st, parent, id)
	}
}

// removeDead removes the staging folder of job id if nobody holds its lock.
func removeDead(ctx context.Context, st store.Store, parent, id string) {
	path := filepath.Join(parent, id)
	l, err := st.TryLock(ctx, path+".lock")
	if err != nil || l == nil {
		return
	}
	defer l.Unlock()
	_ = st.RemoveAll(ctx, path)
	_ = st.Remove(ctx, path+".lock")
}

// Discard removes what the job staged. It may be called after Publish and more than once.
func (j *Job) Discard(ctx context.Context) error {
	dir := j.Target.StagingDir()
	err := j.st.RemoveAll(ctx, dir)
	if j.lock != nil {
		_ = j.st.Remove(ctx, dir+".lock")
		j.lock.Unlock()
		j.lock = nil
	}
	if local.Is(dir) {
		// The folders above, if nothing else is in them.
		parent := filepath.Dir(local.Path(dir))
		removeDead(ctx, j.st, parent, commitLockID)
		if j.st.Remove(ctx, parent) == nil && j.made && !j.Target.SingleFile {
			_ = j.st.Remove(ctx, filepath.Dir(parent))
		}
	}
	return err
}
