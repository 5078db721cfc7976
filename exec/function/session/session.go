// Package session defines functions of what surrounds a query: who runs it, in
// which catalog, on which version, and in which task and file a row is met.
package session

import (
	"runtime/debug"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
)

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "session", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	return append(tasks(), member(),
		about("version", "Returns the version of the engine.", func(*build.Context) string { return version() }, "SELECT length(version()) > 0", "true"),
		about("current_user", "Returns the name of the user.", func(c *build.Context) string { return c.User }, "SELECT current_user() = user()", "true", "user"),
		about("session_user", "Returns the name of the user the session belongs to.", func(c *build.Context) string { return c.User }, "SELECT session_user() = current_user()", "true"),
		about("current_database", "Returns the name of the current database.", func(c *build.Context) string { return c.Database }, "SELECT current_database()", "default", "current_schema"),
		about("current_catalog", "Returns the name of the current catalog.", func(c *build.Context) string { return c.Catalog }, "SELECT current_catalog()", "spark_catalog"),
		about("current_path", "Returns the schemas in which names of functions are looked for.", func(c *build.Context) string { return "system.builtin,system.session," + c.Catalog + "." + c.Database }, "SELECT current_path()", "system.builtin,system.session,spark_catalog.default"),
	)
}

// member is is_member. Who binds a call knows the roles of the user and puts a
// comparison with them in its place; where nobody does, there are none.
func member() function.Def {
	d := def("is_member", "role", "Tells whether the session's user has a role, itself or by another role.",
		build.Func(build.Fixed(types.BoolType, types.StringType), build.Unary(func(string) bool { return false })), ex("SELECT is_member('nobody')", "false"))
	d.Volatility, d.Aliases = function.Stable, []string{"is_account_group_member"}
	return d
}

// about is a function without arguments that is constant within a query.
func about(name, doc string, f func(c *build.Context) string, example, want string, aliases ...string) function.Def {
	d := def(name, "", doc, build.Func(build.Fixed(types.StringType), build.Nullary(func(c *build.Context) (string, error) { return f(c), nil })), ex(example, want))
	d.Volatility, d.Aliases = function.Stable, aliases
	return d
}

// version is that of Spark's semantics the engine follows, and the revision it was built from.
func version() string {
	const follows = "4.1.0"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return follows + " " + s.Value
			}
		}
	}
	return follows
}
