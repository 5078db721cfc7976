package app

import (
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
)

// policyOf is who may do everything, and where roles are kept: in the first catalog.
func policyOf(home catalog.Catalog, admins []string) *guard.Policy {
	p := &guard.Policy{Home: home.(catalog.Secured)} // both kinds that openCatalog makes are
	users := map[string]bool{}
	var roles []string
	for _, a := range admins {
		if r, ok := strings.CutPrefix(a, "role:"); ok {
			roles = append(roles, strings.ToLower(r))
		} else {
			users[a] = true
		}
	}
	p.Admin = func(user string, has []string) bool {
		return users[user] || slices.ContainsFunc(has, func(r string) bool { return slices.Contains(roles, strings.ToLower(r)) })
	}
	return p
}
