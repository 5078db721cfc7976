//go:build !unix && !windows

package lineedit

import (
	"errors"
	"os"
)

func openDevice(_, _ *os.File) (device, error) {
	return nil, errors.New("terminals cannot be controlled on this system")
}
