package join

import "context"

func (j *Join) publish(ctx context.Context) error { return nil }
