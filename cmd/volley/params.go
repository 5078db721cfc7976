package main

import (
	"strings"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// parseParams reads --param name=value. Values are strings, which casts in the
// statement turn into what it needs; NULL without quotes is NULL.
func parseParams(list []string) (session.Params, error) {
	p := session.Params{Named: map[string]*expr.Literal{}}
	for _, s := range list {
		k, v, ok := strings.Cut(s, "=")
		if !ok || strings.TrimSpace(k) == "" {
			return p, usagef("--param takes name=value, not %q", s)
		}
		p.Named[strings.TrimPrefix(strings.TrimSpace(k), ":")] = paramValue(v)
	}
	return p, nil
}

func paramValue(v string) *expr.Literal {
	if v == "NULL" {
		return &expr.Literal{T: types.StringType}
	}
	return &expr.Literal{Value: v, T: types.StringType}
}
