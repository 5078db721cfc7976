package catalog

import (
	"context"
	"time"
)

type zoneKey struct{}

// WithZone tells tables that are opened within ctx the time zone of the
// session: folder names hold timestamps without one.
func WithZone(ctx context.Context, zone *time.Location) context.Context {
	return context.WithValue(ctx, zoneKey{}, zone)
}

// Zone is the session's time zone, nil if nobody told.
func Zone(ctx context.Context) *time.Location {
	zone, _ := ctx.Value(zoneKey{}).(*time.Location)
	return zone
}
