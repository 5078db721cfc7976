//go:build darwin || freebsd || netbsd || openbsd

package mem

func adviseHuge([]byte) {}
