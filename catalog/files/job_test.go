package files

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/store/local"
)

// TestJobsSideBySide begins and ends writes to a folder that none of them
// leaves there, so that one removes what another is about to use.
func TestJobsSideBySide(t *testing.T) {
	ctx := context.Background()
	location := filepath.ToSlash(t.TempDir()) + "/table"
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				j, err := StartJob(ctx, local.New(), catalog.WriteTarget{Format: "text", Location: location})
				if err != nil {
					t.Error(err)
					return
				}
				if err := j.Discard(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
