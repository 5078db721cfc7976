package parse_test

import (
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

func TestRights(t *testing.T) {
	for text, want := range map[string]string{
		"grant select on t to bob": "GRANT SELECT ON TABLE t TO `bob`",
		"GRANT SELECT (a, `b c`), INSERT, modify ON TABLE c.d.t TO USER bob, ROLE r": "GRANT SELECT (a, `b c`), INSERT, MODIFY ON TABLE c.d.t TO USER `bob`, ROLE `r`",
		"GRANT USE CATALOG, USE DATABASE, USAGE ON CATALOG c TO PUBLIC":              "GRANT USE CATALOG, USE SCHEMA, USAGE ON CATALOG c TO `PUBLIC`",
		"GRANT CREATE, CREATE VIEW, CREATE SCHEMA ON SCHEMA s TO 'a@b.c'":            "GRANT CREATE, CREATE TABLE, CREATE SCHEMA ON DATABASE s TO `a@b.c`",
		"GRANT ALL ON VIEW v TO role WITH GRANT OPTION":                              "GRANT ALL PRIVILEGES ON VIEW v TO `role` WITH GRANT OPTION",
		"GRANT ALL PRIVILEGES ON ANY FILE TO user":                                   "GRANT ALL PRIVILEGES ON ANY FILE TO `user`",
		"REVOKE GRANT OPTION FOR MANAGE ON schema FROM bob":                          "REVOKE GRANT OPTION FOR MANAGE ON TABLE `schema` FROM `bob`",
		"REVOKE SELECT ON schema.t FROM ROLE `ro``le`":                               "REVOKE SELECT ON TABLE `schema`.t FROM ROLE `ro``le`",
		"GRANT ROLE a, b TO USER bob, r":                                             "GRANT ROLE a, b TO USER `bob`, `r`",
		"GRANT reader TO bob":                                                        "GRANT ROLE reader TO `bob`",
		"GRANT role TO bob":                                                          "GRANT ROLE role TO `bob`",
		"REVOKE ROLE a FROM PUBLIC":                                                  "REVOKE ROLE a FROM `PUBLIC`",
		"CREATE ROLE IF NOT EXISTS r":                                                "CREATE ROLE IF NOT EXISTS r",
		"DROP ROLE IF EXISTS `r 1`":                                                  "DROP ROLE IF EXISTS `r 1`",
		"SHOW ROLES":                                                                 "SHOW ROLES",
		"SHOW CURRENT ROLES":                                                         "SHOW CURRENT ROLES",
		"SHOW GRANTS":                                                                "SHOW GRANTS",
		"SHOW GRANTS ON CATALOG c TO ROLE r":                                         "SHOW GRANTS TO ROLE `r` ON CATALOG c",
		"SHOW GRANT ON d.t":                                                          "SHOW GRANTS ON TABLE d.t",
		"ALTER TABLE t OWNER TO bob":                                                 "ALTER TABLE t OWNER TO `bob`",
		"ALTER VIEW v SET OWNER TO ROLE r":                                           "ALTER VIEW v OWNER TO ROLE `r`",
		"ALTER SCHEMA s OWNER TO bob":                                                "ALTER DATABASE s OWNER TO `bob`",
		"ALTER CATALOG c OWNER TO bob":                                               "ALTER CATALOG c OWNER TO `bob`",
		"ALTER TABLE t SET ROW FILTER f ON (a, b)":                                   "ALTER TABLE t SET ROW FILTER f ON (a, b)",
		"ALTER TABLE t SET ROW FILTER f ON ()":                                       "ALTER TABLE t SET ROW FILTER f ON ()",
		"ALTER TABLE t DROP ROW FILTER":                                              "ALTER TABLE t DROP ROW FILTER",
		"ALTER TABLE t ALTER COLUMN c SET MASK m":                                    "ALTER TABLE t ALTER COLUMN c SET MASK m",
		"ALTER TABLE t ALTER c SET MASK m USING COLUMNS (a, b)":                      "ALTER TABLE t ALTER COLUMN c SET MASK m USING COLUMNS (a, b)",
		"ALTER TABLE t ALTER COLUMN c DROP MASK":                                     "ALTER TABLE t ALTER COLUMN c DROP MASK",
		"SELECT role, mask, owner, option, grants FROM roles AS grant_":              "SELECT role, mask, owner, option, grants FROM roles AS grant_",
	} {
		s, err := parse.Statement(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ast.SQL(s)
		if got != want {
			t.Errorf("%s\nreads %s\nwant  %s", text, got, want)
		}
		if again, err := parse.Statement(got); err != nil || ast.SQL(again) != got {
			t.Errorf("%s does not parse back: %v", got, err)
		}
	}
	for _, text := range []string{
		"GRANT", "GRANT SELECT", "GRANT SELECT ON", "GRANT SELECT ON t", "GRANT SELECT ON t TO", "GRANT SELECT (a ON t TO b", "GRANT USE ON t TO b",
		"REVOKE SELECT ON t TO b", "GRANT ROLE r", "GRANT WHATEVER ON t TO b", "CREATE ROLE", "DROP ROLE", "SHOW GRANTS ON", "ALTER TABLE t OWNER bob",
		"ALTER TABLE t SET ROW FILTER f", "ALTER TABLE t ALTER COLUMN c SET MASK",
	} {
		if _, err := parse.Statement(text); !sqlerr.Is(err, sqlerr.ParseSyntaxError) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
