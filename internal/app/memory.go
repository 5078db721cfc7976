package app

import (
	"os"
	"strconv"
	"strings"
)

// defaultMemory is what queries may use if no setting says: three quarters of
// the machine's memory, or of what the control group allows. 0, no limit, where that is not known.
func defaultMemory() int64 {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	group, _ := os.ReadFile("/sys/fs/cgroup/memory.max")
	return available(string(info), string(group)) / 4 * 3
}

// available reads the smaller of both sizes, in bytes; "max" or nothing is no limit of the group.
func available(meminfo, group string) int64 {
	var total int64
	for line := range strings.Lines(meminfo) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			total = kib << 10
			break
		}
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(group), 10, 64); err == nil && n > 0 && (total == 0 || n < total) {
		total = n
	}
	return total
}
