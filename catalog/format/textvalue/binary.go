package textvalue

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// BinaryText is a BINARY value as text in one of Spark's styles: UTF-8 (also
// the empty style), BASIC, BASE64, HEX or HEX_DISCRETE.
func BinaryText(s, style string) string {
	switch strings.ToUpper(style) {
	case "BASE64":
		return base64.RawStdEncoding.EncodeToString([]byte(s))
	case "HEX":
		return strings.ToUpper(hex.EncodeToString([]byte(s)))
	case "HEX_DISCRETE":
		return strings.ToUpper(fmt.Sprintf("[% x]", s))
	case "BASIC":
		parts := make([]string, len(s))
		for i := range len(s) {
			parts[i] = fmt.Sprint(int8(s[i]))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return s
}
